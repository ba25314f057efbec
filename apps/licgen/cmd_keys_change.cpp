#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "issue/key_file.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/new_key_file.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_change.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

/// What the history and --json call the change, and what came of it.
void report(const ProductChanged& done, Json document, const std::string& line, Output& output) {
  if (output.json()) {
    document["version"] = done.version;
    document["changed"] = done.changed && done.proposal.empty();
    if (!done.proposal.empty()) document["proposal"] = done.proposal;
    output.line(json_text(document));
    return;
  }
  output.line(line);
  if (!done.proposal.empty())
    output.line(concat("proposal of product file version ", done.version, " written to ", printable(done.proposal)));
  else if (done.changed)
    output.line(concat("product file version ", done.version, " is in force"));
}

void note_export(const ProductChanged& done, Output& output) {
  if (done.changed && done.proposal.empty())
    output.note("give clients the new product file: licgen product export --out product.json");
}

// --- keys rotate

struct RotateOptions {
  std::optional<std::string> distrust_after;
  bool no_passphrase = false;
  RootOptions root;
};

void set_up_rotate(CLI::App& app, RotateOptions& options) {
  add_text(app, "--distrust-after", options.distrust_after, "DATE",
           "What the old key signs from then on counts no more; a date, a time, or a duration from now");
  add_flag(app, "--no-passphrase", options.no_passphrase,
           "Leave the new key unencrypted, protected by file modes only");
  add_root_options(app, options.root);
}

/// As the old key is kept: encrypted by the same passphrase, or not at all. Where its file
/// is not here, by a new passphrase.
Result<std::optional<SecretBytes>> passphrase_of_new_key(const RotateOptions& options, const KeyRecord& old,
                                                         Vendor& vendor) {
  if (options.no_passphrase) return std::optional<SecretBytes>();
  LIC_TRY_ASSIGN(const Path path, vendor.key_path(old));
  const auto encrypted = is_key_file_encrypted(path);
  if (encrypted && !*encrypted) return std::optional<SecretBytes>();
  if (encrypted) {
    LIC_TRY(vendor.signing_key(old));  // the passphrase is the right one
    LIC_TRY_ASSIGN(SecretBytes passphrase, vendor.passphrase("passphrase of the license key: "));
    return std::optional<SecretBytes>(std::move(passphrase));
  }
  if (encrypted.error().code != Errc::not_found) return encrypted.error();
  auto passphrase = vendor.new_passphrase("passphrase for the new license key: ");
  if (passphrase) return std::optional<SecretBytes>(std::move(passphrase).value());
  Error fault = passphrase.error();
  if (fault.code == Errc::denied) fault.hint += "; --no-passphrase leaves the key unencrypted";
  return fault;
}

/// How many licenses the old key has signed that will not count.
Result<std::int64_t> count_losses(const KeyId& old, Time from, Ledger& ledger, Time now) {
  std::int64_t count = 0;
  LIC_TRY(ledger.documents({}, now, [&](const LicenseFile& file) -> Result<void> {
    const bool by_old = file.document.find(old.hex()) != std::string::npos;
    if (by_old && file.issued_at >= from && !file.revoked) ++count;
    return {};
  }));
  return count;
}

void warn_of_losses(std::int64_t count, const KeyId& key, Output& output) {
  if (count == 0) return;
  output.warn(concat(count, count == 1 ? " license is" : " licenses are", " signed by the key ", short_id(key),
                     "… after that time and count", count == 1 ? "s" : "",
                     " no more once clients see the new product file; licgen reissue signs them anew"));
}

/// The next product file, with `added` and that end of `old`.
Result<std::optional<ProductTerms>> rotated(const ProductFile& now, const KeyId& old, std::optional<Time> end,
                                            const TrustedKey* added, Ledger& ledger) {
  LIC_TRY_ASSIGN(const std::string catalog, ledger.catalog());
  ProductTerms terms{catalog, now.roots(), now.threshold(), now.keys()};
  bool changed = added != nullptr;
  for (TrustedKey& key : terms.keys) {
    // An end that was set before is moved forward only: a key is not trusted again.
    if (key.key.id() != old || !end || (key.not_after && *key.not_after <= *end)) continue;
    key.not_after = end;
    changed = true;
  }
  if (added != nullptr) terms.keys.push_back(*added);
  return changed ? std::optional(std::move(terms)) : std::nullopt;
}

