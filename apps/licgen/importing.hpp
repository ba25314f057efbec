#pragma once

/// Takes licenses from elsewhere into the ledger, in transactions of bounded size. What
/// was taken before is found again by its key, or by the key that it had elsewhere.

#include <memory>
#include <string>

#include "desk/issuing.hpp"
#include "issue/issuer.hpp"
#include "licgen/import_rows.hpp"
#include "licgen/product_document.hpp"
#include "licgen/vendor.hpp"

namespace lic::app {

struct ImportedLicense {
  IssuedLicense license;
  bool was_there = false;
};

class Importing {
 public:
  /// `signer`, `ledger`, `catalog` and `vendor` outlive this.
  Importing(const Signer& signer, Ledger& ledger, const Catalog& catalog, const Vendor& vendor)
      : signer_(signer), ledger_(ledger), catalog_(catalog), vendor_(vendor) {}

  /// The license that the ledger has for `row`; absent when it has none.
  /// Errors: conflict (it has another one under that key).
  [[nodiscard]] Result<std::optional<IssuedLicense>> find(const ImportRow& row);
  /// Takes it, unless it is there. Opens a transaction where there is none: until
  /// commit() nothing that is given out here counts. Errors: conflict.
  [[nodiscard]] Result<ImportedLicense> add(const ImportRow& row);
  [[nodiscard]] Result<void> commit();

 private:
  Result<IssuedLicense> take(const ImportRow& row);
  Result<Terms> free_key(const ImportRow& row);
  Result<std::string> suspend(const Terms& terms, Time since);
  Result<void> revoke(const ImportRow& row, const std::string& key);

  Signer signer_;
  Ledger& ledger_;
  const Catalog& catalog_;
  const Vendor& vendor_;
  std::unique_ptr<Transaction> transaction_;
  UlidSource ids_;
};

}  // namespace lic::app
