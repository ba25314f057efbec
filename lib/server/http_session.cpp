#include "server/http_session.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/text.hpp"

namespace lic::http {
namespace {

constexpr std::uint32_t kMostHead = 8 * 1024;

/// IPv6 by its network: a subscriber has a whole one.
std::string name_of(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  if (address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes).to_string();
}

bool is_local(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  return address.is_loopback();
}

template <class Stream>
class Session final : public Connection, public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(Stream stream, std::shared_ptr<asio::ssl::context> tls, const Shared& shared, Connections& connections)
      : tls_(std::move(tls)), stream_(std::move(stream)), shared_(shared), connections_(connections) {
    error_code fault;
    const auto peer = beast::get_lowest_layer(stream_).socket().remote_endpoint(fault).address();
    address_ = fault ? "unknown" : name_of(peer);
    local_ = !fault && is_local(peer);
    shared_.frontend.metrics().connection_opened();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() override {
    shared_.frontend.metrics().connection_closed();
    connections_.remove(this);
  }

  void start() {
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] { self->shake_hands(); });
  }

  void drain() override {
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] {
      self->last_ = true;
      if (self->idle_ && !self->has_more()) self->close();
    });
  }

 private:
  using Handler = void (Session::*)(error_code, std::size_t);

  auto then(Handler handler) {
    return [self = this->shared_from_this(), handler](error_code fault, std::size_t size) {
      ((*self).*handler)(fault, size);
    };
  }

  void within(std::chrono::seconds time) { beast::get_lowest_layer(stream_).expires_after(time); }

  /// Whether something came that was not read yet: a request may have begun with it.
  [[nodiscard]] bool has_more() {
    error_code fault;
    const bool came = beast::get_lowest_layer(stream_).socket().available(fault) > 0;
    return buffer_.size() > 0 || (!fault && came);
  }

  void close() {
    error_code ignored;
    beast::get_lowest_layer(stream_).socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    beast::get_lowest_layer(stream_).close();
  }

  void shake_hands() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      within(shared_.options.head_time);
      stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](error_code fault) {
        if (!fault) self->read_head();
      });
    } else {
      read_head();
    }
  }

  void read_head() {
    parser_.emplace();
    parser_->header_limit(kMostHead);
    parser_->body_limit(most_bytes(OnlineAction::usage));
    idle_ = true;
    if (last_) return close();
    within(shared_.options.head_time);
    beast::http::async_read_header(stream_, buffer_, *parser_, then(&Session::on_head));
  }

  void on_head(error_code fault, std::size_t) {
    idle_ = false;
    begun_ = std::chrono::steady_clock::now();
    if (fault) return refuse(fault);
    const auto& head = parser_->get();
    auto step = shared_.frontend.begin(head_of(head));
    if (auto* reply = std::get_if<HttpReply>(&step)) {
      // What is left of the request is not read, so nothing can follow it.
      if (!parser_->is_done()) last_ = true;
      return write(std::move(*reply));
    }
    vendor_.reset();
    if (auto* request = std::get_if<VendorRequest>(&step))
      vendor_ = std::move(*request);
    else
      action_ = std::get<BodyWanted>(step).action;
    const std::size_t most = vendor_ ? kMostVendorBytes : most_bytes(action_);
    const auto length = parser_->content_length();
    if (length && *length > most) return too_large();
    parser_->body_limit(most);
    if (beast::iequals(head[beast::http::field::expect], "100-continue")) return go_on();
    read_body();
  }

  template <class Head>
  [[nodiscard]] HttpHead head_of(const Head& head) const {
    using beast::http::field;
    HttpHead asked{std::string(head.method_string()), std::string(head.target()),
                   std::string(head[field::content_type]), address_, local_};
    asked.admin = shared_.admin;
    asked.authorization = line_of(head, "Authorization").value_or("");
    asked.idempotency_key = line_of(head, "Idempotency-Key");
    return asked;
  }

  /// What a header says; of one that stands there several times all that it says, as RFC 9110 (5.3) has it: no token
  /// and no key is like that.
  template <class Head>
  [[nodiscard]] static std::optional<std::string> line_of(const Head& head, std::string_view name) {
    std::optional<std::string> line;
    const auto [begin, end] = head.equal_range(beast::string_view(name.data(), name.size()));
    for (auto field = begin; field != end; ++field)
      line = line ? concat(*line, ", ", std::string(field->value())) : std::string(field->value());
    return line;
  }

  void go_on() {
    continue_.emplace(beast::http::status::continue_, 11);
    within(shared_.options.reply_time);
    beast::http::async_write(stream_, *continue_, then(&Session::on_continue));
  }

  void on_continue(error_code fault, std::size_t) {
    if (!fault) read_body();
  }

  void read_body() {
    within(shared_.options.body_time);
    beast::http::async_read(stream_, buffer_, *parser_, then(&Session::on_body));
  }

  void on_body(error_code fault, std::size_t) {
    if (fault) return refuse(fault);
    beast::get_lowest_layer(stream_).expires_never();  // the ledger has its own patience
    const auto done = [self = this->shared_from_this()](std::function<HttpReply()> make) {
      asio::post(self->stream_.get_executor(), [self, make = std::move(make)] { self->write(make()); });
    };
    if (!vendor_) return shared_.frontend.answer(action_, parser_->get().body(), done);
    vendor_->body = std::move(parser_->get().body());
    shared_.frontend.answer(*std::move(vendor_), done);
  }

  void too_large() {
    last_ = true;
    write(Frontend::fault(413, "too-large", "the request is too large"));
  }

  /// What cannot be read as a request. Who only went away, or was too slow, gets nothing.
  void refuse(error_code fault) {
    namespace http = beast::http;
    last_ = true;
    if (fault == http::error::body_limit) return too_large();
    if (fault == http::error::header_limit || fault == http::error::buffer_overflow)
      return write(Frontend::fault(431, "headers-too-large", "the head of the request is too large"));
    const bool malformed = fault.category() == http::make_error_code(http::error::bad_method).category() &&
                           fault != http::error::end_of_stream && fault != http::error::partial_message;
    if (!malformed) return close();
    write(Frontend::fault(400, "bad-request", "this is no HTTP request"));
  }

  void write(HttpReply reply) {
    namespace http = beast::http;
    const bool whole = parser_->is_header_done();
    response_.emplace(static_cast<http::status>(reply.status), 11);
    response_->set(http::field::content_type, std::string(reply.content_type));
    response_->set(http::field::cache_control, "no-store");
    response_->set("X-Content-Type-Options", "nosniff");
    if (reply.retry_after) response_->set(http::field::retry_after, std::to_string(*reply.retry_after));
    if (reply.challenge) response_->set(http::field::www_authenticate, "Bearer realm=\"licgen\"");
    if (!reply.allow.empty()) response_->set(http::field::allow, std::string(reply.allow));
    response_->keep_alive(whole && parser_->get().keep_alive() && !last_);
    response_->body() = std::move(reply.body);
    response_->prepare_payload();
    note(reply, whole ? std::string_view(parser_->get().method_string()) : std::string_view("-"));
    within(shared_.options.reply_time);
    http::async_write(stream_, *response_, then(&Session::on_written));
  }

  void note(const HttpReply& reply, std::string_view method) {
    const auto took = std::chrono::steady_clock::now() - begun_;
    shared_.frontend.metrics().count_request(reply.route, reply.status, took);
    if (!shared_.hooks.access) return;
    shared_.hooks.access({method, reply.route, address_, reply.status, reply.remark,
                          std::chrono::duration_cast<std::chrono::microseconds>(took)});
  }

  void on_written(error_code fault, std::size_t) {
    if (fault) return;
    if (response_->keep_alive()) return read_head();
    finish();
  }

  void finish() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      within(shared_.options.head_time);
      stream_.async_shutdown([self = this->shared_from_this()](error_code) { self->close(); });
    } else {
      // What the peer still sends is read, so that it can read our reply before the connection is reset.
      error_code ignored;
      stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
      within(std::chrono::seconds{2});
      drop_rest();
    }
  }

  void drop_rest() {
    buffer_.clear();
    beast::get_lowest_layer(stream_).async_read_some(buffer_.prepare(kMostHead), then(&Session::on_dropped));
  }

  void on_dropped(error_code fault, std::size_t size) {
    dropped_ += size;
    if (fault || dropped_ > most_bytes(OnlineAction::usage)) return close();
    drop_rest();
  }

  std::shared_ptr<asio::ssl::context> tls_;  // outlives the stream
  Stream stream_;
  Shared shared_;
  Connections& connections_;
  std::string address_;
  bool local_ = false;
  bool idle_ = true;   // no request has begun
  bool last_ = false;  // after this reply the connection ends
  OnlineAction action_ = OnlineAction::activate;
  std::optional<VendorRequest> vendor_;  // in place of an action
  std::chrono::steady_clock::time_point begun_;
  std::size_t dropped_ = 0;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  std::optional<beast::http::response<beast::http::string_body>> response_;
  std::optional<beast::http::response<beast::http::empty_body>> continue_;
};

}  // namespace

