#include "base/text.hpp"
#include "base/time.hpp"
#include "report/activations.hpp"
#include "report/life.hpp"
#include "report/report.hpp"
#include "support/catch.hpp"
#include "support/vendor.hpp"

using namespace lic;
using test::at;

namespace {

constexpr const char* kPlans = R"({"v":1,"product":"p","name":"P","app":"p","key_prefix":"PP","plans":[
  {"id":"pro","name":"N","code":"PRO","kind":"subscription","months":12,"grace_days":10,
   "price":{"amount":"1200.00","currency":"USD","per":"year"}},
  {"id":"eur","name":"N","code":"EUR","kind":"subscription","months":1,
   "price":{"amount":"10.5","currency":"EUR","per":"month"}},
  {"id":"ever","name":"N","code":"EVE","kind":"perpetual","price":{"amount":"99.00","currency":"USD"}},
  {"id":"deal","name":"N","code":"DEA","kind":"subscription","months":12},
  {"id":"uni","name":"N","code":"UNI","kind":"academic","months":12},
  {"id":"try","name":"N","code":"TRY","kind":"trial","days":14},
  {"id":"free","name":"N","code":"FRE","kind":"free"}]})";

/// A license with its history, as licgen would have written both.
struct Story {
  LicenseSummary license;
  std::vector<HistoryEntry> history;
  std::vector<Activation> activations;

  Story(const char* plan, Kind kind, const char* created, const char* end, const char* customer = "ACME") {
    license.key = concat("PP-", customer, '-', created);
    license.plan = plan;
    license.kind = kind;
    license.customer = {customer, ""};
    license.created_at = license.issued_at = license.starts_at = at(created);
    if (end != nullptr) license.expires_at = at(end);
    history.push_back({at(created), "me", "create", license.key, "", R"({"serial":1})"});
  }

  /// `changes`: [{"member", "before", "after"}]; the license is to be made what they say by hand.
  Story& entry(const char* when, const char* action, std::string_view changes) {
    ++license.serial;
    history.push_back({at(when), "me", action, license.key, "",
                       concat(R"({"serial":)", license.serial, R"(,"changes":[)", changes, "]}")});
    return *this;
  }

  Story& moves_end(const char* when, const char* action, const char* end) {
    const auto words = [](std::optional<Time> time) { return time ? format_time(*time) : std::string("never"); };
    const std::optional<Time> after = end == nullptr ? std::nullopt : std::optional(at(end));
    entry(when, action,
          concat(R"({"member":"expires_at","before":")", words(license.expires_at), R"(","after":")", words(after),
                 R"("})"));
    license.expires_at = after;
    return *this;
  }
  Story& renew(const char* when, const char* end) { return moves_end(when, "renew", end); }

  Story& revoke(const char* when) {
    license.revoked_at = at(when);
    license.status = Reason::revoked;
    history.push_back({at(when), "me", "revoke", license.key, "why", ""});
    return *this;
  }

  Story& activate(const char* when, const char* machine) {
    end(when, machine, kEndedByRequest);
    Activation activation;
    activation.key = license.key;
    activation.machine = machine;
    activation.at = at(when);
    activations.push_back(activation);
    return *this;
  }
  Story& release(const char* when, const char* machine) { return end(when, machine, kEndedByVendor); }

 private:
  Story& end(const char* when, const char* machine, std::string_view by) {
    for (Activation& activation : activations) {
      if (activation.machine != machine || !activation.live()) continue;
      activation.ended_at = at(when);
      activation.ended_by = by;
    }
    return *this;
  }
};

struct Reporter {
  PriceBook prices;
  ReportPeriod period{at("2026-01-01"), at("2027-01-01"), at("2026-12-01")};
  std::size_t customers = 20;
  ReportBuilder::HasBought has_bought = [](std::string_view, Time) -> Result<bool> { return false; };

  Reporter() {
    prices.add(at("2020-01-01"), Catalog::parse(kPlans, "catalogue").value());
    prices.close();
  }

  Report operator()(const std::vector<Story>& stories) const {
    ReportBuilder builder(period, prices, customers, has_bought);
    for (const Story& story : stories) REQUIRE(builder.add(story.license, story.history, story.activations));
    return builder.finish();
  }
};

