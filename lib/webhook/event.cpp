#include "webhook/event.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "ledger/history_chain.hpp"

namespace lic::webhook {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kIdDigits = 32;  // of the entry's link: 128 bits

/// The entry's link names it and all that came before it for its license: two ledgers have none in common, nor has one
/// that went on from an older backup. From before there was a chain, what the link would be made of.
std::string id_of(const HistoryRow& row) {
  const std::string digest =
      row.link.empty() ? hex_encode(sha256(view_bytes(history_text(row.number, row.entry)))) : row.link;
  return concat("evt_", digest.substr(0, kIdDigits));
}

/// Without license keys, of which an import may have one.
Json detail_of(const HistoryEntry& entry) {
  Json detail = Json::parse(entry.detail, nullptr, false);
  if (!detail.is_object()) return Json::object();
  detail.erase("previous_key");
  return detail;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string body_of(std::string_view type, Time at, const Json& data) {
  const Json body = {{"type", type}, {"timestamp", format_time(at)}, {"data", data}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

const std::vector<EventType>& event_types() {
  static const std::vector<EventType> types = {
      {"create", "license.created"},
      {"import", "license.imported"},
      {"renew", "license.renewed"},
      {"change", "license.changed"},
      {"suspend", "license.suspended"},
      {"reinstate", "license.reinstated"},
      {"transfer", "license.transferred"},
      {"reissue", "license.reissued"},
      {"revoke", "license.revoked"},
      {"activate", "license.activated"},
      {"reactivate", "license.reactivated"},
      {"deactivate", "license.deactivated"},
      {"release", "license.released"},
      {"lease-end", "license.lapsed"},
      {"clone", "license.cloned"},
      {"clock-reset", "license.clock_reset"},
      {"usage-import", "license.usage_stated"},
      {"remind", "license.reminded"},
      {"trial", "trial.started"},
      {"token-create", "token.created"},
      {"token-revoke", "token.revoked"},
      {"webhook-add", "webhook.added"},
      {"webhook-remove", "webhook.removed"},
      {"catalog-import", "product.catalog_imported"},
      {"product-import", "product.imported"},
      {"keys-rotate", "keys.rotated"},
      {"keys-distrust", "keys.distrusted"},
      {"keys-delegate", "keys.delegated"},
      {"keys-root", "keys.root_changed"},
      {"keys-passphrase", "keys.passphrase_changed"},
      {"revocations-export", "ledger.revocations_exported"},
      {"init", "ledger.created"},
      {"restore", "ledger.restored"},
  };
  return types;
}

std::string type_of(std::string_view action) {
  const auto& types = event_types();
  const auto found =
      std::find_if(types.begin(), types.end(), [&](const EventType& type) { return type.action == action; });
  return found != types.end() ? std::string(found->name) : concat("ledger.", action);
}

Result<std::vector<std::string>> actions_of(std::string_view choice) {
  std::vector<std::string> actions;
  const bool all = choice.ends_with(".*");
  const std::string_view subject = choice.substr(0, choice.size() - (all ? 1 : 0));
  for (const EventType& type : event_types())
    if (all ? type.name.starts_with(subject) : type.name == choice) actions.emplace_back(type.action);
  if (!actions.empty()) return actions;
  std::vector<std::string> names;
  for (const EventType& type : event_types()) names.emplace_back(type.name);
  const std::string near = nearest(choice, names);
  return error(
      Errc::invalid_input, concat("there is no event ", in_quotes(choice)),
      near.empty() ? "docs/webhooks.md has them all, license.revoked for example" : concat("did you mean ", near, "?"));
}

Message message_of(const DueEvent& event, std::string_view product) {
  const HistoryEntry& entry = event.row.entry;
  const Json data = {{"event", event.row.number},
                     {"product", product},
                     {"license", text_or_null(event.license)},
                     {"actor", entry.actor},
                     {"reason", text_or_null(entry.reason)},
                     {"detail", detail_of(entry)}};
  return {id_of(event.row), body_of(type_of(entry.action), entry.at, data)};
}

Message test_message(std::string_view product, Time now) {
  constexpr std::size_t kRandomBytes = kIdDigits / 2;
  return {concat("test_", hex_encode(random_bytes(kRandomBytes))), body_of("webhook.test", now,
                                                                           {{"event", nullptr},
                                                                            {"product", product},
                                                                            {"license", nullptr},
                                                                            {"actor", nullptr},
                                                                            {"reason", nullptr},
                                                                            {"detail", Json::object()}})};
}

}  // namespace lic::webhook
