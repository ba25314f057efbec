#pragma once

/// What each plan cost at each time: the list prices of all catalogues of a ledger.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lic/types.hpp"
#include "license/catalog.hpp"
#include "report/money.hpp"

namespace lic {

/// Amounts in it have as many decimals as the catalogue that wrote the most.
struct Currency {
  std::string code;
  int scale = 0;
};

/// An amount in a currency, named by its place in PriceBook::currencies().
struct Money {
  std::size_t currency = 0;
  Int128 units = 0;
};

class PriceBook {
 public:
  /// The catalogues, by version.
  void add(Time imported_at, const Catalog& catalog);

  /// Sorted by code once all catalogues are there: to be called after the last add().
  void close();
  /// Precondition here and below: close().
  [[nodiscard]] const std::vector<Currency>& currencies() const noexcept { return currencies_; }
  /// The currency of most plans of the newest catalogue; 0 where no plan has a price.
  [[nodiscard]] std::size_t main_currency() const noexcept { return main_; }

  /// What a license of `plan` that began at `anchor` cost for the time from `from` to `to`
  /// (absent: for ever), sold at `at`: by the newest catalogue that was imported by then,
  /// or the oldest of all. A price per month or year is taken in proportion to the
  /// calendar months, exactly, and rounded once, a half to the even digit; one without is
  /// taken whole. Absent: no such plan, no price, or one per month or year for ever.
  [[nodiscard]] std::optional<Money> price(std::string_view plan, Time at, Time anchor, Time from,
                                           std::optional<Time> to) const;

  /// What the next renewal of a license costs by the newest catalogue: for the plan's months or
  /// days. Absent as above, and when the plan has no duration.
  [[nodiscard]] std::optional<Money> renewal_price(std::string_view plan, Time anchor, Time end) const;

  /// Whether seats of licenses of the plan wander, by any of the catalogues.
  [[nodiscard]] bool floats(std::string_view plan) const { return floating_.contains(plan); }

 private:
  struct PlanPrice {
    Decimal amount;
    std::string currency;
    int months = 0;  ///< that the amount is for: 1, 12, or 0 for once
    std::optional<std::int64_t> plan_months;
    std::optional<std::int64_t> plan_days;
  };
  /// Since which catalogue; absent: the plan was gone, or had no price.
  using Prices = std::vector<std::pair<std::size_t, std::optional<PlanPrice>>>;

  [[nodiscard]] const PlanPrice* find(std::string_view plan, std::size_t version) const;
  [[nodiscard]] std::optional<Money> money(const PlanPrice& price, const std::optional<Ratio>& months) const;

  std::vector<Time> imported_at_;
  std::map<std::string, Prices, std::less<>> plans_;
  std::vector<Currency> currencies_;
  std::size_t main_ = 0;
  std::set<std::string, std::less<>> floating_;
};

}  // namespace lic
