#pragma once

/// How a client reaches a licensing server (docs/protocol.md). What carries the bytes is
/// liblic-http, which is loaded when first needed; tests carry them themselves.

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "lic/result.hpp"
#include "protocol/online.hpp"

namespace lic {

/// One request. A redirect is not followed.
struct HttpCall {
  std::string url;                             ///< https://HOST[:PORT]/PATH; http:// for this machine alone
  std::string body;                            ///< JSON, sent by POST; empty: GET
  std::chrono::milliseconds patience{10'000};  ///< for all of it, the connection included
  std::size_t most_bytes = kMaxOnlineReply;    ///< a longer body is an error
  std::string ca_file;                         ///< whom to trust, PEM; empty: the authorities of the system
};

struct HttpReply {
  int status = 0;
  bool is_json = false;  ///< by its Content-Type
  std::string body;
  std::optional<std::chrono::seconds> retry_after;  ///< Retry-After in seconds, at most a day
};

/// Errors: unavailable, naming the host and the cause ("licenses.example.com: the certificate is not trusted");
/// usage (a URL of another scheme, http:// to another machine).
using Transport = std::function<Result<HttpReply>(const HttpCall&)>;

/// That of liblic-http, from the directory that liblic is in, or from those of the system.
/// Errors of its calls: also failure, where the library is not installed.
[[nodiscard]] Transport https_transport();

}  // namespace lic