std::string money(const std::vector<Int128>& amounts, const Report& report) {
  std::string out;
  for (std::size_t i = 0; i < amounts.size(); ++i)
    if (amounts[i] != 0)
      out += concat(out.empty() ? "" : " ", decimal_text(amounts[i], report.currencies[i].scale),
                    report.currencies[i].code);
  return out;
}

const Totals& row(const std::vector<ReportRow>& rows, std::string_view name) {
  for (const ReportRow& row : rows)
    if (row.name == name) return row.totals;
  FAIL("no row " << std::string(name));
  return rows.front().totals;
}

std::string steps(const Story& story, const char* now = "2026-12-01") {
  std::string out;
  for (const LifeEvent& event : life_of(story.license, story.history, at(now))) {
    static const char* const kNames[] = {"created", "imported", "renewed", "changed", "lapsed", "revoked"};
    out += concat(out.empty() ? "" : " ", kNames[static_cast<int>(event.step)], '@', format_date(event.at).substr(5),
                  event.held_after ? "+" : "-");
  }
  return out;
}

}  // namespace

TEST_CASE("the life of a license is told backwards from what it is", "[report]") {
  Story story("pro", Kind::subscription, "2025-03-01", "2026-03-01");
  story.license.grace_days = 10;
  CHECK(steps(story, "2026-03-10") == "created@03-01+");
  CHECK(steps(story, "2026-03-11") == "created@03-01+ lapsed@03-11-");
  CHECK(steps(story) == "created@03-01+ lapsed@03-11-");
  Story early = story;
  early.renew("2026-02-01", "2027-03-01");
  CHECK(steps(early) == "created@03-01+ renewed@02-01+");
  const auto life = life_of(early.license, early.history, at("2026-12-01"));
  CHECK(life[0].after.expires_at == at("2026-03-01"));
  CHECK(life[1].before.expires_at == at("2026-03-01"));
  CHECK(life[1].after.expires_at == at("2027-03-01"));
  Story late = story;
  late.renew("2026-05-01", "2027-05-01");
  CHECK(steps(late) == "created@03-01+ lapsed@03-11- renewed@05-01+");
  CHECK(steps(late, "2027-06-01") == "created@03-01+ lapsed@03-11- renewed@05-01+ lapsed@05-11-");
  Story in_grace = story;
  in_grace.renew("2026-03-05", "2027-03-05");
  CHECK(steps(in_grace) == "created@03-01+ renewed@03-05+");
  Story revoked = early;
  revoked.revoke("2026-06-01");
  CHECK(steps(revoked, "2028-01-01") == "created@03-01+ renewed@02-01+ revoked@06-01-");
  Story ended = story;
  ended.revoke("2026-06-01");
  CHECK(steps(ended) == "created@03-01+ lapsed@03-11- revoked@06-01-");
}

TEST_CASE("changes of plan, and what cannot be read", "[report]") {
  Story trial("try", Kind::trial, "2026-01-01", "2026-01-15");
  trial.entry(
      "2026-01-10", "change",
      R"({"member":"plan","before":"try","after":"pro"},{"member":"kind","before":"trial","after":"subscription"},
                 {"member":"expires_at","before":"2026-01-15T00:00:00Z","after":"2027-01-10T00:00:00Z"},
                 {"member":"grace_days","before":"0","after":"10"},{"member":"features/x","before":null,"after":"true"})");
  trial.license.plan = "pro";
  trial.license.kind = Kind::subscription;
  trial.license.expires_at = at("2027-01-10");
  trial.license.grace_days = 10;
  CHECK(steps(trial) == "created@01-01+ changed@01-10+");
  const auto life = life_of(trial.license, trial.history, at("2026-12-01"));
  CHECK(life[0].after.plan == "try");
  CHECK(life[0].after.kind == Kind::trial);
  CHECK(life[0].after.grace_days == 0);
  CHECK(life[1].after.plan == "pro");
  trial.entry("2026-02-01", "suspend", R"({"member":"suspended_at","before":null,"after":"2026-02-01T00:00:00Z"})");
  trial.entry("2026-03-01", "transfer", R"({"member":"customer/name","before":"A","after":"B"})");
  trial.history.push_back({at("2026-03-02"), "me", "change", "k", "", "no JSON with \"changes\""});
  trial.history.push_back({at("2026-03-02"), "me", "change", "k", "", R"({"changes":7})"});
  trial.history.push_back({at("2026-03-02"), "me", "change", "k", "", R"({"changes":[7,{"member":"plan"}]})"});
  CHECK(steps(trial) == "created@01-01+ changed@01-10+");
  // Written after the license was read.
  Story newer("pro", Kind::subscription, "2026-01-01", "2027-01-01");
  newer.renew("2026-05-01", "2028-01-01");
  newer.license.serial = 1;
  newer.license.expires_at = at("2027-01-01");
  CHECK(steps(newer) == "created@01-01+");
  Story imported("pro", Kind::subscription, "2026-01-01", "2025-01-01");
  imported.history[0].action = "import";
  CHECK(steps(imported) == "imported@01-01+ lapsed@01-01-");
}

