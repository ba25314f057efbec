#include "desk/tokens.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "issue/issuer.hpp"
#include "ledger/audit_tokens.hpp"

namespace lic {
namespace {

constexpr std::string_view kPrefix = "lic_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kChecksumDigits = 8;
constexpr std::size_t kTextSize = kPrefix.size() + 2 * kSecretBytes + kChecksumDigits;
constexpr std::size_t kLongestName = 100;

std::string sha256_hex(std::string_view text) { return hex_encode(sha256(view_bytes(text))); }

/// Of the prefix and the random part: a mistyped token is told without the ledger.
std::string checksum(std::string_view body) { return sha256_hex(body).substr(0, kChecksumDigits); }

std::string draw_token() {
  const SecretBytes random = random_secret(kSecretBytes);
  std::string text = concat(kPrefix, hex_encode(random.view()));
  text += checksum(text);
  return text;
}

Result<void> check_name(std::string_view name) {
  if (name.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return error(Errc::invalid_input, "the name of the token is empty");
  if (name.size() > kLongestName || !is_utf8(name))
    return error(Errc::invalid_input,
                 concat("the name of a token is UTF-8 text of at most ", kLongestName, " bytes: ", in_quotes(name)));
  if (is_ulid(to_upper(name)))
    return error(Errc::invalid_input, concat("the name ", in_quotes(name), " looks like the id of a token"),
                 "choose one that cannot be mistaken for an id");
  return {};
}

Result<void> check_request(const TokenRequest& request, Time now) {
  LIC_TRY(check_name(request.name));
  if (request.scopes.empty()) return error(Errc::invalid_input, "a token without a scope may do nothing");
  if (request.expires_at <= now)
    return error(Errc::invalid_input,
                 concat("the token would end at ", format_time(request.expires_at), ", which is past"));
  const auto latest = add_months(now, kLongestTokenMonths);
  if (latest && request.expires_at > *latest)
    return error(Errc::invalid_input,
                 concat("the token would hold until ", format_time(request.expires_at),
                        ", and none holds for longer than ", kLongestTokenMonths, " months"),
                 concat("the latest end is ", format_time(*latest)));
  return {};
}

/// Of several that were called so the one that is not revoked, else the newest.
const TokenRecord* find(const std::vector<TokenRecord>& all, std::string_view name_or_id) {
  const TokenRecord* found = nullptr;
  for (const TokenRecord& record : all) {
    if (record.id == name_or_id) return &record;
    if (record.name == name_or_id && (found == nullptr || found->revoked_at)) found = &record;
  }
  return found;
}

}  // namespace

Result<NewToken> create_token(Transaction& transaction, const Desk& desk, const TokenRequest& request) {
  LIC_TRY(check_request(request, desk.now));
  UlidSource ids;
  NewToken made{draw_token(), {}};
  made.record = {ids.next(desk.now), request.name, sha256_hex(made.text), {}, desk.now, request.expires_at};
  for (const TokenScope scope : token_scopes())
    if (std::find(request.scopes.begin(), request.scopes.end(), scope) != request.scopes.end())
      made.record.scopes.push_back(scope);
  LIC_TRY(transaction.add_token(made.record));
  LIC_TRY(transaction.record({desk.now, desk.actor, "token-create", {}, {}, told_of(made.record)}));
  return made;
}

Result<RevokedToken> revoke_token(Transaction& transaction, const Desk& desk, std::string_view name_or_id,
                                  std::string_view reason) {
  LIC_TRY_ASSIGN(const auto all, desk.ledger.tokens());
  const TokenRecord* found = find(all, name_or_id);
  if (found == nullptr)
    return error(Errc::not_found, concat("there is no token ", in_quotes(name_or_id)),
                 "licgen token list shows all of them");
  RevokedToken revoked{*found, false};
  LIC_TRY_ASSIGN(revoked.changed, transaction.revoke_token(found->id, desk.now));
  if (!revoked.changed) return revoked;
  revoked.record.revoked_at = desk.now;
  const nlohmann::ordered_json detail = {{"token", found->id}, {"name", found->name}};
  LIC_TRY(transaction.record({desk.now, desk.actor, "token-revoke", {}, std::string(reason), detail.dump()}));
  return revoked;
}

std::optional<std::string> hash_of_token(std::string_view text) {
  if (text.size() != kTextSize || !text.starts_with(kPrefix)) return std::nullopt;
  const std::string_view body = text.substr(0, kTextSize - kChecksumDigits);
  if (!hex_decode(body.substr(kPrefix.size())) || checksum(body) != text.substr(body.size())) return std::nullopt;
  return sha256_hex(text);
}

}  // namespace lic
