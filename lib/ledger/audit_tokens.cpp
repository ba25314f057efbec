#include "ledger/audit_tokens.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace lic {

std::string told_of(const TokenRecord& record) {
  nlohmann::ordered_json detail = {{"token", record.id}, {"name", record.name}};
  auto& scopes = detail["scopes"] = nlohmann::ordered_json::array();
  for (const TokenScope scope : record.scopes) scopes.push_back(token(scope));
  detail["expires_at"] = format_time(record.expires_at);
  detail["sha256"] = record.hash;
  return detail.dump();
}

void TokenAudit::take(const HistoryEntry& entry) {
  const bool creates = entry.action == "token-create";
  if (!creates && entry.action != "token-revoke") return;
  const auto detail = nlohmann::json::parse(entry.detail, nullptr, false);
  if (!detail.is_object() || !detail.contains("token") || !detail["token"].is_string()) return;  // a finding of others
  Told& told = told_[detail["token"].get<std::string>()];
  if (creates) {
    told.created_at = entry.at;
    told.detail = entry.detail;
  } else {
    told.revoked_at = entry.at;
  }
}

Result<void> TokenAudit::check(Ledger& ledger, const std::function<void(std::string)>& find) const {
  const auto stored = ledger.tokens();
  if (!stored && stored.error().code == Errc::invalid_input) {
    find(stored.error().message);
    return {};
  }
  LIC_TRY(stored);
  std::map<std::string, Told> missing = told_;
  for (const TokenRecord& record : *stored) {
    const auto told = missing.extract(record.id);
    const std::string name = concat("token ", printable(record.id));
    if (told.empty())
      find(concat(name, " is in the ledger, but not in the history"));
    else if (told.mapped().detail != told_of(record) || told.mapped().created_at != record.created_at)
      find(concat(name, " is not what was made by the history"));
    else if (told.mapped().revoked_at != record.revoked_at)
      find(concat(name, " is not revoked as the history says"));
  }
  for (const auto& [id, told] : missing)
    find(concat("token ", printable(id), " is in the history, but not in the ledger"));
  return {};
}

}  // namespace lic
