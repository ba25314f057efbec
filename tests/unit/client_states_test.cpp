#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "common/exit_codes.hpp"
#include "support/desk.hpp"

// docs/states.md: its table, and its laws.

using namespace lic;
using test::at;
using test::Desk;

namespace {

constexpr std::string_view kPaidFeature = "custom-workflows";

/// "free", "license" or "none": whose features are in force. A product without a free plan
/// gives everybody the limit of 50 tickets and no feature.
std::string features_of(const LicenseManager& manager) {
  if (manager.feature_value(kPaidFeature) != nullptr) return "license";
  for (const auto& [name, limit] : manager.limits())
    if (name == "tickets") return limit.max == 50 ? "free" : "license";
  return "none";
}

struct Row {
  std::string state;
  int exit = 0;
  std::string features;
  std::string next;
};

std::string trimmed(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '`'; });
  return text;
}

/// The rows of the first table of docs/states.md.
std::map<std::string, Row> table() {
  std::ifstream page(LIC_SOURCE_DIR "/docs/states.md");
  std::map<std::string, Row> rows;
  for (std::string line; std::getline(page, line) && !line.starts_with("## What replaces");) {
    if (!line.starts_with("| `")) continue;
    std::istringstream cells(line.substr(1));
    std::array<std::string, 4> cell;
    for (auto& text : cell) std::getline(cells, text, '|');
    rows[trimmed(cell[0])] = {trimmed(cell[0]), std::stoi(cell[1]), trimmed(cell[2]), trimmed(cell[3])};
  }
  return rows;
}

void check_row(const Desk& desk, const std::string& state, const OpenOptions& options = {}) {
  static const auto rows = table();
  INFO(state);
  REQUIRE(rows.contains(state));
  const Row& row = rows.at(state);
  const LicenseManager manager = desk.open(options);
  const Status status = manager.status();
  CHECK(token(status.decision.reason) == state);
  CHECK(static_cast<int>(app::exit_code(status.decision.reason)) == row.exit);
  CHECK(features_of(manager) == row.features);
  CHECK((status.next.action.empty() ? "-" : status.next.action) == row.next);
  CHECK(status.decision.allowed() == (row.exit == 0));
}

}  // namespace

TEST_CASE("states: every row of the table in docs/states.md", "[states]") {
  CHECK(table().size() == 17);
  Desk desk;
  check_row(desk, "no-license");
  REQUIRE(desk.open().start_trial()->changed);
  check_row(desk, "trial");

  Terms terms = desk.vendor.terms("professional");
  terms.starts_at = terms.issued_at = at("2026-11-22");
  terms.expires_at = at("2027-11-22");
  terms.maintenance_until = at("2026-11-30");
  desk.must_activate(terms);
  check_row(desk, "valid");
  OpenOptions newer;
  newer.release_date = at("2026-12-01");
  check_row(desk, "version-not-covered", newer);
  desk.now = at("2027-11-01");
  check_row(desk, "expiring");
  desk.now = at("2027-11-25");
  check_row(desk, "grace");
  desk.now = at("2027-12-25");
  check_row(desk, "expired");
  desk.now = at("2027-01-01");
  check_row(desk, "clock-moved-back");
}

TEST_CASE("states: what the vendor's newer file says", "[states]") {
  Desk desk;
  Terms terms = desk.vendor.terms("professional");
  desk.must_activate(terms);
  const Path file = desk.state() / (terms.key + ".json");
  ++terms.serial;
  SECTION("suspended") {
    terms.suspended_at = at("2026-11-30");
    REQUIRE(write_file(file, view_bytes(desk.vendor.sign(terms))));
    check_row(desk, "suspended");
  }
  SECTION("bound to another machine") {
    terms.machines = {{1, {{"machine-id", {"0011223344556677"}}}}};
    REQUIRE(write_file(file, view_bytes(desk.vendor.sign(terms))));
    check_row(desk, "wrong-machine");
  }
  SECTION("not begun: only when it is reissued so and the clock is set back a little") {
    terms.starts_at = desk.now;
    REQUIRE(write_file(file, view_bytes(desk.vendor.sign(terms))));
    CHECK(desk.reason() == Reason::valid);
  }
}

