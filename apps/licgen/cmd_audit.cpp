#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "issue/issuer.hpp"
#include "ledger/audit.hpp"
#include "ledger/inclusion.hpp"
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
  std::optional<std::string> prove;
  std::optional<std::string> out;
  bool force = false;
};

void set_up_audit(CLI::App& app, AuditOptions& options) {
  add_text(app, "--checkpoint", options.checkpoint, "FILE",
           "Then write a signed checkpoint, to be kept away from the ledger; needs the license key");
  add_text(app, "--against", options.against, "FILE", "Also prove that the ledger extends that checkpoint");
  add_text(app, "--prove", options.prove, "KEY|FILE",
           "Also write a proof that this license was issued through the ledger, for the checkpoint of --checkpoint, "
           "else of --against; of a FILE, for just that document");
  add_text(app, "-o,--out", options.out, "FILE", "With --prove: the proof to write");
  add_flag(app, "--force", options.force, "Replace a checkpoint or proof file that exists");
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
  const Checkpoint checkpoint{ids.next(vendor.now()), product.catalog().id, vendor.now(), report.entries, report.root};
  std::string document = sign_document(DocumentKind::checkpoint, checkpoint.to_json(), key).to_json();
  LIC_TRY(Checkpoint::open(view_bytes(document), product, "the new checkpoint"));
  return document;
}

/// Whom a proof is wanted of. Errors: not_found, invalid_input.
Result<ProofSubject> proof_subject(const std::string& text, Ledger& ledger, Time now) {
  ProofSubject subject;
  const auto key = LicenseKey::parse(text);
  if (key) {
    LIC_TRY(ledger.find(*key, now));
    subject.key = key->text();
    return subject;
  }
  const auto bytes = read_input(text, "license file", kMaxDocument);
  if (!bytes && bytes.error().code == Errc::not_found && !text.ends_with(".json")) return key.error();
  if (!bytes) return bytes.error();
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(*bytes, input_name(text, "license file")));
  subject.digest = digest_of(envelope);
  return subject;
}

Result<std::string> make_proof(const std::string& text, const Checkpoint& checkpoint, Ledger& ledger, Time now) {
  LIC_TRY_ASSIGN(const ProofSubject subject, proof_subject(text, ledger, now));
  LIC_TRY_ASSIGN(const InclusionProof proof, prove_inclusion(ledger, checkpoint.product, subject, checkpoint.size));
  if (!subject.digest.empty()) LIC_TRY(proof.check(checkpoint, subject.digest, "the new proof"));
  return proof.to_json();
}

Result<void> check_usage(const AuditOptions& options, bool json) {
  if (options.prove.has_value() != options.out.has_value())
    return error(Errc::usage, "--prove and --out go together", "--prove KEY --out proof.json");
  if (options.prove && !options.checkpoint && !options.against)
    return error(Errc::usage, "a proof is for a checkpoint", "give --checkpoint FILE for a new one, or --against FILE");
  const bool checkpoint_printed = options.checkpoint == "-";
  const bool proof_printed = options.out == "-";
  if (checkpoint_printed && proof_printed)
    return error(Errc::usage, "--checkpoint - and --out - both want standard output", "name a file");
  if (json && (checkpoint_printed || proof_printed))
    return error(Errc::usage,
                 concat(checkpoint_printed ? "--checkpoint" : "--out", " - and --json both want standard output"),
                 "name a file");
  if (options.checkpoint && !checkpoint_printed) LIC_TRY(check_output_file(*options.checkpoint, options.force));
  if (options.out && !proof_printed) LIC_TRY(check_output_file(*options.out, options.force));
  return {};
}

/// What was written; absent: nothing, or to standard output.
struct Written {
  std::optional<std::string> checkpoint;
  std::optional<std::string> proof;
  bool printed = false;  ///< one of them, in place of the answer
};

