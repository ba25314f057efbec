#pragma once

/// HTTP/1.1 for the licensing server, with or without TLS (Boost.Beast).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "lic/result.hpp"
#include "server/frontend.hpp"

namespace lic {

struct TlsFiles {
  Path certificate;  ///< PEM: the server's, then those that lead to the authority
  Path key;          ///< PEM
};

struct HttpEndpoint {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8090;             ///< 0: one that is free
  std::string_view option = "--listen";  ///< for messages
};

struct HttpOptions {
  HttpEndpoint listen;
  std::optional<HttpEndpoint> admin;  ///< for the vendor API and /metrics, which then are nowhere else
  std::optional<TlsFiles> tls;
  int threads = 2;
  std::size_t most_connections = 20'000;
  std::chrono::seconds head_time{15};   ///< for a whole head, and between requests of one connection
  std::chrono::seconds body_time{30};   ///< for a whole body
  std::chrono::seconds reply_time{30};  ///< for a peer to take the whole reply
  std::chrono::seconds drain_time{30};  ///< for requests that run, when the server ends
};

/// One request that was answered, for the log. Nothing in it is secret.
struct AccessRecord {
  std::string_view method;
  std::string_view route;
  std::string_view address;
  int status = 0;
  std::string_view remark;  ///< what was answered, or why not; may be empty
  std::chrono::microseconds took{0};
};

struct HttpHooks {
  std::function<void()> reload;                       ///< on SIGHUP, beside the certificate
  std::function<void(const AccessRecord&)> access{};  ///< null: nobody asks
  std::function<void(std::string_view)> trouble;      ///< what the operator should know
};

class HttpServer {
 public:
  /// Listens; answers nobody yet. `frontend` outlives it.
  /// Errors: invalid_input (no numeric address; a certificate or a key that is none, or do not belong together),
  /// not_found, denied (files; a port that is not for everybody), conflict (the port is taken), failure.
  static Result<std::unique_ptr<HttpServer>> listen(HttpOptions options, Frontend& frontend, HttpHooks hooks);
  virtual ~HttpServer() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Of HttpOptions::admin; 0: there is none.
  [[nodiscard]] virtual std::uint16_t admin_port() const = 0;

  /// Serves until SIGTERM or SIGINT, then until what runs is answered, `drain_time` at most. SIGHUP reads the
  /// certificate and its key again, new connections have them; where they are no good, the old ones stay and `trouble`
  /// is told.
  virtual void run() = 0;
};

/// Whether `address` is one of this machine alone. Errors: invalid_input (no numeric address).
[[nodiscard]] Result<bool> is_loopback(std::string_view address);

}  // namespace lic
