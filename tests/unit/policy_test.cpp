#include "policy/decide.hpp"

#include "support/catch.hpp"
#include "support/vendor.hpp"

using namespace lic;
using test::at;

namespace {

const test::TestVendor& vendor() {
  static const test::TestVendor ticketzero(test::catalog_text("ticketzero"));
  return ticketzero;
}

VerifiedLicense license_of(const Terms& terms) {
  return verify(view_bytes(vendor().sign(terms)), vendor().product(), "license").value();
}

/// A subscription from 2026-11-22T10:00:00Z for a year, with 7 days of grace.
VerifiedLicense subscription() { return license_of(vendor().terms("professional")); }

Context on(std::string_view time) {
  Context context;
  context.now = at(time);
  return context;
}

}  // namespace

TEST_CASE("decide: a subscription through its life", "[policy]") {
  const VerifiedLicense license = subscription();
  struct Row {
    const char* now;
    Reason reason;
    std::optional<std::int64_t> days;
  };
  const Row rows[] = {
      {"2026-11-22T09:59:59Z", Reason::not_yet_valid, {}}, {"2026-11-22T10:00:00Z", Reason::valid, 365},
      {"2026-11-22T10:00:01Z", Reason::valid, 364},        {"2027-10-23T10:00:00Z", Reason::valid, 30},
      {"2027-10-23T10:00:01Z", Reason::expiring, 29},      {"2027-11-22T09:59:59Z", Reason::expiring, 0},
      {"2027-11-22T10:00:00Z", Reason::grace, 7},          {"2027-11-29T09:59:59Z", Reason::grace, 0},
      {"2027-11-29T10:00:00Z", Reason::expired, 0},        {"2999-01-01T00:00:00Z", Reason::expired, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.now);
    const Decision decision = decide(license, on(row.now));
    CHECK(decision.reason == row.reason);
    CHECK(decision.days_left == row.days);
  }
}

TEST_CASE("decide: what a licensing server said, and how long its lease holds", "[policy]") {
  const VerifiedLicense license = subscription();  // of 7 days of grace
  Context context = on("2026-12-10T00:00:00Z");
  context.lease_until = at("2026-12-03T00:00:01Z");
  CHECK(decide(license, context).reason == Reason::valid);
  context.lease_until = at("2026-12-03T00:00:00Z");
  CHECK(decide(license, context).reason == Reason::lease_expired);
  context.now = at("2027-12-10T00:00:00Z");
  CHECK(decide(license, context).reason == Reason::expired);
  context.denied = Reason::no_seat_left;
  CHECK(decide(license, context).reason == Reason::no_seat_left);
  context.revoked = true;
  CHECK(decide(license, context).reason == Reason::revoked);
}

TEST_CASE("decide: a license that floats counts while a lease of it runs", "[policy]") {
  Terms terms = vendor().terms("professional");
  terms.floating = Floating{10, 7};
  const VerifiedLicense license = license_of(terms);
  REQUIRE(license.terms().floating == terms.floating);
  Context context = on("2026-12-10T00:00:00Z");
  CHECK(decide(license, context).reason == Reason::lease_expired);
  context.lease_until = at("2026-12-10T00:00:01Z");
  CHECK(decide(license, context).reason == Reason::valid);
  context.lease_until = at("2026-12-10T00:00:00Z");
  CHECK(decide(license, context).reason == Reason::lease_expired);
  context.now = at("2027-12-10T00:00:00Z");
  CHECK(decide(license, context).reason == Reason::expired);

  SECTION("it is measured by the clock, which may not be set back") {
    const Time from = at("2026-12-10T00:00:00Z");
    context.high_water = from + std::chrono::hours{20};  // signed by a server whose clock is ahead
    context.lease_from = from;
    const auto when = [&](Time now, Time until) {
      context.now = now;
      context.lease_until = until;
      return decide(license, context).reason;
    };
    const Time soon = from + std::chrono::minutes{10};
    CHECK(when(from, soon) == Reason::valid);
    CHECK(when(soon - std::chrono::seconds{1}, soon) == Reason::valid);
    CHECK(when(soon, soon) == Reason::lease_expired);
    CHECK(when(from - std::chrono::seconds{120}, soon) == Reason::valid);
    CHECK(when(from - std::chrono::seconds{121}, soon) == Reason::lease_expired);
    const Time borrowed = from + std::chrono::days{10};
    CHECK(when(from - std::chrono::hours{3}, borrowed) == Reason::valid);
    CHECK(when(from - std::chrono::hours{4}, borrowed) == Reason::valid);
    context.high_water = from;
    CHECK(when(from - std::chrono::hours{12}, borrowed) == Reason::valid);
    CHECK(when(from - std::chrono::hours{12} - std::chrono::seconds{1}, borrowed) == Reason::lease_expired);
  }
}

