#pragma once

/// One connection. For lib/server/http_*.cpp alone.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "server/http_server.hpp"

namespace lic::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

/// What all connections have in common.
struct Shared {
  const HttpOptions& options;
  Frontend& frontend;
  const HttpHooks& hooks;
  bool admin = false;  ///< of the listener for the vendor
};

/// A connection as the server knows it.
class Connection {
 public:
  virtual ~Connection() = default;
  /// From any thread: ends at once where nothing is asked, else after the reply.
  virtual void drain() = 0;
};

/// The connections there are. From any thread.
class Connections {
 public:
  /// `empty` is called when the last one has gone after drain().
  explicit Connections(std::function<void()> empty) : empty_(std::move(empty)) {}

  void add(const std::shared_ptr<Connection>& connection);
  void remove(Connection* connection);
  void drain();
  /// Nobody is called any more.
  void forget();
  [[nodiscard]] std::size_t size() const;

 private:
  std::function<void()> empty_;
  mutable std::mutex mutex_;
  std::map<Connection*, std::weak_ptr<Connection>> all_;
  bool drains_ = false;
};

using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

/// Begins to serve a connection that was accepted. It keeps itself alive.
void serve(asio::ip::tcp::socket socket, const std::shared_ptr<asio::ssl::context>& tls, const Shared& shared,
           Connections& connections);

}  // namespace lic::http
