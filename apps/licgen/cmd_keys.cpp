#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "issue/key_file.hpp"
#include "licgen/commands.hpp"
#include "licgen/option_values.hpp"
#include "licgen/passphrase.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

struct ListOptions {};

struct PassphraseOptions {
  std::string purpose;
  bool all = false;
  bool remove = false;
  std::optional<std::string> new_passphrase_file;
};

void set_up_list(CLI::App&, ListOptions&) {}

/// What a key is for now, by the product file in force.
enum class KeyUse { current, retired, distrusted };

struct KeyState {
  KeyRecord record;
  KeyUse use = KeyUse::retired;
  Path path;
  bool present = false;
  std::optional<bool> encrypted;  ///< absent where the file cannot be examined
};

std::string_view token(KeyUse use) {
  switch (use) {
    case KeyUse::current:
      return "current";
    case KeyUse::retired:
      return "retired";
    case KeyUse::distrusted:
      return "distrusted";
  }
  return {};
}

/// A root is current while the product file names it, another key while it is the newest of
/// its purpose. Where the product file names a key, its time is what counts.
KeyUse use_of(KeyRecord& record, const KeyRecord& newest, const ProductFile& product, Time now) {
  const PublicKey& key = record.key.key;
  if (record.purpose == "root") {
    const auto& roots = product.roots();
    return std::find(roots.begin(), roots.end(), key) != roots.end() ? KeyUse::current : KeyUse::retired;
  }
  const TrustedKey* trusted = product.find_key(key.id());
  if (trusted == nullptr) return KeyUse::distrusted;
  record.key = *trusted;
  if (trusted->not_after && now >= *trusted->not_after) return KeyUse::distrusted;
  return key == newest.key.key ? KeyUse::current : KeyUse::retired;
}

Result<std::vector<KeyState>> key_states(Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const std::vector<KeyRecord> records, ledger->keys());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  std::vector<KeyState> states;
  for (const auto& record : records) {
    KeyState state{record, KeyUse::retired, {}, false, std::nullopt};
    LIC_TRY_ASSIGN(const KeyRecord newest, vendor.current_key(record.purpose));
    state.use = use_of(state.record, newest, product, vendor.now());
    LIC_TRY_ASSIGN(state.path, vendor.key_path(record));
    const auto encrypted = is_key_file_encrypted(state.path);
    state.present = encrypted.has_value() || encrypted.error().code != Errc::not_found;
    if (encrypted) state.encrypted = *encrypted;
    if (!encrypted && state.present) vendor.output().warn(encrypted.error().message);
    states.push_back(std::move(state));
  }
  return states;
}

std::string file_text(const KeyState& state) {
  if (!state.present) return "not here";
  const std::string name = printable(state.path.filename().native());
  if (!state.encrypted) return name + ", not readable";
  return name + (*state.encrypted ? ", encrypted" : ", plain");
}

std::string roles_text(const TrustedKey& key) {
  std::string text;
  for (const Role role : key.roles) text += concat(text.empty() ? "" : ", ", token(role));
  return text.empty() ? "product" : text;  // a root signs product files, and nothing else
}

std::string state_text(const KeyState& state) {
  const auto& end = state.record.key.not_after;
  return end ? concat(token(state.use), ", until ", format_time(*end)) : std::string(token(state.use));
}

nlohmann::ordered_json key_json(const KeyState& state) {
  using Json = nlohmann::ordered_json;
  const auto time = [](const std::optional<Time>& at) { return at ? Json(format_time(*at)) : Json(nullptr); };
  Json out;
  out["purpose"] = state.record.purpose;
  out["keyid"] = state.record.key.key.id().hex();
  out["public"] = state.record.key.key.base64();
  auto& roles = out["roles"] = Json::array();
  for (const Role role : state.record.key.roles) roles.push_back(token(role));
  out["state"] = token(state.use);
  out["not_before"] = time(state.record.key.not_before);
  out["not_after"] = time(state.record.key.not_after);
  out["created_at"] = format_time(state.record.created_at);
  out["file"] = state.path.native();
  out["present"] = state.present;
  out["encrypted"] = state.encrypted ? Json(*state.encrypted) : Json(nullptr);
  return out;
}

