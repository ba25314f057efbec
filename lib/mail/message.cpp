#include "mail/message.hpp"

#include <algorithm>
#include <cstdio>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::mail {
namespace {

constexpr std::size_t kLine = 76;          // RFC 2045, 6.7 (5); RFC 2047, 2
constexpr std::size_t kEncodedBytes = 42;  // in one encoded word: 56 symbols of base64, and room for the field's name
constexpr std::size_t kLongestPlain = 60;  // a longer text is encoded, as that can be folded
constexpr std::size_t kLongestAddress = 254;  // RFC 5321, 4.5.3.1.3, less the angle brackets

constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct DateParts {
  std::string_view weekday;
  std::string_view month;
  unsigned day;
  int year;
  std::string clock;
};

DateParts parts_of(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {kDays[std::chrono::weekday{day}.c_encoding()], kMonths[unsigned{date.month()} - 1], unsigned{date.day()},
          int{date.year()}, text};
}

std::string date_header(Time time) {
  const DateParts d = parts_of(time);
  return concat(d.weekday, ", ", d.day, ' ', d.month, ' ', d.year, ' ', d.clock, " +0000");
}

bool is_control(char symbol) noexcept { return static_cast<unsigned char>(symbol) < 0x20 || symbol == 0x7F; }

/// On one line: nothing in it can end a header.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::replace_if(out.begin(), out.end(), is_control, ' ');
  return out;
}

bool is_plain(std::string_view text) noexcept {
  return text.size() <= kLongestPlain && text.find("=?") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// Encoded words (RFC 2047) of whole characters, one a line.
std::string encoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t end = 0;
    while (end < text.size()) {
      const std::size_t length = std::max<std::size_t>(1, utf8_length(text.substr(end)));
      if (end + length > kEncodedBytes) break;
      end += length;
    }
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    out += concat(out.empty() ? "" : "\n ", "=?UTF-8?B?", base64_encode({bytes, end}), "?=");
    text.remove_prefix(end);
  }
  return out;
}

std::string mailbox_header(std::string_view name, const Mailbox& mailbox) {
  const std::string display = one_line(mailbox.name);
  std::string out = concat(name, ": ");
  if (display.find_first_not_of(' ') == std::string::npos) return concat(out, mailbox.email, '\n');
  if (is_plain(display)) {
    out += '"';
    for (const char symbol : display) {
      if (symbol == '"' || symbol == '\\') out += '\\';
      out += symbol;
    }
    out += '"';
  } else {
    out += encoded(display);
  }
  return concat(out, "\n <", mailbox.email, ">\n");
}

bool is_dot_atom(std::string_view text) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-/=?^_`{|}~.";
  const auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), fits);
}

/// One part of a message, with the line that begins it.
std::string part(std::string_view boundary, std::string_view type, std::string_view content) {
  return concat("--", boundary, "\nContent-Type: ", type,
                "; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n", quoted_printable(content), '\n');
}

}  // namespace

bool is_address(std::string_view text) noexcept {
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && text.size() <= kLongestAddress && is_dot_atom(text.substr(0, at)) &&
         is_dot_atom(text.substr(at + 1));
}

Result<Mailbox> parse_mailbox(std::string_view text) {
  Mailbox mailbox{{}, std::string(text)};
  if (const std::size_t open = text.find('<'); open != std::string_view::npos && text.ends_with('>')) {
    std::string_view name = text.substr(0, open);
    while (name.ends_with(' ')) name.remove_suffix(1);
    mailbox.name = name;
    mailbox.email = text.substr(open + 1, text.size() - open - 2);
  }
  if (is_address(mailbox.email) && is_utf8(mailbox.name)) return mailbox;
  return error(Errc::invalid_input, concat(in_quotes(text), " is no address to send from"),
               "write sales@example.com or 'Example Sales <sales@example.com>'");
}

std::string quoted_printable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char symbol = text[i];
    if (symbol == '\n') {
      out += '\n';
      column = 0;
      continue;
    }
    if (symbol == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    const bool at_end = i + 1 == text.size() || text[i + 1] == '\n';
    // A blank at the end could be lost, a '.' or "From" at the beginning be taken for more than text.
    const bool begins = column == 0 && (symbol == '.' || symbol == 'F' || symbol == '>');
    const bool blank = (symbol == ' ' || symbol == '\t') && !at_end;
    const bool plain = blank || (symbol > ' ' && symbol <= '~' && symbol != '=' && !begins);
    const std::size_t width = plain ? 1 : 3;
    if (column + width > kLine - 1) {  // room for the '=' that says it goes on
      out += "=\n";
      column = 0;
    }
    if (plain) {
      out += symbol;
    } else {
      const auto byte = static_cast<unsigned char>(symbol);
      out += '=';
      out += kHex[byte >> 4];
      out += kHex[byte & 0xF];
    }
    column += width;
  }
  return out;
}

std::string header(std::string_view name, std::string_view text) {
  const std::string line = one_line(text);
  return concat(name, ": ", is_plain(line) ? line : encoded(line), '\n');
}

std::string message_text(const Message& message) {
  const std::string boundary = concat("=_", message.id);  // never in quoted-printable text
  const std::string domain = message.from.email.substr(message.from.email.find('@') + 1);
  return concat("Date: ", date_header(message.date), '\n', mailbox_header("From", message.from),
                mailbox_header("To", message.to), header("Subject", message.subject), "Message-ID:\n <", message.id,
                '@', domain,
                ">\nMIME-Version: 1.0\nAuto-Submitted: auto-generated\n"
                "Content-Type: multipart/alternative;\n boundary=\"",
                boundary, "\"\n\n", part(boundary, "text/plain", message.text),
                part(boundary, "text/html", message.html), "--", boundary, "--\n");
}

std::string with_crlf(std::string_view message) {
  std::string out;
  for (const char symbol : message) {
    if (symbol == '\n') out += '\r';
    out += symbol;
  }
  return out;
}

std::string mbox_entry(std::string_view message, std::string_view sender, Time date) {
  const DateParts d = parts_of(date);
  std::string out = concat("From ", sender, ' ', d.weekday, ' ', d.month, ' ', d.day < 10 ? " " : "", d.day, ' ',
                           d.clock, ' ', d.year, '\n');
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size() - 1);
    const std::string_view line = message.substr(0, end + 1);
    if (line.substr(std::min(line.size(), line.find_first_not_of('>'))).starts_with("From ")) out += '>';
    out += line;
    message.remove_prefix(end + 1);
  }
  return out + '\n';
}

}  // namespace lic::mail
