#pragma once

/// Requests to the vendor API (docs/vendor-api.md): routes, and what they take.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/token_record.hpp"

namespace lic {

enum class VendorAction {
  self,
  list,
  find,
  show,
  document,
  activations,
  all_activations,
  usage,
  history,
  check,
  export_documents,
  list_usage,
  report,
  create,
  create_rows,
  renew,
  change,
  suspend,
  reinstate,
  transfer,
  release,
  revoke,
  reset_clock,
  activate,
  take_receipt,
  import_usage,
  list_revoked,
};

struct VendorRoute {
  VendorAction action = VendorAction::self;
  std::string_view method;
  std::string_view path;            ///< "{id}" stands for the id of a license
  std::optional<TokenScope> scope;  ///< absent: any token will do
  bool changes = false;             ///< may have an Idempotency-Key
  bool thorough = false;            ///< reads as many licenses as there are
};

/// A request as it came, its token by the hash.
struct VendorRequest {
  const VendorRoute* route = nullptr;
  std::string license;  ///< id; empty: the route names none
  std::string token_hash;
  std::string idempotency_key;  ///< empty: none
  std::string body;
};

/// A path of the vendor API, of a route or not.
[[nodiscard]] bool is_vendor_path(std::string_view path) noexcept;

struct VendorPlace {
  const VendorRoute* route = nullptr;
  std::string_view license;  ///< within the path that was asked for
};

/// Absent where there is none. No path has two methods.
[[nodiscard]] std::optional<VendorPlace> vendor_place(std::string_view path) noexcept;

/// Digest of all that a request says, hex: equal for the same request.
[[nodiscard]] std::string digest_of(const VendorRequest& request);

/// 1 to 128 visible ASCII characters.
[[nodiscard]] bool is_idempotency_key(std::string_view text) noexcept;

/// The token in the value of an Authorization header, by its hash. Absent: there is none of ours.
[[nodiscard]] std::optional<std::string> bearer_hash(std::string_view authorization);

inline constexpr std::size_t kMostVendorBytes = std::size_t{64} * 1024;  ///< of a body
inline constexpr std::int64_t kMostCreated = 100;                        ///< licenses by one request
inline constexpr std::int64_t kMostRowLicenses = 1000;                   ///< the same where they differ
inline constexpr std::int64_t kMostListed = 1000;                        ///< licenses of one page
inline constexpr std::int64_t kMostDocuments = 100;                      ///< signed documents of one page
inline constexpr std::size_t kMostStatements = 100;                      ///< usage statements in one request

}  // namespace lic
