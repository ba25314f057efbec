#include "client/state.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/usage_file.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

constexpr std::size_t kMaxState = 1024 * 1024;
constexpr std::size_t kMaxKeyFile = 4096;
constexpr std::size_t kSecretSize = 32;
constexpr std::string_view kMarkCounts = "what license_data.json remembers of it counts";

}  // namespace

StateStore::StateStore(Path directory, std::string product)
    : directory_(std::move(directory)), product_(std::move(product)) {}

Path StateStore::license_file(std::string_view key) const { return directory_ / concat(key, ".json"); }
Path StateStore::product_file() const { return directory_ / "product.json"; }
Path StateStore::data_file() const { return directory_ / "license_data.json"; }
Path StateStore::usage_file() const { return directory_ / "usage_data.json"; }
Path StateStore::key_file() const { return directory_ / "state.key"; }

Result<LoadedState> StateStore::load(const MachineIdentity& machine) const {
  ReadOptions options;
  options.follow_symlink = false;
  options.must_be_ours = true;
  options.limit = kMaxState;
  const auto data = read_file(data_file(), "state file", options);
  if (!data) {
    if (data.error().code == Errc::not_found) return LoadedState{};
    if (data.error().code == Errc::invalid_input) return LoadedState{StateCondition::damaged, {}, data.error().message};
    return Error(data.error());
  }
  LIC_TRY_ASSIGN(const SecretBytes key, known_key());
  return decode_state(view_text(*data), key, machine, product_);
}

Result<SecretBytes> StateStore::known_key() const {
  const ReadOptions options{
      .limit = kMaxKeyFile, .follow_symlink = false, .must_be_ours = true, .must_be_private = true};
  auto secret = read_file(key_file(), "state key", options);
  if (!secret && (secret.error().code == Errc::denied || secret.error().code == Errc::failure))
    return Error(secret.error());
  // Lost or cut off, it opens nothing; which of damage and a copied directory it is, the decoder tells.
  return secret && secret->size() == kSecretSize ? SecretBytes(std::move(*secret)) : SecretBytes(kSecretSize);
}

Result<SecretBytes> StateStore::own_key() const {
  const ReadOptions options{.limit = kMaxKeyFile, .follow_symlink = false, .must_be_ours = true};
  auto secret = read_file(key_file(), "state key", options);
  if (!secret && secret.error().code != Errc::not_found && secret.error().code != Errc::invalid_input)
    return Error(secret.error());
  if (secret && secret->size() == kSecretSize) return SecretBytes(std::move(*secret));
  SecretBytes key = random_secret(kSecretSize);
  LIC_TRY(write_file(key_file(), key.view()));
  return key;
}

Result<FileLock> StateStore::lock(std::chrono::milliseconds patience) const {
  LIC_TRY(make_private_directory(directory_));
  LIC_TRY_ASSIGN(FileLock held, FileLock::acquire(directory_ / "state.lock", patience));
  remove_abandoned_temporaries(directory_);
  return held;
}

Result<void> StateStore::save(const ClientState& state, json::Object summary, const MachineIdentity& machine) const {
  LIC_TRY_ASSIGN(const SecretBytes key, own_key());
  const std::string text = encode_state(state, std::move(summary), key, machine, product_);
  return write_file(data_file(), view_bytes(text));
}

Result<KnownUsage> StateStore::load_usage(const MachineIdentity& machine, const std::optional<UsageBook>& mark) const {
  const ReadOptions options{.limit = kMaxState, .follow_symlink = false, .must_be_ours = true};
  const auto data = read_file(usage_file(), "usage file", options);
  if (!data && data.error().code != Errc::not_found && data.error().code != Errc::invalid_input)
    return Error(data.error());
  KnownUsage known;
  if (mark) known.book = *mark;
  if (!data && data.error().code == Errc::not_found) {
    if (known.book.seq > 0) known.problem = concat("usage_data.json is gone; ", kMarkCounts);
    return known;
  }
  LoadedUsage loaded;
  if (data) {
    LIC_TRY_ASSIGN(const SecretBytes key, known_key());
    loaded = decode_usage(view_text(*data), key, machine, product_);
  }
  switch (loaded.condition) {
    case BoxCondition::newer:
      return error(Errc::invalid_input, "usage_data.json was written by a newer version of this program",
                   "use the newer version");
    case BoxCondition::foreign:
    case BoxCondition::damaged:
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

Result<void> StateStore::save_usage(const UsageBook& book, Time now, const MachineIdentity& machine) const {
  LIC_TRY_ASSIGN(const SecretBytes key, own_key());
  return write_file(usage_file(), view_bytes(encode_usage(book, now, key, machine, product_)));
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
