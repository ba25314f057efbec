#pragma once

/// One HTTP exchange with a licensing server.

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "lic/result.hpp"
#include "protocol/online.hpp"

namespace lic::http {

/// A redirect is not followed.
struct Call {
  std::string url;                             ///< https://HOST[:PORT]/PATH; http:// for this machine alone
  std::string body;                            ///< JSON, sent by POST; empty: GET
  std::chrono::milliseconds patience{10'000};  ///< for all of it, the connection included
  std::size_t most_bytes = kMaxOnlineReply;    ///< a longer body is an error
  std::string ca_file;                         ///< whom to trust, PEM; empty: the authorities of the system
};

struct Reply {
  int status = 0;
  bool is_json = false;  ///< by its Content-Type
  std::string body;
  std::optional<std::chrono::seconds> retry_after;  ///< Retry-After in seconds, at most a day
};

/// Errors: unavailable, with the cause alone ("the certificate is not trusted, or is of another host").
using Transport = std::function<Result<Reply>(const Call&)>;

/// By libcurl: proxies as the environment names them, certificates and names always checked.
/// Errors: also usage (a ca_file that cannot be read).
[[nodiscard]] Result<Reply> exchange(const Call& call);

}  // namespace lic::http
