#pragma once

/// Sends messages to a mail server, by libcurl. The library is loaded when the first
/// session is opened: commands that send nothing do not pay for it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/secret.hpp"
#include "lic/result.hpp"

namespace lic::mail {

struct SmtpServer {
  std::string url;           ///< smtp://HOST[:PORT] or smtps://..., without a user
  std::string host;          ///< "mail.example.com", "[::1]"
  std::string user;          ///< empty: no login
  bool tls_at_once = false;  ///< smtps

  /// `smtp://[USER@]HOST[:PORT]` or `smtps://...`; USER may have %40 for '@'.
  /// Errors: usage (another scheme, a password in it, no host, characters that no URL has).
  static Result<SmtpServer> parse(std::string_view url);
  /// Whether it is this machine: localhost, 127.x.x.x, [::1].
  [[nodiscard]] bool is_local() const noexcept;
};

struct SmtpSecurity {
  bool plain = false;   ///< no TLS; else smtp:// has to offer STARTTLS
  std::string ca_file;  ///< whom to trust; empty: the system's list
};

/// What became of one message.
struct SmtpAnswer {
  bool accepted = false;
  std::string reason;  ///< of a refusal: "the server refused the recipient: 550 No such user", safe to print
};

class SmtpSession {
 public:
  /// Connects with the first message. Errors: failure (libcurl is not there).
  static Result<SmtpSession> open(const SmtpServer& server, const SmtpSecurity& security, SecretBytes password);
  SmtpSession(SmtpSession&&) noexcept;
  SmtpSession& operator=(SmtpSession&&) = delete;
  SmtpSession(const SmtpSession&) = delete;
  SmtpSession& operator=(const SmtpSession&) = delete;
  ~SmtpSession();

  /// Hands over one message (lines ended by CRLF); connects where no connection is left.
  /// A refusal of this recipient or this message for good (5xx) is an answer.
  /// Errors: unavailable (no connection, no time left, a refusal for now (4xx), a
  /// certificate that is not trusted, no STARTTLS), denied (login or sender refused).
  /// After an error nobody knows whether the message has been delivered when the
  /// connection was lost at its very end; else it has not.
  [[nodiscard]] Result<SmtpAnswer> send(const std::string& from, const std::string& to, std::string_view message);

 private:
  struct State;
  explicit SmtpSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lic::mail
