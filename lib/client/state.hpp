#pragma once

/// The client's state: `license_data.json` (docs/formats.md, 6).
///
/// A readable summary for people and scripts, and a sealed box with what counts.
/// The box opens on the machine that sealed it, with a secret: that of the 0600 file state.key, or
/// one in the user's keyring.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/json.hpp"
#include "client/sealed_box.hpp"
#include "client/state_keys.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "machine/identity.hpp"
#include "policy/usage.hpp"
#include "trust/product.hpp"
#include "trust/revocations.hpp"

namespace lic {

/// A signed license that was activated.
struct ActiveLicense {
  std::string document;  ///< the signed file, byte for byte
  Time activated_at{};
  std::string source;  ///< "offline", "online": what brought it
};

/// A plan that the product file grants by itself: the trial, or one by e-mail.
struct LocalGrant {
  std::string plan;
  std::string key;
  std::string email;
  Time started_at{};
};

/// An activation request that waits for its answer.
struct PendingRequest {
  std::string id;
  std::string key;
  std::string secret;    ///< of the receipt to come, hex
  std::string document;  ///< as it was given out
};

/// A request that was answered and applied here: what it takes to give the seat back.
struct Exchange {
  std::string request;
  std::string key;
  std::string license;  ///< id
  std::string secret;   ///< of the receipt, hex
  std::string receipt;  ///< the document, once the seat was given back; else empty
};

/// What the licensing server and this machine know of each other, for one license key (docs/protocol.md).
struct OnlineSeat {
  std::string key;
  std::string license;      ///< id; empty: none was granted
  std::string server;       ///< that was asked last
  std::string secret;       ///< that counts, or counted last, at the server: hex
  std::string next_secret;  ///< that a refresh without an answer has named; else empty
  std::string lease;        ///< id; empty: none runs
  Time granted_at{};        ///< of the lease, as the two below
  Time refresh_at{};
  Time expires_at{};
  Time taken_at{};     ///< of a license that floats, whose lease this machine's clock measures: what it said last
  std::string denied;  ///< token of the reason; empty: it was not
  Time denied_at{};
  Time ask_after{};      ///< the server wants no question before
  Time tried_at{};       ///< when it was last asked in vain
  bool leaving = false;  ///< given up here, and the server does not know yet
};

/// The newest list of revocations that was seen here.
struct KnownList {
  std::int64_t seq = 0;
  Digest digest{};
  Time issued_at{};
  Time next_update{};
  std::string stamp;  ///< file_stamp() of revocations.json when it was that list
};

/// The last usage statement of one license.
struct UsageChain {
  std::string license;  ///< id
  std::int64_t seq = 0;
  std::string digest;  ///< of its payload, hex: what the next one names as the one before
  Time to{};           ///< end of its period
};

/// What the box holds.
struct ClientState {
  std::optional<ActiveLicense> license;  ///< at most one of these two
  std::optional<LocalGrant> grant;
  std::optional<ProductPin> pin;
  std::optional<Time> high_water;            ///< the latest time seen
  std::map<std::string, std::int64_t> seen;  ///< license id -> highest serial activated here
  std::vector<std::string> granted;          ///< plans granted locally before, ever
  std::vector<std::string> given_up;         ///< ids of licenses deactivated here and not activated since
  std::optional<PendingRequest> pending;
  std::vector<Exchange> exchanges;  ///< the newest last; at most one of a license is not given back
  std::optional<UsageBook> usage;   ///< as of the last write of usage_data.json
  std::string keyring_name;         ///< of the box's secret in the keyring; empty: it is in state.key
  std::optional<KnownList> list;
  std::map<std::string, Revocation> revoked;  ///< of the licenses seen here, by id; never taken back
  std::string clock_code;                     ///< that waits for the vendor's reset; empty: none
  std::vector<std::string> clock_resets;      ///< codes that were used, the newest last
  std::string device_seed;                    ///< of the key that signs usage statements, hex; empty: none was made yet
  std::vector<UsageChain> chains;             ///< by that key; one for each license that a statement was made of
  std::vector<OnlineSeat> seats;              ///< one for each key; the newest last
};

/// A list of revocations is looked for under this name, in the state directory and beside a
/// license file.
inline constexpr std::string_view kRevocationsFile = "revocations.json";

enum class StateCondition {
  absent,  ///< there is none
  intact,
  edited,   ///< the box opens, but the readable part was changed by hand
  foreign,  ///< sealed on another machine
  damaged,  ///< does not open: cut off, overwritten, its key lost
  keyless,  ///< the keyring is open and has its key no more
};

struct LoadedState {
  StateCondition condition = StateCondition::absent;
  ClientState state;             ///< empty unless intact or edited
  std::string problem;           ///< what is wrong, in words, unless absent or intact
  bool machine_changed = false;  ///< it opens here, and this machine shows facts that it was not sealed to
  std::optional<Time> written = std::nullopt;  ///< when the file was, by what the file system says
};

/// What this machine knows of what was used.
struct KnownUsage {
  UsageBook book;
  std::string problem;                         ///< in words; empty: none
  bool damaged = false;                        ///< there is a file, and it does not open
  std::optional<Time> written = std::nullopt;  ///< when the file was
};

/// The files of one state directory.
class StateStore {
 public:
  StateStore(Path directory, std::string product, std::shared_ptr<Keyring> keyring = nullptr);

