#pragma once

/// The licensing of one product on this machine, for the application that it
/// protects: may this run, with which features, how much is left?
///
///   auto manager = lic::LicenseManager::open({.product_file = "product.json"});
///   if (manager && manager->check_feature("export").allowed()) ...
///
/// Nothing here prints, throws or ends the process. docs/embedding.md has whole
/// programs.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lic/export.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic {

struct OpenOptions {
  /// The vendor's signed product file, by path or as bytes compiled into the
  /// application. With both, the file counts only if the roots of the compiled-in
  /// one have signed it.
  std::string product_file{};
  std::span<const unsigned char> embedded_product{};
  /// Where the state is kept; empty: $HOME/.<app>/license.
  std::string state_dir{};
  /// A signed license file to judge in place of what is activated; then no state
  /// is read or written, and the changing members below are Errc::usage.
  std::string license_file{};
  /// The same, by its content.
  std::span<const unsigned char> license_document{};
  /// When the release that asks was made: a license whose maintenance ended before
  /// does not cover it (version_not_covered). Absent: not asked about.
  std::optional<Time> release_date{};
  /// How many units of a counter are taken from usage_data.json at a time; consume() then
  /// uses them from memory. 1: each call writes the file. Those not used are given back when
  /// the manager is destroyed, by flush_usage(), and when their day (UTC) is over; after a
  /// crash or power failure they count as used, so at most this many of a counter are lost
  /// to the user, and none to the vendor.
  std::int64_t usage_block = 1;
  /// How long units may be kept so before the next consume() or refresh() gives them back.
  /// 0: for the day.
  std::chrono::milliseconds usage_interval{0};
  /// The licensing server: `https://HOST[:PORT]`, or `http://` on this machine; empty: that of the product file, if
  /// it names one. activate(), start_trial(), deactivate() and confirm() ask it, by liblic-http.
  std::string server{};
  /// Whether none is to be asked.
  bool offline = false;
  /// Whom to trust as the server, a PEM file; empty: the certificate authorities of the system.
  std::string server_ca_file{};
  /// How long the server is waited for, in all. No other process and no other call waits with it.
  std::chrono::milliseconds server_patience{10'000};
};

/// Where the rights come from.
enum class Source { none, offline, online, trial, free };
[[nodiscard]] LIC_API std::string_view token(Source source) noexcept;

/// What the user should do next, and where.
struct NextStep {
  /// "renew", "buy", "upgrade", "activate", "verify", "check-out", "contact-support", "set-clock",
  /// "use-physical-machine", "import-revocations"; empty: nothing
  std::string action;
  std::string url;  ///< empty when there is none
};

/// That the vendor has revoked a license, as a signed list says.
struct RevokedInfo {
  Time at{};
  std::string reason;  ///< as the vendor wrote it: escape it before printing
};

/// The newest list of revocations that was seen here.
struct RevocationListInfo {
  std::int64_t seq = 0;
  Time issued_at{};
  Time next_update{};  ///< from then on it is stale
  friend bool operator==(const RevocationListInfo&, const RevocationListInfo&) = default;
};

/// What a licensing server has granted this machine.
struct LeaseInfo {
  std::string server;  ///< its address
  Time granted_at{};   ///< by the server's clock
  Time refresh_at{};   ///< when it is time to ask again
  /// When it ends, unless it was refreshed; the license's days of grace follow, but not of one that floats.
  Time expires_at{};
  friend bool operator==(const LeaseInfo&, const LeaseInfo&) = default;
};

/// That a licensing server has said no, signed. It counts until the server says yes, or a newer signed
/// license is there; for ever where the license was revoked.
struct DenialInfo {
  Reason reason = Reason::no_license;
  Time at{};  ///< by the server's clock
  friend bool operator==(const DenialInfo&, const DenialInfo&) = default;
};

/// The whole answer at one moment.
struct Status {
  Time at{};  ///< the moment it is about
  Decision decision;
  std::string license_key;  ///< empty when nothing is activated
  std::int64_t serial = 0;
  std::string plan;
  std::string plan_name;
  std::optional<Kind> kind;
  Customer customer;
  std::optional<Time> starts;
  std::optional<Time> expires;
  std::optional<Time> maintenance_until;  ///< covers releases up to then; absent: all
  std::optional<Time> activated_at;
  Features features;  ///< in force: the license's; while that does not hold, what is free for everybody
  Limits limits;      ///< the same
  Usage usage;        ///< of these limits, as last read from the state
  std::int64_t seats = 0;
  std::optional<Floating> floating;  ///< the license grants only while `lease` runs
  Source source = Source::none;
  std::optional<Time> verified_at;  ///< when its signature was last checked
  std::optional<RevokedInfo> revoked;
  std::optional<LeaseInfo> lease;                 ///< absent: no server has confirmed this license
  std::optional<DenialInfo> denied;               ///< absent: no server has denied it
  std::optional<RevocationListInfo> revocations;  ///< absent: no list was ever seen here
  std::optional<Time> latest_time;                ///< the latest that was seen, by which the clock is judged
  NextStep next;
  /// In a sentence, why this is the wrong machine for the license: it is bound to another,
  /// or not for virtual machines, and what shows that this is one. Else empty; safe to print.
  std::string obstacle;
  std::vector<std::string> warnings;  ///< in sentences for people; safe to print
};

/// By what a license was checked.
enum class CheckedBy {
  server,        ///< it has answered, just now
  documents,     ///< the vendor's signed documents
  lease,         ///< these, and the lease that the server granted before
  product_file,  ///< there is no license: what the product grants by itself
};
[[nodiscard]] LIC_API std::string_view token(CheckedBy by) noexcept;

struct Confirmation {
  Decision decision;  ///< what holds now
  CheckedBy by = CheckedBy::documents;
  std::string message;  ///< why the server did not answer; empty: it did, or none was asked. Safe to print
  /// no_seat_left of a license that floats: the place of this machine among those that wait, from 1. It is kept by
  /// asking again at `retry_at`.
  std::optional<std::int64_t> queue{};
  std::optional<Time> retry_at{};
};

/// What came of a change that was asked for.
struct Change {
  bool changed = false;  ///< false: nothing was, and what was active stays active
  Decision decision;     ///< of activation and trial: why (not); of deactivation: what holds now
  std::string message;   ///< says what was done, or why nothing was; safe to print
  std::string hint;      ///< what to do next, or empty
  /// As those of Confirmation.
  std::optional<std::int64_t> queue{};
  std::optional<Time> retry_at{};
};

/// Where the secret is that the state on this machine is sealed with.
enum class KeyPlace {
  file,     ///< state.key in the state directory, mode 0600: opens for everything that runs as this user
  keyring,  ///< the keyring of the desktop: opens while the user is logged in there and it is unlocked
};

/// A request for a seat of a license, for the vendor to answer.
struct RequestedActivation {
  std::string id;
  std::string license_key;
  std::string document;  ///< a line of text, to be carried to the vendor
  bool made = false;     ///< false: it was waiting for its answer already
};

/// A seat given back.
struct ReturnedSeat {
  Change change;        ///< not `changed` when it was given back before, or there was none
  std::string receipt;  ///< a line of text, to be carried to the vendor; empty: there was no seat
};

/// A license file of the state directory, or what is active without one.
struct InstalledLicense {
  std::string path;         ///< empty for a trial, and where the active license's file is gone
  std::string license_key;  ///< empty where the file is not genuine
  std::string plan;
  std::optional<Kind> kind;
  std::int64_t serial = 0;
  std::optional<Time> starts;
  std::optional<Time> expires;
  Decision decision;    ///< of it alone
  bool active = false;  ///< the one that counts
  std::string problem;  ///< why it cannot count whatever it says, or empty; safe to print
};

/// A list of revocations that was imported.
struct ImportedRevocations {
  Change change;  ///< not `changed` when it was known already
  RevocationListInfo list;
  std::size_t entries = 0;  ///< licenses on it
};

/// What the vendor needs to let a clock that once ran ahead be forgotten.
struct ClockCodeInfo {
  std::string code;  ///< to be read out or mailed
  Time latest_time{};
  Time clock{};       ///< what the clock says
  bool made = false;  ///< false: it waits for its answer already
};

/// What was used of a license on this device since the statement before, as a document that the
/// device has signed: the vendor bills by it (docs/formats.md, 14).
struct UsageReport {
  std::string license_key;
  std::int64_t seq = 0;  ///< of the statement, from 1; each names the one before
  Time from{};
  Time to{};
  std::string device;    ///< id of the key that signed it
  std::string document;  ///< a line of text, to be carried to the vendor
};

/// What a licensing server has taken of the usage statements of a license.
struct SentUsage {
  std::string license_key;
  std::int64_t newest = 0;  ///< the number of the newest one that it has
  std::int64_t sent = 0;    ///< how many were given to it just now
};

/// One property by which this machine is known, for showing to its user.
struct FactInfo {
  std::string name;
  bool strong = false;
  bool present = false;
  std::vector<std::string> values;   ///< as read here; they never leave this machine
  std::vector<std::string> digests;  ///< what the fingerprint carries instead
  std::string source;                ///< the file it was read from
  std::string note;                  ///< why it is absent
};

/// Opened once, then asked as often as wanted, from any number of threads at once; only to
/// destroy or move it, or assign to it, no other call may be under way. Those that are
/// `const noexcept` take no lock, allocate nothing and read no file, status() aside. The
/// others work one after the other, and wait for other processes that change the state.
/// None throws: that memory ran out is Errc::failure.
///
/// After fork() the child may go on with it. What the parent drew of a counter is not the
/// child's, and a listener and a thread that refreshes are the parent's alone.
class LIC_API LicenseManager {
 public:
  /// Reads the product file and the state of this user on this machine.
  /// No license at all is not an error: see status().
  /// Errors: not_found (no product file), untrusted (it is not genuine, or not the
  /// one this machine knows), invalid_input, denied, failure (no $HOME, I/O); denied or
  /// unavailable where keep_state_key() put the secret into a keyring that does not open now.
  [[nodiscard]] static Result<LicenseManager> open(const OpenOptions& options);