Result<void> rotate(const RotateOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  std::optional<Time> end;
  if (options.distrust_after) {
    LIC_TRY_ASSIGN(end, read_moment("--distrust-after", *options.distrust_after, vendor.now()));
  }
  LIC_TRY_ASSIGN(const KeyRecord old, vendor.current_key("license"));
  const KeyId& old_id = old.key.key.id();
  LIC_TRY_ASSIGN(const auto passphrase, passphrase_of_new_key(options, old, vendor));
  const SigningKey fresh = SigningKey::generate();
  const TrustedKey trusted{fresh.public_key(), {Role::license, Role::revocations}, std::nullopt, std::nullopt};
  const KeyId& id = fresh.public_key().id();
  LIC_TRY_ASSIGN(const Path keys, vendor.keys_directory());
  const Path path = keys / key_file_name("license", id);
  remove_abandoned_temporaries(keys);
  LIC_TRY_ASSIGN(NewKeyFile file, NewKeyFile::write(path, fresh, passphrase ? &*passphrase : nullptr));

  ProductChange change;
  change.action = "keys-rotate";
  change.next = [&](const ProductFile& now) { return rotated(now, old_id, end, &trusted, *ledger); };
  change.tell = [&](Json& detail) {
    detail["license"] = id.hex();
    detail["before"] = old_id.hex();
    if (end) detail["distrust_after"] = format_time(*end);
  };
  const auto changed = change_product(change, options.root, vendor);
  // Where a change failed at its very end, the ledger may name the key all the same.
  if (changed || !is_unknown_key(id, *ledger)) file.keep();
  LIC_TRY(changed);
  const ProductChanged& done = *changed;
  Output& output = vendor.output();
  report(done, {{"keyid", id.hex()}, {"before", old_id.hex()}, {"file", path.native()}},
         concat("new license key ", id.hex(), "  ", printable(path.native())), output);
  if (!done.proposal.empty()) output.note("until then the old key signs: keep the file of the new one");
  note_export(done, output);
  if (end) {
    LIC_TRY_ASSIGN(const std::int64_t losses, count_losses(old_id, *end, *ledger, vendor.now()));
    warn_of_losses(losses, old_id, output);
  }
  if (!passphrase) output.warn("the new key is not encrypted: who can read its file can issue licenses");
  return {};
}

int run_rotate(const RotateOptions& options, Vendor& vendor) { return conclude(vendor, rotate(options, vendor)); }

// --- keys distrust

struct DistrustOptions {
  std::string key;
  std::optional<std::string> after;
  RootOptions root;
};

void set_up_distrust(CLI::App& app, DistrustOptions& options) {
  add_option(app, "KEYID", options.key, "A retired license key: its id, or the first digits").required();
  add_text(app, "--after", options.after, "DATE",
           "What it has signed from then on counts no more; a date, a time, or a duration from now")
      .required();
  add_root_options(app, options.root);
}

/// The one key whose id begins so. Errors: invalid_input (too short), not_found, conflict (several).
Result<PublicKey> find_by_id(const std::string& text, const std::vector<PublicKey>& keys, std::string_view what) {
  constexpr std::size_t kLeastDigits = 8;
  if (text.size() < kLeastDigits)
    return error(Errc::invalid_input, concat("key id ", in_quotes(text), " is too short"),
                 concat("give ", kLeastDigits, " digits of it at least: licgen keys list shows them"));
  const auto begins = [&](const PublicKey& key) { return key.id().hex().starts_with(text); };
  const auto found = std::find_if(keys.begin(), keys.end(), begins);
  if (found == keys.end())
    return error(Errc::not_found, concat("no ", what, " has the id ", in_quotes(text)), "licgen keys list shows them");
  if (std::count_if(keys.begin(), keys.end(), begins) > 1)
    return error(Errc::conflict, concat("several keys have an id that begins with ", in_quotes(text)),
                 "give more digits");
  return *found;
}

