#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "issue/key_file.hpp"
#include "ledger/postgres.hpp"
#include "ledger/sqlite.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/home_builder.hpp"
#include "licgen/product_document.hpp"

namespace lic::app {
namespace {

struct InitOptions {
  std::string catalog;
  bool no_passphrase = false;
};

struct NewKeys {
  SigningKey root = SigningKey::generate();
  SigningKey license = SigningKey::generate();

  [[nodiscard]] TrustedKey trusted_license() const {
    return {license.public_key(), {Role::license, Role::revocations}, std::nullopt, std::nullopt};
  }
};

void set_up_init(CLI::App& app, InitOptions& options) {
  add_option(app, "--catalog", options.catalog, "The product and its plans (JSON); - is standard input")
      .type_name("FILE")
      .required();
  add_flag(app, "--no-passphrase", options.no_passphrase,
           "Leave the signing keys unencrypted, protected by file modes only");
}

/// Absent with --no-passphrase.
Result<std::optional<SecretBytes>> choose_passphrase(const InitOptions& options, Vendor& vendor) {
  if (options.no_passphrase && vendor.names_passphrase())
    return error(Errc::usage, "--no-passphrase goes without --passphrase-file and --passphrase-fd",
                 "leave one of them out");
  if (options.no_passphrase) return std::optional<SecretBytes>();
  auto passphrase = vendor.new_passphrase("passphrase for the new signing keys: ");
  if (passphrase) return std::optional<SecretBytes>(std::move(passphrase).value());
  Error fault = passphrase.error();
  if (fault.code == Errc::denied) fault.hint += "; --no-passphrase leaves the keys unencrypted";
  return fault;
}

Result<void> fill_ledger(Transaction& transaction, const NewKeys& keys, const std::string& catalog,
                         const std::string& product, Vendor& vendor) {
  const Time now = vendor.now();
  LIC_TRY(transaction.add_key({"root", {keys.root.public_key(), {}, std::nullopt, std::nullopt}, now}));
  LIC_TRY(transaction.add_key({"license", keys.trusted_license(), now}));
  LIC_TRY(transaction.put_product(1, catalog, product, now));
  const nlohmann::ordered_json detail = {
      {"root", keys.root.public_key().id().hex()}, {"license", keys.license.public_key().id().hex()}, {"version", 1}};
  return transaction.record({now, vendor.actor(), "init", "", "", json_text(detail)});
}

Result<void> build_home(const HomePlaces& places, const LedgerAddress& ledger_address, const NewKeys& keys,
                        const SecretBytes* passphrase, const std::string& catalog, const std::string& product,
                        Vendor& vendor) {
  LIC_TRY_ASSIGN(HomeBuilder builder, HomeBuilder::begin(places));
  LIC_TRY(write_key_file(builder.staged_keys() / "root.pem", keys.root, passphrase));
  LIC_TRY(write_key_file(builder.staged_keys() / "license.pem", keys.license, passphrase));
  if (!ledger_address.is_file()) {
    LIC_TRY_ASSIGN(const auto transaction, begin_postgres_ledger(ledger_address));
    LIC_TRY(fill_ledger(*transaction, keys, catalog, product, vendor));
    return builder.publish_with([&] { return transaction->commit(); });
  }
  {
    LIC_TRY_ASSIGN(const auto ledger, create_sqlite_ledger(builder.staged_ledger()));
    LIC_TRY_ASSIGN(const auto transaction, ledger->begin());
    LIC_TRY(fill_ledger(*transaction, keys, catalog, product, vendor));
    LIC_TRY(transaction->commit());
  }  // closed: only then is it one file that can be moved
  return builder.publish();
}

void report_home(const HomePlaces& places, const NewKeys& keys, const Catalog& catalog, bool encrypted,
                 Output& output) {
  const std::string& root = keys.root.public_key().id().hex();
  const std::string& license = keys.license.public_key().id().hex();
  if (output.json()) {
    nlohmann::ordered_json document;
    document["home"] = places.home.native();
    document["product"] = catalog.id;
    document["keys"] = {{{"purpose", "root"}, {"keyid", root}}, {{"purpose", "license"}, {"keyid", license}}};
    document["version"] = 1;
    output.line(json_text(document));
  } else {
    output.line(concat("home         ", printable(places.home.native())));
    output.line(
        concat("product      ", catalog.id, " (", printable(catalog.name), "), ", catalog.plans.size(), " plans"));
    output.line(concat("root key     ", root, "  ", printable((places.keys() / "root.pem").native())));
    output.line(concat("license key  ", license, "  ", printable((places.keys() / "license.pem").native())));
  }
  output.note(
      "move the root key offline: only catalog import and the changes of keys need it, and take it by --root-key FILE");
  if (!encrypted) output.warn("the signing keys are not encrypted: who can read their files can issue licenses");
}

Result<void> init(const InitOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const Path home, vendor.home());
  LIC_TRY_ASSIGN(const LedgerAddress ledger, vendor.ledger_address());
  const HomePlaces places{home, ledger.path()};
  LIC_TRY(check_no_home(places));
  LIC_TRY_ASSIGN(const std::string text, read_catalog_file(options.catalog));
  LIC_TRY_ASSIGN(const Catalog catalog, Catalog::parse(text, input_name(options.catalog, "catalogue")));

  const NewKeys keys;
  const ProductTerms terms{text, {keys.root.public_key()}, 1, {keys.trusted_license()}};
  LIC_TRY_ASSIGN(const Envelope signed_product, sign_product(terms, 1, {&keys.root}, vendor.now()));
  const std::string product = signed_product.to_json();
  LIC_TRY(ProductFile::open(view_bytes(product), "the new product file"));
  LIC_TRY_ASSIGN(const auto passphrase, choose_passphrase(options, vendor));
  LIC_TRY(build_home(places, ledger, keys, passphrase ? &*passphrase : nullptr, text, product, vendor));
  report_home(places, keys, catalog, passphrase.has_value(), vendor.output());
  return {};
}

int run_init(const InitOptions& options, Vendor& vendor) { return conclude(vendor, init(options, vendor)); }

}  // namespace

Command<Vendor> init_command() {
  return make_command("init", "Make a home: signing keys, ledger and catalogue",
                      {"licgen init --catalog catalog.json", "licgen --home /srv/licenses init --catalog catalog.json",
                       "licgen --passphrase-file pass.txt init --catalog catalog.json"},
                      set_up_init, run_init);
}

}  // namespace lic::app
