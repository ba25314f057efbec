#include "common/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/text.hpp"
#include "common/json_text.hpp"

namespace lic::app {
namespace {

/// Opens /dev/null in the place of a closed stdin, stdout or stderr. The last two
/// get it read-only: what is written there is then an error, as it was before.
void occupy_standard_descriptors() noexcept {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
      const int opened = ::open("/dev/null", O_RDONLY);
      if (opened > fd) ::close(opened);
    }
  }
}

/// 0, or the errno of what failed.
int write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// NO_COLOR (https://no-color.org): set and not empty. --color always outdoes it.
bool wants_color(Color color, bool terminal) noexcept {
  switch (color) {
    case Color::always:
      return true;
    case Color::never:
      return false;
    case Color::automatic:
      break;
  }
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool refused = no_color != nullptr && *no_color != '\0';
  const bool capable = term != nullptr && std::string_view(term) != "dumb";
  return terminal && capable && !refused;
}

std::string_view escape_code(Style style) noexcept {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\033[1m";
    case Style::good:
      return "\033[32m";
    case Style::warning:
      return "\033[33m";
    case Style::bad:
      return "\033[31m";
    case Style::faint:
      return "\033[2m";
  }
  return "";
}

}  // namespace

Output::Output(std::string program, const GlobalOptions& options) : program_(std::move(program)), options_(options) {
  occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // beyond `ulimit -f` a write fails as on a full disk
  terminal_ = ::isatty(STDOUT_FILENO) == 1;
  color_ = wants_color(options_.color, terminal_);
}

Output::~Output() { flush(); }

void Output::answer(std::string_view text) {
  constexpr std::size_t kLargestBuffer = 64 * 1024;
  buffer_ += text;
  if (buffer_.size() > kLargestBuffer) flush();
}

void Output::line(std::string_view text) {
  buffer_ += text;
  answer("\n");
}

void Output::note(std::string_view text) {
  if (!options_.quiet) tell("", text);
}

void Output::warn(std::string_view text) { tell("warning: ", text); }

int Output::fail(const Error& error) { return fail(exit_code(error.code), error.message, error.hint); }

int Output::fail(ExitCode code, std::string_view message, std::string_view hint, bool answered) {
  if (options_.json && !answered) line(json_text(nlohmann::ordered_json{{"error", error_object(code, message, hint)}}));
  tell("", message);
  if (!hint.empty()) tell("hint: ", hint);
  return static_cast<int>(code);
}

std::string Output::styled(Style style, std::string_view text) const {
  if (!color_ || style == Style::plain) return std::string(text);
  return concat(escape_code(style), text, "\033[0m");
}

bool Output::finish() {
  flush();
  return !failed_;
}

void Output::flush() {
  if (failed_) buffer_.clear();
  if (buffer_.empty()) return;
  const int fault = write_all(STDOUT_FILENO, buffer_);
  buffer_.clear();
  if (fault == 0) return;
  failed_ = true;
  tell("", concat("cannot write to standard output: ", std::generic_category().message(fault)));
}

/// One write for the whole text, so that lines of several processes do not mix.
void Output::tell(std::string_view label, std::string_view text) {
  if (terminal_) flush();  // what was said first is seen first
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines += concat(program_, ": ", label, text.substr(0, end), '\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    label = {};
  }
  write_all(STDERR_FILENO, lines);
}

std::string error_json(ExitCode code, std::string_view message, std::string_view hint) {
  return json_text(error_object(code, message, hint));
}

}  // namespace lic::app
