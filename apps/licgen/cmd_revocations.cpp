#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"
#include "trust/revocations.hpp"

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

/// The next list, signed, and in the ledger's history.
Result<std::string> issue_list(Time next_update, const ProductFile& product, const SigningKey& key, Ledger& ledger,
                               Vendor& vendor) {
  LIC_TRY_ASSIGN(const auto transaction, ledger.begin());
  LIC_TRY(check_still_current(ledger, product));
  UlidSource ids;
  RevocationList list;
  list.id = ids.next(vendor.now());
  list.product = product.catalog().product;
  LIC_TRY_ASSIGN(list.seq, transaction->next_revocation_seq());
  list.issued_at = vendor.now();
  list.next_update = next_update;
  LIC_TRY_ASSIGN(list.entries, ledger.revocations());
  std::string document = sign_document(DocumentKind::revocations, list.to_json(), key).to_json();
  LIC_TRY(RevocationList::open(view_bytes(document), product, "the new revocation list"));
  const nlohmann::ordered_json detail = {{"seq", list.seq}, {"entries", list.entries.size()}};
  LIC_TRY(transaction->record({vendor.now(), vendor.actor(), "revocations-export", "", "", json_text(detail)}));
  LIC_TRY(transaction->commit());
  return document;
}

Result<void> export_revocations(const ExportOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const Time next_update, read_span("--valid", options.valid, vendor.now()));
  if (options.out && *options.out != "-") LIC_TRY(check_output_file(*options.out, options.force));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::revocations));
  LIC_TRY_ASSIGN(const std::string document, issue_list(next_update, product, key, *ledger, vendor));
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
