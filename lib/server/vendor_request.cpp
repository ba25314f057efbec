#include "server/vendor_request.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "desk/tokens.hpp"
#include "issue/issuer.hpp"

namespace lic {
namespace {

constexpr std::string_view kVendor = "/v1/vendor/";
constexpr std::string_view kId = "{id}";

constexpr std::array kRoutes = {
    VendorRoute{VendorAction::self, "GET", "/v1/vendor/token", std::nullopt},
    VendorRoute{VendorAction::check, "POST", "/v1/vendor/check", TokenScope::read},
    VendorRoute{VendorAction::create, "POST", "/v1/vendor/licenses", TokenScope::issue, true},
    VendorRoute{VendorAction::list, "POST", "/v1/vendor/licenses/list", TokenScope::read},
    VendorRoute{VendorAction::find, "POST", "/v1/vendor/licenses/find", TokenScope::read},
    VendorRoute{VendorAction::show, "GET", "/v1/vendor/licenses/{id}", TokenScope::read},
    VendorRoute{VendorAction::document, "GET", "/v1/vendor/licenses/{id}/document", TokenScope::read},
    VendorRoute{VendorAction::activations, "GET", "/v1/vendor/licenses/{id}/activations", TokenScope::read},
    VendorRoute{VendorAction::all_activations, "GET", "/v1/vendor/licenses/{id}/activations/all", TokenScope::read},
    VendorRoute{VendorAction::usage, "GET", "/v1/vendor/licenses/{id}/usage", TokenScope::read},
    VendorRoute{VendorAction::history, "GET", "/v1/vendor/licenses/{id}/history", TokenScope::read},
    VendorRoute{VendorAction::export_documents, "POST", "/v1/vendor/licenses/export", TokenScope::read},
    VendorRoute{VendorAction::list_usage, "POST", "/v1/vendor/usage/list", TokenScope::read, false, true},
    VendorRoute{VendorAction::report, "POST", "/v1/vendor/report", TokenScope::read, false, true},
    VendorRoute{VendorAction::create_rows, "POST", "/v1/vendor/licenses/batch", TokenScope::issue, true},
    VendorRoute{VendorAction::renew, "POST", "/v1/vendor/licenses/{id}/renew", TokenScope::change, true},
    VendorRoute{VendorAction::change, "POST", "/v1/vendor/licenses/{id}/change", TokenScope::change, true},
    VendorRoute{VendorAction::suspend, "POST", "/v1/vendor/licenses/{id}/suspend", TokenScope::change, true},
    VendorRoute{VendorAction::reinstate, "POST", "/v1/vendor/licenses/{id}/reinstate", TokenScope::change, true},
    VendorRoute{VendorAction::transfer, "POST", "/v1/vendor/licenses/{id}/transfer", TokenScope::change, true},
    VendorRoute{VendorAction::release, "POST", "/v1/vendor/licenses/{id}/release", TokenScope::change, true},
    VendorRoute{VendorAction::revoke, "POST", "/v1/vendor/licenses/{id}/revoke", TokenScope::revoke, true},
    VendorRoute{VendorAction::reset_clock, "POST", "/v1/vendor/licenses/{id}/clock-reset", TokenScope::change, true},
    VendorRoute{VendorAction::activate, "POST", "/v1/vendor/activations", TokenScope::change, true},
    VendorRoute{VendorAction::take_receipt, "POST", "/v1/vendor/receipts", TokenScope::change, true},
    VendorRoute{VendorAction::import_usage, "POST", "/v1/vendor/usage", TokenScope::change, true},
    VendorRoute{VendorAction::list_revoked, "POST", "/v1/vendor/revocations", TokenScope::revoke, true},
};

/// The id where `path` is one of `pattern`; empty where the pattern has none.
std::optional<std::string_view> match(std::string_view path, std::string_view pattern) noexcept {
  const std::size_t at = pattern.find(kId);
  if (at == std::string_view::npos) return path == pattern ? std::optional(std::string_view()) : std::nullopt;
  const std::string_view rest = pattern.substr(at + kId.size());
  if (path.size() != at + kUlidSize + rest.size() || !path.starts_with(pattern.substr(0, at)) || !path.ends_with(rest))
    return std::nullopt;
  const std::string_view id = path.substr(at, kUlidSize);
  return is_ulid(id) ? std::optional(id) : std::nullopt;
}

}  // namespace

bool is_vendor_path(std::string_view path) noexcept { return path.starts_with(kVendor); }

std::optional<VendorPlace> vendor_place(std::string_view path) noexcept {
  for (const VendorRoute& route : kRoutes)
    if (const auto id = match(path, route.path)) return VendorPlace{&route, *id};
  return std::nullopt;
}

std::string digest_of(const VendorRequest& request) {
  const std::string said = concat(request.route->method, '\n', request.route->path, '\n', request.license, '\n',
                                  request.token_hash, '\n', request.body);
  return hex_encode(sha256(view_bytes(said)));
}

bool is_idempotency_key(std::string_view text) noexcept {
  constexpr std::size_t kLongest = 128;
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [](char symbol) { return symbol > ' ' && symbol < '\x7f'; });
}

std::optional<std::string> bearer_hash(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (to_lower(authorization.substr(0, kScheme.size())) != kScheme) return std::nullopt;
  authorization.remove_prefix(kScheme.size());
  const std::size_t begin = authorization.find_first_not_of(' ');
  return begin == std::string_view::npos ? std::nullopt : hash_of_token(authorization.substr(begin));
}

}  // namespace lic
