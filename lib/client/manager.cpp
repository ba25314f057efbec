#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "client/impl.hpp"
#include "lic/lic.hpp"

namespace lic {
namespace {

std::int64_t seconds_of(const std::optional<Time>& time) { return time ? time->time_since_epoch().count() : 0; }

std::optional<Time> time_of(std::int64_t seconds) {
  if (seconds == 0) return std::nullopt;
  return Time{std::chrono::seconds{seconds}};
}

std::string near_limit(const std::string& name, const LimitUsage& usage) {
  const std::int64_t max = *usage.limit.max;
  std::string text = concat(printable(name), ": ", usage.used, " of ", max, " used");
  if (usage.limit.per) text += concat(" this ", token(*usage.limit.per));
  if (usage.used > max) text += concat(", ", usage.used - max, " over the limit");
  return text;
}

}  // namespace

LicenseManager::Impl::Impl(std::unique_ptr<Installation> installation, const OpenOptions& options)
    : state_dir_(installation->state_dir()),
      block_(options.usage_block),
      interval_(options.usage_interval),
      now_(installation->environment().now),
      ask_(installation->environment().ask),
      chose_server_(!options.server.empty() || !options.server_ca_file.empty()),
      workshop_(nullptr) {
  auto shop = std::make_unique<Workshop>(std::move(installation), block_, interval_);
  if (!publish(*shop)) throw std::bad_alloc();
  shop->told = to_tell();
  workshop_.store(shop.release());
}

Result<std::unique_ptr<LicenseManager::Impl>> LicenseManager::Impl::open(const OpenOptions& options,
                                                                         Environment environment) {
  return without_throwing([&]() -> Result<std::unique_ptr<Impl>> {
    if (options.usage_block < 1 || options.usage_interval.count() < 0)
      return error(Errc::usage, "usage_block is 1 or more, and usage_interval 0 or more");
    LIC_TRY_ASSIGN(auto installation, Installation::open(options, std::move(environment)));
    return std::unique_ptr<Impl>(new Impl(std::move(installation), options));
  });
}

LicenseManager::Impl::~Impl() {
  Workshop* const shop = workshop_.load();
  if (shop == nullptr || shop->process != ::getpid()) return;  // the parent's: a thread of it may be at work on it
  shop->background.stop();
  shop->listener.reset();
  if (shop->metering.has_drawn()) static_cast<void>(give_back_drawn(true));  // what cannot be given back is used
  delete shop;
}

Result<LicenseManager::Impl::Workshop*> LicenseManager::Impl::workshop() {
  Workshop* current = workshop_.load(std::memory_order_acquire);
  if (current->process == ::getpid()) return current;
  LIC_TRY_ASSIGN(auto installation, current->installation->again());
  auto own = std::make_unique<Workshop>(std::move(installation), block_, interval_);
  own->metering.know(own->installation->book());
  own->told = to_tell();
  // Of several threads of the child, one is first. The parent's workshop is left as it is.
  if (workshop_.compare_exchange_strong(current, own.get())) return own.release();
  return current;
}

Result<void> LicenseManager::Impl::alone(FunctionRef<bool(Workshop&)> work) noexcept {
  return without_throwing([&]() -> Result<void> {
    LIC_TRY_ASSIGN(Workshop* const shop, workshop());
    auto done = [&]() -> Result<void> {
      const std::lock_guard guard(shop->mutex);
      if (const auto latest = latest_seen(now_())) shop->installation->witness(*latest);
      if (shop->interrupted) LIC_TRY(shop->installation->refresh());
      shop->interrupted = true;
      if (work(*shop)) shop->interrupted = !publish(*shop);
      return {};
    }();
    tell_of_change(*shop);
    return done;
  });
}

bool LicenseManager::Impl::publish(Workshop& workshop) noexcept {
  try {
    const Standing& now = workshop.installation->standing();
    auto& known = workshop.standings;
    const auto same = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one->answers_as(now); });
    const Standing* next =
        same == known.end() ? known.emplace_back(std::make_unique<const Standing>(now)).get() : same->get();
    workshop.metering.know(workshop.installation->book());
    if (workshop.clock_reset != now.clock_reset) latest_.store(0, std::memory_order_relaxed);
    workshop.clock_reset = now.clock_reset;
    high_water_.store(seconds_of(now.high_water), std::memory_order_relaxed);
    verified_at_.store(seconds_of(now.verified_at), std::memory_order_relaxed);
    published_.store(next, std::memory_order_release);
    if (const auto due = workshop.installation->time_to_refresh()) workshop.background.hurry(*due);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

Decision LicenseManager::Impl::decision() const noexcept {
  const Time now = now_();
  return standing().decision_at(now, latest_seen(now));
}

std::optional<Time> LicenseManager::Impl::latest_seen(Time now) const noexcept {
  const std::int64_t seconds = now.time_since_epoch().count();
  std::int64_t latest = latest_.load(std::memory_order_relaxed);
  while (latest < seconds && !latest_.compare_exchange_weak(latest, seconds, std::memory_order_relaxed)) {
  }
  return time_of(std::max({latest, seconds, high_water_.load(std::memory_order_relaxed)}));
}

Status LicenseManager::Impl::status() {
  const Time now = now_();
  const auto mark = latest_seen(now);
  const Decision judged = standing().decision_at(now, mark);
  Status status = standing().status_at(now, mark, judged);
  if (status.verified_at) status.verified_at = time_of(verified_at_.load(std::memory_order_relaxed));
  if (const auto shop = workshop()) {
    status.usage = (*shop)->metering.usage(status.limits, standing().time_at(now, mark));
    for (const auto& [name, usage] : status.usage)
      if (usage.is_near()) status.warnings.push_back(near_limit(name, usage));
  }
  return status;
}

Result<Consumption> LicenseManager::Impl::consume(std::string_view name, std::int64_t n) {
  const Standing& known = standing();
  const Time now = now_();
  const auto mark = latest_seen(now);
  const Decision judged = known.decision_at(now, mark);
  if (const Limit* limit = known.limit_under(judged, name)) {
    auto used = without_throwing([&]() -> Result<std::optional<Consumption>> {
      LIC_TRY_ASSIGN(Workshop* const shop, workshop());
      return shop->metering.use_drawn(name, *limit, n, judged, known.time_at(now, mark));
    });
    if (!used) return std::move(used).error();
    if (*used) return **used;
  }
  return work_alone([&](Workshop& shop) { return shop.metering.draw(*shop.installation, name, n); });
}

Result<Consumption> LicenseManager::Impl::release(std::string_view name, std::int64_t n) {
  return work_alone([&](Workshop& shop) { return shop.metering.release(*shop.installation, name, n); });
}

Result<Usage> LicenseManager::Impl::usage() {
  return work_alone([&](Workshop& shop) -> Result<Usage> {
    LIC_TRY(shop.installation->refresh_usage());
    shop.metering.know(shop.installation->book());
    const Standing& known = shop.installation->standing();
    const Time now = now_();
    return shop.metering.usage(known.limits_under(known.decision_at(now)), known.time_at(now));
  });
}

Result<UsageReport> LicenseManager::Impl::report_usage(std::string_view license_key, bool new_key) {
  return work_alone([&](Workshop& shop) -> Result<UsageReport> {
    LIC_TRY(shop.metering.give_back(*shop.installation, true));  // what was drawn and not used is no usage
    return shop.installation->report_usage(license_key, new_key);
  });
}

Result<void> LicenseManager::Impl::give_back_drawn(bool all) {
  return work_alone([&](Workshop& shop) { return shop.metering.give_back(*shop.installation, all); });
}

Result<void> LicenseManager::Impl::on_change(Listener listener) {
  return without_throwing([&]() -> Result<void> {
    LIC_TRY_ASSIGN(Workshop* const shop, workshop());
    auto next = listener ? std::make_shared<const Listener>(std::move(listener)) : nullptr;
    const std::lock_guard guard(shop->listener_mutex);
    shop->listener.swap(next);
    return {};
  });
}

LicenseManager::Impl::Told LicenseManager::Impl::to_tell() const {
  Told told{decision().reason, {}, 0};
  if (const auto& license = standing().license) {
    told.license = license->terms().id;
    told.serial = license->terms().serial;
  }
  return told;
}

/// Where memory runs out it is told at the next occasion.
void LicenseManager::Impl::tell_of_change(Workshop& workshop) noexcept {
  try {
    std::shared_ptr<const Listener> listener;
    std::optional<Status> now;
    {
      const std::lock_guard guard(workshop.listener_mutex);
      Told next = to_tell();
      if (next == workshop.told) return;
      if (workshop.listener) now = status();
      workshop.told = std::move(next);
      listener = workshop.listener;
    }
    if (listener) (*listener)(*now);
  } catch (...) {  // NOLINT(bugprone-empty-catch): also an application's own; LicenseManager::on_change() says so
  }
}

Result<void> LicenseManager::Impl::refresh() {
  LIC_TRY(change([](Installation& installation) { return installation.refresh(); }));
  return give_back_drawn(false);
}

Result<void> LicenseManager::Impl::refresh_every(std::chrono::seconds interval) {
  if (interval.count() < 0) return error(Errc::usage, "an interval is 0 or more seconds");
  return without_throwing([&]() -> Result<void> {
    LIC_TRY_ASSIGN(Workshop* const shop, workshop());
    // What cannot be read now is tried again the next time; the last answers stand until then.
    LIC_TRY(shop->background.start(interval, [this] {
      static_cast<void>(refresh());
      static_cast<void>(refresh_lease());
    }));
    // publish() tells when a lease is due; where that fails, it is seen after the first interval.
    static_cast<void>(change([](Installation&) -> Result<void> { return {}; }));
    return {};
  });
}

LicenseManager::LicenseManager(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
LicenseManager::LicenseManager(LicenseManager&&) noexcept = default;
LicenseManager& LicenseManager::operator=(LicenseManager&&) noexcept = default;
LicenseManager::~LicenseManager() = default;

Result<LicenseManager> LicenseManager::open(const OpenOptions& options) {
  return without_throwing([&]() -> Result<LicenseManager> {
    LIC_TRY_ASSIGN(auto impl, Impl::open(options, system_environment()));
    return LicenseManager(std::move(impl));
  });
}

Decision LicenseManager::decision() const noexcept { return impl_->decision(); }

Status LicenseManager::status() const noexcept {
  try {
    return impl_->status();
  } catch (const std::exception&) {
    Status bare;
    bare.at = impl_->now();
    bare.decision = impl_->decision();
    return bare;
  }
}

Result<Decision> LicenseManager::validate() {
  LIC_TRY(impl_->refresh());
  return impl_->decision();
}

Decision LicenseManager::check_feature(std::string_view name) const noexcept {
  return impl_->standing().check_feature(name, impl_->decision());
}

const FeatureValue* LicenseManager::feature_value(std::string_view name) const noexcept {
  return impl_->standing().feature_under(impl_->decision(), name);
}

const Limits& LicenseManager::limits() const noexcept { return impl_->standing().limits_under(impl_->decision()); }

Result<Usage> LicenseManager::usage() const { return impl_->usage(); }
Result<Consumption> LicenseManager::consume(std::string_view name, std::int64_t n) { return impl_->consume(name, n); }
Result<Consumption> LicenseManager::release(std::string_view name, std::int64_t n) { return impl_->release(name, n); }
Result<void> LicenseManager::flush_usage() { return impl_->give_back_drawn(true); }

Result<Change> LicenseManager::activate(std::string_view license_key) {
  return impl_->activate([&](Installation& one) { return one.question_to_activate(license_key); },
                         [&](Installation& one) { return one.activate(license_key); });
}

Result<Change> LicenseManager::activate_document(std::span<const unsigned char> document, std::string_view name,
                                                 std::string_view license_key) {
  return impl_->activate([&](Installation& one) { return one.question_to_activate(document, name, license_key); },
                         [&](Installation& one) { return one.activate_document(document, name, license_key); });
}

Result<Change> LicenseManager::activate_file(const std::string& path, std::string_view license_key) {
  return impl_->activate([&](Installation& one) { return one.question_to_activate_file(path, license_key); },
                         [&](Installation& one) { return one.activate_file(path, license_key); });
}

Result<ImportedRevocations> LicenseManager::import_revocations(std::span<const unsigned char> document,
                                                               std::string_view name) {
  return impl_->change([&](Installation& installation) { return installation.import_revocations(document, name); });
}

Result<ClockCodeInfo> LicenseManager::clock_code() {
  return impl_->change([](Installation& installation) { return installation.clock_code(); });
}

Result<Change> LicenseManager::apply_clock_reset(std::span<const unsigned char> document, std::string_view name) {
  return impl_->change([&](Installation& installation) { return installation.apply_clock_reset(document, name); });
}

Result<Change> LicenseManager::start_trial(std::string_view email) { return impl_->start_trial(email); }

Result<std::vector<InstalledLicense>> LicenseManager::license_files() const {
  return impl_->change([](Installation& installation) { return installation.license_files(); });
}

Result<Change> LicenseManager::deactivate() { return impl_->deactivate(false); }

Result<Confirmation> LicenseManager::confirm() { return impl_->confirm(); }
Result<SentUsage> LicenseManager::send_usage(std::string_view license_key) { return impl_->send_usage(license_key); }
Result<Change> LicenseManager::borrow(Time until) { return impl_->borrow(until); }
Result<Change> LicenseManager::check_in() { return impl_->deactivate(true); }
Result<void> LicenseManager::refresh_lease() { return impl_->refresh_lease(); }
std::string LicenseManager::server() const noexcept { return impl_->server(); }

Result<RequestedActivation> LicenseManager::request_activation(std::string_view license_key, bool anew) {
  return impl_->change([&](Installation& installation) { return installation.request_activation(license_key, anew); });
}

Result<std::string> LicenseManager::pending_request(std::string_view license_key) const {
  return impl_->change([&](Installation& installation) { return installation.pending_request(license_key); });
}

Result<Change> LicenseManager::apply_activation(std::span<const unsigned char> document, std::string_view name) {
  return impl_->change([&](Installation& installation) { return installation.apply_activation(document, name); });
}

Result<ReturnedSeat> LicenseManager::return_seat(std::string_view license_key) {
  return impl_->change([&](Installation& installation) { return installation.return_seat(license_key); });
}

Result<std::string> LicenseManager::returned_receipt(std::string_view license_key) const {
  return impl_->change([&](Installation& installation) { return installation.returned_receipt(license_key); });
}

Result<Change> LicenseManager::keep_state_key(KeyPlace place) {
  return impl_->change([&](Installation& installation) { return installation.keep_state_key(place); });
}

KeyPlace LicenseManager::state_key_place() const noexcept { return impl_->standing().key_place; }

Result<UsageReport> LicenseManager::report_usage(std::string_view license_key, bool new_key) {
  return impl_->report_usage(license_key, new_key);
}

Result<UsageReport> LicenseManager::reported_usage(std::int64_t seq, std::string_view license_key) const {
  return impl_->change([&](Installation& installation) { return installation.reported_usage(seq, license_key); });
}

Result<void> LicenseManager::refresh() { return impl_->refresh(); }
Result<void> LicenseManager::refresh_every(std::chrono::seconds interval) { return impl_->refresh_every(interval); }
Result<void> LicenseManager::set_listener(std::function<void(const Status&)> listener) {
  return impl_->on_change(std::move(listener));
}
const ProductInfo& LicenseManager::product() const noexcept { return *impl_->standing().info; }
const std::string& LicenseManager::machine_id() const noexcept { return impl_->standing().fingerprint; }

std::vector<FactInfo> LicenseManager::explain_machine() const {
  auto facts = impl_->ask([](const Installation& installation) { return installation.explain_machine(); });
  return facts ? std::move(facts).value() : std::vector<FactInfo>{};
}

std::vector<VirtualLayer> LicenseManager::virtual_layers() const {
  auto layers = impl_->ask([](const Installation& installation) { return installation.virtual_layers(); });
  return layers ? std::move(layers).value() : std::vector<VirtualLayer>{};
}

const std::string& LicenseManager::state_dir() const noexcept { return impl_->state_dir(); }

}  // namespace lic
