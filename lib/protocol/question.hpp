#pragma once

/// One question of a client to a licensing server (docs/protocol.md), and what came of it. Asking
/// is the business of liblic-http (http/ask.hpp), which liblic loads when it first asks.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "lic/result.hpp"
#include "protocol/online.hpp"
#include "trust/lease.hpp"
#include "trust/product.hpp"

namespace lic {

struct ServerQuestion {
  explicit ServerQuestion(ProductFile judged_by) : product(std::move(judged_by)) {}

  std::string server;                          ///< https://HOST[:PORT][/PATH]; http:// for this machine alone
  std::string ca_file;                         ///< whom to trust, PEM; empty: the authorities of the system
  std::chrono::milliseconds patience{10'000};  ///< for all of it, every connection included
  OnlineRequest request;
  std::string next_secret;         ///< what request.next_hash is of: stays with whoever asks
  ProductFile product;             ///< by which the answer is judged
  bool wants_revocations = false;  ///< also the newest list of revocations
};

/// What the server said. Its signature holds, and it is the answer to the question.
struct ServerWord {
  ServerAnswer answer;
  std::string license;  ///< the newest signed license; exactly where a lease is granted to activate or refresh
  std::optional<ProductFile> product;  ///< a rightful successor of the question's, which the answer was signed under
  std::string revocations;             ///< what the server has as its list, nothing of it checked; empty: none came
};

/// Nobody has said anything that counts: neither yes nor no.
struct Unanswered {
  Error error;                          ///< unavailable, or failure where nothing can be asked from here
  std::chrono::seconds retry_after{0};  ///< the server's wish
};

using Asked = std::variant<ServerWord, Unanswered>;

/// For those between the two, who only pass them on. No question: there is nobody to ask, or nothing to.
using Question = std::shared_ptr<const ServerQuestion>;
using Ask = std::function<std::shared_ptr<const Asked>(const ServerQuestion&)>;

/// What liblic-http has under kAskServerName. Both libraries are of one version, so that these types are the same
/// to both; nothing is thrown.
using AskServer = void (*)(const ServerQuestion*, std::shared_ptr<const Asked>*);
inline constexpr const char* kAskServerName = "lic_ask_server";

}  // namespace lic
