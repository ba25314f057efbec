#include "server/http_server.hpp"

#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <csignal>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"
#include "server/http_session.hpp"

namespace lic {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using TlsContext = std::shared_ptr<asio::ssl::context>;

Error tls_fault(const Path& file, std::string_view what, const error_code& fault) {
  return error(Errc::invalid_input,
               concat("the TLS ", what, ' ', in_quotes(file.native()), " is no good: ", printable(fault.message())));
}

Result<TlsContext> make_tls(const TlsFiles& files) {
  for (const Path& file : {files.certificate, files.key}) LIC_TRY(read_file(file, "TLS file"));  // a clear error
  error_code fault;
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                       asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_sslv2 | asio::ssl::context::no_sslv3,
                   fault);
  if (!fault) tls->use_certificate_chain_file(files.certificate.native(), fault);
  if (fault) return tls_fault(files.certificate, "certificate", fault);
  tls->use_private_key_file(files.key.native(), asio::ssl::context::pem, fault);
  if (fault) return tls_fault(files.key, "key", fault);
  if (SSL_CTX_check_private_key(tls->native_handle()) != 1)
    return error(Errc::invalid_input,
                 concat("the TLS key ", in_quotes(files.key.native()), " does not belong to the certificate"));
  return tls;
}

Result<asio::ip::address> address_of(std::string_view text) {
  error_code fault;
  const auto address = asio::ip::make_address(std::string(text), fault);
  if (fault) return error(Errc::invalid_input, concat(in_quotes(text), " is no numeric address"));
  return address;
}

Error listen_fault(const HttpEndpoint& endpoint, const error_code& fault) {
  const std::string where = concat(endpoint.address, ':', endpoint.port);
  if (fault == asio::error::address_in_use)
    return error(Errc::conflict, concat(where, " is taken by another program"),
                 concat("listen elsewhere with ", endpoint.option));
  if (fault == asio::error::access_denied)
    return error(Errc::denied, concat("not allowed to listen on ", where), "ports below 1024 are root's");
  return error(Errc::failure, concat("cannot listen on ", where, ": ", printable(fault.message())));
}

Result<void> listen_on(const HttpEndpoint& at, tcp::acceptor& acceptor) {
  LIC_TRY_ASSIGN(const auto address, address_of(at.address));
  const tcp::endpoint endpoint(address, at.port);
  error_code fault;
  acceptor.open(endpoint.protocol(), fault);
  if (!fault) acceptor.set_option(asio::socket_base::reuse_address(true), fault);
  if (!fault) acceptor.bind(endpoint, fault);
  if (!fault) acceptor.listen(asio::socket_base::max_listen_connections, fault);
  if (fault) return listen_fault(at, fault);
  return {};
}

std::uint16_t port_of(const tcp::acceptor& acceptor) {
  error_code ignored;
  return acceptor.local_endpoint(ignored).port();
}

/// As many descriptors as this process may have.
void raise_descriptors() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // what it has is enough for most
}

class BeastServer final : public HttpServer {
 public:
  BeastServer(HttpOptions options, Frontend& frontend, HttpHooks hooks)
      : options_(std::move(options)),
        frontend_(frontend),
        hooks_(std::move(hooks)),
        connections_([this] { context_.stop(); }),
        context_(options_.threads),
        acceptor_(asio::make_strand(context_)),
        admin_acceptor_(acceptor_.get_executor()),
        signals_(acceptor_.get_executor(), SIGTERM, SIGINT, SIGHUP),
        timer_(acceptor_.get_executor()) {}

  Result<void> open() {
    if (options_.tls) {
      LIC_TRY_ASSIGN(tls_, make_tls(*options_.tls));
    }
    LIC_TRY(listen_on(options_.listen, acceptor_));
    return options_.admin ? listen_on(*options_.admin, admin_acceptor_) : Result<void>();
  }

  std::uint16_t port() const override { return port_of(acceptor_); }
  std::uint16_t admin_port() const override { return options_.admin ? port_of(admin_acceptor_) : std::uint16_t{0}; }

  void run() override {
    raise_descriptors();
    await_signal();
    accept(acceptor_);
    if (options_.admin) accept(admin_acceptor_);
    std::vector<std::thread> others;
    for (int i = 1; i < options_.threads; ++i) others.emplace_back([this] { work(); });
    work();
    for (std::thread& other : others) other.join();
    connections_.forget();
  }

 private:
  /// What is thrown (no memory) ends one connection, not the server.
  void work() {
    while (true) {
      try {
        context_.run();
        return;
      } catch (const std::exception& fault) {
        hooks_.trouble(concat("a connection was given up: ", printable(fault.what())));
      }
    }
  }

  void await_signal() {
    signals_.async_wait([this](error_code fault, int signal) {
      if (fault) return;
      if (signal == SIGHUP) {
        reload();
        return await_signal();
      }
      if (drains_) return context_.stop();  // asked twice
      drain();
      await_signal();
    });
  }

  void reload() {
    hooks_.reload();
    if (!options_.tls) return;
    auto tls = make_tls(*options_.tls);
    if (tls)
      tls_ = *std::move(tls);
    else
      hooks_.trouble(concat(tls.error().message, "; the certificate in use stays"));
  }

  void drain() {
    drains_ = true;
    frontend_.drain();
    error_code ignored;
    acceptor_.close(ignored);
    admin_acceptor_.close(ignored);
    timer_.expires_after(options_.drain_time);
    timer_.async_wait([this](error_code fault) {
      if (!fault) context_.stop();
    });
    connections_.drain();
  }

  void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept(asio::make_strand(context_), [this, &acceptor](error_code fault, tcp::socket socket) {
      if (drains_ || fault == asio::error::operation_aborted) return;
      if (fault) return accept_later(acceptor, fault);
      if (connections_.size() < options_.most_connections)
        http::serve(std::move(socket), tls_, {options_, frontend_, hooks_, &acceptor == &admin_acceptor_},
                    connections_);
      accept(acceptor);
    });
  }

  /// Descriptors have run out, mostly: others will end.
  void accept_later(tcp::acceptor& acceptor, const error_code& fault) {
    constexpr std::chrono::milliseconds kPause{100};
    hooks_.trouble(concat("no connection can be accepted: ", printable(fault.message())));
    timer_.expires_after(kPause);
    timer_.async_wait([this, &acceptor](error_code) {
      if (!drains_) accept(acceptor);
    });
  }

  HttpOptions options_;
  Frontend& frontend_;
  HttpHooks hooks_;
  TlsContext tls_;                 // used by the acceptor's strand alone
  http::Connections connections_;  // before the context, which has the connections
  asio::io_context context_;
  tcp::acceptor acceptor_;
  tcp::acceptor admin_acceptor_;  // not open: there is none
  asio::signal_set signals_;
  asio::steady_timer timer_;
  bool drains_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpOptions options, Frontend& frontend, HttpHooks hooks) {
  auto server = std::make_unique<BeastServer>(std::move(options), frontend, std::move(hooks));
  LIC_TRY(server->open());
  return std::unique_ptr<HttpServer>(std::move(server));
}

Result<bool> is_loopback(std::string_view address) {
  LIC_TRY_ASSIGN(const auto parsed, address_of(address));
  return parsed.is_loopback();
}

}  // namespace lic
