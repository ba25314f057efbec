#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/option_values.hpp"
#include "licgen/seats.hpp"
#include "machine/identity.hpp"
#include "protocol/carried_text.hpp"
#include "protocol/offline_exchange.hpp"

namespace lic::app {
namespace {

struct ReleaseOptions {
  ReissueOptions reissue;
  std::optional<std::string> machine;
  std::optional<std::string> receipt;
};

void set_up_release(CLI::App& app, ReleaseOptions& options) {
  set_up_reissue(app, options.reissue);
  get_option(app, "KEY").required(false);  // a receipt names it
  add_text(app, "--machine", options.machine, "FINGERPRINT",
           "The machine (licctl --machine-id), or the beginning of it as licgen activations shows it");
  const Option machine = get_option(app, "--machine");
  add_text(app, "--receipt", options.receipt, "FILE",
           "The receipt that the machine wrote when it gave the seat back; - is standard input")
      .excludes(machine);
}

/// What the release of one seat leaves, and what it says of itself.
struct Release {
  std::string machine;  ///< fingerprint
  std::vector<Activation> ended;
  std::string_view how = kEndedByVendor;
};

/// Without the separators that only serve the eye.
std::string bare(std::string_view typed) {
  std::string symbols = to_upper(typed);
  std::erase_if(symbols, [](char c) { return c == '-' || c == ' '; });
  return symbols;
}

/// Those of `bindings` that `typed` means: a whole fingerprint by its facts, else the
/// beginning of one. Errors: invalid_input (neither).
Result<std::vector<MachineBinding>> meant_by(std::string_view typed, const std::vector<MachineBinding>& bindings) {
  constexpr std::size_t kShortest = 3;  // "M1" and something of it
  std::vector<MachineBinding> meant;
  const auto whole = MachineIdentity::parse(typed);
  if (!whole && (bare(typed).size() < kShortest || !bare(typed).starts_with("M1"))) return Error(whole.error());
  for (const auto& binding : bindings) {
    const bool fits = whole ? whole->matches(binding) : bare(fingerprint_of(binding)).starts_with(bare(typed));
    if (fits) meant.push_back(binding);
  }
  const auto exact = std::find_if(meant.begin(), meant.end(), [&](const MachineBinding& binding) {
    return whole && binding.facts == whole->facts();
  });
  if (exact != meant.end()) return std::vector{*exact};
  return meant;
}

/// The terms without that machine.
Result<std::optional<Terms>> without(const MachineBinding& binding, const Standing& standing,
                                     const std::vector<Activation>& activations, const Vendor& vendor,
                                     Release& release) {
  auto holders = seat_holders(standing.terms);
  release.machine = fingerprint_of(binding);
  LIC_TRY_ASSIGN(release.ended, live_at(activations, binding));
  std::erase(holders, binding);
  return std::optional(bound_to(standing.terms, std::move(holders), vendor.now()));
}

/// The newest activation of that machine that has ended; absent where there is none.
Result<std::optional<Activation>> last_ended(std::string_view typed, const std::vector<Activation>& activations) {
  std::optional<Activation> last;
  for (const auto& activation : activations) {
    if (activation.live()) continue;
    LIC_TRY_ASSIGN(const MachineBinding its, binding_of(activation.machine));
    LIC_TRY_ASSIGN(const auto meant, meant_by(typed, {its}));
    if (!meant.empty()) last = activation;
  }
  return last;
}

/// When that machine's seat was released, by the history: also of one that took it without a
/// request. Absent where it never was.
Result<std::optional<Time>> released_at(std::string_view typed, const std::vector<HistoryEntry>& history) {
  std::optional<Time> last;
  for (const auto& entry : history) {
    if (entry.action != "release") continue;
    const auto detail = json_if_any(entry.detail);
    if (!detail.is_object() || !detail.contains("machine") || !detail["machine"].is_string()) continue;
    const auto its = binding_of(detail["machine"].get<std::string>());
    if (!its) continue;  // of facts that this version does not know
    LIC_TRY_ASSIGN(const auto meant, meant_by(typed, {*its}));
    if (!meant.empty()) last = entry.at;
  }
  return last;
}

Result<std::optional<Terms>> release_machine(const std::string& typed, const Standing& standing, Vendor& vendor,
                                             Release& release, std::string& remark) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto activations, ledger->activations(standing.terms.key));
  LIC_TRY_ASSIGN(const auto meant, meant_by(typed, seat_holders(standing.terms)));
  if (meant.size() > 1)
    return error(Errc::conflict, concat("--machine: ", meant.size(), " machines begin so"),
                 concat("give more of it: licgen activations ", standing.terms.key, " --json has the whole"));
  if (!meant.empty()) return without(meant.front(), standing, activations, vendor, release);
  LIC_TRY_ASSIGN(const auto last, last_ended(typed, activations));
  if (last) {
    remark = concat("has no seat of that machine any more: it was ", end_text(*last));
    return std::optional<Terms>();
  }
  LIC_TRY_ASSIGN(const auto history, ledger->history(standing.terms.key));
  LIC_TRY_ASSIGN(const auto released, released_at(typed, history));
  if (!released)
    return error(Errc::not_found, concat("no seat of ", standing.terms.key, " is taken by machine ", in_quotes(typed)),
                 concat("licgen activations ", standing.terms.key, " lists those that are"));
  remark = concat("has no seat of that machine any more: it was released on ", format_date(*released));
  return std::optional<Terms>();
}