  LicenseManager(LicenseManager&&) noexcept;
  LicenseManager& operator=(LicenseManager&&) noexcept;
  ~LicenseManager();

  /// Judged anew at each call, at the clock's time. No file is read.
  [[nodiscard]] Decision decision() const noexcept;
  /// Reads the state again, checks its signatures again, and judges it.
  /// Errors: those of refresh(); decision() then still answers from the last reading.
  [[nodiscard]] Result<Decision> validate();
  /// No file is read. Where memory runs out, all but `at` and `decision` is empty.
  [[nodiscard]] Status status() const noexcept;

  /// Whether the feature may be used now. A feature is licensed when it is there
  /// and not false, 0, "" or []. Reasons: as decision(), or feature_not_licensed.
  /// Without a license that holds, what the free plan or the product's unlicensed terms grant
  /// is still there, with reason free; not with a state that was tampered with, or a clock set back.
  /// Allocates nothing, reads no file, takes no lock.
  [[nodiscard]] Decision check_feature(std::string_view name) const noexcept;
  /// The value, null when the feature is not licensed now. What it points to, here and
  /// below, stays as it is until the manager is destroyed, also when a change comes.
  [[nodiscard]] const FeatureValue* feature_value(std::string_view name) const noexcept;
  /// The limits in force now.
  [[nodiscard]] const Limits& limits() const noexcept;

