#include <algorithm>
#include <nlohmann/json.hpp>
#include <variant>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "common/qr_code.hpp"
#include "desk/carried_product.hpp"
#include "desk/seats.hpp"
#include "issue/issuer.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"
#include "machine/identity.hpp"
#include "protocol/carried_text.hpp"
#include "protocol/offline_exchange.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

struct SignRequestOptions {
  std::string file;
  std::optional<std::string> out;
  bool force = false;
  QrOptions qr;
};

void set_up_sign_request(CLI::App& app, SignRequestOptions& options) {
  add_option(app, "FILE", options.file, "The request, or its scanned text; - is standard input").required();
  add_text(app, "-o,--out", options.out, "FILE", "Write the answer to FILE instead of standard output");
  add_qr_options(app, options.qr);
  add_flag(app, "--force", options.force, "Replace files that exist");
}

/// A request as it came, with what it says of the machine.
struct Incoming {
  ActivationRequest request;
  std::string digest;  ///< of the document, hex
  MachineIdentity machine;
  MachineBinding binding;
};

/// What an answer is given with.
struct Answered {
  Activation activation;
  bool changed = false;  ///< false: it was answered before
  bool was_unbound = false;
  std::size_t taken = 0;
  std::int64_t seats = 0;
};

/// A definite no.
struct Refusal {
  ExitCode code;
  std::string message;
  std::string hint;
};

using Outcome = std::variant<Answered, Refusal>;

Result<Incoming> read_request(const SignRequestOptions& options, const ProductFile& product) {
  const std::string what = input_name(options.file, "request");
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(options.file, "request", kMaxDocument));
  LIC_TRY_ASSIGN(const std::string text, join_pieces(bytes, what));
  LIC_TRY_ASSIGN(ActivationRequest request, ActivationRequest::parse(view_bytes(text), what));
  const std::string& ours = product.catalog().product;
  if (request.product != ours)
    return error(Errc::untrusted, concat(what, " is for the product ", in_quotes(request.product), ", not for ", ours));
  auto machine = MachineIdentity::from_digests(request.facts);
  const auto binding = machine ? machine->binding() : Result<MachineBinding>(Error(machine.error()));
  if (!binding) return error(binding.error().code, concat(what, ": ", binding.error().message), binding.error().hint);
  std::string digest = document_digest(request.to_json());
  return Incoming{std::move(request), std::move(digest), *std::move(machine), *binding};
}

/// Why a license that does not hold gives no seat; absent when it holds.
std::optional<Refusal> refusal_of(const LicenseSummary& license) {
  if (allows(license.status)) return std::nullopt;
  const std::string name = concat("license ", license.key);
  const ExitCode code = exit_code(license.status);
  if (license.revoked_at)
    return Refusal{code, concat(name, " was revoked on ", format_date(*license.revoked_at)),
                   "a revocation is final: issue a new license"};
  if (license.suspended_at)
    return Refusal{code, concat(name, " is suspended since ", format_date(*license.suspended_at)),
                   concat("licgen reinstate ", license.key, " first")};
  if (license.status == Reason::not_yet_valid)
    return Refusal{code, concat(name, " does not begin before ", format_time(license.starts_at)), "answer it then"};
  return Refusal{code, concat(name, " ended on ", format_date(license.expires_at.value_or(license.issued_at))),
                 concat("licgen renew ", license.key, " first")};
}

/// The answer that was given to this very request. Errors: conflict.
Result<Answered> given_before(const Incoming& incoming, Activation activation, const LicenseRecord& record) {
  const std::string& id = incoming.request.id;
  if (activation.request_digest != incoming.digest)
    return error(Errc::conflict,
                 concat("request ", id,
                        " was answered before, and did not read like this: one of the "
                        "two was altered"),
                 "have the machine make a new request: licctl --request-activation FILE --license-key KEY --force");
  if (!activation.live())
    return error(Errc::conflict, concat("the seat that request ", id, " took was ", end_text(activation)),
                 "the machine needs a new request: licctl --request-activation FILE --license-key KEY --force");
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  return Answered{std::move(activation), false, false, seat_holders(terms).size(), terms.seats};
}

/// The machine's place among those that hold a seat; past the end where it has none.
std::size_t place_of(const Incoming& incoming, const std::vector<MachineBinding>& holders) {
  auto place = std::find(holders.begin(), holders.end(), incoming.binding);
  if (place == holders.end())
    place = std::find_if(holders.begin(), holders.end(),
                         [&](const MachineBinding& holder) { return incoming.machine.matches(holder); });
  return static_cast<std::size_t>(place - holders.begin());
}

