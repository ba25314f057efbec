#pragma once

/// The ledger: what the vendor has issued, to whom, and all that happened since.
///
/// Every change is made in a Transaction together with its history entry; what
/// is committed is durable. The interface speaks of licensing, not of tables,
/// so that another database can stand behind it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/activation.hpp"
#include "ledger/token_record.hpp"
#include "ledger/trial_record.hpp"
#include "ledger/usage_record.hpp"
#include "ledger/webhook_record.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "license/key.hpp"
#include "license/terms.hpp"
#include "trust/product.hpp"
#include "trust/revocations.hpp"

namespace lic {

/// Who did what, when and why. Written once, never changed.
struct HistoryEntry {
  Time at{};
  std::string actor;
  std::string action;  ///< "create", "revoke", "catalog-import", ...
  std::string key;     ///< license key; empty for what concerns the whole ledger
  std::string reason;
  std::string detail;  ///< JSON object, or empty
};

/// An entry as it is stored, with what binds it to the one before.
struct HistoryRow {
  std::int64_t number = 0;  ///< from 1, without gaps
  HistoryEntry entry;
  std::string link;          ///< history_link(); empty in entries from before there was a chain
  std::int64_t license = 0;  ///< which license the ledger counts it to, in the order of issue; 0: none
};

/// An entry that is to be told to a webhook now.
struct DueEvent {
  HistoryRow row;
  std::string license;        ///< the id of the license; empty: it concerns none
  std::int64_t attempts = 0;  ///< that failed
};

/// One line of `licgen list`.
struct LicenseSummary {
  std::string key;
  std::string id;
  std::int64_t serial = 1;
  Reason status = Reason::valid;  ///< at the moment asked for: valid, expiring, grace, trial, free, expired, revoked,
                                  ///< suspended or not_yet_valid
  std::string plan;
  Kind kind = Kind::subscription;
  Customer customer;
  Time issued_at{};   ///< of the newest document
  Time created_at{};  ///< of the first one
  Time starts_at{};
  std::optional<Time> expires_at;
  std::optional<Time> maintenance_until;
  std::int64_t grace_days = 0;
  std::int64_t seats = 1;
  std::int64_t activations = 0;  ///< live ones
  std::string order;
  std::string note;
  std::string batch;
  std::optional<Time> suspended_at;
  std::optional<Time> revoked_at;
  std::string revoke_reason;
};

/// A license with its newest signed document (compact envelope JSON).
struct LicenseRecord {
  LicenseSummary summary;
  std::string document;
};

/// A license as it is decided by who asks for one of its seats.
struct SeatedLicense {
  std::int64_t serial = 1;
  Reason status = Reason::valid;  ///< as in LicenseSummary
  std::string document;           ///< empty: the one that is known
  bool has_lapsed = false;        ///< lapsed_leases() has some
};

/// What a ledger finds the machines of a license's leases by, which it makes from the leases.
struct MachineIndex {
  std::int64_t rows = 0;
  bool is_right = true;  ///< false: it is not what the leases make, so that machines are not found, or wrong ones
};

/// A license's newest signed document by itself.
struct LicenseFile {
  std::string key;
  std::string document;
  Time issued_at{};
  bool revoked = false;
};

struct LicenseFilter {
  std::optional<Reason> status;
  std::string plan;
  std::string customer;                ///< whole, without regard to ASCII case
  std::string customer_glob;           ///< `*` and `?`, without regard to ASCII case; empty: any
  std::string email;                   ///< whole, without regard to ASCII case
  std::optional<Time> expires_before;  ///< ends after now and not after this moment
  std::string order;                   ///< whole, as written
  std::string batch;
  std::string after;  ///< a key: what was issued after it
  std::optional<std::int64_t> limit;
  bool has_usage = false;  ///< only licenses that a usage statement was imported of
};

/// One of many licenses that are added together.
struct NewLicense {
  std::string id;
  std::string key;
  std::string document;
  std::string detail;            ///< of its first entry of history: JSON object
  const Terms* terms = nullptr;  ///< all but id and key, which stand above; many may share them
};

/// What licenses that are added together have in common.
struct Issue {
  Time at{};
  std::string actor;
  std::string action;  ///< of their first entries of history: "create", "import"
  std::string note;
  std::string batch;
};

/// Long work leaves the ledger alone for so long between its transactions: those who
/// wait look every 20 ms whether it is their turn.
inline constexpr std::chrono::milliseconds kLedgerTurn{25};

/// A public key of the vendor's, as recorded when it was made.
struct KeyRecord {
  std::string purpose;  ///< "root" or "license": the name of its file in keys/
  TrustedKey key;       ///< a root has no roles
  Time created_at{};
};

/// A catalogue that was the current one from some moment on.
struct CatalogVersion {
  std::int64_t version = 0;
  std::string catalog;  ///< as it was imported
  Time imported_at{};
};

/// A change in the making. Destroyed without commit(), nothing has happened.
/// While it lives no other process can write. After an error other than conflict
/// and not_found the change is lost, and commit() says so.
class Transaction {
 public:
  virtual ~Transaction() = default;
  /// Once it returns success, the change survives a power failure.
  /// Errors: failure (disk full, I/O), unavailable (locked by a reader for longer than
  /// we wait; connection lost): nothing has happened. Two exceptions are failures whose hint tells them: all is
  /// written but may not survive a power failure; the connection was lost meanwhile and did not come back, so that
  /// it is not known. Who must know looks into the ledger.
  [[nodiscard]] virtual Result<void> commit() = 0;

