#pragma once

/// What the bodies of the vendor API ask for. For lib/server/ alone.
///
/// Errors of all of these: usage, naming the member (JSON pointer). A member that a request does not have is an
/// error too: a mistyped name must not pass for nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "desk/changes.hpp"
#include "issue/issuer.hpp"
#include "ledger/ledger.hpp"

namespace lic {

struct CreateBody {
  LicenseRequest license;
  std::string note;
  std::int64_t count = 1;
};

struct RenewBody {
  RenewalRequest renewal;
  std::string order;
  std::string asked;  ///< renewal_text()
  std::string reason;
};

struct ChangeBody {
  ChangeRequest change;
  std::string asked;  ///< equal for equal requests
  std::string reason;
};

struct TransferBody {
  NewOwner owner;
  std::string reason;
};

struct ReleaseBody {
  std::string machine;
  std::string reason;
};

struct ListBody {
  LicenseFilter filter;  ///< all but `after`
  std::string after;     ///< id of a license; empty: from the beginning
  std::int64_t limit = 100;
};

[[nodiscard]] Result<CreateBody> read_create(std::string_view body, Time now);
[[nodiscard]] Result<RenewBody> read_renew(std::string_view body, Time now);
[[nodiscard]] Result<ChangeBody> read_change(std::string_view body, Time now);
[[nodiscard]] Result<TransferBody> read_transfer(std::string_view body);
[[nodiscard]] Result<ReleaseBody> read_release(std::string_view body);
[[nodiscard]] Result<ListBody> read_list(std::string_view body, Time now);
/// Of suspend and reinstate; of revoke, where it must be given.
[[nodiscard]] Result<std::string> read_reason(std::string_view body, bool required);
/// The license key of find.
[[nodiscard]] Result<std::string> read_key(std::string_view body);
/// Of check: the licenses of one customer.
[[nodiscard]] Result<LicenseFilter> read_customer(std::string_view body);

}  // namespace lic
