#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "common/progress.hpp"
#include "ledger/copy.hpp"
#include "licgen/commands.hpp"

namespace lic::app {
namespace {

struct CopyOptions {
  std::string from;
  std::string to;
};

void set_up_copy(CLI::App& app, CopyOptions& options) {
  add_option(app, "FROM", options.from, "The ledger to copy, as --ledger takes it").required();
  add_option(app, "TO", options.to, "Where to copy it: where there is none yet").required();
}

Result<void> copy(const CopyOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const LedgerAddress from, LedgerAddress::parse(options.from));
  LIC_TRY_ASSIGN(const LedgerAddress to, LedgerAddress::parse(options.to));
  Output& output = vendor.output();
  Progress progress(output, "rows", std::nullopt);
  LIC_TRY_ASSIGN(const AuditReport report,
                 copy_ledger(from, to, vendor.now(), [&](std::int64_t rows) { progress.advance(rows); }));
  progress.hide();
  if (output.json()) {
    output.line(json_text(nlohmann::ordered_json{{"from", from.name()},
                                                 {"to", to.name()},
                                                 {"licenses", report.licenses},
                                                 {"entries", report.entries},
                                                 {"root", report.root}}));
  } else {
    output.line(concat("copied to ", printable(to.name()), ", and whole: ", report.licenses,
                       report.licenses == 1 ? " license, " : " licenses, ", report.entries,
                       report.entries == 1 ? " entry of history" : " entries of history"));
  }
  output.note("what is written to the old ledger from now on is not in the new one: name that with --ledger");
  return {};
}

int run_copy(const CopyOptions& options, Vendor& vendor) { return conclude(vendor, copy(options, vendor)); }

}  // namespace

Command<Vendor> ledger_copy_command() {
  return make_command("ledger copy", "Copy a ledger to another file or database, and prove the copy whole",
                      {"licgen ledger copy sqlite:ledger.db postgresql://licgen@db.example/licenses",
                       "licgen ledger copy postgresql://licgen@db.example/licenses sqlite:/backups/ledger.db"},
                      set_up_copy, run_copy);
}

}  // namespace lic::app