/// A key in keys/ that the ledger does not know belongs to a proposal, to a newer ledger, or
/// was made by a run that was cut short.
Result<void> note_unknown_files(const std::vector<KeyState>& states, Vendor& vendor) {
  LIC_TRY_ASSIGN(const Path keys, vendor.keys_directory());
  std::error_code fault;
  std::vector<std::string> unknown;
  for (std::filesystem::directory_iterator it(keys, fault), end; !fault && it != end; it.increment(fault)) {
    const std::string name = it->path().filename().native();
    const bool is_ours = (name.starts_with("license") || name.starts_with("lease")) && name.ends_with(".pem");
    const auto same = [&](const KeyState& state) { return state.path.filename().native() == name; };
    if (is_ours && std::none_of(states.begin(), states.end(), same)) unknown.push_back(name);
  }
  std::sort(unknown.begin(), unknown.end());
  for (const std::string& name : unknown)
    vendor.output().note(concat("keys/", printable(name),
                                " is of no key in the ledger: of a proposal that was not imported yet, of a newer "
                                "ledger, or of a rotation that was cut short"));
  return {};
}

Result<void> list_keys(Vendor& vendor) {
  LIC_TRY_ASSIGN(const auto states, key_states(vendor));
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  Output& output = vendor.output();
  if (output.json()) {
    nlohmann::ordered_json document;
    auto& listed = document["keys"] = nlohmann::ordered_json::array();
    for (const auto& state : states) listed.push_back(key_json(state));
    document["threshold"] = product.threshold();
    document["version"] = product.version();
    output.line(json_text(document));
    return note_unknown_files(states, vendor);
  }
  constexpr std::size_t kKeyIdWidth = 64;
  constexpr std::size_t kFileWidth = 60;
  Table table(
      {{"PURPOSE"}, {"KEY ID", false, kKeyIdWidth}, {"SIGNS"}, {"STATE"}, {"CREATED"}, {"FILE", false, kFileWidth}});
  for (const auto& state : states) {
    table.add({state.record.purpose, state.record.key.key.id().hex(), roles_text(state.record.key), state_text(state),
               format_date(state.record.created_at), file_text(state)});
  }
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
  if (product.roots().size() > 1 || product.threshold() > 1)
    output.line(concat(product.threshold(), " of ", product.roots().size(), " root keys must sign a product file"));
  return note_unknown_files(states, vendor);
}

int run_list(const ListOptions&, Vendor& vendor) { return conclude(vendor, list_keys(vendor)); }

void set_up_passphrase(CLI::App& app, PassphraseOptions& options) {
  const Option purpose =
      add_option(app, "KEY", options.purpose, "root or license (default: both, as far as their files are here)");
  add_flag(app, "--all", options.all, "Both keys; a missing file is an error").excludes(purpose);
  const Option remove =
      add_flag(app, "--remove", options.remove, "Leave the keys unencrypted, protected by file modes only");
  add_text(app, "--new-passphrase-file", options.new_passphrase_file, "FILE",
           "File with the new passphrase (default: $LICGEN_NEW_PASSPHRASE, or asked for at the terminal)")
      .excludes(remove);
}

/// A key whose file gets the new passphrase.
struct KeyFile {
  KeyRecord record;
  Path path;
};

/// Of that purpose: the key that signs now, and older ones whose files are here.
/// `needed`: it must be here.
Result<void> choose_files(std::string_view purpose, bool needed, Vendor& vendor, std::vector<KeyFile>& chosen) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const std::vector<KeyRecord> records, ledger->keys());
  LIC_TRY_ASSIGN(const KeyRecord current, vendor.current_key(purpose));
  bool any = false;
  for (const KeyRecord& record : records) {
    if (record.purpose != purpose) continue;
    LIC_TRY_ASSIGN(const Path path, vendor.key_path(record));
    struct stat info {};
    const bool present = ::lstat(path.c_str(), &info) == 0;
    if (!present && !(needed && record.key.key == current.key.key)) continue;
    chosen.push_back({record, path});
    any = true;
  }
  if (!any) vendor.output().note(concat("the ", purpose, " key is not here and stays as it is"));
  return {};
}

Result<std::vector<KeyFile>> chosen_keys(const PassphraseOptions& options, Vendor& vendor) {
  std::vector<KeyFile> chosen;
  const bool one = !options.purpose.empty();
  if (one && options.purpose != "root" && options.purpose != "license")
    return error(Errc::usage, concat("there is no key ", in_quotes(options.purpose)),
                 "name root or license, or neither for both");
  for (const char* purpose : {"root", "license"})
    if (!one || options.purpose == purpose) LIC_TRY(choose_files(purpose, one || options.all, vendor, chosen));
  if (chosen.empty()) return error(Errc::not_found, "no key is in keys/", "put the key where it is looked for");
  return chosen;
}