  /// Webhooks that want such entries are told: with the commit it is in their outbox.
  [[nodiscard]] virtual Result<void> record(const HistoryEntry& entry) = 0;
  /// Errors: conflict (that key is in the ledger).
  [[nodiscard]] virtual Result<void> add_key(const KeyRecord& key) = 0;
  /// A catalogue and the product file made of it, which become the current ones.
  /// Errors: conflict (there is one of that version or a newer one).
  [[nodiscard]] virtual Result<void> put_product(std::int64_t version, std::string_view catalog,
                                                 std::string_view product_file, Time at) = 0;
  /// Errors: conflict (that key or id is in the ledger).
  [[nodiscard]] virtual Result<void> add_license(const Terms& terms, std::string_view document, std::string_view note,
                                                 std::string_view batch) = 0;
  /// Many licenses with the beginnings of their histories, much faster than one by one.
  /// Errors: conflict (a key or id is in the ledger: the change is lost).
  [[nodiscard]] virtual Result<void> add_licenses(std::span<const NewLicense> licenses, const Issue& issue) = 0;
  /// A license's next terms and document, in place of those it has. `terms` has the
  /// same key, and the serial after the one in the ledger.
  /// Errors: not_found; conflict (another serial came first; the license is revoked).
  [[nodiscard]] virtual Result<void> reissue(const Terms& terms, std::string_view document) = 0;
  /// Errors: not_found; conflict (revoked before, for another reason).
  /// False when it was revoked before for the same reason: nothing changes.
  [[nodiscard]] virtual Result<bool> revoke(const LicenseKey& key, std::string_view reason, Time at) = 0;
  /// An answered request, which takes a seat. Whether there is one left is the caller's to
  /// know, in this transaction. Errors: not_found (no such license); conflict (that
  /// request was answered before).
  [[nodiscard]] virtual Result<void> add_activation(const Activation& activation) = 0;
  /// A seat for a machine that asked the server, with `activation.lease`: if fewer leases of the license run at
  /// `activation.at` than it has seats, or its document names the machine (`named`), which is a seat by itself.
  /// False: none is left, and nothing changes. Leases that have ended do not count.
  /// Errors: conflict (that request, or another lease of this machine, is in the ledger: the change is lost).
  [[nodiscard]] virtual Result<bool> take_seat(const Activation& activation, bool named) = 0;
  /// What a refresh changes. Errors: not_found (no lease by that request); conflict (its machine is that of another
  /// lease now: the change is lost).
  [[nodiscard]] virtual Result<void> renew_lease(std::string_view request, const LeaseState& lease) = 0;
  /// Lets a lease that ran out run again by the rule of take_seat(), changed as by renew_lease(). False: no seat is
  /// left, or it has not run out, and nothing changes. Errors: as renew_lease().
  [[nodiscard]] virtual Result<bool> take_seat_again(std::string_view request, const LeaseState& lease) = 0;
  /// Adds a machine that waits, as the last; of one that waits already, changes `expires_at` and `offered_until`.
  /// Errors: not_found (no such license).
  [[nodiscard]] virtual Result<void> put_waiting(std::string_view key, const Waiting& waiting) = 0;
  /// Of the machine with that very fingerprint, if it waits.
  [[nodiscard]] virtual Result<void> drop_waiting(std::string_view key, std::string_view machine) = 0;
  /// Errors: conflict (there is a trial of that key).
  [[nodiscard]] virtual Result<void> add_trial(const TrialRecord& trial) = 0;
  /// Ends a live activation, and its lease. `how` is one of kEndedBy... .
  /// Errors: not_found (no such request); conflict (it has ended already).
  [[nodiscard]] virtual Result<void> end_activation(std::string_view request, std::string_view how, Time at) = 0;
  /// An imported usage statement. Whether its signature holds is the caller's to know.
  /// Errors: not_found (no such license); conflict (it does not follow the newest one of its
  /// device and license).
  [[nodiscard]] virtual Result<void> add_usage(const UsageRecord& record) = 0;
  /// The number of the next revocation list: one more than any before.
  [[nodiscard]] virtual Result<std::int64_t> next_revocation_seq() = 0;
  /// Registers a batch on first use. Errors: conflict (the batch exists with other
  /// terms). `request` is a text that is equal for equal requests.
  [[nodiscard]] virtual Result<void> open_batch(std::string_view batch, std::string_view request, Time at) = 0;
  /// Errors: conflict (a token of that name is not revoked; that id or hash is in the ledger).
  [[nodiscard]] virtual Result<void> add_token(const TokenRecord& record) = 0;
  /// For good. False: it was revoked before. Errors: not_found (no token of that id).
  [[nodiscard]] virtual Result<bool> revoke_token(std::string_view id, Time at) = 0;
  /// The token of that id was used.
  [[nodiscard]] virtual Result<void> note_token_use(std::string_view id, Time at) = 0;
  /// In place of what there is under that token and key.
  [[nodiscard]] virtual Result<void> put_reply(const ReplyRecord& reply) = 0;
  /// Errors: conflict (a webhook of that name is not removed; that id is in the ledger; there are too many).
  [[nodiscard]] virtual Result<void> add_webhook(const WebhookRecord& record) = 0;
  /// For good; what it was still to be told is given up. False: it was removed before. Errors: not_found.
  [[nodiscard]] virtual Result<bool> remove_webhook(std::string_view id, Time at) = 0;
  /// Of what a webhook is to be told at `now` what is due first, `most` of it, and nobody else is given that before
  /// `until`. Nothing for a webhook that is removed.
  [[nodiscard]] virtual Result<std::vector<DueEvent>> claim_deliveries(std::string_view webhook, Time now, Time until,
                                                                       std::int64_t most) = 0;
  /// Of a delivery that has ended meanwhile nothing changes.
  [[nodiscard]] virtual Result<void> note_attempt(const Attempt& attempt) = 0;
  /// Puts into the outbox again; how much. Errors: not_found (no such webhook; no such entry of the history).
  [[nodiscard]] virtual Result<std::int64_t> replay(std::string_view webhook, const Replay& what, Time now) = 0;
  /// Of the deliveries that ended before that moment the oldest, `most` of them.
  [[nodiscard]] virtual Result<void> forget_deliveries(Time before, std::int64_t most) = 0;
  /// Of the replies from before that moment the oldest, `most` of them.
  [[nodiscard]] virtual Result<void> forget_replies(Time before, std::int64_t most) = 0;
};

/// What makes committed changes durable, apart from their commit. From one thread at a time, which may be
/// another than that of the ledger.
class Flusher {
 public:
  virtual ~Flusher() = default;

