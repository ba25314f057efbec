#include "licgen/passphrase.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kLongest = 4096;
constexpr std::uint8_t kInterrupt = 3;  // Ctrl-C

Result<SecretBytes> without_newline(Bytes bytes, std::string_view what) {
  SecretBytes whole(std::move(bytes));
  std::size_t size = whole.size();
  if (size > 0 && whole.view()[size - 1] == '\n') --size;
  if (size > 0 && size < whole.size() && whole.view()[size - 1] == '\r') --size;
  if (size == 0) return error(Errc::invalid_input, concat(what, " is empty"));
  return SecretBytes(whole.view().first(size));
}

/// The terminal without echo, for as long as this lives. A typed Ctrl-C ends the
/// line instead of the program, so that the echo comes back in every case.
class SilentTerminal {
 public:
  explicit SilentTerminal(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) return;
    struct termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ISIG);
    silent.c_lflag |= ICANON;
    silent.c_cc[VEOL] = kInterrupt;
    changed_ = ::tcsetattr(fd, TCSAFLUSH, &silent) == 0;
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  [[nodiscard]] bool silent() const noexcept { return changed_; }

 private:
  int fd_;
  struct termios before_ {};
  bool changed_ = false;
};

void show(int terminal, std::string_view text) {
  // Where the prompt cannot be shown the answer can still be typed.
  static_cast<void>(::write(terminal, text.data(), text.size()) < 0);
}

/// One line from the terminal, its end included.
Result<Bytes> read_line(int terminal) {
  const SilentTerminal silence(terminal);
  if (!silence.silent()) return error(Errc::denied, "the terminal cannot hide what is typed");
  Bytes line;
  line.reserve(kLongest);
  std::uint8_t byte = 0;
  while (line.size() < kLongest) {
    const ssize_t count = ::read(terminal, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    line.push_back(byte);
    if (byte == '\n' || byte == kInterrupt) break;
  }
  return line;
}

}  // namespace

Result<SecretBytes> passphrase_from_file(const std::string& file) {
  if (file == "-") return passphrase_from_descriptor(STDIN_FILENO);
  ReadOptions options;
  options.limit = kLongest;
  auto bytes = read_file(file, "passphrase file", options);
  if (!bytes) {
    Error fault = bytes.error();
    if (fault.code == Errc::invalid_input && fault.hint.empty()) fault.hint = "give a pipe with --passphrase-fd";
    return fault;
  }
  return without_newline(std::move(bytes).value(), concat("passphrase file ", in_quotes(file)));
}

Result<SecretBytes> passphrase_from_descriptor(int fd) {
  const std::string what = concat("the passphrase on descriptor ", fd);
  LIC_TRY_ASSIGN(Bytes bytes, read_stream(fd, what, kLongest));
  return without_newline(std::move(bytes), what);
}

Result<std::optional<SecretBytes>> passphrase_from_environment(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::optional<SecretBytes>();
  if (*text == '\0') return error(Errc::invalid_input, concat('$', variable, " is empty"), "unset it to be asked");
  return std::optional<SecretBytes>(SecretBytes(view_bytes(text)));
}

Result<SecretBytes> ask_passphrase(const std::string& prompt) {
  const Fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal)
    return error(Errc::denied, "a passphrase is needed and there is no terminal to ask for it",
                 "give it with --passphrase-file FILE, --passphrase-fd N or $LICGEN_PASSPHRASE, or run at a terminal");
  show(terminal.get(), prompt);
  LIC_TRY_ASSIGN(Bytes line, read_line(terminal.get()));
  show(terminal.get(), "\n");
  const bool interrupted = !line.empty() && line.back() == kInterrupt;
  auto passphrase = without_newline(std::move(line), "the passphrase");
  if (interrupted) {
    std::raise(SIGINT);
    return error(Errc::denied, "interrupted");
  }
  if (!passphrase) return error(Errc::denied, "no passphrase was typed");
  return passphrase;
}

Result<SecretBytes> ask_new_passphrase(const std::string& prompt) {
  LIC_TRY_ASSIGN(SecretBytes first, ask_passphrase(prompt));
  LIC_TRY_ASSIGN(const SecretBytes second, ask_passphrase("the same again: "));
  if (!first.equals(second)) return error(Errc::denied, "the two passphrases differ", "try again");
  return first;
}

}  // namespace lic::app
