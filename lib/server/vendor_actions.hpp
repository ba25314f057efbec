#pragma once

/// What each request to the vendor API does. For lib/server/vendor_*.cpp alone; errors are those of act().

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "desk/carried_product.hpp"
#include "desk/reissue.hpp"
#include "desk/signing.hpp"
#include "server/vendor_body.hpp"
#include "server/vendor_service.hpp"

namespace lic::vendor {

/// The license of the path.
[[nodiscard]] Result<LicenseKey> key_of(const VendorContext& context);

/// The license key of this server. Errors: denied (it has none, or none that clients trust with that now).
[[nodiscard]] Result<Signer> signer_of(const VendorContext& context, Role role = Role::license);

/// A signed document as `licgen export` writes it.
[[nodiscard]] nlohmann::ordered_json document_json(const CarriedProduct& carried, std::string_view document);

/// Changes the license; answers with what changed, and its newest document.
[[nodiscard]] Result<nlohmann::ordered_json> apply(const VendorContext& context, const LicenseKey& key,
                                                   const Reissue& reissue, const std::string& reason);

/// Makes `asked.filter` one page and one more, from after that license on.
[[nodiscard]] Result<void> begin_page(const VendorContext& context, ListBody& asked);

// vendor_reads.cpp

[[nodiscard]] Result<nlohmann::ordered_json> list(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> export_documents(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> list_usage(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> report(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> find(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> show(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> document(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> activations(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> usage(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> history(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> check(const VendorContext& context);

// vendor_rows.cpp

[[nodiscard]] Result<VendorOutcome> create_rows(const VendorContext& context);

// vendor_exchange.cpp

[[nodiscard]] Result<VendorOutcome> activate(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> take_receipt(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> import_usage_of(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> reset_clock(const VendorContext& context);
[[nodiscard]] Result<nlohmann::ordered_json> list_revoked(const VendorContext& context);

}  // namespace lic::vendor
