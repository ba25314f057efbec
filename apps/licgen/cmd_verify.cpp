#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/json_text.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "policy/decide.hpp"
#include "trust/checkpoint.hpp"
#include "trust/inclusion_proof.hpp"
#include "trust/revocations.hpp"
#include "trust/verify.hpp"

namespace lic::app {
namespace {

struct VerifyOptions {
  std::string file;
  std::optional<std::string> product_file;
  std::optional<std::string> checkpoint;
  std::optional<std::string> proof;
};

void set_up_verify(CLI::App& app, VerifyOptions& options) {
  add_option(app, "FILE", options.file, "License, product file or revocation list; - is standard input").required();
  add_text(app, "--product-file", options.product_file, "FILE",
           "Trust the keys of this product file; the home and its ledger are then not looked at");
  const Option checkpoint = add_text(app, "--checkpoint", options.checkpoint, "FILE",
                                     "With --proof: the checkpoint that the proof is for, as licgen audit writes it");
  add_text(app, "--proof", options.proof, "FILE",
           "Also check this proof that the document was issued through the ledger; no ledger is needed")
      .needs(checkpoint);
  checkpoint.needs("--proof");
}

/// What was found out. Text members are empty where there is nothing to say.
struct Findings {
  DocumentKind kind = DocumentKind::license;
  std::string keyid;
  std::string product;
  std::string id;
  std::string key;
  std::int64_t number = 0;  ///< serial, version or seq
  std::string number_name;
  std::optional<Reason> status;
  std::vector<std::string> remarks;
  bool proven = false;  ///< by a proof that was given
};

/// What to check against: the product file given, or the home's.
struct Authority {
  std::optional<ProductFile> product;
  Ledger* ledger = nullptr;  ///< null where the home is not looked at
  std::string name;
};

Result<Authority> find_authority(const VerifyOptions& options, DocumentKind kind, Vendor& vendor) {
  Authority authority;
  if (options.product_file) {
    authority.name = input_name(*options.product_file, "product file");
    LIC_TRY_ASSIGN(const Bytes bytes, read_input(*options.product_file, "product file", kMaxDocument));
    LIC_TRY_ASSIGN(authority.product, ProductFile::open(bytes, authority.name));
    return authority;
  }
  const auto ledger = vendor.ledger();
  if (!ledger && ledger.error().code == Errc::not_found && kind == DocumentKind::product) return authority;
  if (!ledger) {
    Error fault = ledger.error();
    if (fault.code == Errc::not_found) fault.hint = concat("name a product file with --product-file, or ", fault.hint);
    return fault;
  }
  authority.name = "the home's product file";
  authority.ledger = *ledger;
  LIC_TRY_ASSIGN(authority.product, vendor.product());
  return authority;
}

/// A license may carry a newer product file, which counts if the one we have accepts it.
Result<ProductFile> newest_product(const Envelope& envelope, const ProductFile& known) {
  if (envelope.carried_product().empty()) return known;
  auto carried = ProductFile::open(view_bytes(envelope.carried_product()), "the product file inside");
  return carried && known.accepts(*carried) ? std::move(carried) : Result<ProductFile>(known);
}

Reason judge(const VerifiedLicense& license, Time now) {
  Context context;
  context.now = now;
  context.machine_matches = true;                       // which machine it will run on is not known here, nor
  if (const auto& floating = license.terms().floating)  // which will have a seat of it
    context.lease_until = now + std::chrono::minutes{floating->minutes};
  return decide(license, context).reason;
}

/// Whether the history, as far as it tells, has made the document of that serial.
/// Absent: it does not tell, as a ledger from before the history named documents.
std::optional<bool> was_made(const std::vector<HistoryEntry>& history, std::int64_t serial, const std::string& digest) {
  std::optional<bool> made;
  for (const HistoryEntry& entry : history) {
    if (names_document(entry.detail, digest)) return true;
    const auto detail = json::parse(entry.detail, "detail");
    const json::Value* named = detail ? detail->find("serial") : nullptr;
    const bool same = named != nullptr && named->as_integer() != nullptr && *named->as_integer() == serial;
    if (same && detail->find("sha256") != nullptr) made = false;
  }
  return made;
}

/// Well signed, but not by this ledger: either the ledger is not the newest, or somebody
/// else has the key.
Error not_issued_here(const Terms& terms, std::string_view why) {
  return error(
      Errc::untrusted, concat("license ", terms.key, " is well signed, but was not issued through this ledger: ", why),
      "unless this ledger is an older copy, somebody else has the signing key: see \"A stolen license key\" in "
      "docs/security.md");
}

/// What the ledger knows of a license that holds.
Result<void> look_up(const Terms& terms, const std::string& digest, Ledger& ledger, Time now, Findings& findings) {
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(terms.key));
  const auto record = ledger.find(key, now);
  if (!record && record.error().code != Errc::not_found) return record.error();
  if (!record || record->summary.id != terms.id) {
    if (!findings.proven) return not_issued_here(terms, "it does not know the license");
    findings.remarks.emplace_back("this ledger does not know the license: is it an older copy?");
    return {};
  }
  LIC_TRY_ASSIGN(const auto history, ledger.history(terms.key));
  auto made = was_made(history, terms.serial, digest);
  if (!made && terms.serial == record->summary.serial) made = document_digest(record->document) == digest;
  if (!made && terms.serial > record->summary.serial) made = false;
  if (!made) findings.remarks.emplace_back("the history does not tell whether this older file was issued through it");
  if (made == false && !findings.proven)
    return not_issued_here(terms, concat("its serial ", terms.serial, " is not in the history, or is another file"));
  const LicenseSummary& known = record->summary;
  findings.status = known.status;
  if (known.serial > terms.serial)
    findings.remarks.push_back(concat("the ledger has a newer one: serial ", known.serial));
  if (known.revoked_at)
    findings.remarks.push_back(concat("revoked on ", format_date(*known.revoked_at), ": ", known.revoke_reason));
  return {};
}

/// What --checkpoint and --proof say of the document.
struct Claim {
  Bytes checkpoint;
  std::string checkpoint_name;
  std::optional<InclusionProof> proof;
  std::string proof_name;
};

Result<Claim> read_claim(const VerifyOptions& options) {
  Claim claim;
  if (!options.proof) return claim;
  claim.checkpoint_name = input_name(*options.checkpoint, "checkpoint");
  claim.proof_name = input_name(*options.proof, "proof");
  LIC_TRY_ASSIGN(claim.checkpoint, read_input(*options.checkpoint, "checkpoint", kMaxDocument));
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(*options.proof, "proof", kMaxProof));
  LIC_TRY_ASSIGN(claim.proof, InclusionProof::parse(bytes, claim.proof_name));
  return claim;
}

