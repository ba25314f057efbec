#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/carried_product.hpp"
#include "issue/issuer.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"
#include "policy/decide.hpp"
#include "trust/verify.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

struct ReissueAllOptions {
  std::optional<std::string> reason;
  std::optional<std::string> out;
  bool force = false;
};

void set_up_reissue_all(CLI::App& app, ReissueAllOptions& options) {
  add_text(app, "--reason", options.reason, "REASON", "Why: kept in the history");
  add_text(
      app, "-o,--out", options.out, "DIR|FILE.jsonl",
      "Also write the new signed files: KEY.json in a directory (in place of the old ones), or lines in FILE.jsonl");
  add_flag(app, "--force", options.force, "Replace a FILE.jsonl that exists");
}

struct NewDocument {
  std::string key;
  std::string document;
};

/// Signs licenses anew, as long as clients refuse what they have.
class Reissuing {
 public:
  Reissuing(const ReissueAllOptions& options, const ProductFile& product, const SigningKey& signer, Ledger& ledger,
            Vendor& vendor)
      : options_(options), product_(product), signer_(signer), ledger_(ledger), vendor_(vendor) {}

  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }

  /// Those of the next page, committed.
  Result<std::vector<NewDocument>> next() {
    constexpr std::int64_t kPage = 500;
    LicenseFilter filter;
    filter.after = last_;
    filter.limit = kPage;
    std::vector<std::string> refused;
    std::int64_t seen = 0;
    LIC_TRY(ledger_.documents(filter, vendor_.now(), [&](const LicenseFile& file) -> Result<void> {
      ++seen;
      last_ = file.key;
      if (!file.revoked && is_refused(file.document)) refused.push_back(file.key);
      return {};
    }));
    done_ = seen < kPage;
    if (refused.empty()) return std::vector<NewDocument>();
    LIC_TRY_ASSIGN(const auto transaction, ledger_.begin());
    LIC_TRY(check_still_current(ledger_, product_));
    std::vector<NewDocument> documents;
    for (const std::string& key : refused) LIC_TRY(reissue_one(key, *transaction, documents));
    LIC_TRY(transaction->commit());
    count_ += std::ssize(documents);
    return documents;
  }

 private:
  [[nodiscard]] bool is_refused(const std::string& document) const {
    return !verify(view_bytes(document), product_, "license");
  }

  Result<void> reissue_one(const std::string& text, Transaction& transaction, std::vector<NewDocument>& documents) {
    LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(text));
    LIC_TRY_ASSIGN(const LicenseRecord record, ledger_.find(key, vendor_.now()));
    // Another process was first. (A revoked license is not worth a new signature.)
    if (record.summary.revoked_at || !is_refused(record.document)) return {};
    LIC_TRY(check_clock(record.summary, vendor_.now()));
    LIC_TRY_ASSIGN(Terms terms, newest_terms(record));
    ++terms.serial;
    terms.issued_at = vendor_.now();
    LIC_TRY_ASSIGN(std::string document, sign_license(terms, signer_, product_));
    LIC_TRY(transaction.reissue(terms, document));
    const Json detail = {{"serial", terms.serial}, {"sha256", document_digest(document)}, {"changes", Json::array()}};
    LIC_TRY(transaction.record(
        {vendor_.now(), vendor_.actor(), "reissue", text, options_.reason.value_or(""), json_text(detail)}));
    documents.push_back({text, std::move(document)});
    return {};
  }

  const ReissueAllOptions& options_;
  const ProductFile& product_;
  const SigningKey& signer_;
  Ledger& ledger_;
  Vendor& vendor_;
  std::string last_;
  bool done_ = false;
  std::int64_t count_ = 0;
};

Error cut_short(const Error& fault, std::int64_t count) {
  if (count == 0) return fault;
  return error(fault.code, concat(fault.message, "; ", count, " licenses are signed anew and in the ledger"),
               "run the command again for the rest; licgen export writes the files of those");
}

Result<void> reissue_all(const ReissueAllOptions& options, Vendor& vendor) {
  if (options.reason) LIC_TRY(check_given("--reason", *options.reason));
  if (options.out == "-" && vendor.output().json())
    return error(Errc::usage, "--out - and --json both want standard output", "name a directory or a file");
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const SigningKey signer, unlock_license_key(vendor, product, Role::license));
  std::optional<DocumentSink> sink;
  if (options.out) {
    const bool force = options.force || !options.out->ends_with(".jsonl");
    LIC_TRY_ASSIGN(DocumentSink opened,
                   DocumentSink::open(*options.out, force, DocumentSink::Same::refuse, vendor.output()));
    LIC_TRY_ASSIGN(CarriedProduct carried, vendor.carried_product());
    opened.carry(std::move(carried));
    sink.emplace(std::move(opened));
  }
  Reissuing reissuing(options, product, signer, *ledger, vendor);
  const auto run = [&]() -> Result<void> {
    while (!reissuing.done()) {
      LIC_TRY_ASSIGN(const auto documents, reissuing.next());
      for (const NewDocument& made : documents)
        if (sink) LIC_TRY(sink->add(made.key, made.document));
    }
    return sink ? sink->finish() : Result<void>();
  };
  if (const auto ran = run(); !ran) return cut_short(ran.error(), reissuing.count());
  Output& output = vendor.output();
  const std::int64_t count = reissuing.count();
  if (output.json()) {
    output.line(json_text(Json{{"reissued", count}, {"files", sink ? sink->files() : std::vector<std::string>()}}));
  } else if (options.out != "-") {
    output.line(count == 0 ? std::string("nothing to do: clients take every license")
                           : concat(count, count == 1 ? " license" : " licenses", " signed anew"));
  }
  if (count > 0 && !options.out) output.note("the customers need the new files: licgen export --all --out DIR");
  return {};
}

int run_reissue_all(const ReissueAllOptions& options, Vendor& vendor) {
  return conclude(vendor, reissue_all(options, vendor));
}

}  // namespace

Command<Vendor> reissue_command() {
  return make_command("reissue", "Sign every license anew that a distrusted key has signed",
                      {"licgen reissue --reason 'key stolen' --out licenses/"}, set_up_reissue_all, run_reissue_all);
}

}  // namespace lic::app