TEST_CASE("states: what a licensing server has said, and has not said for long", "[states]") {
  Desk desk;
  const Terms terms = desk.vendor.terms("professional");
  bool denies = false;
  desk.ask = [&](const ServerQuestion&) {
    ServerWord word;
    word.answer.issued_at = desk.now;
    if (denies) {
      word.answer.denial = Denial{DenialReason::not_activated, {}};
    } else {
      word.answer.lease = Lease{"1", terms.id, 1, desk.now + std::chrono::days{1}, desk.now + std::chrono::days{9}};
      word.license = desk.vendor.sign(terms);
    }
    return std::make_shared<const Asked>(std::move(word));
  };
  OpenOptions options;
  options.server = "https://licenses.example.com";
  REQUIRE(desk.open(options).activate(terms.key)->changed);
  check_row(desk, "valid");
  desk.now += std::chrono::days{9 + terms.grace_days};
  check_row(desk, "lease-expired");
  REQUIRE(desk.open(options).confirm());
  check_row(desk, "valid");
  denies = true;
  REQUIRE(desk.open(options).confirm());
  check_row(desk, "no-seat-left");
}

TEST_CASE("states: what a list of revocations says", "[states]") {
  Desk desk;
  Terms terms = desk.vendor.terms("professional");
  terms.fresh_revocations = true;
  terms.grace_days = 30;
  desk.must_activate(terms);
  check_row(desk, "valid");
  desk.now = terms.issued_at + std::chrono::days{30};
  check_row(desk, "revocations-stale");
  RevocationList list;
  list.product = "ticketzero";
  list.seq = 1;
  list.issued_at = desk.now;
  list.next_update = desk.now + std::chrono::days{7};
  list.entries = {{terms.id, "refund", desk.now}};
  const std::string document =
      test::signed_document(DocumentKind::revocations, list.to_json(), desk.vendor.license_key());
  REQUIRE(write_file(desk.state() / "revocations.json", view_bytes(document)));
  check_row(desk, "revoked");
}

TEST_CASE("states: an edited state, and a free plan", "[states]") {
  Desk desk;
  desk.must_activate(desk.vendor.terms("professional"));
  std::string text = desk.read_data();
  text.replace(text.find("professional"), 12, "enterprise12");
  desk.write_data(text);
  check_row(desk, "untrusted");

  const Desk tensor("tensorpack");
  const Status status = tensor.open().status();
  CHECK(status.decision.reason == Reason::free);
  CHECK(status.next.action == table().at("free").next);
}

TEST_CASE("states: what has lapsed leaves what is free for everybody", "[states]") {
  Desk tensor("tensorpack");
  const std::string plan = tensor.vendor.product().catalog().plan_of_kind(Kind::subscription)->id;
  tensor.must_activate(tensor.vendor.terms(plan));
  tensor.now = at("2036-01-01");
  const LicenseManager manager = tensor.open();
  CHECK(manager.decision().reason == Reason::expired);
  CHECK(manager.check_feature("normalization").reason == Reason::free);
  CHECK(manager.check_feature("custom-transformations").reason == Reason::expired);
}

