#pragma once

/// Messages as mail servers and mail programs take them (RFC 5322, 2045, 2046, 2047).

#include <string>
#include <string_view>

#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic::mail {

struct Mailbox {
  std::string name;  ///< UTF-8, or empty
  std::string email;
};

/// What a person is to read, as text and as HTML. All of it UTF-8.
struct Message {
  Mailbox from;
  Mailbox to;
  std::string subject;
  std::string text;
  std::string html;
  std::string id;  ///< of the Message-ID, left of the '@': letters and digits
  Time date{};
};

/// Whether an address can stand in a header as it is: `local@domain` of the characters that
/// need no quoting (RFC 5322, 3.4.1), ASCII alone, at most 254 bytes.
[[nodiscard]] bool is_address(std::string_view text) noexcept;

/// `NAME <EMAIL>` or `EMAIL`. Errors: invalid_input.
[[nodiscard]] Result<Mailbox> parse_mailbox(std::string_view text);

/// The whole message with lines ended by LF, each at most 78 bytes where it can be and
/// 998 at most. Texts from outside cannot add a header: line breaks and control
/// characters in them become spaces.
/// Precondition: both addresses are is_address().
[[nodiscard]] std::string message_text(const Message& message);

/// With lines ended by CRLF, as servers want it.
[[nodiscard]] std::string with_crlf(std::string_view message);

/// The message as an mbox file has it (mboxrd): a "From " line, lines that look like one
/// quoted by '>', and an empty line behind.
[[nodiscard]] std::string mbox_entry(std::string_view message, std::string_view sender, Time date);

/// RFC 2045, 6.7; lines ended by LF.
[[nodiscard]] std::string quoted_printable(std::string_view text);

/// A header field with text of any kind (RFC 2047), folded.
[[nodiscard]] std::string header(std::string_view name, std::string_view text);

}  // namespace lic::mail
