#pragma once

/// How far long work has come: a line on the terminal that is drawn over and over.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/output.hpp"

namespace lic::app {

/// "250,000 of 1,000,000 licenses [#####     ] 25 %, 61,000/s, 12 s left", at most
/// `width` characters: what does not fit is left out from the end, the bar first.
/// `total` absent: nobody knows, and the line says how much is done and how fast.
[[nodiscard]] std::string progress_text(std::string_view what, std::int64_t done, std::optional<std::int64_t> total,
                                        std::chrono::duration<double> elapsed, std::size_t width);

/// Shows nothing with --quiet or where stderr is no terminal, and nothing of work that
/// is done within a quarter of a second.
class Progress {
 public:
  /// `what` is counted, in the plural.
  Progress(const Output& output, std::string_view what, std::optional<std::int64_t> total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { hide(); }

  void advance(std::int64_t count = 1);
  /// Takes the line away, so that something else can be said; the next advance() may
  /// bring it back.
  void hide();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  std::string program_;
  std::string what_;
  std::optional<std::int64_t> total_;
  std::int64_t done_ = 0;
  bool enabled_ = false;
  bool visible_ = false;
  Clock::time_point start_;
  Clock::time_point next_;  ///< when to draw again
};

}  // namespace lic::app
