#include "desk/clock_resetting.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "desk/json_text.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "policy/decide.hpp"
#include "trust/clock_reset.hpp"

namespace lic {
namespace {

constexpr std::string_view kAction = "clock-reset";

}  // namespace

Result<ClockCode> read_clock_code(std::string_view named, const std::string& typed, const ProductFile& product,
                                  Time now) {
  auto code = ClockCode::parse(typed);
  if (!code) return error(code.error().code, concat(named, ": ", code.error().message), code.error().hint);
  const std::string& ours = product.catalog().id;
  if (!code->is_of_product(ours))
    return error(Errc::untrusted, concat("the code is of another product than ", ours),
                 "see that it is the customer's licctl for this product that printed it");
  if (clock_moved_back(now, code->latest())) return code;
  return error(Errc::conflict,
               concat("the latest time that the machine has seen, ", format_time(code->latest()),
                      ", is not ahead of the clock here"),
               "it is the customer's clock that is wrong now: have it set right, and nothing else is needed");
}

std::vector<std::string> clock_remarks(const ClockCode& code, const std::vector<HistoryEntry>& history,
                                       const std::vector<Activation>& activations) {
  std::vector<std::string> out;
  for (const auto& entry : history)
    if (entry.action == kAction && entry.detail.find(code.text()) != std::string::npos)
      out.push_back(concat("this code was answered before, on ", format_date(entry.at),
                           "; the machine takes one of the answers, once"));
  const auto live = [](const Activation& one) { return one.live(); };
  const auto same = [&](const Activation& one) { return one.live() && code.is_of_machine(one.machine); };
  if (std::any_of(activations.begin(), activations.end(), live) &&
      std::none_of(activations.begin(), activations.end(), same))
    out.emplace_back("the code is of none of the machines that took a seat of this license by a request");
  return out;
}

Result<std::string> sign_clock_reset(Transaction& transaction, const Desk& desk, const Signer& signer,
                                     const std::string& key, const ClockCode& code) {
  UlidSource ids;
  const ClockReset reset{ids.next(desk.now), signer.product.catalog().id, desk.now, key, code};
  std::string document = sign_document(DocumentKind::clock_reset, reset.to_json(), signer.key).to_json();
  LIC_TRY(ClockReset::open(view_bytes(document), signer.product, "the new clock reset"));
  const nlohmann::ordered_json detail = {
      {"code", code.text()}, {"latest_time", format_time(code.latest())}, {"sha256", document_digest(document)}};
  LIC_TRY(transaction.record({desk.now, desk.actor, std::string(kAction), key, "", compact_json(detail)}));
  return document;
}

}  // namespace lic
