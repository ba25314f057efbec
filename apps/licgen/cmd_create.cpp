#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/log.hpp"
#include "common/progress.hpp"
#include "licgen/bulk_report.hpp"
#include "licgen/commands.hpp"
#include "licgen/create_from_csv.hpp"
#include "licgen/create_request.hpp"
#include "licgen/document_output.hpp"
#include "licgen/issuing.hpp"
#include "licgen/product_document.hpp"

namespace lic::app {
namespace {

Result<Order> order_of(const CreateRequest& request, const Catalog& catalog, Time now) {
  Order order;
  LIC_TRY_ASSIGN(order.terms, terms_for(catalog, request.license, now));
  order.key_prefix = catalog.key_prefix;
  order.plan_code = catalog.find_plan(request.license.plan)->code;
  order.note = request.note;
  order.count = request.count;
  order.batch = request.batch;
  order.batch_request = request.batch_request;
  return order;
}

/// A failure after some licenses were issued: that they are, and how to get at them.
int partial_failure(const Error& fault, const std::string& first_key, const Issuing& issuing, const Order& order,
                    BulkReport& report) {
  const std::string message =
      concat(fault.message, "; ", issuing.seen(), " of ", order.count,
             order.count == 1 ? " license is issued" : " licenses are issued", " and in the ledger");
  std::string hint = order.count == 1 ? concat("licgen export ", first_key, " --out DIR writes its file")
                                      : concat("licgen list --format csv shows them, the first is ", first_key,
                                               "; licgen export writes the files");
  if (!order.batch.empty()) hint = "run the same command again to get the rest; nothing is issued twice";
  return report.fail({fault.code, message, hint}, nlohmann::ordered_json::object());
}

int issue(const Order& order, const Signer& signer, Ledger& ledger, DocumentSink* sink, Vendor& vendor) {
  Output& output = vendor.output();
  BulkReport report(sink, output);
  Issuing issuing(order, signer, ledger, vendor, report.most_at_once());
  Progress progress(output, "licenses", order.count);
  std::string first_key;
  const auto issue_all = [&]() -> Result<void> {
    while (!issuing.done() && !output.broken()) {  // nobody reads the keys: issue no more of them
      const auto next = issuing.next([&](std::string_view issued, std::string_view document) {
        if (first_key.empty()) first_key = issued;
        progress.advance();
        return report.take(issued, document);
      });
      progress.hide();
      LIC_TRY(next);
      LIC_TRY(report.committed());
    }
    return issuing.done() ? report.finish() : not_all_printed();
  };
  if (const auto issued = issue_all(); !issued)
    return issuing.seen() == 0 ? output.fail(issued.error())
                               : partial_failure(issued.error(), first_key, issuing, order, report);
  if (!order.batch.empty() && issuing.issued() < order.count)
    output.note(concat("batch ", in_quotes(order.batch), ": ", order.count - issuing.issued(),
                       " licenses were issued before, ", issuing.issued(), " now"));
  log_info(concat(issuing.issued(), " licenses issued"));
  return report.conclude(ExitCode::ok, {}, nlohmann::ordered_json::object());
}

Result<int> create(const CreateOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const CreateRequest request, read_request(options, vendor.now()));
  if (options.out == "-" && vendor.output().json())
    return error(Errc::usage, "--out - and --json both want standard output", "name a directory or a file");
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Catalog catalog, vendor.catalog());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const Order order, order_of(request, catalog, vendor.now()));
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::license));
  LIC_TRY(check_order(order, key, product));
  // A batch that is run again may find what it wrote the last time.
  const auto same = options.batch ? DocumentSink::Same::keep : DocumentSink::Same::refuse;
  LIC_TRY_ASSIGN(auto sink, open_documents(options.out, options.force, same, vendor));
  return issue(order, {key, product}, *ledger, sink ? &*sink : nullptr, vendor);
}

int run_create(const CreateOptions& options, Vendor& vendor) {
  if (options.from_csv) return create_from_csv(options, vendor);
  if (options.skip_bad)
    return vendor.output().fail(error(Errc::usage, "--skip-bad is for the rows of a file", "give --from-csv FILE too"));
  const auto code = create(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace

Command<Vendor> create_command() {
  return make_command(
      "create", "Issue licenses and print their keys",
      {"licgen create --plan professional --customer 'ACME GmbH' --email ops@acme.example",
       "licgen create --plan starter --customer 'ACME GmbH' --expires 2027-12-31 --seats 5 --out licenses/",
       "licgen create --plan starter --customer Reseller --count 1000 --batch spring --out keys.jsonl",
       "licgen create --from-csv customers.csv --plan professional --batch 2026-11 --out keys.csv"},
      set_up_create, run_create);
}

}  // namespace lic::app