TEST_CASE("new, renewed and lost licenses and what they bring", "[report]") {
  Story kept("pro", Kind::subscription, "2025-03-01", "2026-03-01");
  kept.renew("2026-02-01", "2027-03-01");
  Story gone("pro", Kind::subscription, "2025-04-01", "2026-04-01");
  Story fresh("pro", Kind::subscription, "2026-05-01", "2026-11-01");  // six months: 600.00
  fresh.license.grace_days = 60;
  Story back("pro", Kind::subscription, "2025-06-01", "2026-06-01");
  back.renew("2026-08-20", "2026-10-20");  // from that day on, for two months
  Story revoked("pro", Kind::subscription, "2026-02-01", "2027-02-01");
  revoked.revoke("2026-02-03");
  Story month("eur", Kind::subscription, "2026-01-31", "2026-02-28");
  month.renew("2026-02-20", "2026-03-31");
  const Report report = Reporter()({kept, gone, fresh, back, revoked, month});
  const Totals& total = report.total;
  CHECK(total.count == 6);
  CHECK(total.sold == 3);
  CHECK(total.renewals == 3);
  CHECK(total.returned == 1);
  CHECK(total.lost_expired == 4);  // gone, back twice, month
  CHECK(total.lost_revoked == 1);
  CHECK(total.in_force == 2);
  CHECK(total.ends == 7);
  CHECK(total.ends_renewed == 3);
  CHECK(money(total.revenue, report) == "21.0EUR 3200.00USD");
  CHECK(money(row(report.plans, "pro").revenue, report) == "3200.00USD");
  CHECK(money(row(report.plans, "eur").revenue, report) == "21.0EUR");
  REQUIRE(report.months.size() == 12);
  CHECK(report.months.front().name == "2026-01");
  CHECK(report.months.back().name == "2026-12");
  CHECK(money(row(report.months, "2026-02").revenue, report) == "10.5EUR 2400.00USD");
  CHECK(row(report.months, "2026-01").in_force == 4);
  CHECK(row(report.months, "2026-02").in_force == 4);
  CHECK(row(report.months, "2026-12").in_force == 2);
  CHECK(row(report.months, "2026-03").ends == 2);
  CHECK(row(report.months, "2026-03").ends_renewed == 1);
  CHECK(row(report.statuses, "revoked").count == 1);
  // The columns add up.
  for (const auto* rows : {&report.plans, &report.statuses, &report.customers}) {
    Totals sum;
    for (const ReportRow& one : *rows) sum.add(one.totals);
    CHECK(sum.sold == total.sold);
    CHECK(sum.in_force == total.in_force);
    CHECK(sum.count == total.count);
    CHECK(sum.revenue == total.revenue);
  }
  Totals sum;
  for (const ReportRow& one : report.months) sum.add(one.totals);
  CHECK(sum.revenue == total.revenue);
  CHECK(sum.lost_expired == total.lost_expired);
}

