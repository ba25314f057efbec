#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/log.hpp"
#include "common/options.hpp"
#include "common/progress.hpp"
#include "csv/text.hpp"
#include "desk/carried_product.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/importing.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"
#include "licgen/row_file.hpp"
#include "licgen/row_report.hpp"
#include "licgen/seen_texts.hpp"

namespace lic::app {
namespace {

enum class Format { csv, jsonl };
constexpr std::array kFormats = {Format::csv, Format::jsonl};

struct ImportOptions {
  std::string file;
  std::optional<Format> format;
  std::vector<std::string> plan_map;
  std::optional<std::string> new_keys;
  std::optional<std::string> skip_bad;
  std::optional<std::string> out;
  bool force = false;
};

void set_up_import(CLI::App& app, ImportOptions& options) {
  add_option(app, "FILE", options.file, "Licenses, as JSON Lines or CSV; - is standard input").required();
  add_choice(
      app, "--format", {"csv", "jsonl"}, [&options](std::size_t i) { options.format = kFormats.at(i); },
      "What FILE is (default: as its name ends)");
  add_list(app, "--plan-map", options.plan_map, "Take what is of the plan OLD there as of the plan NEW here")
      .type_name("OLD=NEW");
  add_text(app, "--new-keys", options.new_keys, "FILE",
           "Give licenses whose key is none of ours a new one, keep theirs as metadata previous_key, and write both to "
           "FILE as CSV (default: such keys are refused)");
  add_text(app, "--skip-bad", options.skip_bad, "FILE",
           "Write what is bad to FILE and import the rest (default: nothing is imported unless all is good)");
  add_text(app, "-o,--out", options.out, "DIR|FILE.jsonl",
           "Also write the licenses as they are signed now: KEY.json files to a directory, lines to FILE.jsonl, - for "
           "lines on standard output in place of the keys");
  add_flag(app, "--force", options.force, "Replace files that exist");
}

Result<Format> format_of(const ImportOptions& options) {
  if (options.format) return *options.format;
  const std::string extension = to_lower(std::filesystem::path(options.file).extension().native());
  if (extension == ".csv") return Format::csv;
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json") return Format::jsonl;
  return error(Errc::usage, concat("the name ", in_quotes(options.file), " does not tell what the file is"),
               "say so: --format csv or --format jsonl");
}

Result<ImportReader::PlanMap> read_plan_map(const std::vector<std::string>& texts, const Catalog& catalog) {
  ImportReader::PlanMap plans;
  for (const std::string& text : texts) {
    const std::size_t equals = text.rfind('=');
    if (equals == std::string::npos || equals == 0)
      return error(Errc::invalid_input, concat("--plan-map: ", in_quotes(text), " is not OLD=NEW"));
    const std::string plan = text.substr(equals + 1);
    if (catalog.find_plan(plan) == nullptr)
      return error(Errc::not_found, concat("--plan-map: there is no plan ", in_quotes(plan)), "licgen catalog show");
    if (!plans.emplace(text.substr(0, equals), plan).second)
      return error(Errc::usage, concat("--plan-map names ", in_quotes(text.substr(0, equals)), " twice"));
  }
  return plans;
}

/// One run over one file: all of it is checked first, then imported.
class Import {
 public:
  Import(const ImportOptions& options, Format format, ImportReader reader, Importing importing, Vendor& vendor,
         InputFile input)
      : options_(options),
        format_(format),
        reader_(std::move(reader)),
        importing_(std::move(importing)),
        vendor_(vendor),
        input_(std::move(input)) {}

  /// Finds every fault before anything is imported. Writes the file of what is bad.
  Result<void> check() {
    LIC_TRY_ASSIGN(const auto source, open());
    if (options_.skip_bad) LIC_TRY(open_bad_file(source->csv()));
    LIC_TRY(check_all(*source));
    seen_keys_ = {};
    if (broken_ || (!faults_.empty() && !bad_file_))
      return faults_.error_of(input_.name(), "nothing was imported",
                              broken_ ? "mend the file and try again"
                                      : "mend these, or let --skip-bad FILE write them to FILE and import the rest");
    return bad_file_ ? bad_file_->finish() : Result<void>();
  }

  /// What clients would say to the first license. Errors: conflict.
  Result<void> check_signer(const SigningKey& signer, const ProductFile& product, const Catalog& catalog) const {
    if (!first_) return {};
    Order order;
    order.terms = first_->terms;
    order.key_prefix = catalog.key_prefix;
    order.plan_code = first_->plan_code;
    return check_order(order, signer, product);
  }

  int run(DocumentSink* sink, RowFile* keys) {
    RowReport report(sink, vendor_.output());
    const auto imported = import_all(report, keys);
    return imported ? conclude(report, keys) : partial_failure(imported.error(), report);
  }

  [[nodiscard]] const FaultList& faults() const noexcept { return faults_; }

 private:
  Result<std::unique_ptr<ImportSource>> open() {
    switch (format_) {
      case Format::csv:
        return open_csv_import(input_);
      case Format::jsonl:
        return open_jsonl_import(input_);
    }
    return error(Errc::failure, "an unknown format");
  }

