#include "client/state.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/usage_file.hpp"

namespace lic {
namespace {

constexpr std::size_t kMaxState = 1024 * 1024;
constexpr std::string_view kStatements = "statements";
constexpr std::int64_t kStatementsKept = 120;  // of one license: ten years of months
constexpr std::string_view kMarkCounts = "what license_data.json remembers of it counts";

/// What a keyring that does not open means here, and the way out.
Result<SecretBytes> told_whole(Result<SecretBytes> secret) {
  if (secret || secret.error().code == Errc::not_found) return secret;
  const Error& fault = secret.error();
  return error(fault.code, concat("the license state cannot be opened: its key is in the keyring, and ", fault.message),
               concat(fault.hint, fault.hint.empty() ? "" : "; ",
                      "where that keyring is gone for good, move license_data.json away and activate again"));
}

}  // namespace

StateStore::StateStore(Path directory, std::string product, std::shared_ptr<Keyring> keyring)
    : directory_(std::move(directory)),
      data_file_(directory_ / "license_data.json"),
      usage_file_(directory_ / "usage_data.json"),
      product_(std::move(product)),
      keys_(std::make_unique<StateKeys>(directory_ / "state.key", std::move(keyring))) {}

Path StateStore::license_file(std::string_view key) const { return directory_ / concat(key, ".json"); }
Path StateStore::product_file() const { return directory_ / "product.json"; }
Path StateStore::revocations_file() const { return directory_ / kRevocationsFile; }

Path StateStore::statement_file(std::string_view key, const KeyId& device, std::int64_t seq) const {
  constexpr std::size_t kDeviceDigits = 8;
  return directory_ / kStatements / concat(key, '-', device.hex().substr(0, kDeviceDigits), '-', seq, ".json");
}

Result<LoadedState> StateStore::load(const MachineIdentity& machine) const {
  ReadOptions options;
  options.follow_symlink = false;
  options.must_be_ours = true;
  options.limit = kMaxState;
  std::optional<Time> written;
  options.modified_at = &written;
  const auto data = read_file(data_file_, "state file", options);
  if (!data) {
    if (data.error().code == Errc::not_found) return LoadedState{};
    if (data.error().code == Errc::invalid_input) return LoadedState{StateCondition::damaged, {}, data.error().message};
    return Error(data.error());
  }
  LIC_TRY_ASSIGN(LoadedState loaded, decode_state(view_text(*data), secrets(), machine, product_));
  loaded.written = written;
  if (loaded.condition != StateCondition::keyless) return loaded;
  // Another process may have moved the key between the two readings.
  const auto again = read_file(data_file_, "state file", options);
  if (!again || *again == *data) return loaded;
  LIC_TRY_ASSIGN(loaded, decode_state(view_text(*again), secrets(), machine, product_));
  loaded.written = written;
  return loaded;
}

SecretSource StateStore::secrets() const {
  return
      [this](const std::string& name) { return name.empty() ? keys_->in_file() : told_whole(keys_->in_keyring(name)); };
}

Result<SecretBytes> StateStore::own_secret(const std::string& keyring_name) const {
  return keyring_name.empty() ? keys_->in_file_or_new() : keys_->in_keyring(keyring_name);
}

Result<FileLock> StateStore::lock(std::chrono::milliseconds patience) const {
  LIC_TRY(make_private_directory(directory_));
  LIC_TRY_ASSIGN(FileLock held, FileLock::acquire(directory_ / "state.lock", patience));
  remove_abandoned_temporaries(directory_);
  return held;
}

Result<void> StateStore::save(const ClientState& state, const json::Value& summary,
                              const MachineIdentity& machine) const {
  LIC_TRY_ASSIGN(const SecretBytes secret, own_secret(state.keyring_name));
  const std::string text = encode_state(state, summary, secret, machine, product_);
  return write_file(data_file_, view_bytes(text));
}

Result<KnownUsage> StateStore::load_usage(const MachineIdentity& machine, const std::optional<UsageBook>& mark) const {
  KnownUsage known;
  const ReadOptions options{
      .limit = kMaxState, .follow_symlink = false, .must_be_ours = true, .modified_at = &known.written};
  const auto data = read_file(usage_file_, "usage file", options);
  if (!data && data.error().code != Errc::not_found && data.error().code != Errc::invalid_input)
    return Error(data.error());
  if (mark) known.book = *mark;
  if (!data && data.error().code == Errc::not_found) {
    if (known.book.seq > 0) known.problem = concat("usage_data.json is gone; ", kMarkCounts);
    return known;
  }
  LoadedUsage loaded;
  if (data) loaded = decode_usage(view_text(*data), secrets(), machine, product_);
  switch (loaded.condition) {
    case BoxCondition::newer:
      return error(Errc::invalid_input, "usage_data.json was written by a newer version of this program",
                   "use the newer version");
    case BoxCondition::foreign:
    case BoxCondition::damaged:
    case BoxCondition::keyless:
    case BoxCondition::locked:  // the state itself has another key, or it would have been found
      known.damaged = true;
      known.problem = concat(loaded.condition == BoxCondition::foreign ? "usage_data.json is of another machine; "
                                                                       : "usage_data.json does not open; ",
                             kMarkCounts);
      return known;
    case BoxCondition::edited:
      known.problem = "usage_data.json was edited by hand; what was written before counts";
      break;
    case BoxCondition::intact:
      break;
  }
  if (loaded.book.seq < known.book.seq)
    known.problem = concat("usage_data.json is an older copy; ", kMarkCounts);
  else
    known.book = std::move(loaded.book);
  return known;
}

Result<void> StateStore::save_usage(const UsageBook& book, Time now, const MachineIdentity& machine,
                                    const std::string& keyring_name) const {
  LIC_TRY_ASSIGN(const SecretBytes secret, own_secret(keyring_name));
  return write_file(usage_file_, view_bytes(encode_usage(book, now, secret, machine, product_, keyring_name)));
}

Result<void> StateStore::keep_statement(std::string_view key, const KeyId& device, std::int64_t seq,
                                        std::string_view document) const {
  LIC_TRY(make_private_directory(directory_ / kStatements));
  remove_abandoned_temporaries(directory_ / kStatements);
  LIC_TRY(write_file(statement_file(key, device, seq), view_bytes(concat(document, '\n'))));
  if (seq > kStatementsKept) ::unlink(statement_file(key, device, seq - kStatementsKept).c_str());
  return {};
}

Result<std::string> StateStore::set_aside(const Path& file, Time now) const {
  std::string stamp = format_time(now);  // 20261122T100000Z: no colons in file names
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  const std::string stem = concat(file.filename().native(), ".corrupt-", stamp);
  std::string name = stem;
  for (int copy = 2; ::access((directory_ / name).c_str(), F_OK) == 0; ++copy) name = concat(stem, '-', copy);
  if (::rename(file.c_str(), (directory_ / name).c_str()) != 0) return system_error(errno, "cannot set aside", file);
  return name;
}

}  // namespace lic