Result<void> distrust(const DistrustOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Time end, read_moment("--after", *options.after, vendor.now()));
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  std::vector<PublicKey> keys;
  for (const TrustedKey& key : product.keys()) keys.push_back(key.key);
  LIC_TRY_ASSIGN(const PublicKey key, find_by_id(options.key, keys, "license key"));
  LIC_TRY_ASSIGN(const KeyRecord current, vendor.current_key("license"));
  if (current.key.key == key)
    return error(Errc::conflict, concat("key ", short_id(key.id()), "… is the license key that signs now"),
                 "licgen keys rotate --distrust-after DATE puts another in its place");
  ProductChange change;
  change.action = "keys-distrust";
  change.next = [&](const ProductFile& now) { return rotated(now, key.id(), end, nullptr, *ledger); };
  change.tell = [&](Json& detail) {
    detail["license"] = key.id().hex();
    detail["distrust_after"] = format_time(end);
  };
  LIC_TRY_ASSIGN(const ProductChanged done, change_product(change, options.root, vendor));
  Output& output = vendor.output();
  report(done, {{"keyid", key.id().hex()}, {"distrust_after", format_time(end)}},
         concat("key ", short_id(key.id()),
                done.changed ? "… is distrusted from " : "… was distrusted already from before ", format_time(end)),
         output);
  note_export(done, output);
  if (done.changed) {
    LIC_TRY_ASSIGN(const std::int64_t losses, count_losses(key.id(), end, *ledger, vendor.now()));
    warn_of_losses(losses, key.id(), output);
  }
  return {};
}

int run_distrust(const DistrustOptions& options, Vendor& vendor) { return conclude(vendor, distrust(options, vendor)); }

// --- keys root

struct KeysRootOptions {
  std::vector<std::string> add;
  std::vector<std::string> remove;
  std::optional<std::int64_t> threshold;
  RootOptions root;
};

/// More would not find room for the signatures of a change of them all.
constexpr std::int64_t kMostSigners = static_cast<std::int64_t>(kMaxSignatures) / 2;

void set_up_root(CLI::App& app, KeysRootOptions& options) {
  add_list(app, "--add", options.add,
           "A new root: its key file, or its public key as licgen keys new prints it; repeatable")
      .type_name("FILE|PUBLIC");
  add_list(app, "--remove", options.remove,
           "A root that is to be none any more: its id, or the first digits; repeatable")
      .type_name("KEYID");
  add_number(app, "--threshold", options.threshold, 1, kMostSigners, "How many of the roots must sign");
  add_root_options(app, options.root);
}

/// The roots to add; those whose files were given sign as well.
struct NewRoots {
  std::vector<PublicKey> keys;
  std::vector<SigningKey> signers;
};

Result<NewRoots> read_new_roots(const KeysRootOptions& options, Vendor& vendor) {
  NewRoots roots;
  for (const std::string& text : options.add) {
    constexpr std::size_t kBase64Size = 44;  // of 32 bytes
    if (text.size() == kBase64Size && text.ends_with('=')) {
      auto key = PublicKey::from_base64(text);
      if (!key) return error(Errc::invalid_input, concat("--add: ", key.error().message), key.error().hint);
      roots.keys.push_back(std::move(key).value());
      continue;
    }
    LIC_TRY_ASSIGN(SigningKey key, read_root_key(text, options.root.keys, vendor));
    roots.keys.push_back(key.public_key());
    roots.signers.push_back(std::move(key));
  }
  return roots;
}

/// Errors: invalid_input, where the roots could never sign.
Result<void> check_threshold(const ProductTerms& terms) {
  if (terms.roots.empty()) return error(Errc::invalid_input, "no root key would be left", "add another with --add");
  const auto count = static_cast<std::int64_t>(terms.roots.size());
  if (terms.threshold > count)
    return error(Errc::invalid_input,
                 concat("the threshold would be ", terms.threshold, ", with ", count, count == 1 ? " root" : " roots"),
                 "give --threshold, or add more roots");
  constexpr std::int64_t kMostRoots = 64;
  if (count > kMostRoots) return error(Errc::invalid_input, concat("there would be more than ", kMostRoots, " roots"));
  return {};
}