/// What the ledger is to take in one transaction.
struct Change {
  Terms before;
  Terms next;
  std::string document;
  Activation activation;
  std::vector<Activation> replaced;
};

Result<Change> prepare(const Incoming& incoming, const Terms& terms, std::vector<MachineBinding> holders,
                       std::size_t place, const SigningKey& signer, const ProductFile& product, Vendor& vendor) {
  Change change{terms, {}, {}, {}, {}};
  const ActivationRequest& request = incoming.request;
  if (place < holders.size()) {
    LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
    LIC_TRY_ASSIGN(const auto activations, ledger->activations(terms.key));
    LIC_TRY_ASSIGN(change.replaced, live_at(activations, holders[place]));
    holders[place] = incoming.binding;
  } else {
    holders.push_back(incoming.binding);
  }
  change.next = bound_to(terms, std::move(holders), vendor.now());
  LIC_TRY_ASSIGN(change.document, sign_license(change.next, signer, product));
  Terms answer = change.next;
  answer.machines = {incoming.binding};
  answer.activation = ActivationMark{request.id, request.receipt_hash};
  LIC_TRY_ASSIGN(std::string signed_answer, sign_license(answer, signer, product));
  change.activation = {terms.key,
                       request.id,
                       incoming.digest,
                       request.receipt_hash,
                       incoming.machine.fingerprint(),
                       answer.serial,
                       std::move(signed_answer),
                       vendor.now(),
                       std::nullopt,
                       {}};
  return change;
}

Result<void> store(const Change& change, Transaction& transaction, const Vendor& vendor) {
  const Activation& activation = change.activation;
  LIC_TRY(transaction.reissue(change.next, change.document));
  Json detail = {{"serial", change.next.serial},
                 {"sha256", document_digest(change.document)},
                 {"changes", changes_json(differences(change.before, change.next))},
                 {"machine", activation.machine},
                 {"request", activation.request},
                 {"activation", activation_digest(activation)},
                 {"answer_sha256", document_digest(activation.answer)}};
  for (const auto& old : change.replaced) {
    LIC_TRY(transaction.end_activation(old.request, kEndedByRequest, vendor.now()));
    detail["ended"].push_back(old.request);
    detail["ended_by"] = kEndedByRequest;
  }
  LIC_TRY(transaction.add_activation(activation));
  return transaction.record({vendor.now(), vendor.actor(), "activate", activation.key, "", json_text(detail)});
}

/// Gives the machine a seat. All that it depends on is read in the transaction that
/// takes the seat, so that never more are taken than there are.
Result<Outcome> take_seat(const Incoming& incoming, const SignRequestOptions& options, const SigningKey& signer,
                          const ProductFile& product, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto transaction, begin_signing(*ledger, {signer, product}));
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger->find(incoming.request.key, vendor.now()));
  if (auto refusal = refusal_of(record.summary)) return Outcome(*std::move(refusal));
  LIC_TRY_ASSIGN(auto before, ledger->find_activation(incoming.request.id));
  if (before) {
    LIC_TRY_ASSIGN(Answered answered, given_before(incoming, *std::move(before), record));
    return Outcome(std::move(answered));
  }
  LIC_TRY(check_clock(record.summary, vendor.now()));
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  if (terms.floating)
    return error(Errc::conflict,
                 concat("license ", terms.key,
                        " floats: its seats are the licensing server's to lend, and "
                        "no machine gets one without it"),
                 "for machines without a network issue a license of a plan that does not float; for some days "
                 "licctl --borrow-license takes a seat along");
  auto holders = seat_holders(terms);
  LIC_TRY_ASSIGN(const auto activations, ledger->activations(terms.key));
  LIC_TRY(add_leased(activations, vendor.now(), holders));  // the new file names these too
  const std::size_t place = place_of(incoming, holders);
  const std::size_t taken = std::max(holders.size(), place + 1);
  if (std::ssize(holders) >= terms.seats && place == holders.size())
    return Outcome(
        Refusal{ExitCode::no_seat_left,
                concat("license ", terms.key, " has no seat left: ", terms.seats, " of ", terms.seats,
                       terms.seats == 1 ? " is taken" : " are taken"),
                concat("free one with licgen release ", terms.key, " --machine ID (licgen activations ", terms.key,
                       " lists them), or give it more with licgen change ", terms.key, " --seats N")});
  if (options.out && *options.out != "-") LIC_TRY(check_output_file(*options.out, options.force));
  LIC_TRY_ASSIGN(const Change change, prepare(incoming, terms, std::move(holders), place, signer, product, vendor));
  LIC_TRY(store(change, *transaction, vendor));
  LIC_TRY(transaction->commit());
  return Outcome(Answered{change.activation, true, terms.machines.empty(), taken, terms.seats});
}