  /// What is used of these limits, by every process that counts here: reads the file.
  /// Errors: denied, invalid_input (written by a newer version), failure.
  [[nodiscard]] Result<Usage> usage() const;
  /// Uses `n` (1 or more) of the limit with that name, or none: then usage_limit_reached, or
  /// why the license does not hold. Never lets more be used than the limit and its overage,
  /// however many processes and threads count; and what this says was used is on disk first,
  /// as usage_data.json or as a block of OpenOptions::usage_block. Where the limits are those
  /// of a product without a license, the decision is `free`.
  /// Errors: not_found (no such limit; the hint names those there are), usage (n), denied,
  /// unavailable, failure (disk full). Nothing is granted then; nor is anything counted, unless
  /// the message begins with "it is recorded": the disk filled up halfway, and this could not be
  /// taken back. Of a counter, the next call then takes it from there, and flush_usage() or the
  /// end of the manager gives it back; a level is to be released when the disk has room again.
  /// When memory runs out halfway it is the same, without those words.
  [[nodiscard]] Result<Consumption> consume(std::string_view name, std::int64_t n = 1);
  /// Gives back `n` of a level (a limit without a period), also when the license has ended.
  /// Errors: usage (a counter), conflict (less is in use; nothing changed), and as consume(): with
  /// "it is recorded", it is given back.
  [[nodiscard]] Result<Consumption> release(std::string_view name, std::int64_t n = 1);
  /// Gives back to the file what was drawn in advance and is not used yet.
  /// Errors: denied, unavailable, failure; it then stays here.
  [[nodiscard]] Result<void> flush_usage();

