#include "licgen/create_from_csv.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "licgen/create_rows.hpp"
#include "licgen/row_run.hpp"

namespace lic::app {
namespace {

bool is_csv(const std::optional<std::string>& out) { return out && out->ends_with(".csv"); }

Result<void> check_outputs(const CreateOptions& options, bool json) {
  if (options.out == "-" && json)
    return error(Errc::usage, "--out - and --json both want standard output", "name a directory or a file");
  if (options.skip_bad && options.skip_bad == options.out)
    return error(Errc::usage, "--out and --skip-bad name the same file");
  if (options.skip_bad == "-") return error(Errc::usage, "--skip-bad needs the name of a file");
  return options.batch ? check_batch(*options.batch) : Result<void>();
}

Result<CreateRows::Batch> batch_of(const CreateOptions& options, InputFile& input) {
  if (!options.batch) return CreateRows::Batch();
  LIC_TRY_ASSIGN(const std::string digest, input.digest());
  return CreateRows::Batch{*options.batch, json_text(nlohmann::ordered_json{{"from_csv", digest},
                                                                            {"options", batch_request_of(options, 1)},
                                                                            {"count", options.count.value_or("")}})};
}

Result<std::optional<RowFile>> open_key_file(const CreateOptions& options, RowFile::Same same, const CreateRows& rows,
                                             InputFile& input) {
  if (!is_csv(options.out)) return std::optional<RowFile>();
  LIC_TRY_ASSIGN(const auto source, rows.open(input));
  LIC_TRY_ASSIGN(RowFile file, RowFile::open(*options.out, options.force, same, source->csv()->separator()));
  LIC_TRY(file.add(source->csv()->head_with({}, kKeyColumn)));
  return std::optional<RowFile>(std::move(file));
}

Result<int> run(const CreateOptions& options, Vendor& vendor) {
  const bool again = options.batch.has_value();  // an earlier run may have written what is there
  const auto same = again ? RowFile::Same::keep : RowFile::Same::refuse;
  LIC_TRY(check_outputs(options, vendor.output().json()));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Catalog catalog, vendor.catalog());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(InputFile input, InputFile::open(*options.from_csv, "CSV file"));
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::license));
  LIC_TRY_ASSIGN(auto batch, batch_of(options, input));
  CreateRows rows(options, std::move(batch), input.name(), catalog, *ledger, vendor);
  LIC_TRY(rows.check_options());
  RowRun run(rows, std::move(input), {options.skip_bad, options.force, same}, catalog, *ledger, vendor);
  if (const auto checked = run.check(); !checked)
    return fail_with_faults(checked.error(), run.faults(), vendor.output());
  LIC_TRY(run.check_signer({key, product}));
  LIC_TRY_ASSIGN(auto keys, open_key_file(options, same, rows, run.input()));
  LIC_TRY_ASSIGN(auto documents, open_documents(keys ? std::nullopt : options.out, options.force,
                                                again ? DocumentSink::Same::keep : DocumentSink::Same::refuse, vendor));
  return run.issue({key, product}, documents ? &*documents : nullptr, keys ? &*keys : nullptr);
}

}  // namespace

int create_from_csv(const CreateOptions& options, Vendor& vendor) {
  const auto code = run(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace lic::app