Result<void> check_claim(const Claim& claim, const Envelope& envelope, const ProductFile& product, Findings& findings) {
  if (!claim.proof) return {};
  LIC_TRY_ASSIGN(const Checkpoint checkpoint, Checkpoint::open(claim.checkpoint, product, claim.checkpoint_name));
  LIC_TRY(claim.proof->check(checkpoint, digest_of(envelope), claim.proof_name));
  findings.proven = true;
  findings.remarks.push_back(concat("issued through the ledger: entry ", claim.proof->number, " of the ",
                                    checkpoint.size, " of the checkpoint of ", format_time(checkpoint.issued_at)));
  return {};
}

Result<Findings> verify_license(ByteView bytes, const Envelope& envelope, const Authority& authority,
                                const Claim& claim, const std::string& what, Time now) {
  LIC_TRY_ASSIGN(const ProductFile product, newest_product(envelope, *authority.product));
  LIC_TRY_ASSIGN(const VerifiedLicense license, verify(bytes, product, what));
  const Terms& terms = license.terms();
  Findings findings{DocumentKind::license,
                    license.signer().hex(),
                    terms.product,
                    terms.id,
                    terms.key,
                    terms.serial,
                    "serial",
                    judge(license, now),
                    {},
                    false};
  LIC_TRY(check_claim(claim, envelope, product, findings));
  if (authority.ledger != nullptr) LIC_TRY(look_up(terms, digest_of(envelope), *authority.ledger, now, findings));
  return findings;
}

