#include "desk/webhooks.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/host.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "desk/names.hpp"
#include "issue/issuer.hpp"
#include "ledger/audit_made.hpp"
#include "webhook/event.hpp"
#include "webhook/signature.hpp"

namespace lic {
namespace {

constexpr std::size_t kLongestUrl = 2000;

Error bad_url(std::string_view url, std::string_view why, std::string_view hint = "write https://HOST[:PORT]/PATH") {
  return error(Errc::invalid_input, concat("the address ", in_quotes(url), ' ', why), std::string(hint));
}

/// Nothing, or a colon and a port.
bool is_port(std::string_view text) {
  constexpr std::int64_t kMostPort = 65535;
  if (text.empty()) return true;
  const auto port = text.front() == ':' ? parse_integer(text.substr(1)) : std::nullopt;
  return port && *port >= 1 && *port <= kMostPort;
}

bool is_host(std::string_view host) {
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  if (in_brackets) host = host.substr(1, host.size() - 2);
  return !host.empty() && host.find_first_of("[]{}%") == std::string_view::npos;
}

Result<void> check_url(std::string_view url, bool allow_plain_http) {
  const std::string scheme = to_lower(url.substr(0, 8));
  const bool secure = scheme.starts_with("https://");
  const bool odd = std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c > '~' || c == '\\'; });
  if (url.size() > kLongestUrl) return bad_url(url, concat("is longer than ", kLongestUrl, " bytes"));
  if ((!secure && !scheme.starts_with("http://")) || odd || url.find('#') != std::string_view::npos)
    return bad_url(url, "is none that can be posted to");
  const std::string_view rest = url.substr(secure ? 8 : 7);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.find('@') != std::string_view::npos)
    return error(Errc::invalid_input, "the address has a name or password in it, which everyone would see",
                 "deliveries are signed: leave it out");
  const std::string host = to_lower(without_port(authority));
  if (!is_host(host)) return bad_url(url, "names no host");
  if (!is_port(authority.substr(host.size()))) return bad_url(url, "has a port that is none");
  if (!secure && !allow_plain_http && !is_this_machine(host))
    return bad_url(url, "has no TLS: who listens in learns of your customers",
                   "write https://, or give --allow-plain-http in a network of your own");
  return {};
}

/// In the order of the table, each once.
Result<std::vector<std::string>> actions_of(const std::vector<std::string>& events) {
  std::vector<std::string> chosen;
  for (const std::string& event : events) {
    LIC_TRY_ASSIGN(const auto actions, webhook::actions_of(event));
    chosen.insert(chosen.end(), actions.begin(), actions.end());
  }
  std::vector<std::string> ordered;
  for (const webhook::EventType& type : webhook::event_types())
    if (std::find(chosen.begin(), chosen.end(), type.action) != chosen.end()) ordered.emplace_back(type.action);
  return ordered;
}

Error no_such_webhook(std::string_view name) {
  return error(Errc::not_found, concat("there is no webhook ", in_quotes(name)),
               "licgen webhooks list shows all of them");
}

}  // namespace

Result<WebhookRecord> add_webhook(Transaction& transaction, const Desk& desk, const WebhookRequest& request) {
  LIC_TRY(check_name("webhook", request.name));
  LIC_TRY(check_url(request.url, request.allow_plain_http));
  LIC_TRY_ASSIGN(auto actions, actions_of(request.events));
  UlidSource ids;
  WebhookRecord record{ids.next(desk.now),     request.name,       request.url,
                       webhook::draw_secret(), std::move(actions), desk.now};
  LIC_TRY(transaction.add_webhook(record));
  LIC_TRY(transaction.record({desk.now, desk.actor, "webhook-add", {}, {}, told_of(record)}));
  return record;
}

Result<RemovedWebhook> remove_webhook(Transaction& transaction, const Desk& desk, std::string_view name_or_id,
                                      std::string_view reason) {
  LIC_TRY_ASSIGN(const auto all, desk.ledger.webhooks());
  const WebhookRecord* found = find_named(all, name_or_id, &WebhookRecord::removed_at);
  if (found == nullptr) return no_such_webhook(name_or_id);
  RemovedWebhook removed{*found, false};
  LIC_TRY_ASSIGN(removed.changed, transaction.remove_webhook(found->id, desk.now));
  if (!removed.changed) return removed;
  removed.record.removed_at = desk.now;
  const nlohmann::ordered_json detail = {{"webhook", found->id}, {"name", found->name}};
  LIC_TRY(transaction.record({desk.now, desk.actor, "webhook-remove", {}, std::string(reason), detail.dump()}));
  return removed;
}

Result<WebhookRecord> find_webhook(Ledger& ledger, std::string_view name_or_id, bool in_use) {
  LIC_TRY_ASSIGN(const auto all, ledger.webhooks());
  const WebhookRecord* found = find_named(all, name_or_id, &WebhookRecord::removed_at);
  if (found == nullptr || (in_use && found->removed_at)) return no_such_webhook(name_or_id);
  return *found;
}

}  // namespace lic