TEST_CASE("only what is in the period counts, to the second", "[report]") {
  Reporter reporter;
  reporter.period = {at("2026-03-01"), at("2026-04-01"), at("2026-12-01")};
  const auto sold = [&](const char* created) {
    return reporter({Story("pro", Kind::subscription, created, "2027-01-01")}).total.sold;
  };
  CHECK(sold("2026-02-28T23:59:59Z") == 0);
  CHECK(sold("2026-03-01") == 1);
  CHECK(sold("2026-03-31T23:59:59Z") == 1);
  CHECK(sold("2026-04-01") == 0);
  const Report report = reporter({Story("pro", Kind::subscription, "2026-02-01", "2027-01-01")});
  REQUIRE(report.months.size() == 1);
  CHECK(report.months[0].name == "2026-03");
  CHECK(report.months[0].totals.in_force == 1);
  CHECK(report.total.in_force == 1);
  CHECK(reporter({Story("pro", Kind::subscription, "2026-04-02", "2027-01-01")}).months.empty());
  // What happens in this second has happened; a period does not reach into the future.
  reporter.period = {at("2026-03-01"), at("2030-01-01"), at("2026-03-05")};
  CHECK(reporter({Story("pro", Kind::subscription, "2026-03-05", "2027-01-01")}).total.sold == 1);
  CHECK(reporter({}).to == at("2026-03-05"));
  CHECK(reporter({}).total.count == 0);
}

TEST_CASE("what has no list price is counted, not guessed", "[report]") {
  Story deal("deal", Kind::subscription, "2026-01-05", "2027-01-05");
  Story uni("uni", Kind::academic, "2026-01-05", "2027-01-05");
  Story ever("ever", Kind::perpetual, "2026-01-05", nullptr);
  ever.license.maintenance_until = at("2028-01-05");
  ever.entry("2026-06-01", "renew",
             R"({"member":"maintenance_until","before":"2027-01-05T00:00:00Z","after":"2028-01-05T00:00:00Z"})");
  Story made_perpetual("pro", Kind::perpetual, "2026-01-05", nullptr);
  Story gone("gone", Kind::subscription, "2026-01-05", "2027-01-05");
  const Report report = Reporter()({deal, uni, ever, made_perpetual, gone});
  CHECK(report.total.sold == 5);
  CHECK(report.total.renewals == 1);
  CHECK(report.total.unpriced == 4);
  CHECK(money(report.total.revenue, report) == "99.00USD");
  Story imported("pro", Kind::subscription, "2026-01-05", "2027-01-05");
  imported.history[0].action = "import";
  const Report other = Reporter()({imported});
  CHECK(other.total.sold == 0);
  CHECK(other.total.imported == 1);
  CHECK(other.total.in_force == 1);
  CHECK(money(other.total.revenue, other).empty());
}

TEST_CASE("trials and their conversions", "[report]") {
  Story converted("try", Kind::trial, "2026-01-01", "2026-01-15");
  converted.entry(
      "2026-01-10", "change",
      R"({"member":"plan","before":"try","after":"pro"},{"member":"kind","before":"trial","after":"subscription"},
                     {"member":"expires_at","before":"2026-01-15T00:00:00Z","after":"2027-01-10T00:00:00Z"})");
  converted.license.plan = "pro";
  converted.license.kind = Kind::subscription;
  converted.license.expires_at = at("2027-01-10");
  Story bought("try", Kind::trial, "2026-02-01", "2026-02-15");
  bought.license.customer.email = "Buyer@x.example";
  Story lost("try", Kind::trial, "2026-02-01", "2026-02-15");
  lost.license.customer.email = "other@x.example";
  Story running("try", Kind::trial, "2026-11-25", "2026-12-09");
  Story free("free", Kind::free, "2026-01-01", nullptr);
  Reporter reporter;
  reporter.has_bought = [](std::string_view email, Time since) -> Result<bool> {
    CHECK(since == at("2026-02-01"));
    return email == "Buyer@x.example";
  };
  const Report report = reporter({converted, bought, lost, running, free});
  CHECK(report.total.trials_started == 4);
  CHECK(report.total.trials_converted == 2);
  CHECK(report.total.trials == 1);
  CHECK(report.total.free == 1);
  CHECK(report.total.in_force == 1);
  CHECK(report.total.sold == 1);
  CHECK(report.total.lost() == 0);
  CHECK(report.total.ends == 0);
  CHECK(money(report.total.revenue, report) == "1200.00USD");
  CHECK(money(row(report.plans, "pro").revenue, report) == "1200.00USD");
  CHECK(row(report.plans, "try").trials_started == 4);
  CHECK(row(report.plans, "pro").in_force == 1);
}