  /// All that was committed before the call is on disk afterwards. After an error nobody knows what of it is.
  [[nodiscard]] virtual Result<void> flush() = 0;

  /// What makes later flushes cheaper, while nobody waits for this one. After a flush of what was changed.
  virtual void make_room() noexcept {}
};

/// While it lives, all that is read of its ledger is as it was at one moment. In an SQLite ledger changes of others
/// wait.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
};

/// For one thread at a time; each thread or process opens its own.
class Ledger {
 public:
  virtual ~Ledger() = default;

  /// Errors: unavailable (another process writes for longer than we wait); denied
  /// (the ledger cannot be written); invalid_input (outdated()). Precondition: no transaction of this ledger lives.
  [[nodiscard]] virtual Result<std::unique_ptr<Transaction>> begin() = 0;

  /// Errors: unavailable; invalid_input (outdated()). Precondition: no transaction or other snapshot of this ledger
  /// lives.
  [[nodiscard]] virtual Result<std::unique_ptr<Snapshot>> snapshot() = 0;

  /// Of a ledger whose commits alone are not durable, which is one in a file that was opened for LedgerUse::serving:
  /// there the next transaction is worked on while the last one is written, and with several flushers the next is
  /// written while one still waits for the disk. None: what is committed is durable.
  [[nodiscard]] virtual std::vector<std::shared_ptr<Flusher>> flushers() = 0;

  /// What can be put off until nobody waits for this ledger: moves the write-ahead log of a file into it.
  /// Errors: unavailable (another process writes: it is not waited for), failure (disk full, I/O): what was committed
  /// is where it was.
  [[nodiscard]] virtual Result<void> tidy() = 0;

