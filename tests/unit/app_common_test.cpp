#include <algorithm>
#include <string>
#include <vector>

#include "common/exit_codes.hpp"
#include "common/progress.hpp"
#include "support/catch.hpp"

using lic::Errc;
using lic::Reason;
using lic::app::exit_code;
using lic::app::ExitCode;

namespace {

const std::vector<Reason> kReasons = {
    Reason::valid,
    Reason::expiring,
    Reason::grace,
    Reason::trial,
    Reason::free,
    Reason::no_license,
    Reason::expired,
    Reason::revoked,
    Reason::suspended,
    Reason::wrong_machine,
    Reason::untrusted,
    Reason::not_yet_valid,
    Reason::clock_moved_back,
    Reason::no_seat_left,
    Reason::feature_not_licensed,
    Reason::usage_limit_reached,
    Reason::trial_not_available,
    Reason::version_not_covered,
    Reason::revocations_stale,
    Reason::lease_expired,
};

}  // namespace

TEST_CASE("a reason that allows exits 0, any other 10 or more and by its own name") {
  for (const Reason reason : kReasons) {
    const ExitCode code = exit_code(reason);
    INFO(token(reason));
    CHECK((code == ExitCode::ok) == allows(reason));
    if (!allows(reason)) {
      CHECK(static_cast<int>(code) >= 10);
      CHECK(lic::app::token(code) == token(reason));
    }
  }
}

TEST_CASE("an error is no verdict, but for a document that is not to be trusted") {
  const std::vector<std::pair<Errc, int>> wanted = {
      {Errc::failure, 1},  {Errc::usage, 2},  {Errc::invalid_input, 3}, {Errc::not_found, 4},
      {Errc::conflict, 5}, {Errc::denied, 6}, {Errc::unavailable, 7},   {Errc::untrusted, 15}};
  for (const auto& [error, code] : wanted) CHECK(static_cast<int>(exit_code(error)) == code);
}

TEST_CASE("the table of exit codes has every code once, in order, with a name and a meaning") {
  const auto table = lic::app::exit_code_table();
  std::vector<int> codes;
  std::vector<std::string> names;
  for (const auto& row : table) {
    codes.push_back(row.code);
    names.emplace_back(row.name);
    CHECK(lic::app::token(lic::app::ExitCode{row.code}) == row.name);
    CHECK_FALSE(std::string_view(row.meaning).empty());
  }
  CHECK(codes == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24});
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("a line of progress tells how far, how fast and how long, as far as it fits") {
  using lic::app::progress_text;
  const std::chrono::seconds elapsed{4};
  CHECK(progress_text("licenses", 250'000, 1'000'000, elapsed, 100) ==
        "250,000 of 1,000,000 licenses [#####               ] 25 %, 62,500/s, 12 s left");
  CHECK(progress_text("licenses", 250'000, 1'000'000, elapsed, 60) ==
        "250,000 of 1,000,000 licenses 25 %, 62,500/s, 12 s left");
  CHECK(progress_text("licenses", 250'000, 1'000'000, elapsed, 40) == "250,000 of 1,000,000 licenses 25 %");
  CHECK(progress_text("licenses", 250'000, 1'000'000, elapsed, 10) == "250,000 of");
  CHECK(progress_text("licenses", 1'000, std::nullopt, elapsed, 80) == "1,000 licenses, 250/s");
  CHECK(progress_text("rows", 0, 10, std::chrono::seconds{0}, 80) == "0 of 10 rows [                    ] 0 %, 0/s");
  CHECK(progress_text("rows", 12, 10, elapsed, 80) == "12 of 10 rows [####################] 100 %, 3/s, 0 s left");
  CHECK(progress_text("rows", 1, 1'000, elapsed, 80) ==
        "1 of 1,000 rows [                    ] 0 %, 0/s, 1 h 6 min left");
}
