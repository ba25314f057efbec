#pragma once

/// Reads CSV (RFC 4180), a row at a time, in bounded memory.
///
/// Taken: UTF-8 with a byte order mark or without, lines that end with CRLF, LF or
/// CR, fields in quotes that hold separators, quotes and line ends. The separator is
/// a comma, a semicolon or a tab: the one that stands first in the first line.
/// Empty lines are passed over. Lines are counted as an editor counts them.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lic/result.hpp"

namespace lic::csv {

struct Field {
  std::string text;       ///< as it stands, quotes taken off
  std::int64_t line = 0;  ///< where it begins, or where its fault is
  std::string fault;      ///< not empty: it is not UTF-8, or holds a NUL byte
};

struct Row {
  std::int64_t line = 0;  ///< where it begins
  std::vector<Field> fields;
};

class Reader {
 public:
  /// Puts at most `size` bytes at `to`; 0 at the end.
  using Source = std::function<Result<std::size_t>(char* to, std::size_t size)>;

  static constexpr std::size_t kLongestField = 64 * 1024;  ///< bytes
  static constexpr std::size_t kMostFields = 1000;         ///< of a row

  explicit Reader(Source source);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) = delete;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  /// The next row; false at the end. An error ends the reading: what follows it
  /// cannot be told apart into rows.
  /// Errors: invalid_input (a stray quote, a quote without its end, a field or row
  /// beyond the limits: "line 3, column 2: ..."; UTF-16), and those of the source.
  [[nodiscard]] Result<bool> next(Row& row);

  /// Known once next() was called.
  [[nodiscard]] char separator() const noexcept;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace lic::csv
