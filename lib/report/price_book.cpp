#include "report/price_book.hpp"

#include <algorithm>

namespace lic {

void PriceBook::add(Time imported_at, const Catalog& catalog) {
  const std::size_t version = imported_at_.size();
  imported_at_.push_back(imported_at);
  for (auto& [id, prices] : plans_)
    if (catalog.find_plan(id) == nullptr && prices.back().second) prices.emplace_back(version, std::nullopt);
  for (const Plan& plan : catalog.plans) {
    const auto amount = plan.price ? parse_decimal(plan.price->amount) : std::nullopt;
    std::optional<PlanPrice> price;
    if (amount)
      price = PlanPrice{*amount, plan.price->currency,
                        plan.price->per == "year"    ? 12
                        : plan.price->per == "month" ? 1
                                                     : 0,
                        plan.months, plan.days};
    plans_[plan.id].emplace_back(version, std::move(price));
    if (plan.floating) floating_.insert(plan.id);
  }
}

void PriceBook::close() {
  std::map<std::string, Currency> known;
  std::map<std::string, int> plans;
  for (const auto& [id, prices] : plans_) {
    for (const auto& [version, price] : prices) {
      if (!price) continue;
      Currency& currency = known[price->currency];
      currency.code = price->currency;
      currency.scale = std::max(currency.scale, price->amount.scale);
      if (version + 1 == imported_at_.size()) ++plans[price->currency];
    }
  }
  int most = 0;
  for (auto& [code, currency] : known) {
    if (plans[code] > most) most = plans[code], main_ = currencies_.size();
    currencies_.push_back(std::move(currency));
  }
}

const PriceBook::PlanPrice* PriceBook::find(std::string_view plan, std::size_t version) const {
  const auto found = plans_.find(plan);
  if (found == plans_.end()) return nullptr;
  const Prices& prices = found->second;
  const auto last = std::find_if(prices.rbegin(), prices.rend(), [&](const auto& e) { return e.first <= version; });
  return last != prices.rend() && last->second ? &*last->second : nullptr;
}

std::optional<Money> PriceBook::money(const PlanPrice& price, const std::optional<Ratio>& months) const {
  const auto place = std::find_if(currencies_.begin(), currencies_.end(),
                                  [&](const Currency& currency) { return currency.code == price.currency; });
  const Int128 units = units_at(price.amount, place->scale);
  const auto currency = static_cast<std::size_t>(place - currencies_.begin());
  if (price.months == 0) return Money{currency, units};
  if (!months) return std::nullopt;
  return Money{currency, times(units, {months->numerator, months->denominator * price.months})};
}

std::optional<Money> PriceBook::price(std::string_view plan, Time at, Time anchor, Time from,
                                      std::optional<Time> to) const {
  std::size_t version = imported_at_.size();
  while (version > 1 && imported_at_[version - 1] > at) --version;
  const PlanPrice* price = version == 0 ? nullptr : find(plan, version - 1);
  if (price == nullptr) return std::nullopt;
  return money(*price, to ? std::optional(months_between(anchor, from, *to)) : std::nullopt);
}

std::optional<Money> PriceBook::renewal_price(std::string_view plan, Time anchor, Time end) const {
  const PlanPrice* price = imported_at_.empty() ? nullptr : find(plan, imported_at_.size() - 1);
  if (price == nullptr) return std::nullopt;
  if (price->plan_months) return money(*price, Ratio{*price->plan_months, 1});
  if (!price->plan_days) return std::nullopt;
  return money(*price, months_between(anchor, end, end + std::chrono::days{*price->plan_days}));
}

}  // namespace lic