Result<ActivationReceipt> read_receipt(const std::string& file, const ProductFile& product) {
  const std::string what = input_name(file, "receipt");
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(file, "receipt", kMaxExchange));
  LIC_TRY_ASSIGN(const std::string text, join_pieces(bytes, what));
  LIC_TRY_ASSIGN(ActivationReceipt receipt, ActivationReceipt::parse(view_bytes(text), what));
  const std::string& ours = product.catalog().product;
  if (receipt.product != ours)
    return error(Errc::untrusted, concat(what, " is of the product ", in_quotes(receipt.product), ", not of ", ours));
  return receipt;
}

Result<std::optional<Terms>> release_receipt(const ActivationReceipt& receipt, const Standing& standing, Vendor& vendor,
                                             Release& release, std::string& remark) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto activation, ledger->find_activation(receipt.id));
  if (!activation)
    return error(Errc::not_found,
                 concat("the receipt is of the request ", receipt.id, ", which was never answered here"));
  if (activation->key != receipt.key.text() || activation->receipt_hash != receipt.hash())
    return error(Errc::untrusted,
                 concat("the receipt is not genuine: it does not show the secret of request ", receipt.id),
                 "only the machine that made the request can write its receipt");
  if (!activation->live()) {
    const bool used = activation->ended_by == kEndedByReceipt;
    remark = concat(used ? "unchanged: the receipt was used already; the seat was " : "unchanged: the seat was ",
                    end_text(*activation));
    return std::optional<Terms>();
  }
  release.how = kEndedByReceipt;
  LIC_TRY_ASSIGN(const auto activations, ledger->activations(standing.terms.key));
  LIC_TRY_ASSIGN(const MachineBinding binding, binding_of(activation->machine));
  return without(binding, standing, activations, vendor, release);
}

Result<void> release_seat(const ReleaseOptions& options, const std::optional<ActivationReceipt>& receipt,
                          Vendor& vendor) {
  Release release;
  std::string remark = "is released already";
  Reissue reissue{"release", "seat released", {}, {}, {}, {}};
  reissue.next = [&](const Standing& standing, const Catalog&) -> Result<std::optional<Terms>> {
    auto next = receipt ? release_receipt(*receipt, standing, vendor, release, remark)
                        : release_machine(*options.machine, standing, vendor, release, remark);
    reissue.standing = remark;
    return next;
  };
  reissue.also = [&](Transaction& transaction, nlohmann::ordered_json& detail) -> Result<void> {
    if (!release.machine.empty()) detail["machine"] = release.machine;
    for (const auto& activation : release.ended) {
      LIC_TRY(transaction.end_activation(activation.request, release.how, vendor.now()));
      detail["ended"].push_back(activation.request);
      detail["ended_by"] = release.how;
    }
    return {};
  };
  reissue.tell = [&](nlohmann::ordered_json& answer) {
    answer["ended"] = nlohmann::ordered_json::array();
    for (auto activation : release.ended) {
      activation.ended_at = vendor.now();
      activation.ended_by = release.how;
      answer["ended"].push_back(activation_json(activation));
    }
  };
  ReissueOptions of_license = options.reissue;
  if (receipt) of_license.key = receipt->key.text();
  return app::reissue(of_license, reissue, vendor);
}

