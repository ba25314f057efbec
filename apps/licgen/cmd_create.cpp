#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "common/log.hpp"
#include "common/progress.hpp"
#include "desk/carried_product.hpp"
#include "desk/issuing.hpp"
#include "licgen/commands.hpp"
#include "licgen/create_from_csv.hpp"
#include "licgen/create_request.hpp"
#include "licgen/document_output.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/product_document.hpp"

namespace lic::app {
namespace {

/// Tells of what has been issued, as it comes.
class Report {
 public:
  /// `sink` null: the keys alone.
  Report(DocumentSink* sink, Output& output) : sink_(sink), output_(output) {}

  /// How many licenses may be issued at once: those that are held back until they are
  /// in the ledger fill the memory.
  [[nodiscard]] std::int64_t most_at_once() const noexcept {
    return holds_documents() ? Issuing::kMostHeld : Issuing::kMostAtOnce;
  }

  /// A license that is about to be issued.
  Result<void> take(std::string_view key, std::string_view document) {
    keys_ += key;
    keys_ += '\n';
    if (holds_documents()) {
      held_.push_back({std::string(key), std::string(document)});
    } else if (sink_ != nullptr) {
      return noted(sink_->add(key, document));  // nobody sees the file before it is finished
    }
    return {};
  }

  /// What was taken is in the ledger: its keys are told first, whatever happens next.
  Result<void> committed() {
    const bool lines = sink_ == nullptr || !sink_->to_stdout();
    if (output_.json()) {
      tell_as_json();
    } else if (lines) {
      output_.answer(keys_);
    }
    for (const IssuedLicense& license : held_) LIC_TRY(noted(sink_->add(license.key, license.document)));
    keys_.clear();
    held_.clear();
    return {};
  }

  Result<void> finish() { return sink_ == nullptr ? Result<void>() : noted(sink_->finish()); }
  /// Whether what failed was to write the documents.
  [[nodiscard]] bool cannot_write() const noexcept { return cannot_write_; }

  /// The end of the document of --json; `fault` null: all went well.
  /// Precondition: at least one license was told.
  void conclude(const std::string* fault) {
    if (!output_.json()) return;
    const nlohmann::ordered_json files = sink_ == nullptr ? std::vector<std::string>() : sink_->files();
    output_.line(concat("],\"files\":", json_text(files), fault == nullptr ? "" : concat(",\"error\":", *fault), '}'));
  }

 private:
  [[nodiscard]] bool holds_documents() const noexcept { return sink_ != nullptr && !sink_->is_lines_file(); }

  void tell_as_json() {
    for (std::string_view rest = keys_; !rest.empty(); told_ = true) {
      const std::size_t end = rest.find('\n');
      output_.answer(concat(told_ ? ",\"" : R"({"keys":[")", rest.substr(0, end), '"'));
      rest.remove_prefix(end + 1);
    }
  }

  Result<void> noted(Result<void> written) {
    if (!written) cannot_write_ = true;
    return written;
  }

  DocumentSink* sink_;
  Output& output_;
  std::string keys_;  // each with a line feed
  std::vector<IssuedLicense> held_;
  bool told_ = false;
  bool cannot_write_ = false;
};

Result<std::optional<DocumentSink>> open_sink(const CreateOptions& options, Vendor& vendor) {
  if (!options.out) return std::optional<DocumentSink>();
  // A batch that is run again may find what it wrote the last time.
  const auto same = options.batch ? DocumentSink::Same::keep : DocumentSink::Same::refuse;
  LIC_TRY_ASSIGN(DocumentSink sink, DocumentSink::open(*options.out, options.force, same, vendor.output()));
  LIC_TRY_ASSIGN(CarriedProduct carried, vendor.carried_product());
  sink.carry(std::move(carried));
  return std::optional<DocumentSink>(std::move(sink));
}

/// A failure after some licenses were issued: that they are, and how to get at them.
int partial_failure(const Error& fault, const std::string& first_key, const Issuing& issuing, const Order& order,
                    Report& report, Output& output) {
  const ExitCode code = report.cannot_write() ? ExitCode::failure : exit_code(fault.code);
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

int issue(const Order& order, const Signer& signer, const Desk& desk, DocumentSink* sink, Vendor& vendor) {
  Output& output = vendor.output();
  Report report(sink, output);
  Issuing issuing(order, signer, desk, report.most_at_once());
  Progress progress(output, "licenses", order.count);
  std::string first_key;
  const auto fail = [&](const Error& fault) {
    return partial_failure(fault, first_key, issuing, order, report, output);
  };
  while (!issuing.done()) {
    const auto next = issuing.next([&](std::string_view issued, std::string_view document) {
      if (first_key.empty()) first_key = issued;
      progress.advance();
      return report.take(issued, document);
    });
    progress.hide();
    if (!next && issuing.seen() == 0) return output.fail(next.error());
    if (!next) return fail(next.error());
    if (const auto written = report.committed(); !written) return fail(written.error());
    if (output.broken()) break;  // nobody reads the keys: issue no more of them
  }
  if (const auto written = report.finish(); !written) return fail(written.error());
  if (!output.finish()) return fail(Error{Errc::failure, "the keys could not all be printed", {}});
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
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const Catalog catalog, vendor.catalog());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(Order order, order_of(catalog, request.license, request.note, request.count, vendor.now()));
  order.batch = request.batch;
  order.batch_request = request.batch_request;
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::license));
  LIC_TRY(check_order(order, key, product));
  LIC_TRY(warn_of_slow_clock(desk.ledger, vendor));
  LIC_TRY_ASSIGN(auto sink, open_sink(options, vendor));
  return issue(order, {key, product}, desk, sink ? &*sink : nullptr, vendor);
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
