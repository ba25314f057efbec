#pragma once

/// Licenses in a ledger: their columns, and pages of those that pass a filter.
/// For lib/ledger/ alone.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "ledger/ledger.hpp"
#include "ledger/sql.hpp"

namespace lic::sql {

/// A license's status at ?1, as the number of a Reason. The first that holds is it.
[[nodiscard]] const std::string& status_sql();

/// What read_license() takes, in that order, with ?1 the time for the status.
[[nodiscard]] const std::string& license_columns();
/// The same with no activations, uncounted.
[[nodiscard]] const std::string& uncounted_license_columns();
inline constexpr int kLicenseColumns = 23;
/// Errors: invalid_input (of an unknown kind).
[[nodiscard]] Result<LicenseSummary> read_license(const Rows& rows);

/// What read_license_file() takes, in that order, of licenses and their documents.
inline constexpr std::string_view kLicenseFileColumns =
    "number, key, document, issued_at, CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END";
[[nodiscard]] Result<LicenseFile> read_license_file(const Rows& rows);

template <class License>
struct Page {
  std::vector<License> licenses;
  std::int64_t last = 0;  ///< the number of the last one
};

/// All rows of a query whose first column is the license's number.
template <class License>
Result<Page<License>> read_page(Connection& connection, std::string_view sql, ValuesView values,
                                Result<License> (*read_row)(const Rows&)) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(sql, values));
  Page<License> page;
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return page;
    LIC_TRY_ASSIGN(License license, read_row(rows));
    page.licenses.push_back(std::move(license));
    page.last = rows.integer(0);
  }
}

/// One page of the licenses that pass a filter: ?1 is now, ?2 the number of the
/// license before the page, ?3 the size of the page.
class PageQuery {
 public:
  /// `columns` of `tables`: the license's number is the first.
  PageQuery(const Connection& connection, const LicenseFilter& filter, Time now, std::string_view columns,
            std::string_view tables);
  PageQuery(const PageQuery&) = delete;
  PageQuery& operator=(const PageQuery&) = delete;

  template <class License>
  [[nodiscard]] Result<Page<License>> read(Connection& connection, std::int64_t after, std::int64_t size,
                                           Result<License> (*read_row)(const Rows&)) const {
    Values values{now_, after, size};
    values.insert(values.end(), arguments_.begin(), arguments_.end());
    return read_page(connection, sql_, values, read_row);
  }

 private:
  void require(std::string_view condition, const Value& argument, std::string_view after = {});
  /// Without regard to ASCII case.
  void require_folded(std::string_view column, std::string_view comparison, std::string_view text,
                      std::string_view after = {});
  void require_customer(std::string_view glob);

  const Connection& connection_;
  Value now_;
  std::string pattern_;
  std::string conditions_;
  Values arguments_;
  std::string sql_;
};

}  // namespace lic::sql