TEST_CASE("states: several licenses: what is active, what comes after it", "[states]") {
  Desk desk;
  Terms starter = desk.vendor.terms("starter", 1);
  Terms professional = desk.vendor.terms("professional", 2);
  Terms enterprise = desk.vendor.terms("enterprise", 3);
  starter.expires_at = at("2027-01-01");
  starter.grace_days = 0;
  professional.expires_at = at("2027-06-01");
  professional.grace_days = 0;
  enterprise.expires_at = at("2027-03-01");
  enterprise.grace_days = 0;
  const auto drop = [&](const Terms& terms) {
    REQUIRE(write_file(desk.state() / (terms.key + ".json"), view_bytes(desk.vendor.sign(terms))));
  };
  REQUIRE(make_private_directory(desk.state()));
  drop(enterprise);
  CHECK(desk.reason() == Reason::no_license);  // nothing was activated

  desk.must_activate(starter);
  drop(professional);
  CHECK(desk.open().status().plan == "starter");  // it holds: it was chosen
  auto files = desk.open().license_files().value();
  REQUIRE(files.size() == 3);
  CHECK((files[0].active && files[0].plan == "starter"));
  CHECK(files[1].plan == "professional");  // ends last
  CHECK(files[2].plan == "enterprise");

  desk.now = at("2027-02-01");  // starter has ended
  CHECK(desk.open().status().plan == "professional");
  CHECK(desk.open().license_files()->front().plan == "professional");
  REQUIRE(desk.open().deactivate()->changed);
  CHECK(desk.reason() == Reason::no_license);
  desk.must_activate(enterprise);
  desk.now = at("2027-04-01");
  CHECK(desk.reason() == Reason::expired);  // professional was given up here
  desk.must_activate(professional);
  CHECK(desk.reason() == Reason::valid);

  REQUIRE(write_file(desk.state() / "TZ-PRO-0000-0000-0000-0000.json", view_bytes("{}")));  // no key: not looked at
  drop(starter);
  REQUIRE(write_file(desk.state() / (starter.key + ".json"), view_bytes("{}")));
  files = desk.open().license_files().value();
  CHECK(files.back().problem.find("payloadType") != std::string::npos);
  CHECK(files.size() == 3);
}

TEST_CASE("states: a paid file that is dropped beside a trial takes its place", "[states]") {
  Desk desk;
  REQUIRE(desk.open().start_trial()->changed);
  const Terms terms = desk.vendor.terms("professional");
  REQUIRE(write_file(desk.state() / (terms.key + ".json"), view_bytes(desk.vendor.sign(terms))));
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().status().plan == "professional");
  CHECK(desk.open().start_trial().error().code == Errc::conflict);
}

namespace {

/// One user, one vendor, one clock, and whatever comes to their minds.
class Walk {
 public:
  explicit Walk(unsigned seed) : random_(seed) {
    for (const char* plan : {"starter", "professional", "enterprise"}) {
      Terms terms = desk_.vendor.terms(plan, static_cast<int>(licenses_.size()) + 1);
      terms.grace_days = 0;
      licenses_.push_back(terms);
    }
  }

  void step() {
    const Status before = desk_.open().status();
    const auto choice = pick(9);
    Outcome outcome;
    if (choice == 0) outcome = activate(pick_license());
    if (choice == 1) outcome = start_trial();
    if (choice == 2) outcome = deactivate();
    if (choice == 3) outcome = reissue(pick_license());
    if (choice == 4) outcome = drop(pick_license());
    if (choice == 5) outcome = use("tickets", static_cast<std::int64_t>(pick(40)) + 1);
    if (choice == 6) outcome = use("clients", 1);
    if (choice == 7) outcome = give_back();
    if (choice == 8) outcome = wait();
    log_ += concat(outcome.name, outcome.done ? "; " : " (refused); ");
    INFO(log_);
    check_laws(before, outcome);
  }

 private:
  struct Outcome {
    std::string name;
    bool done = false;
    bool may_change_license = false;
    bool moves_time = false;
  };

  std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  Terms& pick_license() { return licenses_[pick(licenses_.size())]; }

