#include "base/result.hpp"
#include "base/text.hpp"
#include "client/installation.hpp"

// Where the secret of the state is kept, and moving it. Each of the two sealed files names its
// secret, and opens at every moment with one that is there: a new secret is made, the files are
// sealed with it, and only then is the old one removed.

namespace lic {
namespace {

std::string label_of(const ProductInfo& product) { return concat("License state of ", product.name); }

}  // namespace

Result<Change> Installation::keep_state_key(KeyPlace place) {
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  if (loaded_.condition == StateCondition::edited)
    return error(Errc::untrusted, "the readable part of the license state was edited, so its key is not moved",
                 "activate the license again first");
  if (standing_.key_place == place)
    return Change{false,
                  standing_.decision_at(environment_.now()),
                  concat("the key of the license state is ",
                         place == KeyPlace::keyring ? "in the keyring already" : "in its file already"),
                  {}};
  return place == KeyPlace::keyring ? move_key_to_keyring() : move_key_to_file();
}

Result<Change> Installation::move_key_to_keyring() {
  LIC_TRY_ASSIGN(const std::string name, store_.keys().add_to_keyring(label_of(*standing_.info)));
  const Time now = environment_.now();
  loaded_.state.keyring_name = name;
  if (auto saved = save(now); !saved) {
    // Taken back only where the state on disk surely does not need it.
    const auto on_disk = store_.load(machine_);
    if (on_disk && on_disk->state.keyring_name != name) static_cast<void>(store_.keys().remove_from_keyring(name));
    return Error(std::move(saved).error());
  }
  if (seal_usage()) store_.keys().remove_file();  // else the next change of what was used does both
  return Change{true, standing_.decision_at(now), "the key of the license state is in the keyring now",
                "what runs without this desktop session (cron, ssh, other users) cannot open the state any more"};
}

Result<Change> Installation::move_key_to_file() {
  const std::string name = loaded_.state.keyring_name;
  const Time now = environment_.now();
  LIC_TRY(store_.keys().renew_file());  // of a file that opens nothing as long as the keyring does
  loaded_.state.keyring_name.clear();
  LIC_TRY(save(now));
  const bool removed = seal_usage() && store_.keys().remove_from_keyring(name);
  return Change{true, standing_.decision_at(now), "the key of the license state is in the file state.key now",
                removed ? "" : "the old key stays in the keyring, where it opens nothing any more"};
}

Result<void> Installation::write_usage(const UsageBook& book, Time now) {
  LIC_TRY(store_.save_usage(book, now, machine_, loaded_.state.keyring_name));
  // With the state's key in the keyring, one in a file opened at most the usage of before.
  if (!loaded_.state.keyring_name.empty()) store_.keys().remove_file();
  return {};
}

Result<void> Installation::seal_usage() {
  if (book_.seq == 0 || usage_damaged_) return {};
  return write_usage(book_, standing_.time_at(environment_.now()));
}

}  // namespace lic
