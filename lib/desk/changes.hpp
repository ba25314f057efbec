#pragma once

/// Each later change of a license, ready for reissue_license().

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "desk/reissue.hpp"

namespace lic {

/// What may be asked for at most.
inline constexpr std::int64_t kMostMonths = 1200;
inline constexpr std::int64_t kMostSeats = 1'000'000;

/// How a renewal for an order is known again: what was asked for, as it was
/// written.
[[nodiscard]] std::string renewal_text(std::string_view months, std::string_view expires);

/// `order`: the same renewal under the same order is done once; empty: none.
/// `asked`: renewal_text().
[[nodiscard]] Reissue renewal(const RenewalRequest& request, const std::string& order, const std::string& asked,
                              Time now);

/// `asked` is equal for equal requests: the same change under the order in
/// `request` is done once.
[[nodiscard]] Reissue license_change(const ChangeRequest& request, const std::string& asked, Time now);

[[nodiscard]] Reissue suspension(Time now);
[[nodiscard]] Reissue reinstatement(Time now);

struct NewOwner {
  std::optional<std::string> name;
  std::optional<std::string> email;  ///< absent beside a name: none
};

[[nodiscard]] Reissue transfer(const NewOwner& owner, Time now);

}  // namespace lic
