#pragma once

/// What is said to a licensing server and what it answers (docs/protocol.md). Requests are not
/// signed; of each reply nothing counts but what open_reply() gives: the server's signed word.

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "lic/result.hpp"
#include "license/terms.hpp"
#include "trust/lease.hpp"
#include "trust/product.hpp"

namespace lic {

enum class OnlineAction { activate, validate, refresh, lease, deactivate, trial, usage };

/// "activate": in the path and in the signed answer.
[[nodiscard]] LIC_INTERNAL std::string_view token(OnlineAction action) noexcept;
/// The action of that path ("/v1/activate"); absent where it is of none.
[[nodiscard]] LIC_INTERNAL std::optional<OnlineAction> action_of_path(std::string_view path) noexcept;
[[nodiscard]] LIC_INTERNAL std::string path_of(OnlineAction action);

inline constexpr std::string_view kRevocationsPath = "/v1/revocations";
inline constexpr std::string_view kProductPath = "/v1/product";

/// A request has no more bytes than this; one with a usage statement as many more as that may have.
inline constexpr std::size_t kMaxOnlineRequest = 16 * 1024;
/// A reply to a request has no more bytes than this.
inline constexpr std::size_t kMaxOnlineReply = 256 * 1024;

[[nodiscard]] constexpr std::size_t most_bytes(OnlineAction action) noexcept {
  return action == OnlineAction::usage ? kMaxUsage + kMaxOnlineRequest : kMaxOnlineRequest;
}

/// Which members a request has depends on its action; the others are empty.
struct OnlineRequest {
  OnlineAction action = OnlineAction::activate;
  std::string nonce;  ///< 128 random bits, hex (random_request_id())
  std::string product;
  std::string key;     ///< license key; all but trial and usage. Whether it is one, the server does not ask here
  FactDigests facts;   ///< of the machine; all but usage
  std::string secret;  ///< refresh, lease, deactivate: what the last `next_hash` was of, 32 bytes in hex
  std::string
      next_hash;  ///< activate, refresh, lease: SHA-256 of the secret that counts from then on (receipt_hash_of())
  std::optional<Time> borrow_until;  ///< activate, refresh: of a license that floats, until when to have the seat
  std::string email;                 ///< trial; may be empty
  std::string statement;             ///< usage: the signed statement, compact JSON

  [[nodiscard]] LIC_INTERNAL std::string to_json() const;

  /// Errors: invalid_input (malformed, a member missing, of a newer version).
  static Result<OnlineRequest> LIC_INTERNAL parse(OnlineAction action, ByteView bytes, std::string_view what);
};

/// The body of a reply with the status 200 to a request.
struct OnlineReply {
  std::string answer;   ///< signed by a lease key (trust/lease.hpp), compact JSON
  std::string license;  ///< the newest signed license; exactly where a lease is granted to activate or refresh

  /// Nothing of it is believed yet. Errors: invalid_input.
  static Result<OnlineReply> LIC_INTERNAL parse(ByteView bytes, std::string_view what);
};

/// The text of such a reply; `license`: empty: there is none.
[[nodiscard]] LIC_INTERNAL std::string reply_json(std::string_view answer, std::string_view license);

/// The server's word, if it is that: signed as ServerAnswer::open() wants it, and the answer to this very
/// request (its action, nonce, key and machine). A lease that comes with a license fits it.
/// Errors: invalid_input, untrusted: whatever was answered, it says neither yes nor no.
[[nodiscard]] LIC_INTERNAL Result<ServerAnswer> open_reply(const OnlineReply& reply, const OnlineRequest& request,
                                                           const ProductFile& product, std::string_view what);

/// What an answer has as `key_hash`: hex of SHA-256("lic-online-key-v1" 0x00 key).
[[nodiscard]] LIC_INTERNAL std::string online_key_hash(std::string_view key);

}  // namespace lic
