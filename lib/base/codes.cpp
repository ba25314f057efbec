#include "base/codes.hpp"

#include <array>

#include "lic/lic.h"

namespace lic {
namespace {

constexpr std::array<CodeRow, 23> kTable{{
    {LIC_OK, "ok", "done; the license is valid (trial, free, grace and expiring included)"},
    {LIC_FAILURE, "failure", "could not tell: I/O, disk full, internal"},
    {LIC_USAGE, "usage", "the command line is wrong"},
    {LIC_INVALID_INPUT, "invalid-input", "a key, file, catalogue, date or number is malformed"},
    {LIC_NOT_FOUND, "not-found", "no such license, plan or file"},
    {LIC_CONFLICT, "conflict", "already exists, or already done differently"},
    {LIC_DENIED, "denied", "wrong passphrase, permission or token"},
    {LIC_UNAVAILABLE, "unavailable", "server or database out of reach, or a lock not had in time"},
    {LIC_NO_LICENSE, "no-license", "nothing is activated here"},
    {LIC_EXPIRED, "expired", "the license has ended"},
    {LIC_REVOKED, "revoked", "the license was revoked by the vendor"},
    {LIC_SUSPENDED, "suspended", "the license is suspended by the vendor"},
    {LIC_WRONG_MACHINE, "wrong-machine", "the license is for another machine"},
    {LIC_UNTRUSTED, "untrusted", "bad signature, wrong key, role or product, or tampered state"},
    {LIC_NOT_YET_VALID, "not-yet-valid", "the license has not begun"},
    {LIC_CLOCK_MOVED_BACK, "clock-moved-back", "the clock is behind what was seen before"},
    {LIC_NO_SEAT_LEFT, "no-seat-left", "every seat of the license is taken"},
    {LIC_FEATURE_NOT_LICENSED, "feature-not-licensed", "the plan does not include the feature"},
    {LIC_USAGE_LIMIT_REACHED, "usage-limit-reached", "a counted limit is used up"},
    {LIC_TRIAL_NOT_AVAILABLE, "trial-not-available", "a trial was already used here"},
    {LIC_VERSION_NOT_COVERED, "version-not-covered", "the release is newer than the maintenance"},
    {LIC_REVOCATIONS_STALE, "revocations-stale", "the license needs a fresher list of revocations"},
    {LIC_LEASE_EXPIRED, "lease-expired", "the licensing server has not confirmed the license for too long"},
}};

}  // namespace

std::span<const CodeRow> code_table() noexcept { return kTable; }

const CodeRow* find_code(int code) noexcept {
  for (const auto& row : kTable)
    if (row.code == code) return &row;
  return nullptr;
}

int code_of(Errc code) noexcept {
  switch (code) {
    case Errc::failure:
      return LIC_FAILURE;
    case Errc::usage:
      return LIC_USAGE;
    case Errc::invalid_input:
      return LIC_INVALID_INPUT;
    case Errc::not_found:
      return LIC_NOT_FOUND;
    case Errc::conflict:
      return LIC_CONFLICT;
    case Errc::denied:
      return LIC_DENIED;
    case Errc::unavailable:
      return LIC_UNAVAILABLE;
    case Errc::untrusted:
      return LIC_UNTRUSTED;
  }
  return LIC_FAILURE;
}

int code_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::valid:
    case Reason::expiring:
    case Reason::grace:
    case Reason::trial:
    case Reason::free:
      return LIC_OK;
    case Reason::no_license:
      return LIC_NO_LICENSE;
    case Reason::expired:
      return LIC_EXPIRED;
    case Reason::revoked:
      return LIC_REVOKED;
    case Reason::suspended:
      return LIC_SUSPENDED;
    case Reason::wrong_machine:
      return LIC_WRONG_MACHINE;
    case Reason::untrusted:
      return LIC_UNTRUSTED;
    case Reason::not_yet_valid:
      return LIC_NOT_YET_VALID;
    case Reason::clock_moved_back:
      return LIC_CLOCK_MOVED_BACK;
    case Reason::no_seat_left:
      return LIC_NO_SEAT_LEFT;
    case Reason::feature_not_licensed:
      return LIC_FEATURE_NOT_LICENSED;
    case Reason::usage_limit_reached:
      return LIC_USAGE_LIMIT_REACHED;
    case Reason::trial_not_available:
      return LIC_TRIAL_NOT_AVAILABLE;
    case Reason::version_not_covered:
      return LIC_VERSION_NOT_COVERED;
    case Reason::revocations_stale:
      return LIC_REVOCATIONS_STALE;
    case Reason::lease_expired:
      return LIC_LEASE_EXPIRED;
  }
  return LIC_FAILURE;
}

}  // namespace lic
