#include "base/result.hpp"
#include "common/options.hpp"
#include "desk/revocation_list.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"

namespace lic::app {
namespace {

struct ExportOptions {
  std::optional<std::string> out;
  bool force = false;
  std::string valid = "7d";
};

void set_up_export(CLI::App& app, ExportOptions& options) {
  add_out_file(app, options.out, options.force);
  add_option(app, "--valid", options.valid,
             "How long clients may go by this list; after that it is stale (default: 7d)")
      .type_name("DURATION");
}

Result<void> export_revocations(const ExportOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const Time next_update, read_span("--valid", options.valid, vendor.now()));
  if (options.out && *options.out != "-") LIC_TRY(check_output_file(*options.out, options.force));
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::revocations));
  const Signer signer{key, product};
  LIC_TRY_ASSIGN(const auto transaction, begin_signing(desk.ledger, signer));
  LIC_TRY_ASSIGN(const std::string document, issue_revocation_list(*transaction, desk, signer, next_update));
  LIC_TRY(transaction->commit());
  return write_output(options.out, options.force, document, vendor.output());
}

int run_export(const ExportOptions& options, Vendor& vendor) {
  return conclude(vendor, export_revocations(options, vendor));
}

}  // namespace

Command<Vendor> revocations_export_command() {
  return make_command("revocations export", "Sign and write the list of all revoked licenses",
                      {"licgen revocations export --out revocations.json", "licgen revocations export --valid 30d"},
                      set_up_export, run_export);
}

}  // namespace lic::app