/// The seat that a machine has by its lease alone, since the license names no machine that `typed` means.
/// Errors: conflict (several begin so).
Result<std::optional<Activation>> leased_seat(const std::string& typed, const std::string& key, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const LicenseKey parsed, LicenseKey::parse(key));
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger->find(parsed, vendor.now()));
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  LIC_TRY_ASSIGN(const auto named, meant_by(typed, seat_holders(terms)));
  std::optional<Activation> found;
  if (!named.empty()) return found;
  LIC_TRY_ASSIGN(const auto activations, ledger->activations(terms.key));
  for (const auto& activation : activations) {
    if (!activation.lease) continue;
    LIC_TRY_ASSIGN(const MachineBinding its, binding_of(activation.holder()));
    LIC_TRY_ASSIGN(const auto meant, meant_by(typed, {its}));
    if (meant.empty()) continue;
    if (found)
      return error(Errc::conflict, "--machine: several machines begin so",
                   concat("give more of it: licgen activations ", terms.key, " --json has the whole"));
    found = activation;
  }
  return found;
}

/// No document names that machine, so none is signed anew.
Result<void> end_lease(const ReleaseOptions& options, Activation seat, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto transaction, ledger->begin());
  LIC_TRY(transaction->end_activation(seat.request, kEndedByVendor, vendor.now()));
  const nlohmann::ordered_json detail = {
      {"machine", seat.holder()}, {"ended", {seat.request}}, {"ended_by", kEndedByVendor}};
  LIC_TRY(transaction->record(
      {vendor.now(), vendor.actor(), "release", seat.key, options.reissue.reason.value_or(""), json_text(detail)}));
  LIC_TRY(transaction->commit());
  const std::int64_t serial = seat.serial;
  seat.lease.reset();
  seat.ended_at = vendor.now();
  seat.ended_by = kEndedByVendor;
  Output& output = vendor.output();
  if (output.json()) {
    nlohmann::ordered_json answer = {{"key", seat.key}, {"serial", serial}, {"changed", true}};
    answer["changes"] = nlohmann::ordered_json::array();
    answer["files"] = nlohmann::ordered_json::array();
    answer["ended"] = {activation_json(seat)};
    output.line(json_text(answer));
  } else {
    output.line(concat(seat.key, " seat released"));
  }
  output.note("the machine learns of it at its next refresh, and holds the license until its lease ends at the latest");
  return {};
}

Result<void> release(const ReleaseOptions& options, Vendor& vendor) {
  if (!options.machine && !options.receipt)
    return error(Errc::usage, "which seat to release was not said",
                 "give KEY --machine FINGERPRINT, or --receipt FILE");
  if (options.machine) {
    LIC_TRY(check_given("--machine", *options.machine));
    if (options.reissue.key.empty())
      return error(Errc::usage, "--machine needs the KEY of the license", "licgen release KEY --machine FINGERPRINT");
    LIC_TRY_ASSIGN(auto leased, leased_seat(*options.machine, options.reissue.key, vendor));
    if (leased) return end_lease(options, *std::move(leased), vendor);
    return release_seat(options, std::nullopt, vendor);
  }
  LIC_TRY(check_given("--receipt", *options.receipt));
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const ActivationReceipt receipt, read_receipt(*options.receipt, product));
  if (!options.reissue.key.empty()) {
    LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(options.reissue.key));
    if (key != receipt.key)
      return error(Errc::invalid_input, concat("the receipt is of ", receipt.key.text(), ", not of ", key.text()));
  }
  return release_seat(options, receipt, vendor);
}

int run_release(const ReleaseOptions& options, Vendor& vendor) { return conclude(vendor, release(options, vendor)); }

}  // namespace

Command<Vendor> release_command() {
  return make_command("release", "Free a machine's seat, by its id or by the receipt that it wrote",
                      {"licgen release TZ-PRO-7K3M-9QXA-R2VD-5R28 --machine M1-0525Z-JQKMM-ZBZXC",
                       "licgen release --receipt receipt.json"},
                      set_up_release, run_release);
}

}  // namespace lic::app
