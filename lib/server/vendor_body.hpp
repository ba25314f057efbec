#pragma once

/// What the bodies of the vendor API ask for. For lib/server/ alone.
///
/// Errors of all of these: usage, naming the member (JSON pointer). A member that a request does not have is an
/// error too: a mistyped name must not pass for nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "desk/changes.hpp"
#include "desk/reporting.hpp"
#include "desk/usage_import.hpp"
#include "issue/issuer.hpp"
#include "ledger/ledger.hpp"

namespace lic {

struct CreateBody {
  LicenseRequest license;
  std::string note;
  std::int64_t count = 1;
};

/// What is wrong with a row, and where in it.
struct RowFault {
  std::int64_t row = 0;  ///< from 0
  std::string member;    ///< JSON pointer within the row; empty: all of it
  std::string message;
  bool conflict = false;  ///< good in itself, but the ledger has it otherwise
};

struct RowsBody {
  std::vector<CreateBody> rows;
  std::string batch;    ///< empty: none
  std::string request;  ///< equal for equal rows
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

struct UsageListBody {
  ListBody list;
  std::optional<Time> month;
};

struct ReportBody {
  ReportBy by = ReportBy::plan;
  std::optional<Time> from;
  std::optional<Time> to;
  std::int64_t top = kUsualCustomers;
};

struct ReceiptBody {
  std::string receipt;  ///< the document, or its pieces
  std::string reason;
};

struct UsageBody {
  std::vector<std::string> statements;  ///< the documents
  UsageRules rules;
};

[[nodiscard]] Result<CreateBody> read_create(std::string_view body, Time now);
/// What is wrong with the rows is in `faults`; rows that have faults are not to be used.
[[nodiscard]] Result<RowsBody> read_rows(std::string_view body, Time now, std::vector<RowFault>& faults);
[[nodiscard]] Result<RenewBody> read_renew(std::string_view body, Time now);
[[nodiscard]] Result<ChangeBody> read_change(std::string_view body, Time now);
[[nodiscard]] Result<TransferBody> read_transfer(std::string_view body);
[[nodiscard]] Result<ReleaseBody> read_release(std::string_view body);
/// `most`: licenses of one page.
[[nodiscard]] Result<ListBody> read_list(std::string_view body, Time now, std::int64_t most);
[[nodiscard]] Result<UsageListBody> read_usage_list(std::string_view body, Time now);
[[nodiscard]] Result<ReportBody> read_report(std::string_view body);
/// The only member, a document: as JSON, or its text, or the text of its pieces.
[[nodiscard]] Result<std::string> read_document(std::string_view body, TextView name);
[[nodiscard]] Result<ReceiptBody> read_receipt_body(std::string_view body);
[[nodiscard]] Result<UsageBody> read_usage_body(std::string_view body);
/// The code of a clock reset.
[[nodiscard]] Result<std::string> read_code(std::string_view body);
/// Until when a revocation list is to count.
[[nodiscard]] Result<Time> read_valid(std::string_view body, Time now);
/// Of suspend and reinstate; of revoke, where it must be given.
[[nodiscard]] Result<std::string> read_reason(std::string_view body, bool required);
/// The license key of find.
[[nodiscard]] Result<std::string> read_key(std::string_view body);
/// Of check: the licenses of one customer.
[[nodiscard]] Result<LicenseFilter> read_customer(std::string_view body);

}  // namespace lic