  /// Makes the next usage statement of the license with that key, else of the active one, with
  /// what was counted since the last one. It counts as told from then on: whoever loses the
  /// document gets it again from reported_usage(). The key that signs is made with the first
  /// one. `new_key` makes another, which begins new chains: for a state that was restored from
  /// a backup and would repeat numbers that the vendor has seen; the vendor must agree.
  /// Errors: not_found (no signed license is active; nothing was counted under that key),
  /// invalid_input (mistyped key), untrusted (the state was edited), denied, unavailable,
  /// failure (nothing was made; or it is, and counts, and the message says so).
  [[nodiscard]] Result<UsageReport> report_usage(std::string_view license_key = {}, bool new_key = false);
  /// A statement that was made before; the last 120 are kept, beside the state.
  /// Errors: not_found, and as report_usage().
  [[nodiscard]] Result<UsageReport> reported_usage(std::int64_t seq, std::string_view license_key = {}) const;

  /// Gives the licensing server the statements that it does not have yet of that license, else of the active one, the
  /// oldest first. Called again, it goes on where it was cut short, and gives nothing twice.
  /// Errors: not_found (none was made, or one that the server misses is not kept here any more), usage (no server is
  /// known), unavailable (it does not answer; what it has taken, it has), conflict (it refuses them: they are of a
  /// state that was restored, or of another device), and as report_usage().
  [[nodiscard]] Result<SentUsage> send_usage(std::string_view license_key = {});

  /// Activates the license with that key: by the licensing server, if there is one, which then
  /// has this machine in one of its seats (Source::online); where nobody answers, and without a server, by
  /// its signed file, which lies in the state directory as <KEY>.json or is the active one already.
  /// A no (expired, wrong machine, no seat left, ...), the server's too, changes nothing; but
  /// one of the server's for the license that is active counts for that from then on.
  /// Errors: invalid_input (mistyped key: the hint suggests), not_found (no signed
  /// file, no such license), untrusted, conflict (an older serial than was seen here; a trial in
  /// place of a paid license), denied, unavailable (also the server), failure.
  [[nodiscard]] Result<Change> activate(std::string_view license_key);
  /// The same from a signed file, given by its content, which the server has to confirm if it answers. `name` is for
  /// messages.
  /// With `license_key`, the license of another key is Errc::invalid_input.
  [[nodiscard]] Result<Change> activate_document(std::span<const unsigned char> document, std::string_view name,
                                                 std::string_view license_key = {});

  /// The same from a file. A list of revocations `revocations.json` beside it is imported
  /// first, if it is newer than what is known; one that is malformed or not genuine is a warning.
  /// Errors: also those of import_revocations() for another list of the same number.
  [[nodiscard]] Result<Change> activate_file(const std::string& path, std::string_view license_key = {});

  /// Takes the vendor's list of revocations. What it revokes of the licenses known here
  /// stays revoked, whatever later lists say. (A file revocations.json in the state directory
  /// is taken by itself.) `decision` is what holds then.
  /// Errors: invalid_input, untrusted (not genuine; another list of the number that is known:
  /// one of the two is forged or the vendor's numbers were given twice), conflict (older than
  /// what is known), denied, unavailable, failure.
  [[nodiscard]] Result<ImportedRevocations> import_revocations(std::span<const unsigned char> document,
                                                               std::string_view name);