  [[nodiscard]] const Path& directory() const noexcept { return directory_; }
  [[nodiscard]] Path license_file(std::string_view key) const;  ///< <KEY>.json
  [[nodiscard]] Path product_file() const;                      ///< product.json
  [[nodiscard]] Path revocations_file() const;                  ///< revocations.json
  /// statements/<KEY>-<device>-<seq>.json, where usage statements are kept.
  [[nodiscard]] Path statement_file(std::string_view key, const KeyId& device, std::int64_t seq) const;
  /// Keeps a usage statement, and drops the one that is too old for that.
  /// The lock must be held. Errors: denied, failure.
  [[nodiscard]] Result<void> keep_statement(std::string_view key, const KeyId& device, std::int64_t seq,
                                            std::string_view document) const;

  /// Errors: denied (a symbolic link, another owner, no permission), untrusted (the
  /// state of another product), invalid_input (of a newer version), failure; denied or
  /// unavailable, where its key is in a keyring that does not open now.
  /// Damage is a condition, not an error.
  [[nodiscard]] Result<LoadedState> load(const MachineIdentity& machine) const;

  /// Makes the directory and takes its lock. Errors: unavailable, denied, failure.
  [[nodiscard]] Result<FileLock> lock(std::chrono::milliseconds patience) const;

  /// Writes the state whole. `summary` is the readable part.
  /// The lock must be held. Errors: denied, failure; the old state then stands.
  [[nodiscard]] Result<void> save(const ClientState& state, const json::Value& summary,
                                  const MachineIdentity& machine) const;

  /// Renames license_data.json to license_data.json.corrupt-<time> and returns the
  /// new name. The lock must be held.
  [[nodiscard]] Result<std::string> set_aside(Time now) const { return set_aside(data_file_, now); }

  /// What was used: the book of usage_data.json, unless that is gone, does not open or is
  /// an older one than `mark`, which then counts instead. `problem` says so, and where the
  /// file was edited. Errors: those of load() but untrusted.
  [[nodiscard]] Result<KnownUsage> load_usage(const MachineIdentity& machine,
                                              const std::optional<UsageBook>& mark) const;
  /// As set_aside(), of usage_data.json.
  [[nodiscard]] Result<std::string> set_usage_aside(Time now) const { return set_aside(usage_file_, now); }
  /// Writes usage_data.json whole, sealed with the secret of the state, which has that name in the
  /// keyring. The lock must be held. Errors: denied, failure, unavailable; the old file then stands.
  [[nodiscard]] Result<void> save_usage(const UsageBook& book, Time now, const MachineIdentity& machine,
                                        const std::string& keyring_name) const;

  /// Where the secret is kept; for those who move it.
  [[nodiscard]] StateKeys& keys() const noexcept { return *keys_; }

 private:
  [[nodiscard]] Result<std::string> set_aside(const Path& file, Time now) const;
  [[nodiscard]] SecretSource secrets() const;
  /// That to seal with; in state.key it is made where there is none.
  [[nodiscard]] Result<SecretBytes> own_secret(const std::string& keyring_name) const;

  Path directory_;
  Path data_file_;
  Path usage_file_;
  std::string product_;
  std::unique_ptr<StateKeys> keys_;
};

/// The two halves of license_data.json, apart from any file; for tests and fuzzing.
[[nodiscard]] std::string encode_state(const ClientState& state, const json::Value& summary, const SecretBytes& secret,
                                       const MachineIdentity& machine, std::string_view product);
/// Errors: untrusted (the state of another product); invalid_input (of a newer version); those of
/// `secret_of` but not_found.
[[nodiscard]] Result<LoadedState> decode_state(std::string_view text, const SecretSource& secret_of,
                                               const MachineIdentity& machine, std::string_view product);

}  // namespace lic
