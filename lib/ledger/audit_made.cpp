#include "ledger/audit_made.hpp"

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"

namespace lic {

std::string told_of(const TokenRecord& record) {
  nlohmann::ordered_json detail = {{"token", record.id}, {"name", record.name}};
  auto& scopes = detail["scopes"] = nlohmann::ordered_json::array();
  for (const TokenScope scope : record.scopes) scopes.push_back(token(scope));
  detail["expires_at"] = format_time(record.expires_at);
  detail["sha256"] = record.hash;
  return detail.dump();
}

/// Address and secret by their digest alone: entries are told to others.
std::string told_of(const WebhookRecord& record) {
  constexpr char kEnd = '\0';
  nlohmann::ordered_json detail = {{"webhook", record.id}, {"name", record.name}};
  if (!record.actions.empty()) detail["actions"] = record.actions;
  detail["sha256"] = hex_encode(sha256(view_bytes(concat(record.url, kEnd, record.secret))));
  return detail.dump();
}

void MadeAudit::take(const HistoryEntry& entry) {
  const bool makes = entry.action == kind_.makes;
  if (!makes && entry.action != kind_.ends) return;
  const auto detail = nlohmann::json::parse(entry.detail, nullptr, false);
  const auto id = detail.is_object() ? detail.find(kind_.noun) : detail.end();
  if (id == detail.end() || !id->is_string()) return;  // a finding of others
  Told& told = told_[id->get<std::string>()];
  if (makes) {
    told.made_at = entry.at;
    told.detail = entry.detail;
  } else {
    told.ended_at = entry.at;
  }
}

void MadeAudit::check(const std::vector<Thing>& stored, const std::function<void(std::string)>& find) const {
  std::map<std::string, Told> missing = told_;
  for (const Thing& thing : stored) {
    const auto told = missing.extract(thing.id);
    const std::string name = concat(kind_.noun, ' ', printable(thing.id));
    if (told.empty())
      find(concat(name, " is in the ledger, but not in the history"));
    else if (told.mapped().detail != thing.told || told.mapped().made_at != thing.made_at)
      find(concat(name, " is not what was made by the history"));
    else if (told.mapped().ended_at != thing.ended_at)
      find(concat(name, " is not ", kind_.ended, " as the history says"));
  }
  for (const auto& [id, told] : missing)
    find(concat(kind_.noun, ' ', printable(id), " is in the history, but not in the ledger"));
}

void MadeAudits::take(const HistoryEntry& entry) {
  tokens_.take(entry);
  webhooks_.take(entry);
}

Result<void> MadeAudits::check(Ledger& ledger, const std::function<void(std::string)>& find) const {
  std::vector<MadeAudit::Thing> made;
  const auto tokens = ledger.tokens();
  if (!tokens && tokens.error().code == Errc::invalid_input) {
    find(tokens.error().message);
  } else {
    LIC_TRY(tokens);
    for (const TokenRecord& record : *tokens)
      made.push_back({record.id, told_of(record), record.created_at, record.revoked_at});
    tokens_.check(made, find);
  }
  made.clear();
  LIC_TRY_ASSIGN(const auto webhooks, ledger.webhooks());
  for (const WebhookRecord& record : webhooks)
    made.push_back({record.id, told_of(record), record.created_at, record.removed_at});
  webhooks_.check(made, find);
  return {};
}

}  // namespace lic
