#include "common/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kUsualWidth = 80;
constexpr std::chrono::milliseconds kPatience{250};
constexpr std::chrono::milliseconds kBetween{100};

/// 1234567 as "1,234,567".
std::string grouped(std::int64_t number) {
  std::string digits = concat(number);
  for (std::ptrdiff_t at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

/// "8 s", "2 min 5 s", "3 h 12 min".
std::string spell(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(std::min(seconds, 1e9)));
  if (whole < 60) return concat(whole, " s");
  if (whole < 3600) return concat(whole / 60, " min ", whole % 60, " s");
  return concat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

std::string bar(std::int64_t percent) {
  constexpr std::int64_t kCells = 20;
  const auto full = static_cast<std::size_t>(percent * kCells / 100);
  return concat(" [", std::string(full, '#'), std::string(kCells - full, ' '), ']');
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualWidth;
  return size.ws_col;
}

/// What cannot be written to a terminal that went away is no loss.
void to_stderr(std::string_view text) {
  const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  static_cast<void>(written);
}

}  // namespace

std::string progress_text(std::string_view what, std::int64_t done, std::optional<std::int64_t> total,
                          std::chrono::duration<double> elapsed, std::size_t width) {
  const double rate = elapsed.count() > 0 ? static_cast<double>(done) / elapsed.count() : 0;
  std::string text = concat(grouped(done), total ? concat(" of ", grouped(*total)) : "", " ", what);
  std::string speed = concat(", ", grouped(static_cast<std::int64_t>(rate)), "/s");
  std::string measure;
  if (total && *total > 0) {
    const std::int64_t percent = std::min<std::int64_t>(done, *total) * 100 / *total;
    const std::string share = concat(' ', percent, " %");
    if (rate > 0)
      speed += concat(", ", spell(static_cast<double>(std::max<std::int64_t>(*total - done, 0)) / rate), " left");
    measure = concat(bar(percent), share);
    if (text.size() + measure.size() + speed.size() > width) measure = share;
  }
  text += measure;
  if (text.size() + speed.size() <= width) text += speed;
  return text.substr(0, width);
}

Progress::Progress(const Output& output, std::string_view what, std::optional<std::int64_t> total)
    : program_(output.program()),
      what_(what),
      total_(total),
      enabled_(!output.quiet() && ::isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      next_(start_ + kPatience) {}

void Progress::advance(std::int64_t count) {
  done_ += count;
  if (!enabled_) return;
  if (const auto now = Clock::now(); now >= next_) draw(now);
}

void Progress::draw(Clock::time_point now) {
  const std::string head = concat(program_, ": ");
  const std::size_t width = terminal_width();
  const std::size_t room = width > head.size() + 1 ? width - head.size() - 1 : 0;
  to_stderr(concat("\r", head, progress_text(what_, done_, total_, now - start_, room), "\033[K"));
  visible_ = true;
  next_ = now + kBetween;
}

void Progress::hide() {
  if (visible_) to_stderr("\r\033[K");
  visible_ = false;
}

}  // namespace lic::app