TEST_CASE("decide: kinds have their own words", "[policy]") {
  CHECK(decide(license_of(vendor().terms("trial")), on("2026-11-23T00:00:00Z")).reason == Reason::trial);
  CHECK(decide(license_of(vendor().terms("trial")), on("2026-12-22T10:00:00Z")).reason == Reason::expired);
  Terms perpetual = vendor().terms("professional");
  perpetual.kind = Kind::perpetual;
  perpetual.expires_at.reset();
  CHECK(decide(license_of(perpetual), on("9999-01-01T00:00:00Z")) == Decision{Reason::valid, {}});
  Terms free = vendor().terms("professional");
  free.kind = Kind::free;
  free.expires_at.reset();
  CHECK(decide(license_of(free), on("2027-01-01T00:00:00Z")).reason == Reason::free);
}

TEST_CASE("decide: where several reasons hold, the gravest is given", "[policy]") {
  Terms bound = vendor().terms("professional");
  bound.machines = {{1, {{"machine-id", {"0011223344556677"}}}}};
  const VerifiedLicense license = license_of(bound);
  Context context = on("2030-01-01T00:00:00Z");
  context.high_water = at("2031-01-01T00:00:00Z");
  context.suspended = true;
  context.revoked = true;
  CHECK(decide(license, context).reason == Reason::revoked);
  context.revoked = false;
  CHECK(decide(license, context).reason == Reason::suspended);
  context.suspended = false;
  CHECK(decide(license, context).reason == Reason::wrong_machine);
  context.machine_matches = true;
  context.is_virtual = true;  // which it allows
  CHECK(decide(license, context).reason == Reason::clock_moved_back);
  context.high_water.reset();
  CHECK(decide(license, context).reason == Reason::expired);
}

TEST_CASE("decide: a license may ask for a physical machine", "[policy]") {
  Terms terms = vendor().terms("professional");
  REQUIRE(terms.allows_virtual);
  terms.allows_virtual = false;
  const VerifiedLicense license = license_of(terms);
  REQUIRE_FALSE(license.terms().allows_virtual);
  Context context = on("2026-12-01T00:00:00Z");
  CHECK(decide(license, context).reason == Reason::valid);
  context.is_virtual = true;
  CHECK(decide(license, context).reason == Reason::wrong_machine);
  context.high_water = at("2031-01-01T00:00:00Z");  // the graver reason
  CHECK(decide(license, context).reason == Reason::wrong_machine);
  context.suspended = true;
  CHECK(decide(license, context).reason == Reason::suspended);
}

TEST_CASE("decide: a clock may be wrong by a day, not by more", "[policy]") {
  const VerifiedLicense license = subscription();
  Context context = on("2027-01-01T00:00:00Z");
  context.high_water = at("2027-01-01T01:00:00Z");
  CHECK(decide(license, context).reason == Reason::valid);
  context.high_water = at("2027-01-02T00:00:00Z");
  CHECK(decide(license, context).reason == Reason::valid);
  context.high_water = at("2027-01-02T00:00:01Z");
  CHECK(decide(license, context).reason == Reason::clock_moved_back);
  CHECK_FALSE(clock_moved_back(at("2027-01-01T00:00:00Z"), std::nullopt));

  // An hour slow when the license is new, and when it is about to end.
  context = on("2026-11-22T09:00:00Z");
  context.high_water = license.terms().issued_at;
  CHECK(decide(license, context) == Decision{Reason::valid, 365});
  context = on("2027-11-29T09:30:00Z");
  context.high_water = at("2027-11-29T10:00:00Z");
  CHECK(decide(license, context).reason == Reason::expired);
}

TEST_CASE("decide: an answer holds as long as it says", "[policy]") {
  const VerifiedLicense license = subscription();
  for (const char* from :
       {"2026-11-01T00:00:00Z", "2026-11-22T10:00:00Z", "2027-10-23T09:00:00Z", "2027-10-23T10:00:00Z",
        "2027-11-22T09:00:00Z", "2027-11-22T10:00:00Z", "2027-11-28T10:00:00Z"}) {
    CAPTURE(from);
    const Context start = on(from);
    const auto until = decision_holds_until(license, start.now);
    REQUIRE(until);
    CHECK(*until > start.now);
    for (Context later = start; later.now < *until; later.now += std::chrono::minutes(17))
      REQUIRE(decide(license, later) == decide(license, start));
  }
  CHECK_FALSE(decision_holds_until(license, at("2028-01-01T00:00:00Z")));
}
