#include <nlohmann/json.hpp>
#include <variant>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "common/qr_code.hpp"
#include "desk/activating.hpp"
#include "desk/carried_product.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"

namespace lic::app {
namespace {

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

Result<SeatRequest> read_request(const SignRequestOptions& options, const ProductFile& product) {
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(options.file, "request", kMaxDocument));
  return read_seat_request(bytes, input_name(options.file, "request"), product);
}

Result<SeatOutcome> answer(const SeatRequest& incoming, const SignRequestOptions& options, const ProductFile& product,
                           Vendor& vendor) {
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(auto known, answer_without_key(desk, incoming));
  if (known) return *std::move(known);
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::license));
  const Signer signer{key, product};
  LIC_TRY_ASSIGN(const auto transaction, begin_signing(desk.ledger, signer));
  const auto ready = [&] {
    return options.out && *options.out != "-" ? check_output_file(*options.out, options.force) : Result<void>();
  };
  LIC_TRY_ASSIGN(SeatOutcome outcome, take_seat(*transaction, desk, incoming, signer, ready));
  const auto* answered = std::get_if<SeatAnswer>(&outcome);
  if (answered != nullptr && answered->changed) LIC_TRY(transaction->commit());
  return outcome;
}

/// The seat is taken already: a failure says so.
Result<std::vector<std::string>> write_answer(const SeatAnswer& answered, const SignRequestOptions& options,
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

void report(const SeatAnswer& answered, const SignRequestOptions& options, const std::vector<std::string>& files,
            Output& output) {
  const Activation& activation = answered.activation;
  if (output.json()) {
    auto document = seat_answer_json(answered, activation.answer);
    document["files"] = files;
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
  LIC_TRY_ASSIGN(const SeatRequest incoming, read_request(options, product));
  LIC_TRY_ASSIGN(const SeatOutcome outcome, answer(incoming, options, product, vendor));
  if (const auto* refusal = std::get_if<Refusal>(&outcome))
    return output.fail(exit_code(refusal->why), refusal->message, refusal->hint);
  auto answered = std::get<SeatAnswer>(outcome);
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
