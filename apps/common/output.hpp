#pragma once

/// Terminal manners (docs/cli.md): stdout carries the answer and nothing else,
/// everything else goes to stderr behind the program's name.

#include <string>
#include <string_view>

#include "common/exit_codes.hpp"
#include "lic/result.hpp"

namespace lic::app {

enum class Color { automatic, always, never };

/// The options that every command of both programs takes.
struct GlobalOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  std::string log_file;
  Color color = Color::automatic;
};

enum class Style { plain, bold, good, warning, bad, faint };

class Output {
 public:
  /// Also makes the process safe to write from: SIGPIPE is ignored (a closed pipe
  /// is then an error of finish()), and closed standard descriptors are occupied,
  /// so that no file opened later is mistaken for one of them.
  Output(std::string program, const GlobalOptions& options);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  /// Writes out what is left; only finish() can say whether that succeeded.
  ~Output();

  [[nodiscard]] bool json() const noexcept { return options_.json; }
  /// Whether the answer goes to a terminal, where foreign control characters must not.
  [[nodiscard]] bool to_terminal() const noexcept { return terminal_; }
  /// Whether the answer may have colors.
  [[nodiscard]] bool colors() const noexcept { return color_; }
  [[nodiscard]] bool quiet() const noexcept { return options_.quiet; }
  [[nodiscard]] const std::string& program() const noexcept { return program_; }

  /// The answer, to stdout, as it is. Escape what is not ours with printable().
  void answer(std::string_view text);
  /// The same with a newline at the end.
  void line(std::string_view text);

  /// To stderr as `program: text`, every line of it; not with --quiet.
  void note(std::string_view text);
  /// To stderr as `program: warning: text`, with --quiet too.
  void warn(std::string_view text);
  /// What failed, to stderr, and the hint below it; with --json the error document
  /// to stdout as well (unless `answered`: the answer on stdout carries the error
  /// itself). Returns the exit code as an int.
  int fail(const Error& error);
  int fail(ExitCode code, std::string_view message, std::string_view hint, bool answered = false);

  /// `text` in that style where stdout is a terminal (or --color always).
  [[nodiscard]] std::string styled(Style style, std::string_view text) const;

  /// Writes out what is buffered; may be called more than once. False when stdout
  /// did not take it all (closed pipe, full disk); the reason has then been told
  /// on stderr.
  [[nodiscard]] bool finish();
  /// Whether some of the answer could not be written already.
  [[nodiscard]] bool broken() const noexcept { return failed_; }

 private:
  void flush();
  void tell(std::string_view label, std::string_view text);

  std::string program_;
  GlobalOptions options_;
  std::string buffer_;
  bool terminal_ = false;
  bool color_ = false;
  bool failed_ = false;
};

/// `{"error":{"code","exit","message","hint"}}`'s inner object as JSON text.
[[nodiscard]] std::string error_json(ExitCode code, std::string_view message, std::string_view hint);

}  // namespace lic::app
