#include <algorithm>
#include <cstring>

#include "base/time.hpp"
#include "fuzz/fuzz.hpp"

using namespace lic;
using fuzz::require;

namespace {

constexpr std::int64_t kEnd = 253'402'300'800;  // 10000-01-01, in seconds

void require_in_calendar(const std::optional<Time>& time) {
  if (!time) return;
  const std::int64_t seconds = time->time_since_epoch().count();
  require(seconds >= 0 && seconds < kEnd, "a time lies in the years 1970 to 9999");
  require(parse_timestamp(format_time(*time)) == time, "a written time reads as itself");
}

/// A whole number made of up to eight bytes.
std::int64_t number(ByteView bytes) {
  std::int64_t value = 0;
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
  return value;
}

}  // namespace

/// The bytes as a time, as a duration, and as a time (8 bytes) and months (8 bytes).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto typed = parse_time(view_text(bytes));
  if (typed) require_in_calendar(*typed);

  const Time some{std::chrono::seconds{(number(bytes) & 0x7FFF'FFFF'FFFF'FFFF) % kEnd}};
  require_in_calendar(some);
  if (size > 8) require_in_calendar(add_months(some, number(bytes.subspan(8))));
  if (const auto duration = parse_duration(view_text(bytes))) {
    require(duration->months >= 0 && duration->seconds.count() >= 0, "a duration is not negative");
    require_in_calendar(add(some, *duration));
    require_in_calendar(add(Time{std::chrono::seconds{kEnd - 1}}, *duration));
  }
  return 0;
}
