#pragma once

/// From the head and the body of an HTTP request to a reply, without sockets: routes, limits, what is counted.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/decider.hpp"
#include "server/limiter.hpp"
#include "server/metrics.hpp"
#include "server/vendor_reader.hpp"

namespace lic {

struct HttpHead {
  std::string method;
  std::string target;
  std::string content_type;                      ///< as it came
  std::string address;                           ///< of the peer
  bool local = false;                            ///< the peer is on this machine
  bool admin = false;                            ///< it came to the listener of --admin-listen
  std::string authorization{};                   ///< as it came
  std::optional<std::string> idempotency_key{};  ///< as it came
};

struct HttpReply {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::optional<int> retry_after;  ///< seconds
  std::string_view allow;          ///< with 405
  bool challenge = false;          ///< with 401: a token is wanted
  std::string_view route;          ///< for what is counted and logged: a path of ours, or "other"
  std::string_view remark;         ///< for the log: what was answered, or why not
};

/// The body of a request to this action is wanted, of at most most_bytes() of it.
struct BodyWanted {
  OnlineAction action;
};

struct FrontendOptions {
  int address_limit = 600;      ///< requests a minute and address; 0: none
  int license_limit = 60;       ///< requests a minute and license; 0: none
  bool public_metrics = false;  ///< else /metrics is for peers on this machine
  int token_limit = 600;        ///< requests a minute and token of the vendor API; 0: none
  bool own_admin = false;       ///< the vendor API and /metrics are on a listener of their own, and nothing else is
};

/// From any thread.
class Frontend {
 public:
  /// All of these outlive it.
  Frontend(Decider& decider, VendorReaders readers, Metrics& metrics, FrontendOptions options)
      : decider_(decider),
        readers_(readers),
        metrics_(metrics),
        options_(options),
        addresses_(options.address_limit),
        licenses_(options.license_limit),
        tokens_(options.token_limit) {}

  /// By the head alone. A VendorRequest wants its body, of at most kMostVendorBytes; there may be none.
  [[nodiscard]] std::variant<HttpReply, BodyWanted, VendorRequest> begin(const HttpHead& head);

  /// Calls `done` once, on this thread or on that of the ledger, with what makes the reply: signing, which is to be
  /// done elsewhere than on the latter.
  using Done = std::function<void(std::function<HttpReply()>)>;
  void answer(OnlineAction action, const std::string& body, const Done& done);
  void answer(VendorRequest request, const Done& done);

  /// The server ends: from now on it is not ready. What came on connections that it has is answered.
  void drain() noexcept { draining_ = true; }

  [[nodiscard]] Metrics& metrics() noexcept { return metrics_; }

  /// A reply that is no answer.
  [[nodiscard]] static HttpReply fault(int status, std::string_view code, std::string_view message);

 private:
  [[nodiscard]] HttpReply document(std::string_view path, bool local) const;
  [[nodiscard]] bool is_elsewhere(const HttpHead& head) const noexcept;
  [[nodiscard]] std::variant<HttpReply, BodyWanted, VendorRequest> begin_vendor(const HttpHead& head);
  [[nodiscard]] bool submit(VendorRequest request, Decider::VendorDone done);

  Decider& decider_;
  VendorReaders readers_;
  Metrics& metrics_;
  FrontendOptions options_;
  RateLimiter addresses_;
  RateLimiter licenses_;
  RateLimiter tokens_;
  std::atomic<bool> draining_{false};
};

/// The paths that are read with GET.
[[nodiscard]] bool is_readable_path(std::string_view path) noexcept;

/// docs/openapi.yaml as JSON.
[[nodiscard]] std::string openapi_json();

}  // namespace lic
