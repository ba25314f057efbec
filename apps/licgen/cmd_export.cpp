#include <nlohmann/json.hpp>
#include <set>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "common/progress.hpp"
#include "desk/carried_product.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/filter_options.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

struct ExportOptions {
  std::vector<std::string> keys;
  bool all = false;
  FilterOptions filter;
  std::string out;
  bool force = false;
};

void set_up_export(CLI::App& app, ExportOptions& options) {
  add_list(app, "KEY", options.keys, "License keys");
  add_flag(app, "--all", options.all,
           "Every license that the filters below let through; revoked ones only with --status revoked");
  add_filter_options(app, options.filter);
  add_option(app, "-o,--out", options.out,
             "A directory that gets a KEY.json for each, a file that gets a line for each, or - for lines on standard "
             "output")
      .type_name("DIR|FILE.jsonl")
      .required();
  add_flag(app, "--force", options.force, "Replace files that exist");
}

Result<void> check_usage(const ExportOptions& options, bool json) {
  if (options.all == !options.keys.empty())
    return error(Errc::usage, options.all ? "license keys and --all exclude one another" : "no license was named",
                 "give license keys, or --all with or without filters");
  if (!options.all && options.filter.any())
    return error(Errc::usage, "filters go with --all", "give license keys or filters, not both");
  if (json && options.out == "-")
    return error(Errc::usage, "--out - and --json both want standard output", "name a directory or a file");
  return {};
}

/// All keys are looked up before anything is written.
Result<std::vector<LicenseRecord>> find_named(const ExportOptions& options, Ledger& ledger, Time now) {
  std::vector<LicenseRecord> records;
  std::set<std::string> seen;
  for (const auto& text : options.keys) {
    LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(text));
    if (!seen.insert(key.text()).second) continue;
    LIC_TRY_ASSIGN(LicenseRecord record, ledger.find(key, now));
    records.push_back(std::move(record));
  }
  return records;
}

struct Counts {
  std::int64_t written = 0;
  std::int64_t left_out = 0;  // revoked
};

Result<Counts> export_all(const ExportOptions& options, Ledger& ledger, DocumentSink& sink, Output& output, Time now) {
  LIC_TRY_ASSIGN(const LicenseFilter filter, filter_of(options.filter, now));
  if (sink.may_refuse())
    LIC_TRY(ledger.list(filter, now, [&](const LicenseSummary& license) { return sink.check(license.key); }));
  Counts counts;
  Progress progress(output, "licenses", std::nullopt);
  LIC_TRY(ledger.documents(filter, now, [&](const LicenseFile& file) -> Result<void> {
    progress.advance();
    if (file.revoked && !filter.status) {
      ++counts.left_out;
      return {};
    }
    ++counts.written;
    return sink.add(file.key, file.document);
  }));
  return counts;
}

Result<Counts> export_named(const std::vector<LicenseRecord>& records, DocumentSink& sink, Output& output) {
  Counts counts;
  for (const auto& record : records) LIC_TRY(sink.check(record.summary.key));
  for (const auto& record : records) {
    if (record.summary.revoked_at) output.note(concat(record.summary.key, " is revoked"));
    LIC_TRY(sink.add(record.summary.key, record.document));
    ++counts.written;
  }
  return counts;
}

void report(const ExportOptions& options, const DocumentSink& sink, const Counts& counts, Output& output) {
  const std::string licenses = concat(counts.written, counts.written == 1 ? " license" : " licenses");
  if (output.json()) {
    const nlohmann::ordered_json document = {{"files", sink.files()}, {"count", counts.written}};
    output.line(json_text(document));
  } else if (sink.to_stdout()) {
    output.note(concat(licenses, " written"));
  } else {
    output.line(concat(licenses, " written to ", printable(options.out)));
  }
  if (counts.left_out > 0) output.note(concat(counts.left_out, " revoked left out; --status revoked exports those"));
}

Result<void> export_licenses(const ExportOptions& options, Vendor& vendor) {
  LIC_TRY(check_usage(options, vendor.output().json()));
  LIC_TRY(filter_of(options.filter, vendor.now()));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto named, find_named(options, *ledger, vendor.now()));
  LIC_TRY_ASSIGN(DocumentSink sink,
                 DocumentSink::open(options.out, options.force, DocumentSink::Same::refuse, vendor.output()));
  LIC_TRY_ASSIGN(CarriedProduct carried, vendor.carried_product());
  sink.carry(std::move(carried));
  LIC_TRY_ASSIGN(const Counts counts, options.all ? export_all(options, *ledger, sink, vendor.output(), vendor.now())
                                                  : export_named(named, sink, vendor.output()));
  LIC_TRY(sink.finish());
  report(options, sink, counts, vendor.output());
  return {};
}

int run_export(const ExportOptions& options, Vendor& vendor) {
  return conclude(vendor, export_licenses(options, vendor));
}

}  // namespace

Command<Vendor> export_command() {
  return make_command("export", "Write signed license files from the ledger",
                      {"licgen export TZ-PRO-7K3M-9QXA-R2VD-5R28 --out .", "licgen export --all --out licenses.jsonl",
                       "licgen export --all --plan starter --status expiring --out licenses/"},
                      set_up_export, run_export);
}

}  // namespace lic::app