  /// For a clock that once ran ahead: the code by which the vendor signs a reset of the latest
  /// time seen. It stays the same until it is used or a later time is seen.
  /// Errors: conflict (the clock is not behind that time, or it is behind the date of a signed
  /// document, which no reset changes), untrusted (the state was tampered with), denied,
  /// unavailable, failure.
  [[nodiscard]] Result<ClockCodeInfo> clock_code();
  /// Sets the latest time seen back to when the vendor signed `document`: on the machine that
  /// has the code waiting, once, and with the clock set right. A trial that began while the
  /// clock ran ahead keeps what was left of it, and counters keep what was used.
  /// Errors: as clock_code(); conflict also for another code, or one that was used.
  [[nodiscard]] Result<Change> apply_clock_reset(std::span<const unsigned char> document, std::string_view name);

  /// Starts the product's trial, once per user and machine; where a licensing server answers, it is the one that
  /// the server knows of this machine, which may have begun before. With an e-mail address
  /// at one of its domains, a plan that the vendor grants by e-mail alone.
  /// Reason trial_not_available when one was used here.
  /// Errors: not_found (the product has none), conflict (a paid license is
  /// active), invalid_input (not an address), denied, unavailable, failure.
  [[nodiscard]] Result<Change> start_trial(std::string_view email = {});

  /// Asks the licensing server whether the active license, or trial, holds here, and keeps what it says: a lease that
  /// is due is refreshed; a license without one takes a seat; a newer signed license, product file or list of
  /// revocations of the server's is taken. Where it does not answer, what was known stays. Errors: those of refresh(),
  /// and of writing what was said.
  [[nodiscard]] Result<Confirmation> confirm();
  /// Does so where a lease is due and was not asked for in vain within the last quarter of an hour; of a license that
  /// floats, within a minute or less. refresh_every() does it by itself. Errors: as confirm(), unless nothing
  /// was due.
  [[nodiscard]] Result<void> refresh_lease();
  /// Takes the seat of the active license, which floats, along until then, or for as long as the license allows: no
  /// server need be reached meanwhile. The end of the lease is the message's and that of status(). Given back earlier
  /// by check_in() or deactivate(). A no (no seat left, ...) changes nothing, as that of activate(). Errors: not_found
  /// (nothing is activated), conflict (the license does not float, or may not be borrowed), invalid_input (`until` is
  /// over), usage (no server is known), unavailable (it does not answer), denied, failure.
  [[nodiscard]] Result<Change> borrow(Time until);
  /// Gives the seat of the active license, which floats, back, and keeps the license: it is lease_expired until
  /// confirm() takes a seat again, or activate(). For an application that ends; without it the seat comes back when
  /// its lease ends. Not `changed` where it had none.
  /// Errors: conflict (the license does not float), unavailable (the server does not answer), and as borrow().
  [[nodiscard]] Result<Change> check_in();
  /// The address of the server that would be asked about the active license; empty: none.
  [[nodiscard]] std::string server() const noexcept;

  /// Every license file of the state directory, and the active license. The active one is
  /// first, the others follow in the order in which they would take its place: those that
  /// hold, those that are paid, those that end later, those issued later.
  /// Errors: denied, failure.
  [[nodiscard]] Result<std::vector<InstalledLicense>> license_files() const;

  /// Gives up the active license; its signed file stays. A seat that the server holds for it is
  /// given back; where the server does not answer, that is tried anew by the next call, and it comes back by
  /// itself when its lease ends: the hint says so. Not `changed` when nothing was active.
  [[nodiscard]] Result<Change> deactivate();

