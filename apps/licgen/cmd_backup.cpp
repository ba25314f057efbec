#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "ledger/audit.hpp"
#include "ledger/sqlite.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/product_change.hpp"

namespace lic::app {
namespace {

struct BackupOptions {
  std::string file;
  bool force = false;
};

void set_up_backup(CLI::App& app, BackupOptions& options) {
  add_option(app, "FILE", options.file, "The backup to make").required();
  add_flag(app, "--force", options.force, "Replace a file that exists");
}

Result<void> refuse_stream(const std::string& file) {
  if (file != "-") return {};
  return error(Errc::usage, "a backup is a file: it cannot go through a pipe", "name a file");
}

/// A backup of a ledger in a file is a file.
Result<Path> ledger_file(std::string_view command, Vendor& vendor) {
  LIC_TRY_ASSIGN(const LedgerAddress address, vendor.ledger_address());
  if (address.is_file()) return address.path();
  return error(Errc::usage,
               concat("licgen ", command, " is for ledgers in a file, not for ", in_quotes(address.name())),
               "pg_dump and pg_restore do it for a whole database; licgen ledger copy writes the ledger to a file");
}

Result<void> backup(const BackupOptions& options, Vendor& vendor) {
  LIC_TRY(refuse_stream(options.file));
  LIC_TRY_ASSIGN(const Path ledger, ledger_file("backup", vendor));
  LIC_TRY(check_output_file(options.file, options.force));
  LIC_TRY(vendor.ledger());  // it is there, and is one
  LIC_TRY(backup_sqlite_ledger(ledger, options.file, options.force));
  Output& output = vendor.output();
  if (output.json()) {
    output.line(json_text(nlohmann::ordered_json{{"file", options.file}}));
  } else {
    output.line(concat("written to ", printable(options.file)));
  }
  output.note("the signing keys are not in it: keep a copy of keys/ as well");
  return {};
}

int run_backup(const BackupOptions& options, Vendor& vendor) { return conclude(vendor, backup(options, vendor)); }

struct RestoreOptions {
  std::string file;
  bool force = false;
};

void set_up_restore(CLI::App& app, RestoreOptions& options) {
  add_option(app, "FILE", options.file, "The backup, which stays as it is").required();
  add_flag(app, "--force", options.force, "In place of a ledger that is there, which is kept under another name");
}

/// Refuses a backup that is not what licgen wrote, and notes the restoring in its history.
Result<void> check_backup(Ledger& ledger, const RestoreOptions& options, AuditReport& report, Vendor& vendor) {
  LIC_TRY_ASSIGN(const std::string text, ledger.product_file());
  LIC_TRY_ASSIGN(const ProductFile product, ProductFile::open(view_bytes(text), "the backup's product file"));
  LIC_TRY_ASSIGN(report, audit(ledger, product, vendor.now()));
  if (report.faults > 0)
    return error(Errc::untrusted,
                 concat("backup ", in_quotes(options.file), " was altered by hand: ", report.findings.front().message,
                        report.faults > 1 ? concat(" (and ", report.faults - 1, " more)") : std::string()),
                 "use another backup");
  // What clients have seen stays: product files that were published since, and the keys in them.
  std::int64_t version = product.version();
  if (const auto living = vendor.ledger(); living && *living != nullptr) {
    LIC_TRY_ASSIGN(version, keep_products(ledger, **living, vendor.now()));
    if (version > product.version())
      vendor.output().note(concat("product file version ", version, " stays in force: clients have it already"));
  } else {
    vendor.output().note(
        "if a newer product file was given out since that backup: licgen product import FILE, before anything else");
  }
  LIC_TRY_ASSIGN(const auto transaction, ledger.begin());
  const nlohmann::ordered_json detail = {
      {"entries", report.entries}, {"root", report.root}, {"product_version", version}};
  LIC_TRY(transaction->record({vendor.now(), vendor.actor(), "restore", "", "", json_text(detail)}));
  return transaction->commit();
}

Result<void> restore(const RestoreOptions& options, Vendor& vendor) {
  LIC_TRY(refuse_stream(options.file));
  LIC_TRY_ASSIGN(const Path ledger, ledger_file("restore", vendor));
  AuditReport report;
  const auto check = [&](Ledger& restored) { return check_backup(restored, options, report, vendor); };
  LIC_TRY_ASSIGN(const std::string kept,
                 restore_sqlite_ledger(options.file, ledger, options.force, vendor.now(), check));
  Output& output = vendor.output();
  if (output.json()) {
    const nlohmann::ordered_json document = {
        {"ledger", ledger.native()},
        {"licenses", report.licenses},
        {"replaced", kept.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(kept)}};
    output.line(json_text(document));
  } else {
    output.line(concat("restored ", report.licenses, report.licenses == 1 ? " license" : " licenses", " to ",
                       printable(ledger.native())));
    if (!kept.empty()) output.note(concat("what was there is kept as ", in_quotes(kept)));
  }
  output.note(
      "licenses issued after the backup was made are not in it: licgen verify takes their files for those of a stolen "
      "key");
  return {};
}

int run_restore(const RestoreOptions& options, Vendor& vendor) { return conclude(vendor, restore(options, vendor)); }

}  // namespace

Command<Vendor> backup_command() {
  return make_command("backup", "Write a consistent copy of the ledger, while it is in use",
                      {"licgen backup /backups/ledger-2026-11-22.db"}, set_up_backup, run_backup);
}

Command<Vendor> restore_command() {
  return make_command(
      "restore", "Put a backup in the place of the ledger, after proving it whole",
      {"licgen restore /backups/ledger-2026-11-22.db", "licgen restore /backups/ledger-2026-11-22.db --force"},
      set_up_restore, run_restore);
}

}  // namespace lic::app