Result<Outcome> answer(const Incoming& incoming, const SignRequestOptions& options, const ProductFile& product,
                       Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger->find(incoming.request.key, vendor.now()));
  if (auto refusal = refusal_of(record.summary)) return Outcome(*std::move(refusal));
  LIC_TRY_ASSIGN(auto before, ledger->find_activation(incoming.request.id));
  if (before) {  // needs no key
    LIC_TRY_ASSIGN(Answered answered, given_before(incoming, *std::move(before), record));
    return Outcome(std::move(answered));
  }
  LIC_TRY_ASSIGN(const SigningKey signer, unlock_license_key(vendor, product, Role::license));
  return take_seat(incoming, options, signer, product, vendor);
}

/// The seat is taken already: a failure says so.
Result<std::vector<std::string>> write_answer(const Answered& answered, const SignRequestOptions& options,
                                              Output& output) {
  const std::string line = concat(answered.activation.answer, '\n');
  const auto write = [&]() -> Result<std::vector<std::string>> {
    std::vector<std::string> files;
    if (options.out && *options.out != "-") {
      LIC_TRY(write_output_file(*options.out, line, kDocumentMode, options.force));
      files.push_back(*options.out);
    }
    LIC_TRY_ASSIGN(const auto codes, write_qr_codes(options.qr, answered.activation.answer, options.force, output));
    files.insert(files.end(), codes.begin(), codes.end());
    return files;
  };
  auto files = write();
  if (files) return files;
  return error(files.error().code, files.error().message,
               concat("the seat is taken; the same command gives the same answer again",
                      files.error().hint.empty() ? "" : "; ", files.error().hint));
}

void report(const Answered& answered, const SignRequestOptions& options, const std::vector<std::string>& files,
            Output& output) {
  const Activation& activation = answered.activation;
  if (output.json()) {
    Json document = {{"key", activation.key},
                     {"serial", activation.serial},
                     {"machine", activation.machine},
                     {"request", activation.request},
                     {"changed", answered.changed},
                     {"seats", answered.seats},
                     {"taken", answered.taken},
                     {"answer", parse_json(activation.answer)},
                     {"files", files}};
    output.line(json_text(document));
  } else if (!options.qr.to_stdout() && (!options.out || *options.out == "-")) {
    output.line(activation.answer);
  }
  output.note(concat(activation.key, answered.changed ? " activated" : " was activated by this request before",
                     ", serial ", activation.serial, ", ", answered.taken, " of ", answered.seats,
                     answered.seats == 1 ? " seat" : " seats", " taken"));
  for (const auto& file : files) output.note(concat("written to ", in_quotes(file)));
  if (answered.was_unbound)
    output.note(
        "from now on the files of this license name the machines that have a seat; those from before did not, "
        "and work on any machine that has one");
}

Result<int> sign_request(const SignRequestOptions& options, Vendor& vendor) {
  Output& output = vendor.output();
  LIC_TRY(check_qr_options(options.qr, output));
  if (options.out == "-" && (output.json() || options.qr.to_stdout()))
    return error(Errc::usage, concat("--out - and ", output.json() ? "--json" : "--qr -", " both want standard output"),
                 "name a file");
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const Incoming incoming, read_request(options, product));
  LIC_TRY_ASSIGN(const Outcome outcome, answer(incoming, options, product, vendor));
  if (const auto* refusal = std::get_if<Refusal>(&outcome))
    return output.fail(refusal->code, refusal->message, refusal->hint);
  auto answered = std::get<Answered>(outcome);
  LIC_TRY_ASSIGN(const CarriedProduct carried, vendor.carried_product());
  answered.activation.answer = carried.with(answered.activation.answer);
  LIC_TRY_ASSIGN(const auto files, write_answer(answered, options, output));
  report(answered, options, files, output);
  return static_cast<int>(ExitCode::ok);
}

int run_sign_request(const SignRequestOptions& options, Vendor& vendor) {
  const auto code = sign_request(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace

Command<Vendor> sign_request_command() {
  return make_command("sign-request", "Answer a machine's activation request with a license bound to that machine",
                      {"licgen sign-request request.json --out answer.json",
                       "zbarimg --raw -q photo.png | licgen sign-request - --qr answer.png --out answer.json"},
                      set_up_sign_request, run_sign_request);
}

}  // namespace lic::app
