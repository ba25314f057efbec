#include <CLI/CLI.hpp>

#include "base/result.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

struct ExportOptions {
  std::optional<std::string> out;
  bool force = false;
};

void set_up_export(CLI::App& app, ExportOptions& options) { add_out_file(app, options.out, options.force); }

Result<void> export_product(const ExportOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const std::string document, ledger->product_file());
  return write_output(options.out, options.force, document, vendor.output());
}

int run_export(const ExportOptions& options, Vendor& vendor) {
  return conclude(vendor, export_product(options, vendor));
}

}  // namespace

Command<Vendor> product_export_command() {
  return make_command("product export", "Write the signed product file that clients need",
                      {"licgen product export --out product.json"}, set_up_export, run_export);
}

}  // namespace lic::app