  /// Whether the ledger is still of the version in which it was opened. begin() and snapshot() look, too.
  /// Errors: invalid_input (a newer licgen has brought it up to another one, or a hand has); unavailable.
  [[nodiscard]] virtual Result<void> check_version() = 0;
  /// The fault of a check_version() that found another version. This program changes nothing any more. Absent: none
  /// did.
  [[nodiscard]] virtual const std::optional<Error>& outdated() const = 0;

  /// In the order in which they were added.
  [[nodiscard]] virtual Result<std::vector<KeyRecord>> keys() = 0;
  /// The current catalogue, as it was imported. Errors: not_found.
  [[nodiscard]] virtual Result<std::string> catalog() = 0;
  /// All catalogues there were, by version, one at a time.
  [[nodiscard]] virtual Result<void> catalogs(const std::function<Result<void>(const CatalogVersion&)>& visit) = 0;
  /// The current product file (envelope JSON). Errors: not_found.
  [[nodiscard]] virtual Result<std::string> product_file() = 0;
  /// The product file of that version; every one that was ever the current one is kept.
  /// Errors: not_found.
  [[nodiscard]] virtual Result<std::string> product_file_of(std::int64_t version) = 0;
  /// The versions of the product file that are kept, oldest first.
  [[nodiscard]] virtual Result<std::vector<std::int64_t>> product_versions() = 0;
  /// Errors: not_found.
  [[nodiscard]] virtual Result<LicenseRecord> find(const LicenseKey& key, Time now) = 0;
  /// The same with `summary.activations` 0, in a time that does not grow with them.
  [[nodiscard]] virtual Result<LicenseRecord> find_uncounted(const LicenseKey& key, Time now) = 0;
  /// What a seat is decided by, in a time that does not grow with the seats that are taken. `known_serial`: whose
  /// document the caller has; 0: none. Errors: not_found.
  [[nodiscard]] virtual Result<SeatedLicense> find_seated(const LicenseKey& key, std::int64_t known_serial,
                                                          Time now) = 0;
  /// The key of the license with that id. Errors: not_found.
  [[nodiscard]] virtual Result<LicenseKey> key_of_id(std::string_view id) = 0;
  /// Calls `visit` for each license that passes, in the order of issue, until it
  /// returns an error, which is then the result. Reads in bounded memory, page by
  /// page, and holds no lock while `visit` runs: a slow visitor keeps nobody waiting,
  /// and sees each license as it is when its page is read.
  /// Errors: not_found (filter.after is not in the ledger), invalid_input (a glob of
  /// more than 1000 bytes), and those of `visit`.
  [[nodiscard]] virtual Result<void> list(const LicenseFilter& filter, Time now,
                                          const std::function<Result<void>(const LicenseSummary&)>& visit) = 0;
  /// The same for the signed documents.
  [[nodiscard]] virtual Result<void> documents(const LicenseFilter& filter, Time now,
                                               const std::function<Result<void>(const LicenseFile&)>& visit) = 0;
  /// The activation by the request with that id; absent: it was never answered.
  [[nodiscard]] virtual Result<std::optional<Activation>> find_activation(std::string_view request) = 0;
  /// Of one license, oldest first, those that have ended too.
  [[nodiscard]] virtual Result<std::vector<Activation>> activations(std::string_view key) = 0;
  /// Of all licenses, those that have ended too.
  [[nodiscard]] virtual Result<std::int64_t> activation_count() = 0;
  /// Of one license, held against its leases.
  [[nodiscard]] virtual Result<MachineIndex> machine_index(std::string_view key) = 0;
  /// Of all licenses, those that are not in the ledger too.
  [[nodiscard]] virtual Result<std::int64_t> machine_index_rows() = 0;
  /// Those of one license whose lease has one of these marks, oldest first.
  [[nodiscard]] virtual Result<std::vector<Activation>> leases_like(std::string_view key,
                                                                    std::span<const std::string> marks) = 0;
  /// The requests of the activations of one license whose leases were not refreshed in time, oldest first.
  [[nodiscard]] virtual Result<std::vector<std::string>> lapsed_leases(std::string_view key, Time now) = 0;
  /// When the first of the leases of a license that run at `now` ends; absent: none runs.
  [[nodiscard]] virtual Result<std::optional<Time>> next_lease_end(std::string_view key, Time now) = 0;
  /// How many leases of a license run at `now`.
  [[nodiscard]] virtual Result<std::int64_t> running_leases(std::string_view key, Time now) = 0;
  /// The machines that wait for a seat of a license, in the order in which they came; also those whose time is over.
  [[nodiscard]] virtual Result<std::vector<Waiting>> waiting(std::string_view key) = 0;
  /// The machines (their fingerprints, each once) that gave back a seat of the license to the server at `since` or
  /// later.
  [[nodiscard]] virtual Result<std::vector<std::string>> machines_that_left(std::string_view key, Time since) = 0;
  /// The trials of machines with one of these marks, oldest first.
  [[nodiscard]] virtual Result<std::vector<TrialRecord>> trials_like(std::span<const std::string> marks) = 0;
  /// The usage statement of that number in the chain of license and device (public key, base64).
  [[nodiscard]] virtual Result<std::optional<UsageRecord>> find_usage(std::string_view key, std::string_view device,
                                                                      std::int64_t seq) = 0;
  /// The newest statement of each device, the device first that was the first to state.
  [[nodiscard]] virtual Result<std::vector<UsageRecord>> newest_usage(std::string_view key) = 0;
  /// All usage statements of one license, in the order of their import. Page by page, as list().
  [[nodiscard]] virtual Result<void> usage_of(std::string_view key,
                                              const std::function<Result<void>(const UsageRecord&)>& visit) = 0;
  /// Of all licenses.
  [[nodiscard]] virtual Result<std::int64_t> usage_count() = 0;
  /// All licenses, sorted by the customers' names without regard to ASCII case, those of one
  /// customer in the order of issue. Reads as list() does.
  [[nodiscard]] virtual Result<void> list_by_customer(
      Time now, const std::function<Result<void>(const LicenseSummary&)>& visit) = 0;
  /// When the newest license of a kind other than trial and free was issued first to that
  /// address (whole, without regard to ASCII case); absent: there is none.
  [[nodiscard]] virtual Result<std::optional<Time>> newest_paid_license(std::string_view email) = 0;
  /// Oldest first. Empty `key`: all that concerns no single license.
  [[nodiscard]] virtual Result<std::vector<HistoryEntry>> history(std::string_view key) = 0;
  /// All of the history, for audits: by number, or by license and number (what concerns
  /// no license first). Page by page, as list().
  [[nodiscard]] virtual Result<void> history_by_number(const std::function<Result<void>(const HistoryRow&)>& visit) = 0;
  [[nodiscard]] virtual Result<void> history_by_license(
      const std::function<Result<void>(const HistoryRow&)>& visit) = 0;
  /// The number of the entry that was added last, ever; 0 for none.
  [[nodiscard]] virtual Result<std::int64_t> newest_history_number() = 0;
  /// The latest time of the last thousand entries, the keys and the product files. Absent: there are none.
  [[nodiscard]] virtual Result<std::optional<Time>> newest_history_time() = 0;
  /// How many entries are from before there was a chain.
  [[nodiscard]] virtual Result<std::int64_t> unchained_history() = 0;
  /// The numbers of entries that no transaction has written: below 1, with an empty text where
  /// none belongs, or counted to another license than that of their key.
  [[nodiscard]] virtual Result<void> misplaced_history(const std::function<Result<void>(std::int64_t)>& visit) = 0;
  /// The number of the newest revocation list; 0: there was none.
  [[nodiscard]] virtual Result<std::int64_t> newest_revocation_seq() = 0;
  [[nodiscard]] virtual Result<void> licenses_without_history(
      const std::function<Result<void>(std::string_view)>& visit) = 0;
  /// All revoked licenses, sorted by id.
  [[nodiscard]] virtual Result<std::vector<Revocation>> revocations() = 0;
  /// In the order in which they were made, with those that hold no more.
  [[nodiscard]] virtual Result<std::vector<TokenRecord>> tokens() = 0;
  /// The token of that hash, whether it holds or not.
  [[nodiscard]] virtual Result<std::optional<TokenRecord>> find_token(std::string_view hash) = 0;
  /// In the order in which they were made, with those that are removed.
  [[nodiscard]] virtual Result<std::vector<WebhookRecord>> webhooks() = 0;
  /// Those that are not removed.
  [[nodiscard]] virtual Result<std::vector<WaitingWebhook>> waiting_webhooks() = 0;
  /// The newest events first.
  [[nodiscard]] virtual Result<std::vector<Delivery>> deliveries(const DeliveryFilter& filter) = 0;
  /// What the holder of that token (its id) was answered under that key.
  [[nodiscard]] virtual Result<std::optional<ReplyRecord>> find_reply(std::string_view token, std::string_view key) = 0;
};

}  // namespace lic
