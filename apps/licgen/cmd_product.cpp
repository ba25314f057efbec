#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "common/command_line.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_change.hpp"

namespace lic::app {
namespace {

struct ExportOptions {
  std::optional<std::string> out;
  bool force = false;
  std::optional<std::int64_t> version;
};

void set_up_export(CLI::App& app, ExportOptions& options) {
  add_out_file(app, options.out, options.force);
  add_number(app, "--file-version", options.version, 1, json::kMaxInteger,
             "An earlier version, in place of the current one");
}

Result<void> export_product(const ExportOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const std::string document,
                 options.version ? ledger->product_file_of(*options.version) : ledger->product_file());
  return write_output(options.out, options.force, document, vendor.output());
}

int run_export(const ExportOptions& options, Vendor& vendor) {
  return conclude(vendor, export_product(options, vendor));
}

struct ImportOptions {
  std::string file;
};

void set_up_import(CLI::App& app, ImportOptions& options) {
  add_option(app, "FILE", options.file, "A proposal that the roots have signed; - is standard input").required();
}

/// A license key whose file is elsewhere would leave this home unable to sign.
Result<void> tell_of_missing_key(Vendor& vendor) {
  LIC_TRY_ASSIGN(const KeyRecord current, vendor.current_key("license"));
  LIC_TRY_ASSIGN(const Path path, vendor.key_path(current));
  const auto encrypted = is_key_file_encrypted(path);
  if (!encrypted && encrypted.error().code == Errc::not_found)
    vendor.output().warn(concat("the license key of this product file is not here: put it at ",
                                printable(path.native()), " before anything is to be signed"));
  return {};
}

Result<void> import(const ImportOptions& options, Vendor& vendor) {
  const std::string what = input_name(options.file, "product file");
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(options.file, "product file", kMaxDocument));
  LIC_TRY_ASSIGN(const ProductProposal proposal, ProductProposal::parse(bytes, what));
  LIC_TRY_ASSIGN(const bool changed, import_product(proposal, what, vendor));
  Output& output = vendor.output();
  const std::int64_t version = proposal.content().version();
  if (output.json()) {
    output.line(json_text(nlohmann::ordered_json{
        {"product", proposal.content().catalog().id}, {"version", version}, {"changed", changed}}));
  } else {
    output.line(concat(changed ? "product file version " : "already in force: product file version ", version,
                       changed ? " is in force" : ""));
  }
  if (changed) output.note("give clients the new product file: licgen product export --out product.json");
  return tell_of_missing_key(vendor);
}

int run_import(const ImportOptions& options, Vendor& vendor) { return conclude(vendor, import(options, vendor)); }

}  // namespace

Command<Vendor> product_export_command() {
  return make_command(
      "product export", "Write the signed product file that clients need",
      {"licgen product export --out product.json", "licgen product export --file-version 3 --out v3.json"},
      set_up_export, run_export);
}

Command<Vendor> product_import_command() {
  return make_command("product import", "Take a new product file that the roots have signed in turns",
                      {"licgen product import proposal.json"}, set_up_import, run_import);
}

}  // namespace lic::app
