#pragma once

/// QR codes of documents, in a terminal or as PNG (docs/cli.md, "QR codes").

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "common/output.hpp"
#include "lic/result.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace lic::app {

/// The squares of one code, without the quiet zone around it.
struct QrCode {
  std::size_t width = 0;
  std::vector<bool> dark;  ///< row by row

  /// Light outside of it.
  [[nodiscard]] bool is_dark(std::ptrdiff_t column, std::ptrdiff_t row) const;
};

/// What a terminal shows dark and light by.
enum class QrInk {
  colors,         ///< escape codes: right on any ground
  dark_on_light,  ///< characters alone, as on paper
  light_on_dark,
};

/// By libqrencode, which is loaded here and nowhere before.
/// Errors: failure (the library is not installed; the text is too long).
[[nodiscard]] Result<QrCode> make_qr_code(std::string_view text);

/// Lines of half blocks, two rows of squares a line.
[[nodiscard]] std::string qr_lines(const QrCode& code, QrInk ink);

/// A PNG file, black on white.
[[nodiscard]] Bytes qr_png(const QrCode& code);

/// What --qr and --qr-invert say.
struct QrOptions {
  std::string target;  ///< `-`: to standard output; else the name of a PNG file; empty: no code
  bool invert = false;

  [[nodiscard]] bool wanted() const noexcept { return !target.empty(); }
  [[nodiscard]] bool to_stdout() const noexcept { return target == "-"; }
};

/// Adds both options; gives the first.
void add_qr_options(CLI::App& app, QrOptions& options);

/// The codes of `document`, as many as its pieces (protocol/carried_text.hpp), put where
/// `options` say. A file of several codes is FILE-1.png, FILE-2.png, ...
/// Returns the names of the files. Nothing is written where `wanted()` is false.
/// Errors: those of make_qr_code(); conflict (a file exists and no `force`), denied, failure.
[[nodiscard]] Result<std::vector<std::string>> write_qr_codes(const QrOptions& options, std::string_view document,
                                                              bool force, Output& output);

/// Whether write_qr_codes() will find its library and a name that will do.
/// Errors: failure; usage (a name that does not end in .png; --json, which `-` would disturb).
[[nodiscard]] Result<void> check_qr_options(const QrOptions& options, const Output& output);

}  // namespace lic::app
