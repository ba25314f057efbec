#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "issue/issuer.hpp"
#include "ledger/audit.hpp"
#include "license/envelope.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"
#include "trust/checkpoint.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

struct AuditOptions {
  std::optional<std::string> checkpoint;
  std::optional<std::string> against;
  bool force = false;
};

void set_up_audit(CLI::App& app, AuditOptions& options) {
  add_text(app, "--checkpoint", options.checkpoint, "FILE",
           "Then write a signed checkpoint, to be kept away from the ledger; needs the license key");
  add_text(app, "--against", options.against, "FILE", "Also prove that the ledger extends that checkpoint");
  app.add_flag("--force", options.force, "Replace a checkpoint file that exists");
}

/// Whether the ledger still begins with what the checkpoint was made of.
Result<std::optional<std::string>> compare(const Checkpoint& checkpoint, const AuditReport& report, Ledger& ledger) {
  if (report.entries < checkpoint.size)
    return std::optional(concat("the ledger has ", report.entries, " entries of history, fewer than the ",
                                checkpoint.size, " of the checkpoint of ", format_time(checkpoint.issued_at)));
  LIC_TRY_ASSIGN(const std::string root, history_root(ledger, checkpoint.size));
  if (root == checkpoint.root) return std::optional<std::string>();
  return std::optional(concat("the first ", checkpoint.size, " entries of history are not those of the checkpoint of ",
                              format_time(checkpoint.issued_at)));
}

Result<std::string> sign_checkpoint(const AuditReport& report, const ProductFile& product, Vendor& vendor) {
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::license));
  UlidSource ids;
  const Checkpoint checkpoint{ids.next(vendor.now()), product.catalog().product, vendor.now(), report.entries,
                              report.root};
  std::string document = sign_document(DocumentKind::checkpoint, checkpoint.to_json(), key).to_json();
  LIC_TRY(Checkpoint::open(view_bytes(document), product, "the new checkpoint"));
  return document;
}

Json findings_json(const AuditReport& report) {
  Json out = Json::array();
  for (const auto& finding : report.findings)
    out.push_back({{"entry", finding.number == 0 ? Json(nullptr) : Json(finding.number)},
                   {"key", finding.key.empty() ? Json(nullptr) : Json(finding.key)},
                   {"message", finding.message}});
  return out;
}

int tell(const AuditReport& report, const AuditOptions& options, const std::optional<std::string>& written,
         Output& output) {
  const bool whole = report.faults == 0;
  const std::string message =
      concat("the ledger is not as licgen left it: ", report.faults, report.faults == 1 ? " finding" : " findings");
  const std::string hint = "compare with a backup; an entry that was altered shows what somebody wanted hidden";
  if (output.json()) {
    Json document = {{"whole", whole},
                     {"licenses", report.licenses},
                     {"entries", report.entries},
                     {"unchained", report.unchained},
                     {"root", report.root},
                     {"faults", report.faults},
                     {"findings", findings_json(report)},
                     {"checkpoint", written ? Json(*written) : Json(nullptr)}};
    if (!whole) document["error"] = Json::parse(error_json(ExitCode::untrusted, message, hint));
    output.line(json_text(document));
  } else {
    for (const auto& finding : report.findings) output.line(printable(finding.message));
    if (report.faults > std::ssize(report.findings))
      output.line(concat("and ", report.faults - std::ssize(report.findings), " more"));
    if (whole)
      output.line(concat("whole: ", report.licenses, report.licenses == 1 ? " license, " : " licenses, ",
                         report.entries, " entries of history",
                         options.against ? ", which extend the checkpoint" : ""));
    if (written) output.note(concat("checkpoint written to ", in_quotes(*written)));
  }
  if (report.unchained > 0)
    output.note(concat(report.unchained, " entries are from before the history was chained and are taken as they are"));
  return whole ? static_cast<int>(ExitCode::ok) : output.fail(ExitCode::untrusted, message, hint, true);
}

Result<int> audit_ledger(const AuditOptions& options, Vendor& vendor) {
  if (options.checkpoint == "-" && vendor.output().json())
    return error(Errc::usage, "--checkpoint - and --json both want standard output", "name a file");
  if (options.checkpoint && *options.checkpoint != "-") LIC_TRY(check_output_file(*options.checkpoint, options.force));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  std::optional<Checkpoint> before;
  if (options.against) {
    LIC_TRY_ASSIGN(const Bytes bytes, read_input(*options.against, "checkpoint", kMaxDocument));
    LIC_TRY_ASSIGN(before, Checkpoint::open(bytes, product, input_name(*options.against, "checkpoint")));
  }
  LIC_TRY_ASSIGN(AuditReport report, audit(*ledger, product, vendor.now()));
  if (before) {
    LIC_TRY_ASSIGN(auto differs, compare(*before, report, *ledger));
    if (differs) {
      ++report.faults;
      report.findings.insert(report.findings.begin(), {0, "", *std::move(differs)});
    }
  }
  std::optional<std::string> written;
  // A ledger that is not whole is nothing to vouch for.
  if (options.checkpoint && report.faults == 0) {
    LIC_TRY_ASSIGN(const std::string document, sign_checkpoint(report, product, vendor));
    if (*options.checkpoint == "-") {
      vendor.output().line(document);
      return static_cast<int>(ExitCode::ok);
    }
    const auto existing = options.force ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse;
    LIC_TRY(write_file(*options.checkpoint, view_bytes(document + '\n'), kDocumentMode, existing));
    written = options.checkpoint;
  }
  return tell(report, options, written, vendor.output());
}

int run_audit(const AuditOptions& options, Vendor& vendor) {
  const auto code = audit_ledger(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace

Command<Vendor> audit_command() {
  return make_command("audit", "Prove the history whole, or name what was altered by hand",
                      {"licgen audit", "licgen audit --checkpoint 2026-11.checkpoint.json",
                       "licgen audit --against 2026-10.checkpoint.json"},
                      set_up_audit, run_audit);
}

}  // namespace lic::app
