#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "license/terms.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_change.hpp"
#include "licgen/product_document.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

struct ImportOptions {
  std::string file;
  RootOptions root;
};

struct ShowOptions {};

struct ExportOptions {
  std::optional<std::string> out;
  bool force = false;
};

void set_up_import(CLI::App& app, ImportOptions& options) {
  add_option(app, "FILE", options.file, "The product and its plans (JSON); - is standard input").required();
  add_root_options(app, options.root);
}

/// Whether both say the same, however they are laid out.
Result<bool> is_same_catalog(const std::string& current, const std::string& next) {
  if (current == next) return true;
  LIC_TRY_ASSIGN(const json::Document a, json::parse(current, "the ledger's catalogue"));
  LIC_TRY_ASSIGN(const json::Document b, json::parse(next, "catalogue"));
  return a == b;
}

void report_import(const Catalog& catalog, const ProductChanged& done, Output& output) {
  if (output.json()) {
    nlohmann::ordered_json document = {
        {"product", catalog.id}, {"version", done.version}, {"changed", done.changed && done.proposal.empty()}};
    if (!done.proposal.empty()) document["proposal"] = done.proposal;
    output.line(json_text(document));
  } else if (!done.proposal.empty()) {
    output.line(concat("proposal of product file version ", done.version, " written to ", printable(done.proposal)));
  } else if (done.changed) {
    output.line(
        concat("catalogue imported: product file version ", done.version, ", ", catalog.plans.size(), " plans"));
    output.note("give clients the new product file: licgen product export --out product.json");
  } else {
    output.line(concat("catalogue unchanged: product file version ", done.version));
  }
}

Result<void> import_catalog(const ImportOptions& options, Vendor& vendor) {
  const std::string what = input_name(options.file, "catalogue");
  LIC_TRY_ASSIGN(const std::string text, read_catalog_file(options.file));
  LIC_TRY_ASSIGN(const Catalog next, Catalog::parse(text, what));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Catalog before, vendor.catalog());
  LIC_TRY(check_succession(before, next, what));
  ProductChange change;
  change.action = "catalog-import";
  change.next = [&](const ProductFile& now) -> Result<std::optional<ProductTerms>> {
    LIC_TRY_ASSIGN(const std::string text_before, ledger->catalog());
    LIC_TRY_ASSIGN(const bool same, is_same_catalog(text_before, text));
    if (same) return std::optional<ProductTerms>();
    return std::optional(ProductTerms{text, now.roots(), now.threshold(), now.keys()});
  };
  LIC_TRY_ASSIGN(const ProductChanged done, change_product(change, options.root, vendor));
  report_import(next, done, vendor.output());
  return {};
}

int run_import(const ImportOptions& options, Vendor& vendor) {
  return conclude(vendor, import_catalog(options, vendor));
}

void set_up_show(CLI::App&, ShowOptions&) {}

std::string limits_text(const Limits& limits) {
  std::string out;
  for (const auto& [name, limit] : limits) out += concat(out.empty() ? "" : ", ", name, " ", limit_words(limit));
  return out.empty() ? "-" : out;
}

void print_plans(const Catalog& catalog, std::int64_t version, Output& output) {
  constexpr std::size_t kWidestLimits = 200;
  output.line(concat(printable(catalog.name), " (", catalog.id, "), keys ", catalog.key_prefix,
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
    vendor.output().line(json_text(parse_json(text)));
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
  return make_command(
      "catalog import", "Check a catalogue and make it the current one, with a new product file",
      {"licgen catalog import catalog.json", "licgen catalog import catalog.json --root-key /media/stick/root.pem"},
      set_up_import, run_import);
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