Result<void> write(const std::string& file, const std::string& document, bool force,
                   std::optional<std::string>& written, bool& printed, Output& output) {
  if (file == "-") {
    output.line(document);
    printed = true;
    return {};
  }
  const auto existing = force ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse;
  LIC_TRY(write_file(file, view_bytes(document + '\n'), kDocumentMode, existing));
  written = file;
  return {};
}

/// The checkpoint and the proof that are wanted. Precondition: all was found whole.
Result<Written> vouch(const AuditOptions& options, const AuditReport& report, std::optional<Checkpoint> checkpoint,
                      const ProductFile& product, Ledger& ledger, Vendor& vendor) {
  Written written;
  std::string document;
  if (options.checkpoint) {
    LIC_TRY_ASSIGN(document, sign_checkpoint(report, product, vendor));
    LIC_TRY_ASSIGN(checkpoint, Checkpoint::open(view_bytes(document), product, "the new checkpoint"));
  }
  std::string proof;  // made before anything is written
  if (options.prove) {
    LIC_TRY_ASSIGN(proof, make_proof(*options.prove, *checkpoint, ledger, vendor.now()));
  }
  Output& output = vendor.output();
  if (options.checkpoint)
    LIC_TRY(write(*options.checkpoint, document, options.force, written.checkpoint, written.printed, output));
  if (options.prove) LIC_TRY(write(*options.out, proof, options.force, written.proof, written.printed, output));
  return written;
}

Json findings_json(const AuditReport& report) {
  Json out = Json::array();
  for (const auto& finding : report.findings)
    out.push_back({{"entry", finding.number == 0 ? Json(nullptr) : Json(finding.number)},
                   {"key", finding.key.empty() ? Json(nullptr) : Json(finding.key)},
                   {"message", finding.message}});
  return out;
}

int tell(const AuditReport& report, const AuditOptions& options, const Written& written, Output& output) {
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
                     {"distrusted", report.distrusted},
                     {"checkpoint", written.checkpoint ? Json(*written.checkpoint) : Json(nullptr)},
                     {"proof", written.proof ? Json(*written.proof) : Json(nullptr)}};
    if (!whole) document["error"] = error_object(ExitCode::untrusted, message, hint);
    output.line(json_text(document));
  } else if (!written.printed) {
    for (const auto& finding : report.findings) output.line(printable(finding.message));
    if (report.faults > std::ssize(report.findings))
      output.line(concat("and ", report.faults - std::ssize(report.findings), " more"));
    if (whole)
      output.line(concat("whole: ", report.licenses, report.licenses == 1 ? " license, " : " licenses, ",
                         report.entries, " entries of history",
                         options.against ? ", which extend the checkpoint" : ""));
  }
  if (!output.json()) {
    if (written.checkpoint) output.note(concat("checkpoint written to ", in_quotes(*written.checkpoint)));
    if (written.proof) output.note(concat("proof written to ", in_quotes(*written.proof)));
  }
  if (report.distrusted > 0)
    output.warn(concat("clients refuse ", report.distrusted, report.distrusted == 1 ? " license" : " licenses",
                       ", whose signing key is distrusted; licgen reissue signs them anew"));
  if (report.unchained > 0)
    output.note(concat(report.unchained, " entries are from before the history was chained and are taken as they are"));
  return whole ? static_cast<int>(ExitCode::ok) : output.fail(ExitCode::untrusted, message, hint, true);
}

Result<int> audit_ledger(const AuditOptions& options, Vendor& vendor) {
  LIC_TRY(check_usage(options, vendor.output().json()));
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
  Written written;
  // A ledger that is not whole is nothing to vouch for.
  if (report.faults == 0) {
    LIC_TRY_ASSIGN(written, vouch(options, report, before, product, *ledger, vendor));
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
                       "licgen audit --against 2026-10.checkpoint.json",
                       "licgen audit --checkpoint now.json --prove TZ-PRO-7K3M-9QXA-R2VD-5R28 --out proof.json"},
                      set_up_audit, run_audit);
}

}  // namespace lic::app
