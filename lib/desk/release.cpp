#include "desk/release.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "desk/json_text.hpp"
#include "desk/seats.hpp"
#include "machine/identity.hpp"
#include "protocol/carried_text.hpp"

namespace lic {
namespace {

using Json = nlohmann::ordered_json;

/// What the release of one seat leaves, and what it says of itself.
struct Release {
  std::string machine;  ///< fingerprint
  std::vector<Activation> ended;
  std::string_view how = kEndedByVendor;
  std::string remark = "is released already";
};

/// Without the separators that only serve the eye.
std::string bare(std::string_view typed) {
  std::string symbols = to_upper(typed);
  std::erase_if(symbols, [](char c) { return c == '-' || c == ' '; });
  return symbols;
}

/// Those of `bindings` that `typed` means: a whole fingerprint by its facts,
/// else the beginning of one. Errors: invalid_input (neither).
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
                                     const std::vector<Activation>& activations, Time now, Release& release) {
  auto holders = seat_holders(standing.terms);
  release.machine = fingerprint_of(binding);
  LIC_TRY_ASSIGN(release.ended, live_at(activations, binding));
  std::erase(holders, binding);
  return std::optional(bound_to(standing.terms, std::move(holders), now));
}

/// The newest activation of that machine that has ended; absent where there is
/// none.
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

/// When that machine's seat was released, by the history: also of one that took
/// it without a request. Absent where it never was.
Result<std::optional<Time>> released_at(std::string_view typed, const std::vector<HistoryEntry>& history) {
  std::optional<Time> last;
  for (const auto& entry : history) {
    if (entry.action != "release") continue;
    const auto detail = json_or_discarded(entry.detail);
    if (!detail.is_object() || !detail.contains("machine") || !detail["machine"].is_string()) continue;
    const auto its = binding_of(detail["machine"].get<std::string>());
    if (!its) continue;  // of facts that this version does not know
    LIC_TRY_ASSIGN(const auto meant, meant_by(typed, {*its}));
    if (!meant.empty()) last = entry.at;
  }
  return last;
}

Error several(const MachineAsked& machine, std::string_view count, std::string_view key) {
  return error(Errc::conflict, concat(machine.named, ": ", count, " machines begin so"),
               concat("give more of it: licgen activations ", key, " --json has the whole"));
}

Result<std::optional<Terms>> release_machine(const MachineAsked& machine, const Standing& standing, const Desk& desk,
                                             Release& release) {
  const std::string& typed = machine.text;
  LIC_TRY_ASSIGN(const auto activations, desk.ledger.activations(standing.terms.key));
  LIC_TRY_ASSIGN(const auto meant, meant_by(typed, seat_holders(standing.terms)));
  if (meant.size() > 1) return several(machine, concat(meant.size()), standing.terms.key);
  if (!meant.empty()) return without(meant.front(), standing, activations, desk.now, release);
  LIC_TRY_ASSIGN(const auto last, last_ended(typed, activations));
  if (last) {
    release.remark = concat("has no seat of that machine any more: it was ", end_text(*last));
    return std::optional<Terms>();
  }
  LIC_TRY_ASSIGN(const auto released, released_at(typed, standing.history));
  if (!released)
    return error(Errc::not_found, concat("no seat of ", standing.terms.key, " is taken by machine ", in_quotes(typed)),
                 concat("licgen activations ", standing.terms.key, " lists those that are"));
  release.remark = concat("has no seat of that machine any more: it was released on ", format_date(*released));
  return std::optional<Terms>();
}

Result<std::optional<Terms>> release_receipt(const ActivationReceipt& receipt, const Standing& standing,
                                             const Desk& desk, Release& release) {
  LIC_TRY_ASSIGN(const auto activation, desk.ledger.find_activation(receipt.id));
  if (!activation)
    return error(Errc::not_found,
                 concat("the receipt is of the request ", receipt.id, ", which was never answered here"));
  if (activation->key != receipt.key.text() || activation->receipt_hash != receipt.hash())
    return error(Errc::untrusted,
                 concat("the receipt is not genuine: it does not show the secret of "
                        "request ",
                        receipt.id),
                 "only the machine that made the request can write its receipt");
  if (!activation->live()) {
    const bool used = activation->ended_by == kEndedByReceipt;
    release.remark =
        concat(used ? "unchanged: the receipt was used already; the seat was " : "unchanged: the seat was ",
               end_text(*activation));
    return std::optional<Terms>();
  }
  release.how = kEndedByReceipt;
  LIC_TRY_ASSIGN(const auto activations, desk.ledger.activations(standing.terms.key));
  LIC_TRY_ASSIGN(const MachineBinding binding, binding_of(activation->machine));
  return without(binding, standing, activations, desk.now, release);
}

Result<void> end_activations(Transaction& transaction, const Release& release, Time now, Json& detail) {
  if (!release.machine.empty()) detail["machine"] = release.machine;
  for (const auto& activation : release.ended) {
    LIC_TRY(transaction.end_activation(activation.request, release.how, now));
    detail["ended"].push_back(activation.request);
    detail["ended_by"] = release.how;
  }
  return {};
}

/// All but `next`, which fills in `release`.
Reissue release_reissue(const std::shared_ptr<Release>& release, Time now) {
  Reissue reissue{"release", "seat released", {}, {}};
  reissue.also = [release, now](Transaction& transaction, Json& detail) {
    return end_activations(transaction, *release, now, detail);
  };
  reissue.tell = [release, now](Json& answer) {
    answer["ended"] = Json::array();
    for (auto activation : release->ended) {
      activation.ended_at = now;
      activation.ended_by = release->how;
      answer["ended"].push_back(activation_json(activation));
    }
  };
  reissue.remark = [release] { return release->remark; };
  return reissue;
}

}  // namespace

