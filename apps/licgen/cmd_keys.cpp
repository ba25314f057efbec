#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
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

struct KeyState {
  KeyRecord record;
  bool present = false;
  std::optional<bool> encrypted;  ///< absent where the file cannot be examined
};

Result<std::vector<KeyState>> key_states(Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const std::vector<KeyRecord> records, ledger->keys());
  std::vector<KeyState> states;
  for (const auto& record : records) {
    LIC_TRY_ASSIGN(const Path path, vendor.key_path(record.purpose));
    KeyState state{record, false, std::nullopt};
    const auto encrypted = is_key_file_encrypted(path);
    state.present = encrypted.has_value() || encrypted.error().code != Errc::not_found;
    if (encrypted) state.encrypted = *encrypted;
    if (!encrypted && state.present) vendor.output().warn(encrypted.error().message);
    states.push_back(std::move(state));
  }
  return states;
}

std::string file_text(const KeyState& state) {
  if (!state.present) return "not here";
  if (!state.encrypted) return "not readable";
  return *state.encrypted ? "encrypted" : "plain";
}

std::string roles_text(const TrustedKey& key) {
  std::string text;
  for (const Role role : key.roles) text += concat(text.empty() ? "" : ", ", token(role));
  return text.empty() ? "product" : text;  // a root signs product files, and nothing else
}

nlohmann::ordered_json key_json(const KeyState& state) {
  nlohmann::ordered_json out;
  out["purpose"] = state.record.purpose;
  out["keyid"] = state.record.key.key.id().hex();
  out["public"] = state.record.key.key.base64();
  auto& roles = out["roles"] = nlohmann::ordered_json::array();
  for (const Role role : state.record.key.roles) roles.push_back(token(role));
  out["created_at"] = format_time(state.record.created_at);
  out["present"] = state.present;
  out["encrypted"] = state.encrypted ? nlohmann::ordered_json(*state.encrypted) : nlohmann::ordered_json(nullptr);
  return out;
}

Result<void> list_keys(Vendor& vendor) {
  LIC_TRY_ASSIGN(const auto states, key_states(vendor));
  Output& output = vendor.output();
  if (output.json()) {
    nlohmann::ordered_json document;
    auto& listed = document["keys"] = nlohmann::ordered_json::array();
    for (const auto& state : states) listed.push_back(key_json(state));
    output.line(json_text(document));
    return {};
  }
  constexpr std::size_t kKeyIdWidth = 64;
  Table table({{"PURPOSE"}, {"KEY ID", false, kKeyIdWidth}, {"SIGNS"}, {"CREATED"}, {"FILE"}});
  for (const auto& state : states) {
    table.add({state.record.purpose, state.record.key.key.id().hex(), roles_text(state.record.key),
               format_date(state.record.created_at), file_text(state)});
  }
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
  return {};
}

int run_list(const ListOptions&, Vendor& vendor) { return conclude(vendor, list_keys(vendor)); }

void set_up_passphrase(CLI::App& app, PassphraseOptions& options) {
  auto* purpose = app.add_option("KEY", options.purpose, "root or license (default: both, if their files are here)");
  app.add_flag("--all", options.all, "Both keys; a missing file is an error")->excludes(purpose);
  auto* remove = app.add_flag("--remove", options.remove, "Leave the keys unencrypted, protected by file modes only");
  add_text(app, "--new-passphrase-file", options.new_passphrase_file, "FILE",
           "File with the new passphrase (default: $LICGEN_NEW_PASSPHRASE, or asked for at the terminal)")
      ->excludes(remove);
}

/// The keys to change, by purpose.
Result<std::vector<std::string>> chosen_purposes(const PassphraseOptions& options, Vendor& vendor) {
  if (options.all) return std::vector<std::string>{"root", "license"};
  if (options.purpose == "root" || options.purpose == "license") return std::vector<std::string>{options.purpose};
  if (!options.purpose.empty())
    return error(Errc::usage, concat("there is no key ", in_quotes(options.purpose)),
                 "name root or license, or neither for both");
  std::vector<std::string> purposes;
  for (const char* purpose : {"root", "license"}) {
    LIC_TRY_ASSIGN(const Path path, vendor.key_path(purpose));
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) {
      purposes.emplace_back(purpose);
    } else {
      vendor.output().note(concat("the ", purpose, " key is not here and stays as it is"));
    }
  }
  if (purposes.empty()) return error(Errc::not_found, "no key is in keys/", "put the key where it is looked for");
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

Result<void> replace_all(const std::vector<std::string>& purposes, const std::vector<SigningKey>& keys,
                         const SecretBytes* passphrase, const Vendor& vendor) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    LIC_TRY_ASSIGN(const Path path, vendor.key_path(purposes[i]));
    const auto replaced = replace_key_file(path, keys[i], passphrase);
    if (replaced) continue;
    Error fault = replaced.error();
    if (i > 0)
      fault.hint = concat("the ", purposes[0], " key has the new passphrase, the ", purposes[i], " key the old one");
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
  LIC_TRY_ASSIGN(const auto purposes, chosen_purposes(options, vendor));
  // All are unlocked before any is written.
  std::vector<SigningKey> keys;
  std::optional<SecretBytes> passphrase;
  for (const auto& purpose : purposes) {
    auto key = vendor.signing_key(purpose);
    if (!options.remove && !passphrase && (key || key.error().code == Errc::denied)) {
      LIC_TRY_ASSIGN(passphrase, new_passphrase(options));
    }
    // A run that was cut short may have left one key with the new passphrase already.
    if (!key && key.error().code == Errc::denied && passphrase) {
      auto again = vendor.signing_key(purpose, &*passphrase);
      if (again) key = std::move(again);
    }
    if (!key) return key.error();
    keys.push_back(std::move(key).value());
  }
  LIC_TRY_ASSIGN(const Path license_path, vendor.key_path("license"));
  remove_abandoned_temporaries(license_path.parent_path());
  // The history entry is ready before the files change; while they do, nobody else writes.
  LIC_TRY_ASSIGN(const auto transaction, ledger->begin());
  const nlohmann::ordered_json detail = {{"keys", purposes}, {"encrypted", !options.remove}};
  LIC_TRY(transaction->record({vendor.now(), vendor.actor(), "keys-passphrase", "", "", json_text(detail)}));
  LIC_TRY(replace_all(purposes, keys, passphrase ? &*passphrase : nullptr, vendor));
  LIC_TRY(transaction->commit());
  report_passphrase(purposes, options.remove, vendor.output());
  return {};
}

int run_passphrase(const PassphraseOptions& options, Vendor& vendor) {
  return conclude(vendor, change_passphrase(options, vendor));
}

}  // namespace

Command<Vendor> keys_list_command() {
  return make_command("keys list", "List the signing keys: what each signs, and whether its file is here and encrypted",
                      {"licgen keys list"}, set_up_list, run_list);
}

Command<Vendor> keys_passphrase_command() {
  return make_command("keys passphrase", "Change the passphrase of the signing keys",
                      {"licgen keys passphrase", "licgen keys passphrase license --new-passphrase-file new.txt"},
                      set_up_passphrase, run_passphrase);
}

}  // namespace lic::app