  Result<void> open_bad_file(const CsvRows* rows) {
    const char separator = rows == nullptr ? ',' : rows->separator();
    LIC_TRY_ASSIGN(RowFile bad, RowFile::open(*options_.skip_bad, options_.force, RowFile::Same::keep, separator));
    bad_file_.emplace(std::move(bad));
    return rows == nullptr ? Result<void>() : bad_file_->add(head_with(*rows, kFaultColumn, {}));
  }

  Result<void> check_all(ImportSource& source) {
    ImportItem item;
    Progress checked(vendor_.output(), "rows checked", std::nullopt);
    while (true) {
      const auto found = source.next(item);
      if (!found && found.error().code == Errc::invalid_input) {
        broken_ = true;
        faults_.add_end(found.error());
        return {};
      }
      LIC_TRY(found);
      if (!*found) return {};
      std::vector<Fault> faults;
      LIC_TRY(check_one(item, faults));
      good_.push_back(faults.empty());
      checked.advance();
      faults_.add(faults);
      if (!faults.empty() && bad_file_) LIC_TRY(write_bad(source, faults));
    }
  }

  Result<void> check_one(const ImportItem& item, std::vector<Fault>& faults) {
    auto row = reader_.read(item, faults);
    if (!row) return {};
    const std::string key = row->key ? row->key->text() : row->previous_key;
    if (const auto before = seen_keys_.add(key, row->line)) {
      faults.push_back(
          item.row.fault("key", concat("license ", in_quotes(key), " is in the file twice, first on line ", *before)));
      return {};
    }
    const std::string& id = row->row.terms.id;
    if (const auto before = id.empty() ? std::nullopt : seen_keys_.add(concat("id ", id), row->line)) {
      faults.push_back(
          item.row.fault("id", concat("id ", in_quotes(id), " is in the file twice, first on line ", *before)));
      return {};
    }
    const auto present = importing_.find(*row);
    if (!present && present.error().code != Errc::conflict) return present.error();
    if (!present) {
      faults.push_back(item.row.fault("key", one_line(present.error())));
      faults.back().conflict = true;
      return {};
    }
    if (item.is_signed) ++signed_;
    if (!first_) first_ = std::move(row->row);
    return {};
  }

  Result<void> write_bad(const ImportSource& source, const std::vector<Fault>& faults) {
    if (source.csv() == nullptr) return bad_file_->add_line(source.line());
    return bad_file_->add(with_field(*source.csv(), fault_texts(faults), {}));
  }

  Result<void> import_all(RowReport& report, RowFile* keys) {
    LIC_TRY_ASSIGN(const auto source, open());
    ImportItem item;
    progress_.emplace(vendor_.output(), "rows", std::ssize(good_));
    for (std::size_t i = 0; i < good_.size() && !vendor_.output().broken(); ++i) {
      progress_->advance();
      LIC_TRY_ASSIGN(const bool found, source->next(item));
      if (!found) break;  // check_unchanged() says why
      std::vector<Fault> faults;
      const auto row = good_[i] ? reader_.read(item, faults) : std::nullopt;
      if (row) LIC_TRY(import_one(*row, report, keys));
    }
    LIC_TRY(commit(report));
    progress_.reset();
    if (keys != nullptr) LIC_TRY(keys->finish());
    return report.finish();
  }

  Result<void> import_one(const ImportRow& row, RowReport& report, RowFile* keys) {
    auto added = importing_.add(row);
    if (!added)
      return error(added.error().code, concat("line ", row.line, ": ", added.error().message), added.error().hint);
    ImportedLicense imported = *std::move(added);
    ++(imported.was_there ? present_ : imported_);
    if (!row.previous_key.empty()) {
      ++replaced_;
      if (keys != nullptr) LIC_TRY(keys->add({row.previous_key, imported.license.key}));
    }
    if (!report.wants_documents()) imported.license.document.clear();
    pending_.push_back(std::move(imported.license));
    last_line_ = row.line;
    return std::ssize(pending_) < Issuing::kMostHeld ? Result<void>() : commit(report);
  }

  Result<void> commit(RowReport& report) {
    LIC_TRY(input_.check_unchanged());
    LIC_TRY(importing_.commit());
    committed_line_ = last_line_;
    const auto licenses = std::exchange(pending_, {});
    if (progress_) progress_->hide();
    LIC_TRY(report.add(licenses));
    return {};
  }

  [[nodiscard]] nlohmann::ordered_json counts() const {
    return {{"imported", imported_}, {"present", present_}, {"replaced", replaced_}, {"bad", faults_.rows()}};
  }

  int conclude(RowReport& report, const RowFile* keys) {
    Output& output = vendor_.output();
    std::vector<std::string> files;
    if (keys != nullptr) files.push_back(keys->name());
    output.note(
        concat(imported_, imported_ == 1 ? " license" : " licenses", " imported, ", present_, " there already"));
    if (signed_ != 0)
      output.note(
          concat(signed_, " were signed elsewhere: nobody looked at those signatures, the terms are signed anew"));
    if (replaced_ != 0)
      output.note(concat(replaced_, " have new keys, which their users need: ", in_quotes(keys->name())));
    if (!faults_.empty()) tell_of_bad();
    log_info(concat(imported_, " licenses imported"));
    report.conclude(files, counts());
    return static_cast<int>(ExitCode::ok);
  }

