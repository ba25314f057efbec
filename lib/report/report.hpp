#pragma once

/// The vendor's report: how many licenses there are, come and go, and what they earned.
///
/// Pure: it is given the licenses one after the other and never reads a ledger. Its memory
/// grows with the months of the period and the plans of the catalogues, not with the licenses.
///
/// What counts as what (docs/cli.md, licgen report, says the same to users):
/// - Paid are the kinds subscription, perpetual and academic. Trials and free licenses are
///   counted apart and earn nothing.
/// - A sale is the issue of a paid license, its change from a trial or free plan to a paid
///   one, and each renewal. It is booked when it happens, at the list price of the plan in
///   the catalogue of that moment, for the time bought (PriceBook::price). What has no such
///   price is counted as unpriced. Other changes book nothing; nothing is ever paid back.
/// - Imported licenses were sold elsewhere: they are neither new nor booked.
/// - An end of a paid license falls due when it comes, or when a renewal replaces it
///   before. It counts as renewed when the license has been given a later one by now.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "report/activations.hpp"
#include "report/life.hpp"
#include "report/price_book.hpp"

namespace lic {

/// Numbers of a plan, a month, a customer, a status, or of all.
struct Totals {
  std::int64_t count = 0;     ///< licenses in the ledger today, whatever their status; of a month: 0
  std::int64_t in_force = 0;  ///< paid ones at the end of the period (or month), days of grace included
  std::int64_t trials = 0;    ///< the same, of kind trial
  std::int64_t free = 0;      ///< the same, of kind free
  std::int64_t sold = 0;      ///< new paid licenses
  std::int64_t imported = 0;
  std::int64_t returned = 0;  ///< lost before, then renewed or changed
  std::int64_t renewals = 0;
  std::int64_t plan_changes = 0;  ///< from one paid plan to another
  std::int64_t lost_expired = 0;  ///< past the days of grace, or given up for a trial or free plan
  std::int64_t lost_revoked = 0;
  std::int64_t ends = 0;  ///< that fell due
  std::int64_t ends_renewed = 0;
  std::int64_t unpriced = 0;  ///< sales without a list price
  std::int64_t trials_started = 0;
  std::int64_t trials_converted = 0;  ///< of these, by now
  std::int64_t activations = 0;       ///< seats taken today
  std::vector<Int128> revenue;        ///< by currency; may be shorter than the list of them

  void book(const Money& money);
  [[nodiscard]] Int128 revenue_in(std::size_t currency) const noexcept;
  [[nodiscard]] std::int64_t lost() const noexcept { return lost_expired + lost_revoked; }
  void add(const Totals& other);
};

struct ReportRow {
  std::string name;  ///< plan id, "2026-11", customer or status
  Totals totals;
};

/// Renewals that fall due within some days from now, at today's list price.
struct DueRenewals {
  int days = 0;  ///< 0: the end has passed, days of grace have not
  std::int64_t licenses = 0;
  std::int64_t unpriced = 0;
  std::vector<Int128> revenue;
};

/// A license of several seats, most of which are taken.
struct FullLicense {
  std::string key;
  std::string customer;
  std::int64_t seats = 0;
  std::int64_t taken = 0;
};

struct UnusualLicense {
  std::string key;
  std::string customer;
  std::int64_t seats = 0;
  ActivationPattern pattern;
};

struct Report {
  Time from{};
  Time to{};  ///< the moment after the period: what is asked for, but not after now
  Time now{};
  std::vector<Currency> currencies;
  std::size_t main_currency = 0;
  Totals total;
  std::vector<ReportRow> plans;      ///< by id
  std::vector<ReportRow> months;     ///< one after the other, empty ones too
  std::vector<ReportRow> statuses;   ///< in the order of Reason
  std::vector<ReportRow> customers;  ///< of most revenue in the main currency, then of most licenses
  std::int64_t customers_in_all = 0;
  Totals other_customers;        ///< all that are not among `customers`
  std::vector<DueRenewals> due;  ///< passed, within 30, 60 and 90 days; each but the first includes the one before
  std::int64_t activated = 0;    ///< licenses with a seat taken
  std::int64_t most_taken = 0;   ///< seats of one license
  std::int64_t full_in_all = 0;
  std::vector<FullLicense> full;  ///< the fullest first, the first 100: 80 % of several seats and more
  std::int64_t unusual_in_all = 0;
  std::vector<UnusualLicense> unusual;  ///< the most moves and machines first, the first 100
};

struct ReportPeriod {
  Time from{};
  Time to{};
  Time now{};
};

class ReportBuilder {
 public:
  /// Whether the customer of that address has bought a license at or after a moment.
  using HasBought = std::function<Result<bool>(std::string_view email, Time since)>;

  /// How many lines a list of single licenses may have.
  static constexpr std::size_t kMostListed = 100;

  /// `prices` is closed and outlives this.
  ReportBuilder(const ReportPeriod& period, const PriceBook& prices, std::size_t most_customers, HasBought has_bought);

  /// All licenses, sorted by the customers' names without regard to ASCII case.
  /// Errors: those of `has_bought`.
  [[nodiscard]] Result<void> add(const LicenseSummary& license, const std::vector<HistoryEntry>& history,
                                 const std::vector<Activation>& activations);
  [[nodiscard]] Report finish();

 private:
  struct MonthTotals {
    Totals totals;
    Totals change;  ///< of in_force, trials and free
  };

  template <class Change>
  void count(std::string_view plan, Change change);
  template <class Change>
  void count_at(Time at, std::string_view plan, Change change);
  [[nodiscard]] bool in_period(Time at) const noexcept { return at >= period_.from && at < period_.to; }
  void move(Time at, const LicenseState& state, std::int64_t by);
  void take(const LifeEvent& event);
  void take_begin(const LifeEvent& event);
  void take_renewal(const LifeEvent& event);
  void take_change(const LifeEvent& event);
  void sell(Time at, const LicenseState& state, Time from);
  void end_falls_due(const LicenseState& state, bool renewed);
  void take_ends(const std::vector<LifeEvent>& life);
  Result<void> take_trial(const LicenseSummary& license, const std::vector<LifeEvent>& life);
  void take_due(const LicenseSummary& license);
  void take_use(const LicenseSummary& license, const std::vector<Activation>& activations);
  void end_of_customer();
  void fill_months();
  [[nodiscard]] bool ranks_before(const ReportRow& a, const ReportRow& b) const;

  ReportPeriod period_;
  const PriceBook& prices_;
  std::size_t most_customers_;
  HasBought has_bought_;
  Report report_;
  std::map<std::string, Totals, std::less<>> plans_;
  std::map<std::int64_t, MonthTotals> months_;  ///< by months since the year 0
  MonthTotals before_;                          ///< what was in force when the period began
  std::map<int, Totals> statuses_;
  Totals* status_ = nullptr;  ///< of the license that is being counted
  bool any_ = false;
  std::string customer_;  ///< in small letters
  ReportRow customer_row_;
};

}  // namespace lic
