#include "mail/smtp.hpp"

#include <algorithm>
#include <cstring>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/free_with.hpp"
#include "base/host.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "curl/library.hpp"

namespace lic::mail {
namespace {

constexpr long kConnectSeconds = 30;
constexpr long kMessageSeconds = 120;

Result<const curl::Library*> load_curl() {
  auto library = curl::load();
  if (library) return library;
  return error(Errc::failure, "libcurl, which sends mail, cannot be loaded",
               "install the package libcurl4, or write the messages with --mbox");
}

/// How far a conversation has come: the command that was sent last.
enum class Stage { before, sender, recipient, content };

/// One message on its way.
struct Exchange {
  std::string_view left;
  Stage stage = Stage::before;
  std::string reply;  ///< the server's last line before the end
  bool over = false;  ///< saying goodbye: what is said now is no answer
};

std::size_t give(char* buffer, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::size_t length = std::min(size * count, exchange.left.size());
  std::memcpy(buffer, exchange.left.data(), length);
  exchange.left.remove_prefix(length);
  return length;
}

int follow(CURL* /*handle*/, curl_infotype type, char* data, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view text(data, size);
  if (type == CURLINFO_HEADER_OUT) {
    if (text.starts_with("MAIL ")) exchange.stage = Stage::sender;
    if (text.starts_with("RCPT ")) exchange.stage = Stage::recipient;
    if (text.starts_with("DATA")) exchange.stage = Stage::content;
    if (text.starts_with("QUIT")) exchange.over = true;
  }
  if (type == CURLINFO_HEADER_IN && text.size() > 3 && !exchange.over)
    exchange.reply = text.substr(0, text.find_first_of("\r\n"));
  return 0;
}

bool is_url_text(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '<' && c != '>' && c != '\\'; });
}

/// Absent where a '%' is not followed by two hex digits, or stands for a control character.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '%') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto byte = text.size() < 3 ? std::nullopt : hex_decode(to_lower(text.substr(1, 2)));
    if (!byte || byte->front() < 0x20 || byte->front() == 0x7F) return std::nullopt;
    out += static_cast<char>(byte->front());
    text.remove_prefix(3);
  }
  return out;
}

Error bad_url(std::string_view url, std::string_view why) {
  return error(Errc::usage, concat("--smtp: ", in_quotes(url), ' ', why),
               "write smtp://USER@HOST:PORT or smtps://USER@HOST:PORT");
}

}  // namespace

Result<SmtpServer> SmtpServer::parse(std::string_view url) {
  SmtpServer server;
  const std::string lower = to_lower(url.substr(0, 8));
  server.tls_at_once = lower.starts_with("smtps://");
  if (!server.tls_at_once && !lower.starts_with("smtp://")) return bad_url(url, "is no address of a mail server");
  std::string_view rest = url.substr(server.tls_at_once ? 8 : 7);
  const std::size_t at = rest.substr(0, rest.find('/')).rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view user = rest.substr(0, at);
    if (user.find(':') != std::string_view::npos)
      return error(Errc::usage, "--smtp: a password in the URL can be seen by everyone on this machine",
                   "leave it out, and give --smtp-password-file or $LICGEN_SMTP_PASSWORD");
    const auto decoded = percent_decoded(user);
    if (!decoded || decoded->empty()) return bad_url(url, "has no user before the '@'");
    server.user = *decoded;
    rest.remove_prefix(at + 1);
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
  server.host = to_lower(rest.substr(0, rest.find(':', std::min(bracket, rest.size()))));
  if (server.host.empty() || rest.find_first_of("/?#") != std::string_view::npos || !is_url_text(rest))
    return bad_url(url, "names no host and nothing else");
  server.url = concat(server.tls_at_once ? "smtps://" : "smtp://", rest);
  return server;
}

bool SmtpServer::is_local() const noexcept { return is_this_machine(host); }

struct SmtpSession::State {
  explicit State(const curl::Library& loaded) : library(loaded) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (handle != nullptr) library.easy_cleanup(handle);
  }

  [[nodiscard]] Error fault(CURLcode code, const Exchange& exchange) const;

  const curl::Library& library;
  CURL* handle = nullptr;
  std::string url;
};

SmtpSession::SmtpSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
SmtpSession::SmtpSession(SmtpSession&&) noexcept = default;
SmtpSession::~SmtpSession() = default;

