#include "licgen/lifecycle.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/carried_product.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"
#include "policy/decide.hpp"

namespace lic::app {
namespace {

/// Where the signed file goes. Opened before anything changes, so that a place that
/// cannot be written is no change half done. The old KEY.json is replaced.
Result<void> open_sink(const ReissueOptions& options, DocumentSink::Same same, Vendor& vendor,
                       std::optional<DocumentSink>& sink) {
  if (!options.out) return {};
  if (*options.out == "-" && vendor.output().json())
    return error(Errc::usage, "--out - and --json both want standard output", "name a directory or a file");
  const bool force = options.force || !options.out->ends_with(".jsonl");
  LIC_TRY_ASSIGN(DocumentSink opened, DocumentSink::open(*options.out, force, same, vendor.output()));
  LIC_TRY_ASSIGN(CarriedProduct carried, vendor.carried_product());
  opened.carry(std::move(carried));
  sink.emplace(std::move(opened));
  return {};
}

/// The change and its history, in one transaction that reads what it changes.
Result<Reissued> store(const LicenseKey& key, const ReissueOptions& options, const Reissue& reissue,
                       const Signer& signer, Vendor& vendor, std::optional<DocumentSink>& sink) {
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const auto transaction, begin_signing(desk.ledger, signer));
  const auto ready = [&](bool changes) {  // a retry finds the file that it wrote
    return open_sink(options, changes ? DocumentSink::Same::refuse : DocumentSink::Same::keep, vendor, sink);
  };
  LIC_TRY_ASSIGN(Reissued done,
                 reissue_license(*transaction, desk, key, reissue, options.reason.value_or(""), signer, ready));
  if (done.changed) LIC_TRY(transaction->commit());
  return done;
}

/// The license is changed already: a failure says so.
Result<std::vector<std::string>> write_file_of(const Reissued& done, DocumentSink& sink) {
  const auto write = [&]() -> Result<void> {
    LIC_TRY(sink.add(done.terms.key, done.document));
    return sink.finish();
  };
  const auto written = write();
  if (written) return sink.files();
  return error(Errc::failure,
               concat(written.error().message, "; the ledger has serial ", done.terms.serial, " of ", done.terms.key),
               concat("licgen export ", done.terms.key, " --out DIR writes its file"));
}

void report(const Reissued& done, const Reissue& reissue, const std::vector<std::string>& files, Output& output) {
  if (output.json()) {
    nlohmann::ordered_json document = reissued_json(done);
    document["files"] = files;
    if (reissue.tell) reissue.tell(document);
    output.line(json_text(document));
    return;
  }
  const std::string standing = reissue.remark ? reissue.remark() : reissue.standing;
  output.line(concat(done.terms.key, ' ', done.changed ? reissue.done : standing, ", serial ", done.terms.serial));
  for (const auto& change : done.changes)
    output.line(concat("  ", printable(change.member), ": ", change.before.empty() ? "-" : printable(change.before),
                       " -> ", change.after.empty() ? "-" : printable(change.after)));
}

}  // namespace

void set_up_reissue(CLI::App& app, ReissueOptions& options) {
  add_option(app, "KEY", options.key, "License key").required();
  add_text(app, "--reason", options.reason, "REASON", "Why: kept in the history");
  add_text(
      app, "-o,--out", options.out, "DIR|FILE.jsonl",
      "Also write the new signed file: KEY.json in a directory (in place of the old one), or a line in FILE.jsonl");
  add_flag(app, "--force", options.force, "Replace a FILE.jsonl that exists");
}

Result<void> reissue(const ReissueOptions& options, const Reissue& reissue, Vendor& vendor) {
  if (options.reason) LIC_TRY(check_given("--reason", *options.reason));
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(options.key));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY(ledger->find(key, vendor.now()));  // before a passphrase is asked for
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const SigningKey signer, unlock_license_key(vendor, product, Role::license));
  std::optional<DocumentSink> sink;
  LIC_TRY_ASSIGN(const Reissued done, store(key, options, reissue, {signer, product}, vendor, sink));
  std::vector<std::string> files;
  if (sink) {
    LIC_TRY_ASSIGN(files, write_file_of(done, *sink));
  }
  if (options.out != "-") report(done, reissue, files, vendor.output());
  if (done.changed && !options.out)
    vendor.output().note(concat("the customer needs the new file: licgen export ", key.text(), " --out DIR"));
  return {};
}

Result<void> warn_of_slow_clock(Ledger& ledger, Vendor& vendor) {
  LIC_TRY_ASSIGN(const auto newest, ledger.newest_history_time());
  const Time now = vendor.now();
  if (clock_moved_back(now, newest))
    vendor.output().warn(concat("the clock of this machine seems wrong: it is ", format_time(now),
                                " by it, and the newest entry of the ledger is of ", format_time(*newest),
                                "; what is issued now is dated by this clock"));
  return {};
}

}  // namespace lic::app
