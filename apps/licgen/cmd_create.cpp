#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "common/log.hpp"
#include "licgen/carried_product.hpp"
#include "licgen/commands.hpp"
#include "licgen/create_request.hpp"
#include "licgen/document_output.hpp"
#include "licgen/issuing.hpp"
#include "licgen/product_document.hpp"

namespace lic::app {
namespace {

/// Tells of what has been issued, on stdout as it comes or, with --json, at the end.
class Report {
 public:
  /// `sink` null: the keys alone.
  Report(DocumentSink* sink, Output& output) : sink_(sink), output_(output) {}

  /// The licenses are in the ledger: their keys are told first, whatever happens next.
  Result<void> add(const std::vector<IssuedLicense>& licenses) {
    const bool lines = sink_ == nullptr || !sink_->to_stdout();
    for (const auto& license : licenses) {
      if (output_.json()) {
        keys_.push_back(license.key);
      } else if (lines) {
        output_.line(license.key);
      }
    }
    if (sink_ == nullptr) return {};
    for (const auto& license : licenses) LIC_TRY(sink_->add(license.key, license.document));
    return {};
  }

  Result<void> finish() { return sink_ == nullptr ? Result<void>() : sink_->finish(); }

  /// The document of --json; `fault` null: all went well.
  void conclude(const std::string* fault) {
    if (!output_.json()) return;
    nlohmann::ordered_json document;
    document["keys"] = keys_;
    document["files"] = sink_ == nullptr ? std::vector<std::string>() : sink_->files();
    if (fault != nullptr) document["error"] = nlohmann::ordered_json::parse(*fault);
    output_.line(json_text(document));
  }

 private:
  DocumentSink* sink_;
  Output& output_;
  std::vector<std::string> keys_;
};

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

Result<std::optional<DocumentSink>> open_sink(const CreateOptions& options, Vendor& vendor) {
  if (!options.out) return std::optional<DocumentSink>();
  // A batch that is run again may find what it wrote the last time.
  const auto same = options.batch ? DocumentSink::Same::keep : DocumentSink::Same::refuse;
  LIC_TRY_ASSIGN(DocumentSink sink, DocumentSink::open(*options.out, options.force, same, vendor.output()));
  LIC_TRY_ASSIGN(CarriedProduct carried, CarriedProduct::of(vendor));
  sink.carry(std::move(carried));
  return std::optional<DocumentSink>(std::move(sink));
}

/// A failure after some licenses were issued: that they are, and how to get at them.
int partial_failure(const Error& fault, bool writing, const std::string& first_key, const Issuing& issuing,
                    const Order& order, Report& report, Output& output) {
  const ExitCode code = writing ? ExitCode::failure : exit_code(fault.code);
  const std::string message =
      concat(fault.message, "; ", issuing.seen(), " of ", order.count,
             order.count == 1 ? " license is issued" : " licenses are issued", " and in the ledger");
  std::string hint = order.count == 1 ? concat("licgen export ", first_key, " --out DIR writes its file")
                                      : concat("licgen list --format csv shows them, the first is ", first_key,
                                               "; licgen export writes the files");
  if (!order.batch.empty()) hint = "run the same command again to get the rest; nothing is issued twice";
  const std::string inner = error_json(code, message, hint);
  report.conclude(&inner);
  return output.fail(code, message, hint, true);
}

int issue(const Order& order, const SigningKey& key, Ledger& ledger, DocumentSink* sink, Vendor& vendor) {
  Output& output = vendor.output();
  Report report(sink, output);
  Issuing issuing(order, key, ledger, vendor);
  const bool progress = order.count > Issuing::kChunk && ::isatty(STDERR_FILENO) == 1;
  std::string first_key;
  while (!issuing.done()) {
    const auto licenses = issuing.next();
    if (!licenses && issuing.seen() == 0) return output.fail(licenses.error());
    if (!licenses) return partial_failure(licenses.error(), false, first_key, issuing, order, report, output);
    if (first_key.empty()) first_key = licenses->front().key;
    if (const auto written = report.add(*licenses); !written)
      return partial_failure(written.error(), true, first_key, issuing, order, report, output);
    if (output.broken()) break;  // nobody reads the keys: issue no more of them
    if (progress) output.note(concat(issuing.seen(), " of ", order.count, " licenses"));
  }
  if (const auto written = report.finish(); !written)
    return partial_failure(written.error(), true, first_key, issuing, order, report, output);
  if (!output.finish()) {
    const Error fault{Errc::failure, "the keys could not all be printed", {}};
    return partial_failure(fault, true, first_key, issuing, order, report, output);
  }
  if (!order.batch.empty() && issuing.issued() < order.count)
    output.note(concat("batch ", in_quotes(order.batch), ": ", order.count - issuing.issued(),
                       " licenses were issued before, ", issuing.issued(), " now"));
  log_info(concat(issuing.issued(), " licenses issued"));
  report.conclude(nullptr);
  return static_cast<int>(ExitCode::ok);
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
  LIC_TRY_ASSIGN(auto sink, open_sink(options, vendor));
  return issue(order, key, *ledger, sink ? &*sink : nullptr, vendor);
}

int run_create(const CreateOptions& options, Vendor& vendor) {
  const auto code = create(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace

Command<Vendor> create_command() {
  return make_command(
      "create", "Issue licenses and print their keys",
      {"licgen create --plan professional --customer 'ACME GmbH' --email ops@acme.example",
       "licgen create --plan starter --customer 'ACME GmbH' --expires 2027-12-31 --seats 5 --out licenses/",
       "licgen create --plan starter --customer Reseller --count 1000 --batch spring --out keys.jsonl"},
      set_up_create, run_create);
}

}  // namespace lic::app