  void tell_of_bad() {
    Output& output = vendor_.output();
    if (format_ == Format::jsonl)  // its file holds the lines as they came
      output.warn(faults_.error_of(input_.name(), "what is good was imported", {}).message);
    output.note(concat(faults_.rows(), faults_.rows() == 1 ? " line is" : " lines are", " bad and written to ",
                       in_quotes(bad_file_->name())));
  }

  int partial_failure(const Error& fault, RowReport& report) {
    Output& output = vendor_.output();
    if (committed_line_ == 0) return output.fail(fault);
    const ExitCode code = exit_code(fault.code);
    const std::string message =
        concat(fault.message, "; ", report.count(), " licenses are in the ledger, those up to line ", committed_line_);
    const std::string hint = "run the same command again to get the rest; nothing is imported twice";
    auto rest = counts();
    rest["error"] = error_object(code, message, hint);
    report.conclude({}, rest);
    return output.fail(code, message, hint, true);
  }

  const ImportOptions& options_;
  Format format_;
  ImportReader reader_;
  Importing importing_;
  Vendor& vendor_;
  InputFile input_;

  std::vector<bool> good_;  // of each line
  FaultList faults_;
  bool broken_ = false;  // the file could not be read to its end
  SeenTexts seen_keys_;
  std::optional<RowFile> bad_file_;
  std::optional<RowTerms> first_;
  std::int64_t signed_ = 0;

  std::optional<Progress> progress_;    // of the rows that are imported
  std::vector<IssuedLicense> pending_;  // given out, not committed
  std::int64_t last_line_ = 0;
  std::int64_t committed_line_ = 0;
  std::int64_t imported_ = 0;
  std::int64_t present_ = 0;
  std::int64_t replaced_ = 0;
};

Result<void> check_outputs(const ImportOptions& options, bool json) {
  if (options.out == "-" && json)
    return error(Errc::usage, "--out - and --json both want standard output", "name a directory or a file");
  if (options.skip_bad == "-" || options.new_keys == "-")
    return error(Errc::usage, "--skip-bad and --new-keys need the name of a file");
  const bool same = (options.skip_bad && (options.skip_bad == options.out || options.skip_bad == options.new_keys)) ||
                    (options.new_keys && options.new_keys == options.out);
  return same ? Result<void>(error(Errc::usage, "--out, --skip-bad and --new-keys must name different files"))
              : Result<void>();
}

Result<std::optional<RowFile>> open_key_file(const ImportOptions& options) {
  if (!options.new_keys) return std::optional<RowFile>();
  LIC_TRY_ASSIGN(RowFile file, RowFile::open(*options.new_keys, options.force, RowFile::Same::keep, ','));
  LIC_TRY(file.add({"previous_key", "key"}));
  return std::optional<RowFile>(std::move(file));
}

Result<int> import_file(const ImportOptions& options, Vendor& vendor) {
  LIC_TRY(check_outputs(options, vendor.output().json()));
  LIC_TRY_ASSIGN(const Format format, format_of(options));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Catalog catalog, vendor.catalog());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(auto plans, read_plan_map(options.plan_map, catalog));
  LIC_TRY_ASSIGN(InputFile input,
                 InputFile::open(options.file, format == Format::csv ? "CSV file" : "JSON Lines file"));
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::license));
  ImportReader reader(catalog, std::move(plans), options.new_keys.has_value(), vendor.now());
  Import import(options, format, std::move(reader), Importing({key, product}, *ledger, catalog, vendor), vendor,
                std::move(input));
  if (const auto checked = import.check(); !checked)
    return fail_with_faults(checked.error(), import.faults(), vendor.output());
  LIC_TRY(import.check_signer(key, product, catalog));
  LIC_TRY(warn_of_slow_clock(*ledger, vendor));
  LIC_TRY_ASSIGN(auto keys, open_key_file(options));
  std::optional<DocumentSink> sink;
  if (options.out) {
    LIC_TRY_ASSIGN(DocumentSink opened,
                   DocumentSink::open(*options.out, options.force, DocumentSink::Same::keep, vendor.output()));
    sink.emplace(std::move(opened));
    LIC_TRY_ASSIGN(CarriedProduct carried, vendor.carried_product());
    sink->carry(std::move(carried));
  }
  return import.run(sink ? &*sink : nullptr, keys ? &*keys : nullptr);
}

int run_import(const ImportOptions& options, Vendor& vendor) {
  const auto code = import_file(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace

Command<Vendor> import_command() {
  return make_command(
      "import", "Take licenses from elsewhere: keys kept, terms signed anew",
      {"licgen import all.jsonl", "licgen import licenses.csv --plan-map gold=enterprise --skip-bad bad.csv",
       "licgen import old.csv --new-keys keys.csv"},
      set_up_import, run_import);
}

}  // namespace lic::app