TEST_CASE("a change of plan books nothing", "[report]") {
  Story story("pro", Kind::subscription, "2025-01-05", "2027-01-05");
  story.entry("2026-02-01", "change", R"({"member":"plan","before":"eur","after":"pro"})");
  const Report report = Reporter()({story});
  CHECK(report.total.plan_changes == 1);
  CHECK(money(report.total.revenue, report).empty());
  CHECK(row(report.plans, "pro").in_force == 1);
  CHECK(row(report.plans, "eur").in_force == 0);
  // An end that is moved by a change was not renewed, unless it had passed.
  Story cut("pro", Kind::subscription, "2025-01-05", "2027-06-01");
  cut.moves_end("2026-02-01", "change", "2026-02-10");
  const Report shorter = Reporter()({cut});
  CHECK(shorter.total.ends == 1);
  CHECK(shorter.total.ends_renewed == 0);
  CHECK(shorter.total.lost_expired == 1);
  Story revived("pro", Kind::subscription, "2025-01-05", "2026-01-05");
  revived.moves_end("2026-02-01", "change", "2028-02-10");
  const Report longer = Reporter()({revived});
  CHECK(longer.total.ends == 1);
  CHECK(longer.total.ends_renewed == 1);
  CHECK(longer.total.returned == 1);
}

TEST_CASE("renewals that fall due", "[report]") {
  Reporter reporter;
  Story passed("pro", Kind::subscription, "2025-11-25", "2026-11-25");
  passed.license.grace_days = 10;
  Story lapsed("pro", Kind::subscription, "2025-11-10", "2026-11-10");
  lapsed.license.grace_days = 10;
  Story soon("pro", Kind::subscription, "2025-12-31", "2026-12-31");
  Story later("eur", Kind::subscription, "2026-01-01", "2027-01-20");
  Story far("pro", Kind::subscription, "2026-01-01", "2027-03-02");
  Story suspended("pro", Kind::subscription, "2025-12-31", "2026-12-31");
  suspended.license.suspended_at = at("2026-11-01");
  Story revoked("pro", Kind::subscription, "2025-12-31", "2026-12-31");
  revoked.revoke("2026-11-01");
  Story trial("try", Kind::trial, "2026-11-25", "2026-12-09");
  Story deal("deal", Kind::subscription, "2025-12-31", "2026-12-31");
  const Report report = reporter({passed, lapsed, soon, later, far, suspended, revoked, trial, deal});
  REQUIRE(report.due.size() == 4);
  CHECK(report.due[0].licenses == 1);
  CHECK(money(report.due[0].revenue, report) == "1200.00USD");
  CHECK(report.due[1].licenses == 2);
  CHECK(report.due[1].unpriced == 1);
  CHECK(money(report.due[1].revenue, report) == "1200.00USD");
  CHECK(report.due[2].licenses == 3);
  CHECK(money(report.due[2].revenue, report) == "10.5EUR 1200.00USD");
  CHECK(report.due[3].days == 90);
  CHECK(report.due[3].licenses == 3);
}

TEST_CASE("the best customers are named, the others added up", "[report]") {
  std::vector<Story> stories;
  for (const char* name : {"a", "B", "b", "c", "d", "e"})
    stories.emplace_back("pro", Kind::subscription, "2026-01-05", "2027-01-05", name);
  stories.emplace_back("ever", Kind::perpetual, "2026-01-05", nullptr, "e");
  Reporter reporter;
  reporter.customers = 2;
  const Report report = reporter(stories);
  CHECK(report.customers_in_all == 5);
  REQUIRE(report.customers.size() == 2);
  CHECK(report.customers[0].name == "B");
  CHECK(report.customers[0].totals.count == 2);
  CHECK(report.customers[1].name == "e");
  CHECK(report.other_customers.count == 3);
  CHECK(money(report.other_customers.revenue, report) == "3600.00USD");
  CHECK(money(report.total.revenue, report) == "7299.00USD");
}

