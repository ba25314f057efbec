#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "issue/key_file.hpp"
#include "licgen/commands.hpp"
#include "licgen/new_key_file.hpp"
#include "licgen/option_values.hpp"
#include "licgen/passphrase.hpp"
#include "licgen/product_change.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

struct DelegateOptions {
  bool no_passphrase = false;
  std::optional<std::string> new_passphrase_file;
  RootOptions root;
};

void set_up_delegate(CLI::App& app, DelegateOptions& options) {
  const Option none = add_flag(app, "--no-passphrase", options.no_passphrase,
                               "Leave the new key unencrypted, protected by file modes only");
  add_text(app, "--new-passphrase-file", options.new_passphrase_file, "FILE",
           "File with the passphrase of the new key (default: $LICGEN_NEW_PASSPHRASE, or asked for at the terminal)")
      .excludes(none);
  add_root_options(app, options.root);
}

/// Never that of the other keys: a server knows this one.
Result<std::optional<SecretBytes>> passphrase_of_new_key(const DelegateOptions& options) {
  if (options.no_passphrase) return std::optional<SecretBytes>();
  if (options.new_passphrase_file) {
    LIC_TRY_ASSIGN(SecretBytes given, passphrase_from_file(*options.new_passphrase_file));
    return std::optional<SecretBytes>(std::move(given));
  }
  LIC_TRY_ASSIGN(auto given, passphrase_from_environment("LICGEN_NEW_PASSPHRASE"));
  if (given) return given;
  auto asked = ask_new_passphrase("passphrase for the new lease key: ");
  if (asked) return std::optional<SecretBytes>(std::move(asked).value());
  Error fault = asked.error();
  fault.hint =
      "give it with --new-passphrase-file FILE or $LICGEN_NEW_PASSPHRASE, or leave the key unencrypted with "
      "--no-passphrase";
  return fault;
}

Result<std::optional<ProductTerms>> with_key(const TrustedKey& key, const ProductFile& now, Ledger& ledger) {
  LIC_TRY_ASSIGN(const std::string catalog, ledger.catalog());
  ProductTerms terms{catalog, now.roots(), now.threshold(), now.keys()};
  terms.keys.push_back(key);
  return std::optional(std::move(terms));
}

void report(const ProductChanged& done, const KeyId& id, const Path& path, Output& output) {
  if (output.json()) {
    Json document = {{"keyid", id.hex()}, {"file", path.native()}, {"version", done.version}};
    document["changed"] = done.changed && done.proposal.empty();
    if (!done.proposal.empty()) document["proposal"] = done.proposal;
    output.line(json_text(document));
  } else {
    output.line(concat("new lease key ", id.hex(), "  ", printable(path.native())));
    output.line(done.proposal.empty() ? concat("product file version ", done.version, " is in force")
                                      : concat("proposal of product file version ", done.version, " written to ",
                                               printable(done.proposal)));
  }
  output.note(done.proposal.empty() ? "give clients the new product file: licgen product export --out product.json"
                                    : "licgen serve takes the key once the proposal is signed and imported");
}

Result<void> delegate(const DelegateOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto passphrase, passphrase_of_new_key(options));
  const SigningKey fresh = SigningKey::generate();
  const KeyId& id = fresh.public_key().id();
  const TrustedKey trusted{fresh.public_key(), {Role::lease}, std::nullopt, std::nullopt};
  LIC_TRY_ASSIGN(const Path keys, vendor.keys_directory());
  const Path path = keys / key_file_name("lease", id);
  remove_abandoned_temporaries(keys);
  LIC_TRY_ASSIGN(NewKeyFile file, NewKeyFile::write(path, fresh, passphrase ? &*passphrase : nullptr));

  ProductChange change;
  change.action = "keys-delegate";
  change.next = [&](const ProductFile& now) { return with_key(trusted, now, *ledger); };
  change.tell = [&](Json& detail) { detail["lease"] = id.hex(); };
  const auto changed = change_product(change, options.root, vendor);
  // Where a change failed at its very end, the ledger may name the key all the same.
  if (changed || !is_unknown_key(id, *ledger)) file.keep();
  LIC_TRY(changed);
  report(*changed, id, path, vendor.output());
  if (!passphrase) vendor.output().warn("the new key is not encrypted: who can read its file can grant leases");
  return {};
}

int run_delegate(const DelegateOptions& options, Vendor& vendor) { return conclude(vendor, delegate(options, vendor)); }

}  // namespace

Command<Vendor> keys_delegate_command() {
  return make_command("keys delegate", "Make a key for the licensing server, which signs leases and nothing else",
                      {"licgen keys delegate", "licgen keys delegate --no-passphrase --root-key /media/stick/root.pem"},
                      set_up_delegate, run_delegate);
}

}  // namespace lic::app
