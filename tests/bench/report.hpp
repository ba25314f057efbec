#pragma once

/// One line a measurement, in the columns that scripts/bench heads.

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace lic::bench {

struct Row {
  std::string name;
  std::string measured;
  std::string baseline;  ///< "-" where the limit is absolute
  double value = 0;      ///< what is compared with the limit
  double limit = 0;
  bool at_least = false;  ///< the limit is a floor, not a ceiling
};

/// Prints the row; whether it keeps within its limit.
inline bool report(const Row& row) {
  const bool kept = row.at_least ? row.value >= row.limit : row.value <= row.limit;
  std::printf("%-46s %12s %12s %9.2f %s%8.2f  %s\n", row.name.c_str(), row.measured.c_str(), row.baseline.c_str(),
              row.value, row.at_least ? ">=" : "<=", row.limit, kept ? "ok" : "OVER");
  std::fflush(stdout);
  return kept;
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// "12.3 us" for a time in seconds.
inline std::string in_units(double seconds) {
  char text[32];
  if (seconds < 1e-6) {
    std::snprintf(text, sizeof text, "%.1f ns", seconds * 1e9);
  } else if (seconds < 1e-3) {
    std::snprintf(text, sizeof text, "%.1f us", seconds * 1e6);
  } else {
    std::snprintf(text, sizeof text, "%.2f ms", seconds * 1e3);
  }
  return text;
}

}  // namespace lic::bench
