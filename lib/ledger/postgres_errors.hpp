#pragma once

/// What PostgreSQL's error codes mean to a ledger (PostgreSQL's documentation, appendix A). For
/// lib/ledger/postgres*.cpp alone.

#include <string>
#include <string_view>

#include "lic/result.hpp"

namespace lic::postgres {

inline constexpr std::string_view kSerializationFailure = "40001";
inline constexpr std::string_view kDeadlock = "40P01";
inline constexpr std::string_view kReadOnly = "25006";

inline constexpr std::string_view kTryAgain = "try again in a moment";

struct Meaning {
  std::string_view begins;  ///< the codes: one, or a class of them
  Errc code;
  std::string_view hint;
};

/// Null where the code tells nothing by itself.
[[nodiscard]] const Meaning* meaning_of(std::string_view state) noexcept;

/// "FATAL:  28P01: password authentication failed for user ..." in a message that libpq was told to spell out.
struct Refusal {
  std::string state;  ///< empty: there is none
  std::string said;
};
[[nodiscard]] Refusal refusal_in(std::string_view message);

}  // namespace lic::postgres
