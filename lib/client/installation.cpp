#include "client/installation.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/start.hpp"
#include "policy/decide.hpp"

namespace lic {
namespace {

/// The clock's high-water mark is written at most this often.
constexpr std::chrono::hours kTimeKeeping{1};

std::string name_of_product_file(const OpenOptions& options) {
  return options.product_file.empty() ? std::string("the embedded product file")
                                      : concat("product file ", in_quotes(options.product_file));
}

/// The product file that the application brings, before anything of this machine counts:
/// choose_product() looks at its signatures, unless this machine knows those very bytes.
Result<ProductFile> base_product(const OpenOptions& options, const std::string& what) {
  if (options.embedded_product.empty() && options.product_file.empty())
    return error(Errc::not_found, "no product file is given", "get product.json from the vendor of the software");
  if (options.product_file.empty()) return ProductFile::open_unchecked(options.embedded_product, what);
  LIC_TRY_ASSIGN(const Bytes bytes, read_file(options.product_file, "product file"));
  LIC_TRY_ASSIGN(ProductFile given, ProductFile::open_unchecked(bytes, what));
  if (options.embedded_product.empty()) return given;
  LIC_TRY_ASSIGN(const ProductFile embedded, ProductFile::open(options.embedded_product, "the embedded product file"));
  LIC_TRY(given.check_signatures(what));
  LIC_TRY(embedded.accepts(given));
  return given;
}

/// What is named from the working directory stays where it is when the application goes to another.
Result<Path> made_absolute(const Path& path) {
  if (path.is_absolute()) return path;
  std::array<char, PATH_MAX> here{};  // the C++ library's own costs a page of liblic
  if (::getcwd(here.data(), here.size()) == nullptr) return system_error(errno, "cannot tell where is", path);
  return Path(here.data()) / path;
}

Result<Path> state_directory(const OpenOptions& options, const Environment& environment, const Catalog& catalog) {
  if (!options.state_dir.empty()) return made_absolute(options.state_dir);
  if (environment.home.empty())
    return error(Errc::failure, "HOME is not set, so there is no place for the license state",
                 "set HOME, or name a directory with --state-dir");
  return made_absolute(environment.home / concat('.', catalog.app) / "license");
}

}  // namespace

Installation::Installation(std::shared_ptr<const Beginning> beginning)
    : held_(std::move(beginning)),
      beginning_(*held_),
      environment_(beginning_.environment),
      state_dir_(beginning_.state_dir.native()),
      facts_(read_machine_facts(environment_.machine_root)),
      machine_(MachineIdentity::of(facts_, beginning_.base.catalog().id)),
      store_(beginning_.state_dir, beginning_.base.catalog().id, environment_.keyring),
      marks_(environment_.home, beginning_.base.catalog().id),
      standing_(beginning_.base) {
  standing_.fingerprint = machine_.fingerprint();
  standing_.release_date = beginning_.release_date;
}

Result<std::unique_ptr<Installation>> Installation::open(const OpenOptions& options, Environment environment) {
  LIC_TRY(start_crypto());
  std::string product_name = name_of_product_file(options);
  LIC_TRY_ASSIGN(ProductFile base, base_product(options, product_name));
  Path directory;
  if (options.license_file.empty() && options.license_document.empty()) {
    LIC_TRY_ASSIGN(directory, state_directory(options, environment, base.catalog()));
  }
  Path license;
  if (!options.license_file.empty()) {
    LIC_TRY_ASSIGN(license, made_absolute(options.license_file));
  }
  auto beginning = std::make_shared<Beginning>(Beginning{std::move(environment), std::move(base)});
  beginning->product_name = std::move(product_name);
  beginning->built_in = !options.embedded_product.empty();
  beginning->state_dir = std::move(directory);
  beginning->license_file = options.license_file;
  beginning->license_path = std::move(license);
  beginning->license_document.assign(options.license_document.begin(), options.license_document.end());
  beginning->release_date = options.release_date;
  beginning->server = {options.server, options.server_ca_file, options.server_patience, options.offline};
  return start(std::move(beginning));
}

Result<std::unique_ptr<Installation>> Installation::again() const { return start(held_); }

Result<std::unique_ptr<Installation>> Installation::start(std::shared_ptr<const Beginning> beginning) {
  std::unique_ptr<Installation> opened(new Installation(std::move(beginning)));
  LIC_TRY(opened->refresh());
  return opened;
}

Result<void> Installation::refresh() {
  kept_note_.clear();
  LIC_TRY(read_state());
  set_aside_damage();
  keep_time();
  return {};
}

/// Everything from the files of the state directory, nothing written.
Result<void> Installation::read_state() {
  if (!judges_file()) {
    LIC_TRY_ASSIGN(loaded_, store_.load(machine_));
  }
  standing_.warnings.clear();
  if (!kept_note_.empty()) standing_.warnings.push_back(kept_note_);
  standing_.forced.reset();
  adopted_ = false;
  LIC_TRY(choose_product());
  const Catalog& catalog = standing_.product.catalog();
  standing_.info = standing_.product.info();
  standing_.free_plan.reset();
  if (const Plan* plan = catalog.plan_of_kind(Kind::free))
    standing_.free_plan = grant(standing_.product, *plan, "", {}, Time{});
  tell_condition();
  take_license();
  drop_given_back();
  adopt_dropped_file();
  look_at_list();
  settle();  // so that what is active is judged by all of it
  adopt_better_license();
  if (judges_file()) LIC_TRY(judge_file());
  if (judges_file()) judge_by_list_beside();
  drop_forbidden_free_plan();
  standing_.verified_at = environment_.now();
  auto usage = read_usage();
  look_at_file_times();
  settle();
  LIC_TRY_ASSIGN(std::string problem, std::move(usage));
  if (!problem.empty()) standing_.warnings.push_back(std::move(problem));
  return {};
}

/// What follows from the state and the license just taken.
void Installation::settle() {
  const ClientState& state = loaded_.state;
  standing_.fit = standing_.license ? fit_of(*standing_.license) : MachineFit{};
  std::string reset = state.clock_resets.empty() ? std::string() : state.clock_resets.back();
  if (reset != standing_.clock_reset) witnessed_.reset();
  standing_.clock_reset = std::move(reset);
  standing_.high_water = state.high_water;
  if (witnessed_) standing_.high_water = std::max(state.high_water.value_or(*witnessed_), *witnessed_);
  settle_revocations();
  settle_seat();
  opened_list_.reset();
  standing_.key_place = state.keyring_name.empty() ? KeyPlace::file : KeyPlace::keyring;
  standing_.activated_at.reset();
  if (state.license) standing_.activated_at = state.license->activated_at;
  if (state.grant) standing_.activated_at = state.grant->started_at;
}

Result<std::string> Installation::read_usage() {
  if (judges_file()) return std::string();
  LIC_TRY_ASSIGN(KnownUsage known, store_.load_usage(machine_, loaded_.state.usage));
  book_ = std::move(known.book);
  usage_damaged_ = known.damaged;
  usage_written_ = known.written;
  return std::move(known.problem);
}

Result<void> Installation::refresh_usage() {
  // A fault of the file is told with the state, when that is next read.
  const auto problem = read_usage();
  if (!problem) return Error(problem.error());
  return {};
}

Result<void> Installation::judge_file() {
  Bytes bytes = beginning_.license_document;
  std::string what = "the license given";
  if (!beginning_.license_file.empty()) {
    LIC_TRY_ASSIGN(bytes, read_file(beginning_.license_path, "license file"));
    what = concat("license file ", in_quotes(beginning_.license_file));
  }
  LIC_TRY_ASSIGN(standing_.product, product_for(bytes, what));
  LIC_TRY_ASSIGN(standing_.license, verify(bytes, standing_.product, what));
  if (!is_given_back(standing_.license->terms())) return {};
  standing_.forced = Reason::no_license;
  standing_.warnings.push_back(
      concat("the seat of license ", standing_.license->terms().key, " was given back on this machine"));
  return {};
}

void Installation::tell_condition() {
  switch (loaded_.condition) {
    case StateCondition::absent:
    case StateCondition::intact:
      break;
    case StateCondition::edited:
      standing_.forced = Reason::untrusted;
      standing_.warnings.push_back(loaded_.problem + "; what it says is not believed: activate the license again");
      break;
    case StateCondition::foreign:
      standing_.forced = Reason::wrong_machine;
      standing_.warnings.push_back(loaded_.problem + "; it does not count here: activate the license on this machine");
      break;
    case StateCondition::damaged:
      standing_.warnings.push_back(loaded_.problem);
      break;
    case StateCondition::keyless:
      standing_.warnings.push_back(loaded_.problem + ": it grants nothing; activate the license again");
      break;
  }
}

/// The newest product file: the base, unless this machine knows a successor of it. A base that
/// is the pinned one, byte for byte, was checked when it was pinned, and the seal of the state
/// vouches for the pin; every other one is checked now. The seal vouches for no more than that
/// licctl or an application wrote the pin here, perhaps for a product file of the user's own, so
/// what is built in goes before it.
Result<void> Installation::choose_product() {
  standing_.product = beginning_.base;
  const bool pinned = loaded_.state.pin && loaded_.state.pin->digest == beginning_.base.digest();
  if (!pinned && !base_checked_) LIC_TRY(beginning_.base.check_signatures(beginning_.product_name));
  base_checked_ = base_checked_ || !pinned;
  if (!loaded_.state.pin) return {};
  const ProductPin& pin = *loaded_.state.pin;
  auto accepted = pin.accepts(beginning_.base);
  if (accepted || beginning_.base.version() >= pin.version) return accepted;
  const auto bytes = read_file(store_.product_file(), "product file known here", {.follow_symlink = false});
  if (!bytes)
    return error(bytes.error().code, bytes.error().message,
                 concat("version ", pin.version, " of the product file was in use here: give it, or a newer one"));
  LIC_TRY_ASSIGN(ProductFile known, ProductFile::open(*bytes, "the product file known here"));
  LIC_TRY(pin.accepts(known));
  if (beginning_.built_in && !beginning_.base.accepts(known))
    return error(Errc::untrusted,
                 concat("the product file known here, version ", pin.version,
                        ", is no successor of the one built into this program"),
                 concat("get the newest program; where that file is none of the vendor's, move ", in_quotes(state_dir_),
                        " away and activate the license again"));
  standing_.product = std::move(known);
  return {};
}

void Installation::take_license() {
  standing_.license.reset();
  const ClientState& state = loaded_.state;
  if (state.license) {
    auto verified = verify(view_bytes(state.license->document), standing_.product, "the activated license");
    if (verified) {
      standing_.license = std::move(verified).value();
    } else {
      standing_.forced = Reason::untrusted;
      standing_.warnings.push_back(
          concat(verified.error().message, verified.error().hint.empty() ? "" : ": ", verified.error().hint));
    }
  } else if (state.grant) {
    const Plan* plan = standing_.product.catalog().find_plan(state.grant->plan);
    // No state makes a paid plan of what nobody signed.
    if (plan == nullptr || (is_paid(plan->kind) && !plan->grant_by_email)) {
      standing_.warnings.push_back(concat("the plan ", in_quotes(state.grant->plan), " is no longer offered"));
      return;
    }
    standing_.license =
        grant(standing_.product, *plan, state.grant->key, {"", state.grant->email}, state.grant->started_at);
  }
}

/// A newer file of the active license, dropped into the state directory, counts.
void Installation::adopt_dropped_file() {
  if (!standing_.license || !loaded_.state.license) return;
  ReadOptions options;
  options.follow_symlink = false;
  const Path path = store_.license_file(standing_.license->terms().key);
  const auto bytes = read_file(path, "license file", options);
  if (!bytes) return;  // the activated document is in the state; the file beside it is a courtesy
  if (view_text(*bytes) == loaded_.state.license->document) return;
  const std::string what = concat("license file ", in_quotes(path.native()));
  auto product = product_for(*bytes, what);
  auto dropped = product ? verify(*bytes, *product, what) : Result<VerifiedLicense>(Error(product.error()));
  if (!dropped) {
    standing_.warnings.push_back(dropped.error().message + "; the license that was activated counts");
    return;
  }
  if (dropped->terms().id != standing_.license->terms().id ||
      dropped->terms().serial <= standing_.license->terms().serial)
    return;
  if (dropped->terms().activation && !knows_exchange(dropped->terms())) {
    standing_.warnings.push_back(what + " answers an activation request: it counts when it is applied");
    return;
  }
  // The vendor's newest word counts, also where it takes something back: an earlier
  // end, a suspension, another machine. Only what has not begun does not yet.
  if (environment_.now() < dropped->terms().starts_at) return;
  standing_.product = std::move(product).value();
  standing_.license = std::move(dropped).value();
  loaded_.state.license->document = to_text(*bytes);
  loaded_.state.seen[standing_.license->terms().id] = standing_.license->terms().serial;
  adopted_ = true;
}

/// Keeps a state file that does not open under another name, so that nothing is lost.
void Installation::set_aside_damage() {
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
  standing_.warnings.push_back(kept ? concat("it grants nothing and is kept as ", *kept,
                                             "; activate the license again with its key or its signed file")
                                    : concat("it grants nothing and could not be set aside: ", kept.error().message));
}

/// Writes the latest time seen, a newer license file or list of revocations that was adopted, and
/// the locks of a machine of which a part was replaced, before the next part is. All are found
/// again next time, so a state that cannot be written now is no fault.
void Installation::keep_time() {
  if (loaded_.condition != StateCondition::intact) return;
  const Time now = environment_.now();
  const bool due = !loaded_.state.high_water || now > *loaded_.state.high_water + kTimeKeeping;
  const bool changed = loaded_.machine_changed;
  if (!due && !adopted_ && !changed) return;
  const auto lock = store_.lock(std::chrono::milliseconds{0});
  if (!lock || !read_state() || loaded_.condition != StateCondition::intact) return;
  if (changed && !seal_usage()) return;
  static_cast<void>(save(now));
}

std::vector<FactInfo> Installation::explain_machine() const {
  std::vector<FactInfo> facts;
  for (const auto& fact : facts_) {
    const auto digests = machine_.facts().find(fact.name);
    facts.push_back({fact.name, fact.strength == Strength::strong, !fact.values.empty(), fact.values,
                     digests == machine_.facts().end() ? std::vector<std::string>{} : digests->second, fact.source,
                     fact.note});
  }
  return facts;
}

}  // namespace lic
