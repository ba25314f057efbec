#include "lic/lic.hpp"

#include <algorithm>
#include <chrono>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/impl.hpp"
#include "crypto/start.hpp"
#include "policy/decide.hpp"

namespace lic {
namespace {

/// The clock's high-water mark is written at most this often.
constexpr std::chrono::hours kTimeKeeping{1};

Result<ProductFile> open_product_file(const std::string& path) {
  LIC_TRY_ASSIGN(const Bytes bytes, read_file(path, "product file"));
  return ProductFile::open(bytes, concat("product file ", in_quotes(path)));
}

/// The product file that the application brings, before anything of this machine counts.
Result<ProductFile> base_product(const OpenOptions& options) {
  if (options.embedded_product.empty()) {
    if (options.product_file.empty())
      return error(Errc::not_found, "no product file is given", "get product.json from the vendor of the software");
    return open_product_file(options.product_file);
  }
  LIC_TRY_ASSIGN(ProductFile embedded, ProductFile::open(options.embedded_product, "the embedded product file"));
  if (options.product_file.empty()) return embedded;
  LIC_TRY_ASSIGN(ProductFile given, open_product_file(options.product_file));
  LIC_TRY(embedded.accepts(given));
  return given;
}

Result<Path> state_directory(const OpenOptions& options, const Environment& environment, const Catalog& catalog) {
  if (!options.state_dir.empty()) return Path(options.state_dir);
  if (environment.home.empty())
    return error(Errc::failure, "HOME is not set, so there is no place for the license state",
                 "set HOME, or name a directory with --state-dir");
  return environment.home / concat('.', catalog.app) / "license";
}

bool is_granted(const FeatureValue& value) noexcept {
  struct Judge {
    bool operator()(bool on) const noexcept { return on; }
    bool operator()(std::int64_t number) const noexcept { return number != 0; }
    bool operator()(const std::string& text) const noexcept { return !text.empty(); }
    bool operator()(const std::vector<std::string>& words) const noexcept { return !words.empty(); }
  };
  return std::visit(Judge{}, value);
}

const FeatureValue* find_granted(const Features& features, std::string_view name) noexcept {
  for (const auto& [known, value] : features)
    if (known == name) return is_granted(value) ? &value : nullptr;
  return nullptr;
}

const Features kNoFeatures;
const Limits kNoLimits;

}  // namespace

LicenseManager::Impl::Impl(ProductFile base, Environment environment, Path state_dir, const OpenOptions& options)
    : environment_(std::move(environment)),
      base_(std::move(base)),
      product_(base_),
      state_dir_(state_dir.native()),
      license_file_(options.license_file),
      license_document_(options.license_document.begin(), options.license_document.end()),
      release_date_(options.release_date),
      facts_(read_machine_facts(environment_.machine_root)),
      machine_(MachineIdentity::of(facts_, base_.catalog().product)),
      fingerprint_(machine_.fingerprint()),
      store_(std::move(state_dir), base_.catalog().product),
      marks_(environment_.home, base_.catalog().product) {}

Result<std::unique_ptr<LicenseManager::Impl>> LicenseManager::Impl::open(const OpenOptions& options,
                                                                         Environment environment) {
  LIC_TRY(start_crypto());
  LIC_TRY_ASSIGN(ProductFile base, base_product(options));
  Path directory;
  if (options.license_file.empty() && options.license_document.empty()) {
    LIC_TRY_ASSIGN(directory, state_directory(options, environment, base.catalog()));
  }
  std::unique_ptr<Impl> impl(new Impl(std::move(base), std::move(environment), std::move(directory), options));
  LIC_TRY(impl->refresh());
  return impl;
}

Result<void> LicenseManager::Impl::refresh() {
  LIC_TRY(read_state());
  set_aside_damage();
  keep_time();
  return {};
}

/// Everything from the files of the state directory, nothing written.
Result<void> LicenseManager::Impl::read_state() {
  warnings_.clear();
  forced_.reset();
  adopted_ = false;
  if (!judges_file()) {
    LIC_TRY_ASSIGN(loaded_, store_.load(machine_));
  }
  LIC_TRY(choose_product());
  const Catalog& catalog = product_.catalog();
  info_ = {catalog.product,     catalog.name,    product_.version(), catalog.purchase_url,
           catalog.renewal_url, catalog.support, catalog.plans};
  free_plan_.reset();
  if (const Plan* plan = catalog.plan_of_kind(Kind::free)) free_plan_ = grant(product_, *plan, "", {}, Time{});
  tell_condition();
  take_license();
  drop_given_back();
  adopt_dropped_file();
  if (judges_file()) LIC_TRY(judge_file());
  machine_matches_ = license_ && is_for_this_machine(*license_);
  verified_at_ = environment_.now();
  return {};
}

Result<void> LicenseManager::Impl::judge_file() {
  Bytes bytes = license_document_;
  std::string what = "the license given";
  if (!license_file_.empty()) {
    LIC_TRY_ASSIGN(bytes, read_file(license_file_, "license file"));
    what = concat("license file ", in_quotes(license_file_));
  }
  LIC_TRY_ASSIGN(product_, product_for(bytes, what));
  LIC_TRY_ASSIGN(license_, verify(bytes, product_, what));
  if (!is_given_back(license_->terms())) return {};
  forced_ = Reason::no_license;
  warnings_.push_back(concat("the seat of license ", license_->terms().key, " was given back on this machine"));
  return {};
}

void LicenseManager::Impl::tell_condition() {
  switch (loaded_.condition) {
    case StateCondition::absent:
    case StateCondition::intact:
      break;
    case StateCondition::edited:
      forced_ = Reason::untrusted;
      warnings_.push_back(loaded_.problem + "; what it says is not believed: activate the license again");
      break;
    case StateCondition::foreign:
      forced_ = Reason::wrong_machine;
      warnings_.push_back(loaded_.problem + ", where it does not count: activate the license on this one");
      break;
    case StateCondition::damaged:
      warnings_.push_back(loaded_.problem);
      break;
  }
}

/// The newest product file: the base, unless this machine knows a successor of it.
Result<void> LicenseManager::Impl::choose_product() {
  product_ = base_;
  if (!loaded_.state.pin) return {};
  const ProductPin& pin = *loaded_.state.pin;
  auto accepted = pin.accepts(base_);
  if (accepted || base_.version() >= pin.version) return accepted;
  const auto bytes = read_file(store_.product_file(), "product file known here", {.follow_symlink = false});
  if (!bytes)
    return error(bytes.error().code, bytes.error().message,
                 concat("version ", pin.version, " of the product file was in use here: give it, or a newer one"));
  LIC_TRY_ASSIGN(ProductFile known, ProductFile::open(*bytes, "the product file known here"));
  LIC_TRY(pin.accepts(known));
  product_ = std::move(known);
  return {};
}

void LicenseManager::Impl::take_license() {
  license_.reset();
  const ClientState& state = loaded_.state;
  if (state.license) {
    auto verified = verify(view_bytes(state.license->document), product_, "the activated license");
    if (verified) {
      license_ = std::move(verified).value();
    } else {
      forced_ = Reason::untrusted;
      warnings_.push_back(
          concat(verified.error().message, verified.error().hint.empty() ? "" : ": ", verified.error().hint));
    }
  } else if (state.grant) {
    const Plan* plan = product_.catalog().find_plan(state.grant->plan);
    if (plan == nullptr) {
      warnings_.push_back(concat("the plan ", in_quotes(state.grant->plan), " is no longer offered"));
      return;
    }
    license_ = grant(product_, *plan, state.grant->key, {"", state.grant->email}, state.grant->started_at);
  }
}

/// A newer file of the active license, dropped into the state directory, counts.
void LicenseManager::Impl::adopt_dropped_file() {
  if (!license_ || !loaded_.state.license) return;
  ReadOptions options;
  options.follow_symlink = false;
  const Path path = store_.license_file(license_->terms().key);
  const auto bytes = read_file(path, "license file", options);
  if (!bytes) return;  // the activated document is in the state; the file beside it is a courtesy
  if (view_text(*bytes) == loaded_.state.license->document) return;
  const std::string what = concat("license file ", in_quotes(path.native()));
  auto product = product_for(*bytes, what);
  auto dropped = product ? verify(*bytes, *product, what) : Result<VerifiedLicense>(Error(product.error()));
  if (!dropped) {
    warnings_.push_back(dropped.error().message + "; the license that was activated counts");
    return;
  }
  if (dropped->terms().id != license_->terms().id || dropped->terms().serial <= license_->terms().serial) return;
  if (dropped->terms().activation && !knows_exchange(dropped->terms())) {
    warnings_.push_back(what + " answers an activation request: it counts when it is applied");
    return;
  }
  // The vendor's newest word counts, also where it takes something back: an earlier
  // end, a suspension, another machine. Only what has not begun does not yet.
  if (environment_.now() < dropped->terms().starts_at) return;
  product_ = std::move(product).value();
  license_ = std::move(dropped).value();
  loaded_.state.license->document = to_text(*bytes);
  loaded_.state.seen[license_->terms().id] = license_->terms().serial;
  adopted_ = true;
}

/// Keeps a state file that does not open under another name, so that nothing is lost.
void LicenseManager::Impl::set_aside_damage() {
  if (loaded_.condition != StateCondition::damaged) return;
  constexpr std::chrono::milliseconds kPatience{2000};
  const auto lock = store_.lock(kPatience);
  // Another process may have set it aside, or activated anew, while this one waited.
  const auto again = lock ? store_.load(machine_) : Result<LoadedState>(Error(lock.error()));
  if (again && again->condition != StateCondition::damaged) {
    static_cast<void>(read_state());
    return;
  }
  auto kept = again ? store_.set_aside(environment_.now()) : Result<std::string>(Error(again.error()));
  warnings_.push_back(kept ? concat("it grants nothing and is kept as ", *kept,
                                    "; activate the license again with its key or its signed file")
                           : concat("it grants nothing and could not be set aside: ", kept.error().message));
}

/// Writes the latest time seen, and a newer license file that was adopted. Both
/// are found again next time, so a state that cannot be written now is no fault.
void LicenseManager::Impl::keep_time() {
  if (loaded_.condition != StateCondition::intact) return;
  const Time now = environment_.now();
  const bool due = !loaded_.state.high_water || now > *loaded_.state.high_water + kTimeKeeping;
  if (!due && !adopted_) return;
  const auto lock = store_.lock(std::chrono::milliseconds{0});
  if (!lock || !read_state() || loaded_.condition != StateCondition::intact) return;
  static_cast<void>(save(now));
}

const Plan* LicenseManager::Impl::plan_of(const VerifiedLicense& license) const noexcept {
  return product_.catalog().find_plan(license.terms().plan);
}

bool LicenseManager::Impl::is_for_this_machine(const VerifiedLicense& license) const {
  return license.terms().machines.empty() || machine_.matches_any(license.terms().machines);
}

/// What the vendor has signed cannot have been signed in the future, so those
/// times are marks of the clock as well.
Context LicenseManager::Impl::context_for(const VerifiedLicense& license, bool machine_matches,
                                          Time now) const noexcept {
  Context context;
  context.now = now;
  context.high_water = std::max(license.terms().issued_at, product_.issued_at());
  if (loaded_.state.high_water) context.high_water = std::max(*context.high_water, *loaded_.state.high_water);
  context.machine_matches = machine_matches;
  context.release_date = release_date_;
  return context;
}

Decision LicenseManager::Impl::decision_at(Time now) const noexcept {
  if (forced_) return {*forced_, {}};
  if (license_) return decide(*license_, context_for(*license_, machine_matches_, now));
  return {free_plan_ ? Reason::free : Reason::no_license, {}};
}

const Features& LicenseManager::Impl::features_under(const Decision& decision) const noexcept {
  if (license_ || forced_) return license_ && decision.allowed() ? license_->terms().features : kNoFeatures;
  return free_plan_ ? free_plan_->terms().features : product_.catalog().unlicensed.features;
}

const Limits& LicenseManager::Impl::limits_under(const Decision& decision) const noexcept {
  if (license_ || forced_) return license_ && decision.allowed() ? license_->terms().limits : kNoLimits;
  return free_plan_ ? free_plan_->terms().limits : product_.catalog().unlicensed.limits;
}

std::vector<FactInfo> LicenseManager::Impl::explain_machine() const {
  std::vector<FactInfo> facts;
  for (const auto& fact : facts_) {
    const auto digests = machine_.facts().find(fact.name);
    facts.push_back({fact.name, fact.strength == Strength::strong, !fact.values.empty(), fact.values,
                     digests == machine_.facts().end() ? std::vector<std::string>{} : digests->second, fact.source,
                     fact.note});
  }
  return facts;
}

LicenseManager::LicenseManager(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
LicenseManager::LicenseManager(LicenseManager&&) noexcept = default;
LicenseManager& LicenseManager::operator=(LicenseManager&&) noexcept = default;
LicenseManager::~LicenseManager() = default;

Result<LicenseManager> LicenseManager::open(const OpenOptions& options) {
  LIC_TRY_ASSIGN(auto impl, Impl::open(options, system_environment()));
  return LicenseManager(std::move(impl));
}

Decision LicenseManager::decision() const noexcept { return impl_->decision(); }
Status LicenseManager::status() const { return impl_->status(); }

Decision LicenseManager::check_feature(std::string_view name) const noexcept {
  const Decision decision = impl_->decision();
  if (find_granted(impl_->features_under(decision), name) != nullptr)
    return decision.allowed() ? decision : Decision{Reason::free, {}};  // granted without any license
  const bool lapsed = !decision.allowed() && decision.reason != Reason::no_license;
  return lapsed ? decision : Decision{Reason::feature_not_licensed, {}};
}

const FeatureValue* LicenseManager::feature_value(std::string_view name) const noexcept {
  return find_granted(impl_->features_under(impl_->decision()), name);
}

const Limits& LicenseManager::limits() const noexcept { return impl_->limits_under(impl_->decision()); }
Result<Change> LicenseManager::activate(std::string_view license_key) { return impl_->activate(license_key); }

Result<Change> LicenseManager::activate_document(std::span<const unsigned char> document, std::string_view name,
                                                 std::string_view license_key) {
  return impl_->activate_document(document, name, license_key);
}

Result<Change> LicenseManager::start_trial(std::string_view email) { return impl_->start_trial(email); }
Result<Change> LicenseManager::deactivate() { return impl_->deactivate(); }
Result<RequestedActivation> LicenseManager::request_activation(std::string_view license_key, bool anew) {
  return impl_->request_activation(license_key, anew);
}
Result<std::string> LicenseManager::pending_request(std::string_view license_key) const {
  return impl_->pending_request(license_key);
}
Result<Change> LicenseManager::apply_activation(std::span<const unsigned char> document, std::string_view name) {
  return impl_->apply_activation(document, name);
}
Result<ReturnedSeat> LicenseManager::return_seat(std::string_view license_key) {
  return impl_->return_seat(license_key);
}
Result<std::string> LicenseManager::returned_receipt(std::string_view license_key) const {
  return impl_->returned_receipt(license_key);
}
Result<void> LicenseManager::refresh() { return impl_->refresh(); }
const ProductInfo& LicenseManager::product() const noexcept { return impl_->info(); }
const std::string& LicenseManager::machine_id() const { return impl_->fingerprint(); }
std::vector<FactInfo> LicenseManager::explain_machine() const { return impl_->explain_machine(); }
const std::string& LicenseManager::state_dir() const noexcept { return impl_->state_dir(); }

}  // namespace lic
