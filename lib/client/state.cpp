#include "client/state.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/aead.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

constexpr std::size_t kMaxState = 1024 * 1024;
constexpr std::size_t kSecretSize = 32;

}  // namespace

StateStore::StateStore(Path directory, std::string product)
    : directory_(std::move(directory)), product_(std::move(product)) {}

Path StateStore::license_file(std::string_view key) const { return directory_ / concat(key, ".json"); }
Path StateStore::product_file() const { return directory_ / "product.json"; }
Path StateStore::data_file() const { return directory_ / "license_data.json"; }
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
  options.must_be_private = true;
  options.limit = 4096;
  auto secret = read_file(key_file(), "state key", options);
  if (!secret && (secret.error().code == Errc::denied || secret.error().code == Errc::failure))
    return Error(secret.error());
  // Lost or cut off, it opens nothing; which of damage and a copied directory it is, the decoder tells.
  SecretBytes key =
      secret && secret->size() == kSecretSize ? SecretBytes(std::move(*secret)) : SecretBytes(kSecretSize);
  return decode_state(view_text(*data), key, machine, product_);
}

Result<FileLock> StateStore::lock(std::chrono::milliseconds patience) const {
  LIC_TRY(make_private_directory(directory_));
  LIC_TRY_ASSIGN(FileLock held, FileLock::acquire(directory_ / "state.lock", patience));
  remove_abandoned_temporaries(directory_);
  return held;
}

Result<void> StateStore::save(const ClientState& state, std::string_view summary,
                              const MachineIdentity& machine) const {
  ReadOptions options;
  options.follow_symlink = false;
  options.must_be_ours = true;
  options.limit = 4096;
  auto secret = read_file(key_file(), "state key", options);
  if (!secret && secret.error().code != Errc::not_found && secret.error().code != Errc::invalid_input)
    return Error(secret.error());
  SecretBytes key = secret && secret->size() == kSecretSize ? SecretBytes(std::move(*secret)) : SecretBytes();
  if (key.empty()) {
    key = random_secret(kSecretSize);
    LIC_TRY(write_file(key_file(), key.view()));
  }
  const std::string text = encode_state(state, summary, key, machine, product_);
  return write_file(data_file(), view_bytes(text));
}

Result<std::string> StateStore::set_aside(Time now) const {
  std::string stamp = format_time(now);  // 20261122T100000Z: no colons in file names
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  std::string name = concat("license_data.json.corrupt-", stamp);
  for (int copy = 2; ::access((directory_ / name).c_str(), F_OK) == 0; ++copy)
    name = concat("license_data.json.corrupt-", stamp, '-', copy);
  if (::rename(data_file().c_str(), (directory_ / name).c_str()) != 0)
    return system_error(errno, "cannot set aside", data_file());
  return name;
}

}  // namespace lic
