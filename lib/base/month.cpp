#include "base/month.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

namespace lic {
namespace {

constexpr std::size_t kLength = std::string_view("2026-11").size();

}  // namespace

std::string format_month(Time time) { return format_date(time).substr(0, kLength); }

std::optional<Time> parse_month(std::string_view text) {
  return text.size() == kLength ? parse_timestamp(concat(text, "-01T00:00:00Z")) : std::nullopt;
}

}  // namespace lic
