#include "http/ask.hpp"

#include <algorithm>
#include <string_view>

#include "base/host.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "license/envelope.hpp"

namespace lic::http {
namespace {

using std::chrono::steady_clock;

constexpr int kOk = 200;

/// A server's address in its parts.
struct Address {
  std::string base;  ///< without a slash at the end
  std::string host;  ///< with the port, for messages
};

Result<Address> address_of(std::string_view url) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://"))
    return error(Errc::usage, concat("the server's address ", in_quotes(url), " is not https://HOST[:PORT]"));
  const std::string_view rest = url.substr(secure ? 8 : 7);
  const std::string_view authority = rest.substr(0, std::min(rest.find('/'), rest.size()));
  const bool odd = std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c > '~' || c == '\\'; });
  if (odd || without_port(authority).empty() || url.find_first_of("@?#") != std::string_view::npos)
    return error(Errc::usage, concat("the server's address ", in_quotes(url), " is not https://HOST[:PORT]"));
  const std::string_view host = without_port(authority);
  if (!secure && !is_this_machine(host))
    return error(Errc::usage, concat("plain http:// is for this machine alone, not for ", in_quotes(host)),
                 "the server is to be asked by https://");
  Address address{std::string(url), std::string(authority)};
  while (address.base.ends_with('/')) address.base.pop_back();
  return address;
}

/// What is asked of one server within one patience.
class Conversation {
 public:
  Conversation(const ServerQuestion& question, Address address, const Transport& transport)
      : address_(std::move(address)),
        ca_file_(question.ca_file),
        give_up_(steady_clock::now() + question.patience),
        transport_(transport) {}

  /// `body` empty: GET. A reply of another status than 200, or one that is no JSON, is an error as well; what the
  /// server says of when to come back is kept.
  Result<std::string> get(std::string_view path, std::string body, std::size_t most_bytes) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up_ - steady_clock::now());
    if (left.count() <= 0) return fault("no answer came in time");
    auto reply = transport_({concat(address_.base, path), std::move(body), left, most_bytes, ca_file_});
    if (!reply)
      return error(reply.error().code, concat(address_.host, ": ", reply.error().message), reply.error().hint);
    retry_after_ = reply->retry_after.value_or(std::chrono::seconds{0});
    if (reply->status != kOk) return fault(concat("it answers ", reply->status, ", which says neither yes nor no"));
    if (!reply->is_json) return fault("what it answers is none of a licensing server's");
    return std::move(reply->body);
  }

  Error fault(std::string_view cause) const { return error(Errc::unavailable, concat(address_.host, ": ", cause)); }
  [[nodiscard]] std::chrono::seconds retry_after() const noexcept { return retry_after_; }

 private:
  Address address_;
  const std::string& ca_file_;
  steady_clock::time_point give_up_;
  const Transport& transport_;
  std::chrono::seconds retry_after_{0};
};

/// The server's product file, where it is newer than `ours` and its rightful successor.
Result<ProductFile> successor(Conversation& server, const ProductFile& ours) {
  LIC_TRY_ASSIGN(const std::string text, server.get(kProductPath, {}, kMaxDocument));
  LIC_TRY_ASSIGN(ProductFile theirs, ProductFile::open(view_bytes(text), "the server's product file"));
  if (theirs.version() <= ours.version()) return server.fault("it has no newer product file");
  LIC_TRY(ours.accepts(theirs));
  return theirs;
}

Result<ServerWord> read_word(Conversation& server, const ServerQuestion& question, const std::string& body) {
  constexpr std::string_view kWhat = "the server's answer";
  LIC_TRY_ASSIGN(OnlineReply reply, OnlineReply::parse(view_bytes(body), kWhat));
  ServerWord word;
  auto answer = open_reply(reply, question.request, question.product, kWhat);
  if (!answer && answer.error().code == Errc::untrusted) {
    if (auto newer = successor(server, question.product)) {
      answer = open_reply(reply, question.request, *newer, kWhat);
      word.product = std::move(newer).value();
    }
  }
  if (!answer) return Error(answer.error());
  word.answer = std::move(answer).value();
  word.license = std::move(reply.license);
  return word;
}

}  // namespace

Asked ask(const ServerQuestion& question, const Transport& transport) {
  auto address = address_of(question.server);
  if (!address) return Unanswered{address.error()};
  Conversation server(question, *address, transport);
  const OnlineRequest& request = question.request;
  const auto body = server.get(path_of(request.action), request.to_json(), kMaxOnlineReply);
  if (!body) return Unanswered{body.error(), server.retry_after()};
  auto word = read_word(server, question, *body);
  // Whatever it is that does not hold, nobody has said anything that counts.
  if (!word) return Unanswered{server.fault(concat("its answer does not count: ", word.error().message))};
  if (question.wants_revocations) {
    if (auto list = server.get(kRevocationsPath, {}, kMaxRevocations)) word->revocations = std::move(list).value();
  }
  return std::move(word).value();
}

}  // namespace lic::http