/// The first root of `roots` whose signature holds.
std::string root_signer(const Envelope& envelope, const std::vector<PublicKey>& roots) {
  for (const auto& entry : envelope.signatures())
    for (const auto& root : roots)
      if (root.id() == entry.claimed && root.verifies(envelope.signed_bytes(), entry.signature)) return root.id().hex();
  return {};
}

Result<Findings> verify_product(ByteView bytes, const Envelope& envelope, const Authority& authority,
                                const Claim& claim, const std::string& what) {
  LIC_TRY_ASSIGN(const ProductFile product, ProductFile::open(bytes, what));
  Findings findings{DocumentKind::product,
                    root_signer(envelope, product.roots()),
                    product.catalog().id,
                    product.id(),
                    {},
                    product.version(),
                    "version",
                    std::nullopt,
                    {},
                    false};
  if (!authority.product) {
    findings.remarks.emplace_back("checked against its own root keys only: whether they are the vendor's is not known");
    return findings;
  }
  // An older file of the same roots is genuine; it only may not take the newer one's place.
  const bool older = product.version() < authority.product->version();
  const auto accepted = older ? product.accepts(*authority.product) : authority.product->accepts(product);
  if (!accepted) return accepted.error();
  if (older) findings.remarks.push_back(concat(authority.name, " is newer: version ", authority.product->version()));
  LIC_TRY(check_claim(claim, envelope, *authority.product, findings));
  return findings;
}

Result<Findings> verify_revocations(ByteView bytes, const Envelope& envelope, const Authority& authority,
                                    const std::string& what, Time now) {
  LIC_TRY_ASSIGN(const RevocationList list, RevocationList::open(bytes, *authority.product, what));
  LIC_TRY_ASSIGN(const KeyId signer, signer_of(envelope, *authority.product, Role::revocations, what));
  Findings findings{
      DocumentKind::revocations, signer.hex(), list.product, list.id, {}, list.seq, "seq", std::nullopt, {}, false};
  findings.remarks.push_back(concat(list.entries.size(), list.entries.size() == 1 ? " license" : " licenses",
                                    " revoked, next list by ", format_time(list.next_update)));
  if (now >= list.next_update) findings.remarks.emplace_back("the list is stale");
  return findings;
}

Result<Findings> verify_checkpoint(ByteView bytes, const Envelope& envelope, const Authority& authority,
                                   const std::string& what) {
  LIC_TRY_ASSIGN(const Checkpoint checkpoint, Checkpoint::open(bytes, *authority.product, what));
  LIC_TRY_ASSIGN(const KeyId signer, signer_of(envelope, *authority.product, Role::license, what));
  Findings findings{DocumentKind::checkpoint,
                    signer.hex(),
                    checkpoint.product,
                    checkpoint.id,
                    {},
                    checkpoint.size,
                    "size",
                    std::nullopt,
                    {},
                    false};
  findings.remarks.push_back(concat("of ", format_time(checkpoint.issued_at), ", tree head ", checkpoint.root));
  findings.remarks.emplace_back("licgen audit --against compares it with the ledger");
  return findings;
}

Result<Findings> verify_document(ByteView bytes, const Envelope& envelope, DocumentKind kind,
                                 const Authority& authority, const Claim& claim, const std::string& what, Time now) {
  if (kind == DocumentKind::license) return verify_license(bytes, envelope, authority, claim, what, now);
  if (kind == DocumentKind::product) return verify_product(bytes, envelope, authority, claim, what);
  if (kind == DocumentKind::checkpoint) return verify_checkpoint(bytes, envelope, authority, what);
  return verify_revocations(bytes, envelope, authority, what, now);
}

void print_json(const Findings& findings, ExitCode code, const Error* fault, Output& output) {
  nlohmann::ordered_json out;
  out["kind"] = token(findings.kind);
  out["verdict"] = code == ExitCode::ok ? "valid" : token(code);
  out["keyid"] = text_or_null(findings.keyid);
  out["product"] = text_or_null(findings.product);
  out["id"] = text_or_null(findings.id);
  out["key"] = text_or_null(findings.key);
  out["serial"] = nullptr;
  if (!findings.number_name.empty()) out[findings.number_name] = findings.number;
  out["status"] = findings.status ? nlohmann::ordered_json(token(*findings.status)) : nlohmann::ordered_json(nullptr);
  out["proven"] = findings.proven;
  out["remarks"] = findings.remarks;
  if (fault != nullptr) out["error"] = error_object(code, fault->message, fault->hint);
  output.line(json_text(out));
}