void Connections::add(const std::shared_ptr<Connection>& connection) {
  const std::scoped_lock lock(mutex_);
  all_.emplace(connection.get(), connection);
}

void Connections::remove(Connection* connection) {
  bool last = false;
  {
    const std::scoped_lock lock(mutex_);
    all_.erase(connection);
    last = drains_ && all_.empty();
  }
  if (last) empty_();
}

void Connections::drain() {
  std::vector<std::shared_ptr<Connection>> there;
  bool none = false;
  {
    const std::scoped_lock lock(mutex_);
    drains_ = true;
    none = all_.empty();
    for (const auto& [pointer, weak] : all_)
      if (auto connection = weak.lock()) there.push_back(std::move(connection));
  }
  for (const auto& connection : there) connection->drain();
  if (none) empty_();
}

void Connections::forget() {
  const std::scoped_lock lock(mutex_);
  drains_ = false;
}

std::size_t Connections::size() const {
  const std::scoped_lock lock(mutex_);
  return all_.size();
}

void serve(asio::ip::tcp::socket socket, const std::shared_ptr<asio::ssl::context>& tls, const Shared& shared,
           Connections& connections) {
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto begin = [&](auto session) {
    connections.add(session);
    session->start();
  };
  if (tls) {
    TlsStream stream(std::move(socket), *tls);
    begin(std::make_shared<Session<TlsStream>>(std::move(stream), tls, shared, connections));
  } else {
    begin(std::make_shared<Session<PlainStream>>(PlainStream(std::move(socket)), nullptr, shared, connections));
  }
}

}  // namespace lic::http