  /// Asks for a seat of that license for this machine, without a network: the document
  /// is for the vendor, whose answer apply_activation() takes. A request that waits for
  /// its answer is given out again, unless it is for another key or `anew`: then its
  /// answer will not count any more. What is active stays active.
  /// Errors: invalid_input (mistyped key; a machine that cannot be told from others),
  /// denied, unavailable, failure.
  [[nodiscard]] Result<RequestedActivation> request_activation(std::string_view license_key, bool anew = false);
  /// The document of the request for that key that waits for its answer; empty: none.
  [[nodiscard]] Result<std::string> pending_request(std::string_view license_key) const;
  /// Activates the license in the vendor's answer, also as scanned pieces of text. It
  /// counts on this machine alone, and for the request that waits or was answered by
  /// the same file before.
  /// Errors: as activate_document(); conflict also for the answer to another request,
  /// and for one whose seat was given back.
  [[nodiscard]] Result<Change> apply_activation(std::span<const unsigned char> document, std::string_view name);
  /// Gives back the seat that a request had taken: of that key, else of the active
  /// license, else the last one. The license is then not active, and its files and
  /// older copies of the state do not make it so again on this machine; a new
  /// request is the way back. Called again, it gives the same receipt.
  /// Errors: conflict (the active license took no seat by a request), not_found (no
  /// seat of that key was taken), denied, unavailable, failure.
  [[nodiscard]] Result<ReturnedSeat> return_seat(std::string_view license_key = {});
  /// The receipt that return_seat() would give again; empty: it would make one, or none.
  [[nodiscard]] Result<std::string> returned_receipt(std::string_view license_key = {}) const;

  /// Keeps the secret of the state there from now on. Nothing but this call moves it, and only a
  /// state whose secret is in the keyring makes liblic ask one: without a thread, without
  /// starting anything, without letting a question appear, and for at most two seconds. While the
  /// keyring does not open, open() is Errc::denied (it is locked) or Errc::unavailable (none
  /// answers), and the state stays as it is; a manager that is open keeps the secret and goes on.
  /// Not `changed` where it is kept there already.
  /// Errors: denied, unavailable (nothing was moved), untrusted (the state was edited), failure.
  [[nodiscard]] Result<Change> keep_state_key(KeyPlace place);
  [[nodiscard]] KeyPlace state_key_place() const noexcept;

  /// Reads the state from disk again: what other processes changed, and files dropped there.
  /// Errors: as open(); the last answers then stand.
  [[nodiscard]] Result<void> refresh();
  /// Does so by itself, in a thread of its own which takes no signals, each `interval`, and whenever
  /// a lease is due; 0 ends that. Errors: usage (less than 0; called by that thread), failure (no thread can be had).
  [[nodiscard]] Result<void> refresh_every(std::chrono::seconds interval);
  /// `listener` is called when another license counts, or the reason of the decision is
  /// another than at the last call or change: by the thread that changed or refreshed, when
  /// it is done. It may call members, but not destroy the manager nor call refresh_every().
  /// What it throws is dropped. An empty one ends it; a call that is under way may go on.
  /// Errors: failure.
  Result<void> on_change(std::function<void(const Status&)> listener) noexcept;

  [[nodiscard]] const ProductInfo& product() const noexcept;
  /// The fingerprint to give to the vendor.
  [[nodiscard]] const std::string& machine_id() const noexcept;
  [[nodiscard]] std::vector<FactInfo> explain_machine() const;
  /// The virtual machine and the container that this system shows to run in, the outermost
  /// first; empty: none shows. Read from files anew, never sent, no part of machine_id().
  [[nodiscard]] std::vector<VirtualLayer> virtual_layers() const;
  [[nodiscard]] const std::string& state_dir() const noexcept;

  class Impl;
  explicit LicenseManager(std::unique_ptr<Impl> impl) noexcept;  ///< for our own tests

 private:
  Result<void> set_listener(std::function<void(const Status&)> listener);

  std::unique_ptr<Impl> impl_;
};

// Compiled into the application: an exception of its C++ runtime would not get through liblic's.
inline Result<void> LicenseManager::on_change(std::function<void(const Status&)> listener) noexcept {
  try {
    if (!listener) return set_listener({});
    return set_listener([heard = std::move(listener)](const Status& status) noexcept {
      try {
        heard(status);
      } catch (...) {  // NOLINT(bugprone-empty-catch): as promised
      }
    });
  } catch (...) {
    return Error{Errc::failure, "out of memory", {}};
  }
}

}  // namespace lic