TEST_CASE("a machine that asks again goes on with its seat", "[report]") {
  Story story("pro", Kind::subscription, "2026-01-01", "2027-01-01");
  story.activate("2026-01-02", "m1").activate("2026-01-03", "m2").activate("2026-01-04", "m1");
  story.release("2026-02-01", "m1").release("2026-02-02", "m9").activate("2026-03-01", "m1");
  const auto list = seat_uses(story.activations);
  REQUIRE(list.size() == 3);
  CHECK(list[0].machine == "m1");
  CHECK(list[0].released_at == at("2026-02-01"));
  CHECK(list[1].machine == "m2");
  CHECK(!list[1].released_at);
  CHECK(list[2].taken_at == at("2026-03-01"));
  CHECK(seats_in_use(list, at("2026-01-05")) == 2);
  CHECK(seats_in_use(list, at("2026-02-01")) == 1);
  CHECK(seats_in_use(list, at("2026-12-01")) == 2);
}

TEST_CASE("unusual patterns", "[report]") {
  const auto pattern = [](const std::vector<SeatUse>& list, std::int64_t seats) {
    return pattern_of(list, seats, at("2026-01-01"), at("2027-01-01"));
  };
  std::vector<SeatUse> list;
  for (int i = 0; i < 3; ++i)
    list.push_back(
        {concat("m", i), at("2026-02-01") + std::chrono::days{i}, at("2026-02-01") + std::chrono::days{i + 1}});
  CHECK(pattern(list, 1).machines == 3);
  CHECK(pattern(list, 1).moves == 6);
  CHECK(pattern(list, 1).many_machines);
  CHECK(pattern(list, 1).many_moves);
  CHECK(!pattern(list, 2).many_machines);
  CHECK(!pattern(list, 2).many_moves);
  list.pop_back();
  CHECK(!pattern(list, 1).many_machines);
  CHECK(!pattern(list, 1).many_moves);
  // A first roll-out to all seats is not unusual; seven days are counted from each move.
  std::vector<SeatUse> rollout;
  for (int i = 0; i < 100; ++i) rollout.push_back({concat("m", i), at("2026-02-01"), std::nullopt});
  CHECK(!pattern(rollout, 100).many_moves);
  CHECK(!pattern(rollout, 100).many_machines);
  std::vector<SeatUse> slow;
  for (int i = 0; i < 6; ++i) slow.push_back({"m", at("2026-02-01") + std::chrono::days{7 * i}, std::nullopt});
  CHECK(pattern(slow, 1).moves == 1);
  // What was over before the period is not looked at, what lasts into it is.
  std::vector<SeatUse> old = {{"a", at("2025-01-01"), at("2025-02-01")}, {"b", at("2025-01-01"), std::nullopt}};
  CHECK(pattern(old, 1).machines == 1);
  CHECK(pattern(old, 1).moves == 0);
  CHECK(pattern({}, 1).moves == 0);
}

TEST_CASE("full and unusual licenses are listed", "[report]") {
  std::vector<Story> stories;
  for (int i = 0; i < 120; ++i) {
    Story story("pro", Kind::subscription, "2026-01-01", "2027-01-01");
    story.license.seats = 5;
    story.license.key = concat("K", i);
    for (int m = 0; m < (i == 77 ? 5 : 4); ++m) story.activate("2026-02-01", concat("m", m).c_str());
    stories.push_back(story);
  }
  Story single("pro", Kind::subscription, "2026-01-01", "2027-01-01");
  single.activate("2026-02-01", "m");
  stories.push_back(single);
  Story busy = single;
  busy.license.key = "BUSY";
  for (const char* machine : {"a", "b", "c"}) busy.activate("2026-02-02", machine).release("2026-02-02", machine);
  stories.push_back(busy);
  const Report report = Reporter()(stories);
  CHECK(report.full_in_all == 120);
  REQUIRE(report.full.size() == 100);
  CHECK(report.full[0].key == "K77");
  CHECK(report.full[1].key == "K0");
  CHECK(report.unusual_in_all == 1);
  CHECK(report.unusual[0].key == "BUSY");
  CHECK(report.activated == 122);
  CHECK(report.most_taken == 5);
  CHECK(report.total.activations == 120 * 4 + 1 + 1 + 1);
}