  Outcome activate(const Terms& terms) {
    // Sometimes from an old mail.
    Terms sent = terms;
    sent.serial -= static_cast<std::int64_t>(pick(2)) * (sent.serial - 1);
    const auto change = desk_.activate(desk_.vendor.sign(sent));
    const bool done = change && change->changed;
    if (done) given_up_.erase(terms.id);
    return {concat("activate ", terms.plan, " serial ", sent.serial), done, done};
  }
  Outcome start_trial() {
    const auto change = desk_.open().start_trial();
    const bool done = change && change->changed;
    trials_ += done ? 1 : 0;
    return {"trial", done, done};
  }
  Outcome deactivate() {
    const Status status = desk_.open().status();
    const auto change = desk_.open().deactivate();
    const bool done = change && change->changed;
    for (const Terms& one : licenses_)
      if (done && one.key == status.license_key) given_up_[one.id] = one.key;
    return {"deactivate", done, done};
  }
  Outcome reissue(Terms& terms) {
    ++terms.serial;
    terms.issued_at = desk_.now;
    if (pick(3) == 0) {
      terms.suspended_at = terms.suspended_at ? std::optional<Time>{} : desk_.now;
    } else {
      terms.expires_at = desk_.now + std::chrono::days{pick(200)};
    }
    return {concat("reissue ", terms.plan), true, false};
  }
  Outcome drop(const Terms& terms) {
    REQUIRE(make_private_directory(desk_.state()));
    REQUIRE(write_file(desk_.state() / (terms.key + ".json"), view_bytes(desk_.vendor.sign(terms))));
    return {concat("drop ", terms.plan), true, true};
  }
  Outcome use(std::string_view name, std::int64_t n) {
    const auto used = desk_.open().consume(name, n);
    const bool done = used && used->decision.allowed();
    if (done && name == "tickets") used_ += n;
    if (done && name == "clients") held_ += n;
    if (done && used->usage.limit.max) CHECK(used->usage.used <= *used->usage.limit.max);
    return {concat("use ", n, ' ', name), done};
  }
  Outcome give_back() {
    const auto came = desk_.open().release("clients");
    if (came) --held_;
    return {"give back", came.has_value()};
  }
  Outcome wait() {
    const Time before = desk_.now;
    desk_.now += std::chrono::hours{24 * pick(60)};
    using std::chrono::floor;
    using std::chrono::year_month_day;
    const year_month_day from{floor<std::chrono::days>(before)};
    const year_month_day to{floor<std::chrono::days>(desk_.now)};
    if (from.month() != to.month() || from.year() != to.year()) used_ = 0;
    return {concat("wait until ", format_time(desk_.now)), true, true, true};
  }

  void check_laws(const Status& before, const Outcome& outcome) {
    const LicenseManager manager = desk_.open();
    const Status after = manager.status();
    // 1, 3: only what may change the license does.
    if (!outcome.may_change_license && !outcome.moves_time) CHECK(after.license_key == before.license_key);
    const bool paid_held = before.decision.allowed() && before.kind && is_paid(*before.kind);
    if (paid_held && !outcome.moves_time && outcome.name != "deactivate")
      CHECK((after.kind && (is_paid(*after.kind) || !after.decision.allowed())));
    // 2
    if (!after.license_key.empty()) {
      auto& serial = serials_[after.license_key];
      CHECK(after.serial >= serial);
      serial = std::max(serial, after.serial);
    }
    // 4
    const Usage usage = manager.usage().value();
    for (const auto& [name, used] : usage) CHECK(used.used == (name == "tickets" ? used_ : held_));
    // 5
    CHECK(trials_ <= 1);
    // 6
    const bool licensed = manager.feature_value("atera-integration") != nullptr;
    CHECK(licensed == after.decision.allowed());
    // 7
    CHECK(desk_.open().decision() == after.decision);
    CHECK(desk_.open().status().license_key == after.license_key);
    // 8
    for (const auto& [id, key] : given_up_) CHECK(after.license_key != key);
  }

  std::mt19937 random_;
  Desk desk_;
  std::vector<Terms> licenses_;
  std::map<std::string, std::int64_t> serials_;
  std::map<std::string, std::string> given_up_;
  std::int64_t used_ = 0;
  std::int64_t held_ = 0;
  int trials_ = 0;
  std::string log_;
};

}  // namespace

TEST_CASE("states: the laws hold on random walks", "[states]") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    Walk walk(seed);
    for (int i = 0; i < 30; ++i) walk.step();
  }
}

TEST_CASE("states: a license that is bound to this machine keeps its day of activation", "[states]") {
  Desk desk;
  Terms terms = desk.vendor.terms("professional");
  terms.machines = {MachineIdentity::of(read_machine_facts(desk.machine.path()), terms.product).binding().value()};
  desk.must_activate(terms);
  const Time activated = desk.now;
  desk.now += std::chrono::hours{48};
  const Status status = desk.open().status();
  CHECK(status.decision.reason == Reason::valid);
  CHECK(status.activated_at == activated);
}
