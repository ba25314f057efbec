#include "lic/types.hpp"

namespace lic {

std::string_view token(Kind kind) noexcept {
  switch (kind) {
    case Kind::free:
      return "free";
    case Kind::trial:
      return "trial";
    case Kind::academic:
      return "academic";
    case Kind::subscription:
      return "subscription";
    case Kind::perpetual:
      return "perpetual";
  }
  return {};
}

std::string_view token(Period period) noexcept {
  switch (period) {
    case Period::day:
      return "day";
    case Period::month:
      return "month";
    case Period::year:
      return "year";
  }
  return {};
}

std::string_view token(Reason reason) noexcept {
  switch (reason) {
    case Reason::valid:
      return "valid";
    case Reason::expiring:
      return "expiring";
    case Reason::grace:
      return "grace";
    case Reason::trial:
      return "trial";
    case Reason::free:
      return "free";
    case Reason::no_license:
      return "no-license";
    case Reason::expired:
      return "expired";
    case Reason::revoked:
      return "revoked";
    case Reason::suspended:
      return "suspended";
    case Reason::wrong_machine:
      return "wrong-machine";
    case Reason::untrusted:
      return "untrusted";
    case Reason::not_yet_valid:
      return "not-yet-valid";
    case Reason::clock_moved_back:
      return "clock-moved-back";
    case Reason::no_seat_left:
      return "no-seat-left";
    case Reason::feature_not_licensed:
      return "feature-not-licensed";
    case Reason::usage_limit_reached:
      return "usage-limit-reached";
    case Reason::trial_not_available:
      return "trial-not-available";
    case Reason::version_not_covered:
      return "version-not-covered";
    case Reason::revocations_stale:
      return "revocations-stale";
    case Reason::lease_expired:
      return "lease-expired";
  }
  return {};
}

}  // namespace lic