Result<std::optional<ProductTerms>> with_roots(const KeysRootOptions& options, const NewRoots& added,
                                               const ProductFile& now, Ledger& ledger) {
  LIC_TRY_ASSIGN(const std::string catalog, ledger.catalog());
  ProductTerms terms{catalog, now.roots(), options.threshold.value_or(now.threshold()), now.keys()};
  for (const PublicKey& key : added.keys)
    if (std::find(terms.roots.begin(), terms.roots.end(), key) == terms.roots.end()) terms.roots.push_back(key);
  LIC_TRY_ASSIGN(const std::vector<KeyRecord> records, ledger.keys());
  std::vector<PublicKey> known = terms.roots;  // former roots too: removing one again is no fault
  for (const KeyRecord& record : records) {
    const bool listed = std::find(known.begin(), known.end(), record.key.key) != known.end();
    if (record.purpose == "root" && !listed) known.push_back(record.key.key);
  }
  for (const std::string& text : options.remove) {
    LIC_TRY_ASSIGN(const PublicKey key, find_by_id(text, known, "root key"));
    if (std::find(added.keys.begin(), added.keys.end(), key) != added.keys.end())
      return error(Errc::usage, concat("root key ", short_id(key.id()), "… is both added and removed"));
    std::erase(terms.roots, key);
  }
  LIC_TRY(check_threshold(terms));
  if (terms.roots == now.roots() && terms.threshold == now.threshold()) return std::optional<ProductTerms>();
  return std::optional(std::move(terms));
}

Result<void> change_roots(const KeysRootOptions& options, Vendor& vendor) {
  if (options.add.empty() && options.remove.empty() && !options.threshold)
    return error(Errc::usage, "nothing to change was named", "give --add, --remove or --threshold");
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const NewRoots added, read_new_roots(options, vendor));
  std::optional<ProductTerms> terms;
  ProductChange change;
  change.action = "keys-root";
  change.next = [&](const ProductFile& now) -> Result<std::optional<ProductTerms>> {
    LIC_TRY_ASSIGN(auto next, with_roots(options, added, now, *ledger));
    terms = next ? next : std::optional(ProductTerms{{}, now.roots(), now.threshold(), {}});
    return next;
  };
  const auto roots_json = [&] {
    Json ids = Json::array();
    for (const PublicKey& root : terms->roots) ids.push_back(root.id().hex());
    return ids;
  };
  change.tell = [&](Json& detail) {
    detail["roots"] = roots_json();
    detail["threshold"] = terms->threshold;
  };
  for (const SigningKey& key : added.signers) change.signers.push_back(&key);
  LIC_TRY_ASSIGN(const ProductChanged done, change_product(change, options.root, vendor));
  Output& output = vendor.output();
  const std::size_t count = terms->roots.size();
  report(done, {{"roots", roots_json()}, {"threshold", terms->threshold}},
         concat(count, count == 1 ? " root key, " : " root keys, ", terms->threshold, " must sign",
                done.changed ? "" : ": it is so already"),
         output);
  note_export(done, output);
  return {};
}

int run_root(const KeysRootOptions& options, Vendor& vendor) { return conclude(vendor, change_roots(options, vendor)); }

}  // namespace

Command<Vendor> keys_rotate_command() {
  return make_command("keys rotate", "Make a new license key, which signs from now on",
                      {"licgen keys rotate", "licgen keys rotate --root-key /media/stick/root.pem",
                       "licgen keys rotate --distrust-after 2026-11-20"},
                      set_up_rotate, run_rotate);
}

Command<Vendor> keys_distrust_command() {
  return make_command("keys distrust", "End a license key that was rotated away",
                      {"licgen keys distrust 3fa94c0d12e8b7a6 --after 2026-11-20"}, set_up_distrust, run_distrust);
}

Command<Vendor> keys_root_command() {
  return make_command("keys root", "Add and remove root keys, and say how many must sign",
                      {"licgen keys root --add /media/new/root.pem --remove 3fa94c0d12e8b7a6",
                       "licgen keys root --add /media/b/root.pem --add /media/c/root.pem --threshold 2"},
                      set_up_root, run_root);
}

}  // namespace lic::app