Result<std::optional<Activation>> leased_seat(Ledger& ledger, const LicenseKey& key, const MachineAsked& machine,
                                              Time now) {
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger.find(key, now));
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  LIC_TRY_ASSIGN(const auto named, meant_by(machine.text, seat_holders(terms)));
  std::optional<Activation> found;
  if (!named.empty()) return found;
  LIC_TRY_ASSIGN(const auto activations, ledger.activations(terms.key));
  for (const auto& activation : activations) {
    if (!activation.lease) continue;
    LIC_TRY_ASSIGN(const MachineBinding its, binding_of(activation.holder()));
    LIC_TRY_ASSIGN(const auto meant, meant_by(machine.text, {its}));
    if (meant.empty()) continue;
    if (found) return several(machine, "several", terms.key);
    found = activation;
  }
  return found;
}

Result<Activation> end_lease(Transaction& transaction, const Desk& desk, Activation seat, const std::string& reason) {
  LIC_TRY(transaction.end_activation(seat.request, kEndedByVendor, desk.now));
  const Json detail = {{"machine", seat.holder()}, {"ended", {seat.request}}, {"ended_by", kEndedByVendor}};
  LIC_TRY(transaction.record({desk.now, desk.actor, "release", seat.key, reason, compact_json(detail)}));
  seat.lease.reset();
  seat.ended_at = desk.now;
  seat.ended_by = kEndedByVendor;
  return seat;
}

Json end_lease_json(const Activation& ended) {
  Json answer = {{"key", ended.key}, {"serial", ended.serial}, {"changed", true}};
  answer["changes"] = Json::array();
  return answer;
}

Result<ActivationReceipt> read_receipt(ByteView carried, std::string_view what, const ProductFile& product) {
  LIC_TRY_ASSIGN(const std::string text, join_pieces(carried, what));
  LIC_TRY_ASSIGN(ActivationReceipt receipt, ActivationReceipt::parse(view_bytes(text), what));
  const std::string& ours = product.catalog().id;
  if (receipt.product != ours)
    return error(Errc::untrusted, concat(what, " is of the product ", in_quotes(receipt.product), ", not of ", ours));
  return receipt;
}

Reissue seat_release(const Desk& desk, const MachineAsked& machine) {
  const auto release = std::make_shared<Release>();
  Reissue reissue = release_reissue(release, desk.now);
  reissue.next = [desk, machine, release](const Standing& standing, const Catalog&) {
    return release_machine(machine, standing, desk, *release);
  };
  return reissue;
}

Reissue seat_release(const Desk& desk, const ActivationReceipt& receipt) {
  const auto release = std::make_shared<Release>();
  Reissue reissue = release_reissue(release, desk.now);
  reissue.next = [desk, receipt, release](const Standing& standing, const Catalog&) {
    return release_receipt(receipt, standing, desk, *release);
  };
  return reissue;
}

}  // namespace lic