Result<SmtpSession> SmtpSession::open(const SmtpServer& server, const SmtpSecurity& security, SecretBytes password) {
  LIC_TRY_ASSIGN(const curl::Library* library, load_curl());
  auto state = std::make_unique<State>(*library);
  state->url = server.url;
  CURL* handle = state->handle = library->easy_init();
  if (handle == nullptr) return error(Errc::failure, "libcurl gives no session");
  const auto set = library->easy_setopt;
  set(handle, CURLOPT_URL, server.url.c_str());
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, kConnectSeconds);
  set(handle, CURLOPT_TIMEOUT, kMessageSeconds);
  set(handle, CURLOPT_USE_SSL, long{security.plain ? CURLUSESSL_NONE : CURLUSESSL_ALL});
  set(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!security.ca_file.empty()) set(handle, CURLOPT_CAINFO, security.ca_file.c_str());
  if (!server.user.empty()) {
    Bytes text(password.view().begin(), password.view().end());
    text.push_back(0);
    const SecretBytes ended(std::move(text));
    set(handle, CURLOPT_USERNAME, server.user.c_str());
    set(handle, CURLOPT_PASSWORD, reinterpret_cast<const char*>(ended.view().data()));
  }
  set(handle, CURLOPT_UPLOAD, 1L);
  set(handle, CURLOPT_VERBOSE, 1L);  // for follow(); nothing is printed
  set(handle, CURLOPT_READFUNCTION, &give);
  set(handle, CURLOPT_DEBUGFUNCTION, &follow);
  return SmtpSession(std::move(state));
}

Error SmtpSession::State::fault(CURLcode code, const Exchange& exchange) const {
  const std::string what = concat("mail server ", in_quotes(url), ": ");
  const std::string said = exchange.reply.empty() ? "" : concat(", it said ", in_quotes(exchange.reply));
  if (code == CURLE_LOGIN_DENIED)
    return error(Errc::denied, concat(what, "the login was refused", said),
                 "look at the user in the URL and at the password");
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
    return error(Errc::unavailable, concat(what, "its certificate is not trusted: ", library.easy_strerror(code)),
                 "--cacert FILE names the authority that signed it");
  if (code == CURLE_USE_SSL_FAILED)
    return error(Errc::unavailable, concat(what, "it offers no encryption (STARTTLS)"),
                 "smtps:// begins with it; --smtp-plain does without");
  if (exchange.stage == Stage::sender && exchange.reply.starts_with('5'))
    return error(Errc::denied, concat(what, "the sender was refused", said), "look at --from, and at the login");
  return error(Errc::unavailable, concat(what, library.easy_strerror(code), said), "run it again later to go on");
}

Result<SmtpAnswer> SmtpSession::send(const std::string& from, const std::string& to, std::string_view message) {
  const curl::Library& curl = state_->library;
  CURL* handle = state_->handle;
  Exchange exchange;
  exchange.left = message;
  const std::string sender = concat('<', from, '>');
  const std::string recipient = concat('<', to, '>');
  struct curl_slist* list = curl.slist_append(nullptr, recipient.c_str());
  if (list == nullptr) return error(Errc::failure, "out of memory");
  curl.easy_setopt(handle, CURLOPT_MAIL_FROM, sender.c_str());
  curl.easy_setopt(handle, CURLOPT_MAIL_RCPT, list);
  curl.easy_setopt(handle, CURLOPT_READDATA, &exchange);
  curl.easy_setopt(handle, CURLOPT_DEBUGDATA, &exchange);
  const CURLcode code = curl.easy_perform(handle);
  curl.easy_setopt(handle, CURLOPT_MAIL_RCPT, nullptr);
  curl.slist_free_all(list);
  if (code == CURLE_OK) return SmtpAnswer{true, {}};
  const bool for_good = exchange.reply.starts_with('5') && code != CURLE_OPERATION_TIMEDOUT;
  if (for_good && exchange.stage == Stage::recipient)
    return SmtpAnswer{false, concat("the server refused the recipient: ", in_quotes(exchange.reply))};
  if (for_good && exchange.stage == Stage::content)
    return SmtpAnswer{false, concat("the server refused the message: ", in_quotes(exchange.reply))};
  return state_->fault(code, exchange);
}

}  // namespace lic::mail