void print_text(const Findings& findings, Output& output) {
  output.line(concat(token(findings.kind), ": ", output.styled(Style::good, "signature good")));
  const auto field = [&](std::string name, std::string_view value) {
    name.resize(9, ' ');
    if (!value.empty()) output.line(concat("  ", name, printable(value)));
  };
  field("product", findings.product);
  field("key", findings.key);
  field("id", findings.id);
  field(findings.number_name, concat(findings.number));
  field("signer", findings.keyid);
  if (findings.status) field("status", token(*findings.status));
  for (const auto& remark : findings.remarks) output.line(concat("  ", printable(remark)));
}

int report(const Findings& findings, Output& output) {
  const bool revoked = findings.status == Reason::revoked;
  const ExitCode code = revoked ? ExitCode::revoked : ExitCode::ok;
  const Error fault{Errc::failure, concat("license ", findings.key, " is genuine, but revoked"), {}};
  if (output.json()) {
    print_json(findings, code, revoked ? &fault : nullptr, output);
  } else {
    print_text(findings, output);
  }
  return revoked ? output.fail(code, fault.message, fault.hint, true) : static_cast<int>(code);
}

int report_refusal(DocumentKind kind, const Error& fault, Output& output) {
  if (fault.code != Errc::untrusted) return output.fail(fault);
  Findings nothing;
  nothing.kind = kind;
  if (output.json()) {
    print_json(nothing, ExitCode::untrusted, &fault, output);
  } else {
    output.line(concat(token(kind), ": ", output.styled(Style::bad, "not to be trusted")));
  }
  return output.fail(ExitCode::untrusted, fault.message, fault.hint, true);
}

bool is_checked_here(DocumentKind kind) {
  return kind == DocumentKind::license || kind == DocumentKind::product || kind == DocumentKind::revocations ||
         kind == DocumentKind::checkpoint;
}

Result<int> verify_file(const VerifyOptions& options, Vendor& vendor) {
  const std::string what = input_name(options.file, "document");
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(options.file, "document", kMaxRevocations));
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(bytes, what));
  if (!envelope.kind() || !is_checked_here(*envelope.kind()))
    return error(
        Errc::invalid_input,
        concat(what, " is ", envelope.kind() ? concat("of kind ", token(*envelope.kind())) : in_quotes(envelope.type()),
               ": no license, product file, revocation list or checkpoint"));
  const DocumentKind kind = *envelope.kind();
  LIC_TRY_ASSIGN(const Claim claim, read_claim(options));
  LIC_TRY_ASSIGN(const Authority authority, find_authority(options, kind, vendor));
  if (claim.proof && kind != DocumentKind::license && kind != DocumentKind::product)
    return error(Errc::usage, concat("no proof is made for a document of kind ", token(kind)),
                 "a proof is for a license, or for a product file");
  if (claim.proof && !authority.product)
    return error(Errc::not_found, "there is no product file to trust the checkpoint by",
                 "name one that is known to be the vendor's with --product-file");
  const auto findings = verify_document(bytes, envelope, kind, authority, claim, what, vendor.now());
  return findings ? report(*findings, vendor.output()) : report_refusal(kind, findings.error(), vendor.output());
}

int run_verify(const VerifyOptions& options, Vendor& vendor) {
  const auto code = verify_file(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace

Command<Vendor> verify_command() {
  return make_command("verify", "Check a license, product file, revocation list or checkpoint, and say what it is",
                      {"licgen verify TZ-PRO-7K3M-9QXA-R2VD-5R28.json",
                       "licgen verify license.json --product-file product.json", "licgen verify - < revocations.json",
                       "licgen verify license.json --checkpoint checkpoint.json --proof proof.json"},
                      set_up_verify, run_verify);
}

}  // namespace lic::app
