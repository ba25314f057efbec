#pragma once

/// Posts to webhooks, several at once.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lic/result.hpp"

namespace lic::webhook {

struct Post {
  std::string url;
  std::vector<std::string> headers;  ///< "name: value"
  std::string body;                  ///< JSON
};

/// What came of a post.
struct Answer {
  std::int64_t status = 0;                            ///< of HTTP; 0: none came
  std::string trouble;                                ///< why none came
  std::optional<std::chrono::seconds> retry_after{};  ///< Retry-After in seconds, at most a day
};

/// For one thread at a time.
class Sender {
 public:
  virtual ~Sender() = default;
  /// Begins a post; what comes of it wait() gives under the same number.
  virtual void start(std::int64_t number, Post post) = 0;
  /// Those that have ended; waits so long at most until there is one. Nothing at once where nothing runs.
  [[nodiscard]] virtual std::vector<std::pair<std::int64_t, Answer>> wait(std::chrono::milliseconds patience) = 0;
};

struct SenderOptions {
  std::chrono::seconds patience{15};  ///< for all of one post
  std::string ca_file{};              ///< whom to trust, PEM; empty: the authorities of the system
};

/// By libcurl: no redirect is followed, certificates and names are always checked, proxies are those of the
/// environment. Errors: failure (libcurl is not there).
[[nodiscard]] Result<std::unique_ptr<Sender>> make_sender(SenderOptions options);

}  // namespace lic::webhook
