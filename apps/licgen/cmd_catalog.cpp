#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

struct ImportOptions {
  std::string file;
};

struct ShowOptions {};

struct ExportOptions {
  std::optional<std::string> out;
  bool force = false;
};

void set_up_import(CLI::App& app, ImportOptions& options) {
  app.add_option("FILE", options.file, "The product and its plans (JSON); - is standard input")->required();
}

/// Whether both say the same, however they are laid out.
Result<bool> is_same_catalog(const std::string& current, const std::string& next) {
  if (current == next) return true;
  LIC_TRY_ASSIGN(const json::Value a, json::parse(current, "the ledger's catalogue"));
  LIC_TRY_ASSIGN(const json::Value b, json::parse(next, "catalogue"));
  return a == b;
}

/// What the product cannot change once licenses and clients rely on it.
Result<void> check_succession(const Catalog& current, const Catalog& next, const std::string& what) {
  if (next.product != current.product)
    return error(Errc::conflict,
                 concat(what, " is for the product ", in_quotes(next.product), ", but this ledger is for ",
                        in_quotes(current.product)),
                 "a home is for one product: make another with licgen --home DIR init");
  if (next.key_prefix != current.key_prefix)
    return error(Errc::conflict,
                 concat(what, " changes the key prefix from ", current.key_prefix, " to ", in_quotes(next.key_prefix)),
                 "clients would refuse every license issued so far: keep the prefix");
  if (next.app != current.app)
    return error(Errc::conflict,
                 concat(what, " changes \"app\" from ", in_quotes(current.app), " to ", in_quotes(next.app)),
                 "clients would look for their licenses in another directory: keep the name");
  return {};
}

void report_import(const Catalog& catalog, std::int64_t version, bool changed, Output& output) {
  if (output.json()) {
    const nlohmann::ordered_json document = {{"product", catalog.product}, {"version", version}, {"changed", changed}};
    output.line(json_text(document));
  } else if (changed) {
    output.line(concat("catalogue imported: product file version ", version, ", ", catalog.plans.size(), " plans"));
    output.note("give clients the new product file: licgen product export --out product.json");
  } else {
    output.line(concat("catalogue unchanged: product file version ", version));
  }
}

Result<void> import_catalog(const ImportOptions& options, Vendor& vendor) {
  const std::string what = input_name(options.file, "catalogue");
  LIC_TRY_ASSIGN(const std::string text, read_catalog_file(options.file));
  LIC_TRY_ASSIGN(const Catalog next, Catalog::parse(text, what));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Catalog before, vendor.catalog());
  LIC_TRY(check_succession(before, next, what));
  LIC_TRY_ASSIGN(const std::string text_before, ledger->catalog());
  LIC_TRY_ASSIGN(const bool same, is_same_catalog(text_before, text));
  if (same) {
    LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
    report_import(next, product.version(), false, vendor.output());
    return {};
  }
  LIC_TRY_ASSIGN(const SigningKey root, vendor.signing_key("root"));
  LIC_TRY_ASSIGN(const auto transaction, ledger->begin());
  // Read within the transaction: another import may just have ended.
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  const std::int64_t version = product.version() + 1;
  LIC_TRY_ASSIGN(const std::string document,
                 sign_product(text, version, product.roots(), product.threshold(), product.keys(), root, vendor.now()));
  LIC_TRY(transaction->put_product(version, text, document, vendor.now()));
  const nlohmann::ordered_json detail = {{"version", version}};
  LIC_TRY(transaction->record({vendor.now(), vendor.actor(), "catalog-import", "", "", json_text(detail)}));
  LIC_TRY(transaction->commit());
  report_import(next, version, true, vendor.output());
  return {};
}

int run_import(const ImportOptions& options, Vendor& vendor) {
  return conclude(vendor, import_catalog(options, vendor));
}

void set_up_show(CLI::App&, ShowOptions&) {}

std::string limits_text(const Limits& limits) {
  std::string out;
  for (const auto& [name, limit] : limits) out += concat(out.empty() ? "" : ", ", name, " ", limit_text(limit));
  return out.empty() ? "-" : out;
}

void print_plans(const Catalog& catalog, std::int64_t version, Output& output) {
  constexpr std::size_t kWidestLimits = 200;
  output.line(concat(printable(catalog.name), " (", catalog.product, "), keys ", catalog.key_prefix,
                     "-..., product file version ", version));
  Table table({{"PLAN"},
               {"NAME"},
               {"CODE"},
               {"KIND"},
               {"PRICE"},
               {"DURATION"},
               {"SEATS", true},
               {"FEATURES", true},
               {"LIMITS", false, kWidestLimits}});
  for (const auto& plan : catalog.plans) {
    table.add({plan.id, plan.name, plan.code, std::string(token(plan.kind)), price_text(plan), duration_text(plan),
               concat(plan.seats), concat(plan.features.size()), limits_text(plan.limits)});
  }
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
}

Result<void> show_catalog(Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const std::string text, ledger->catalog());
  LIC_TRY_ASSIGN(const Catalog catalog, vendor.catalog());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  if (vendor.output().json()) {
    vendor.output().line(json_text(nlohmann::ordered_json::parse(text)));
  } else {
    print_plans(catalog, product.version(), vendor.output());
  }
  return {};
}

int run_show(const ShowOptions&, Vendor& vendor) { return conclude(vendor, show_catalog(vendor)); }

void set_up_export(CLI::App& app, ExportOptions& options) { add_out_file(app, options.out, options.force); }

Result<void> export_catalog(const ExportOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(std::string text, ledger->catalog());
  if (text.ends_with('\n')) text.pop_back();  // write_output() ends with one
  return write_output(options.out, options.force, text, vendor.output());
}

int run_export(const ExportOptions& options, Vendor& vendor) {
  return conclude(vendor, export_catalog(options, vendor));
}

}  // namespace

Command<Vendor> catalog_import_command() {
  return make_command("catalog import", "Check a catalogue and make it the current one, with a new product file",
                      {"licgen catalog import catalog.json"}, set_up_import, run_import);
}

Command<Vendor> catalog_show_command() {
  return make_command("catalog show", "Show the plans of the current catalogue",
                      {"licgen catalog show", "licgen catalog show --json"}, set_up_show, run_show);
}

Command<Vendor> catalog_export_command() {
  return make_command("catalog export", "Write the current catalogue as it was imported",
                      {"licgen catalog export --out catalog.json"}, set_up_export, run_export);
}

}  // namespace lic::app
