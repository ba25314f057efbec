#include "webhook/signature.hpp"

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

namespace lic::webhook {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kSecretBytes = 32;

}  // namespace

std::string draw_secret() { return concat(kPrefix, base64_encode(random_secret(kSecretBytes).view())); }

Result<std::string> signature_of(std::string_view secret, std::string_view id, Time at, std::string_view body) {
  auto key = secret.starts_with(kPrefix) ? base64_decode(secret.substr(kPrefix.size())) : std::nullopt;
  if (!key || key->empty()) return error(Errc::invalid_input, "the secret of a webhook in the ledger is none");
  const SecretBytes held(*std::move(key));
  const std::string text = concat(id, '.', std::int64_t{at.time_since_epoch().count()}, '.', body);
  return concat("v1,", base64_encode(hmac_sha256(held.view(), view_bytes(text))));
}

}  // namespace lic::webhook