/// Their purposes, each once.
std::vector<std::string> purposes_of(const std::vector<KeyFile>& files) {
  std::vector<std::string> purposes;
  for (const KeyFile& file : files)
    if (std::find(purposes.begin(), purposes.end(), file.record.purpose) == purposes.end())
      purposes.push_back(file.record.purpose);
  return purposes;
}

Result<SecretBytes> new_passphrase(const PassphraseOptions& options) {
  if (options.new_passphrase_file) return passphrase_from_file(*options.new_passphrase_file);
  LIC_TRY_ASSIGN(auto given, passphrase_from_environment("LICGEN_NEW_PASSPHRASE"));
  if (given) return *std::move(given);
  auto asked = ask_new_passphrase("new passphrase: ");
  if (asked) return asked;
  Error fault = asked.error();
  fault.hint = "give the new one with --new-passphrase-file FILE or $LICGEN_NEW_PASSPHRASE, or run at a terminal";
  return fault;
}

Result<void> replace_all(const std::vector<KeyFile>& files, const std::vector<SigningKey>& keys,
                         const SecretBytes* passphrase) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto replaced = replace_key_file(files[i].path, keys[i], passphrase);
    if (replaced) continue;
    Error fault = replaced.error();
    if (i > 0)
      fault.hint = concat(printable(files[0].path.filename().native()), " has the new passphrase, ",
                          printable(files[i].path.filename().native()), " the old one: run the command again");
    return fault;
  }
  return {};
}

void report_passphrase(const std::vector<std::string>& purposes, bool remove, Output& output) {
  if (output.json()) {
    const nlohmann::ordered_json document = {{"keys", purposes}, {"encrypted", !remove}};
    output.line(json_text(document));
  } else {
    for (const auto& purpose : purposes)
      output.line(concat(purpose, remove ? " key is no longer encrypted" : " key has a new passphrase"));
  }
  if (remove) output.warn("who can read the files of these keys can now issue licenses");
}

Result<void> change_passphrase(const PassphraseOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const std::vector<KeyFile> files, chosen_keys(options, vendor));
  // All are unlocked before any is written.
  std::vector<SigningKey> keys;
  std::optional<SecretBytes> passphrase;
  for (const KeyFile& file : files) {
    auto key = vendor.signing_key(file.record);
    if (!options.remove && !passphrase && (key || key.error().code == Errc::denied)) {
      LIC_TRY_ASSIGN(passphrase, new_passphrase(options));
    }
    // A run that was cut short may have left one key with the new passphrase already.
    if (!key && key.error().code == Errc::denied && passphrase) {
      auto again = vendor.signing_key(file.record, &*passphrase);
      if (again) key = std::move(again);
    }
    if (!key) return key.error();
    keys.push_back(std::move(key).value());
  }
  LIC_TRY_ASSIGN(const Path directory, vendor.keys_directory());
  remove_abandoned_temporaries(directory);
  const auto purposes = purposes_of(files);
  // The history entry is ready before the files change; while they do, nobody else writes.
  LIC_TRY_ASSIGN(const auto transaction, ledger->begin());
  const nlohmann::ordered_json detail = {{"keys", purposes}, {"encrypted", !options.remove}};
  LIC_TRY(transaction->record({vendor.now(), vendor.actor(), "keys-passphrase", "", "", json_text(detail)}));
  LIC_TRY(replace_all(files, keys, passphrase ? &*passphrase : nullptr));
  LIC_TRY(transaction->commit());
  report_passphrase(purposes, options.remove, vendor.output());
  return {};
}

int run_passphrase(const PassphraseOptions& options, Vendor& vendor) {
  return conclude(vendor, change_passphrase(options, vendor));
}

}  // namespace

Command<Vendor> keys_list_command() {
  return make_command("keys list",
                      "List the keys: what each signs, whether it counts, and whether its file is here and encrypted",
                      {"licgen keys list"}, set_up_list, run_list);
}

Command<Vendor> keys_passphrase_command() {
  return make_command("keys passphrase", "Change the passphrase of the signing keys",
                      {"licgen keys passphrase", "licgen keys passphrase license --new-passphrase-file new.txt"},
                      set_up_passphrase, run_passphrase);
}

}  // namespace lic::app
