#pragma once

/// What a receiver knows us by: HMAC-SHA-256 over id, time and body, as Standard Webhooks has it
/// (https://www.standardwebhooks.com, version 1.0.0).

#include <string>
#include <string_view>

#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic::webhook {

/// A new secret: "whsec_" and 32 random bytes, base64.
[[nodiscard]] std::string draw_secret();

/// The value of the header webhook-signature: "v1,", and in base64 the HMAC of `id.seconds.body`, seconds since 1970.
/// Errors: invalid_input (`secret` is none).
[[nodiscard]] Result<std::string> signature_of(std::string_view secret, std::string_view id, Time at,
                                               std::string_view body);

}  // namespace lic::webhook
