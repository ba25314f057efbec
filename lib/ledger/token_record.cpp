#include "ledger/token_record.hpp"

#include <algorithm>

namespace lic {

std::string_view token(TokenScope scope) noexcept {
  switch (scope) {
    case TokenScope::read:
      return "read";
    case TokenScope::issue:
      return "issue";
    case TokenScope::change:
      return "change";
    case TokenScope::revoke:
      return "revoke";
    case TokenScope::admin:
      return "admin";
  }
  return {};
}

const std::vector<TokenScope>& token_scopes() {
  static const std::vector<TokenScope> scopes = {TokenScope::read, TokenScope::issue, TokenScope::change,
                                                 TokenScope::revoke, TokenScope::admin};
  return scopes;
}

std::optional<TokenScope> parse_token_scope(std::string_view word) {
  for (const TokenScope scope : token_scopes())
    if (token(scope) == word) return scope;
  return std::nullopt;
}

bool TokenRecord::may(TokenScope scope) const noexcept {
  return std::any_of(scopes.begin(), scopes.end(),
                     [&](TokenScope one) { return one == scope || one == TokenScope::admin; });
}

}  // namespace lic
