#include <CLI/CLI.hpp>
#include <array>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/command_line.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/import_rows.hpp"
#include "licgen/option_values.hpp"
#include "licgen/row_run.hpp"

namespace lic::app {
namespace {

using Format = ImportRows::Format;
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
  app.add_option("FILE", options.file, "Licenses, as JSON Lines or CSV; - is standard input")->required();
  add_choice(
      app, "--format", {"csv", "jsonl"}, [&options](std::size_t i) { options.format = kFormats.at(i); },
      "What FILE is (default: as its name ends)");
  add_list(app, "--plan-map", options.plan_map, "Take what is of the plan OLD there as of the plan NEW here")
      ->type_name("OLD=NEW");
  add_text(app, "--new-keys", options.new_keys, "FILE",
           "Give licenses whose key is none of ours a new one, keep theirs as metadata previous_key, and write both to "
           "FILE as CSV (default: such keys are refused)");
  add_text(app, "--skip-bad", options.skip_bad, "FILE",
           "Write what is bad to FILE and import the rest (default: nothing is imported unless all is good)");
  add_text(app, "-o,--out", options.out, "DIR|FILE.jsonl",
           "Also write the licenses as they are signed now: KEY.json files to a directory, lines to FILE.jsonl, - for "
           "lines on standard output in place of the keys");
  app.add_flag("--force", options.force, "Replace files that exist");
}

Result<Format> format_of(const ImportOptions& options) {
  if (options.format) return *options.format;
  const std::string extension = to_lower(Path(options.file).extension().native());
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
  ImportRows rows(format, ImportReader(catalog, std::move(plans), options.new_keys.has_value(), vendor.now()),
                  options.new_keys.value_or(""), *ledger, vendor);
  RowRun run(rows, std::move(input), {options.skip_bad, options.force, RowFile::Same::keep}, catalog, *ledger, vendor);
  if (const auto checked = run.check(); !checked)
    return fail_with_faults(checked.error(), run.faults(), vendor.output());
  LIC_TRY(run.check_signer({key, product}));
  LIC_TRY_ASSIGN(auto keys, open_key_file(options));
  LIC_TRY_ASSIGN(auto documents, open_documents(options.out, options.force, DocumentSink::Same::keep, vendor));
  return run.issue({key, product}, documents ? &*documents : nullptr, keys ? &*keys : nullptr);
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
