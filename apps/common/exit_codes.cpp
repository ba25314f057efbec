#include "common/exit_codes.hpp"

#include <array>

namespace lic::app {
namespace {

constexpr std::array<ExitCodeRow, 21> kTable{{
    {ExitCode::ok, "ok", "done; the license is valid (trial, free, grace and expiring included)"},
    {ExitCode::failure, "failure", "could not tell: I/O, disk full, internal"},
    {ExitCode::usage, "usage", "the command line is wrong"},
    {ExitCode::invalid_input, "invalid-input", "a key, file, catalogue, date or number is malformed"},
    {ExitCode::not_found, "not-found", "no such license, plan or file"},
    {ExitCode::conflict, "conflict", "already exists, or already done differently"},
    {ExitCode::denied, "denied", "wrong passphrase, permission or token"},
    {ExitCode::unavailable, "unavailable", "server or database out of reach, or a lock not had in time"},
    {ExitCode::no_license, "no-license", "nothing is activated here"},
    {ExitCode::expired, "expired", "the license has ended"},
    {ExitCode::revoked, "revoked", "the license was revoked by the vendor"},
    {ExitCode::suspended, "suspended", "the license is suspended by the vendor"},
    {ExitCode::wrong_machine, "wrong-machine", "the license is for another machine"},
    {ExitCode::untrusted, "untrusted", "bad signature, wrong key, role or product, or tampered state"},
    {ExitCode::not_yet_valid, "not-yet-valid", "the license has not begun"},
    {ExitCode::clock_moved_back, "clock-moved-back", "the clock is behind what was seen before"},
    {ExitCode::no_seat_left, "no-seat-left", "every seat of the license is taken"},
    {ExitCode::feature_not_licensed, "feature-not-licensed", "the plan does not include the feature"},
    {ExitCode::usage_limit_reached, "usage-limit-reached", "a counted limit is used up"},
    {ExitCode::trial_not_available, "trial-not-available", "a trial was already used here"},
    {ExitCode::version_not_covered, "version-not-covered", "the release is newer than the maintenance"},
}};

}  // namespace

std::span<const ExitCodeRow> exit_code_table() noexcept { return kTable; }

std::string_view token(ExitCode code) noexcept {
  for (const auto& row : kTable) {
    if (row.code == code) return row.name;
  }
  return "failure";
}

ExitCode exit_code(Errc code) noexcept {
  switch (code) {
    case Errc::failure:
      return ExitCode::failure;
    case Errc::usage:
      return ExitCode::usage;
    case Errc::invalid_input:
      return ExitCode::invalid_input;
    case Errc::not_found:
      return ExitCode::not_found;
    case Errc::conflict:
      return ExitCode::conflict;
    case Errc::denied:
      return ExitCode::denied;
    case Errc::unavailable:
      return ExitCode::unavailable;
    case Errc::untrusted:
      return ExitCode::untrusted;
  }
  return ExitCode::failure;
}

ExitCode exit_code(Reason reason) noexcept {
  switch (reason) {
    case Reason::valid:
    case Reason::expiring:
    case Reason::grace:
    case Reason::trial:
    case Reason::free:
      return ExitCode::ok;
    case Reason::no_license:
      return ExitCode::no_license;
    case Reason::expired:
      return ExitCode::expired;
    case Reason::revoked:
      return ExitCode::revoked;
    case Reason::suspended:
      return ExitCode::suspended;
    case Reason::wrong_machine:
      return ExitCode::wrong_machine;
    case Reason::untrusted:
      return ExitCode::untrusted;
    case Reason::not_yet_valid:
      return ExitCode::not_yet_valid;
    case Reason::clock_moved_back:
      return ExitCode::clock_moved_back;
    case Reason::no_seat_left:
      return ExitCode::no_seat_left;
    case Reason::feature_not_licensed:
      return ExitCode::feature_not_licensed;
    case Reason::usage_limit_reached:
      return ExitCode::usage_limit_reached;
    case Reason::trial_not_available:
      return ExitCode::trial_not_available;
    case Reason::version_not_covered:
      return ExitCode::version_not_covered;
  }
  return ExitCode::failure;
}

}  // namespace lic::app
