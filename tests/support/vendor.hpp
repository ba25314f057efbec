#pragma once

/// A vendor in memory: keys, a product file, licenses. No ledger, no files.

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/signing.hpp"
#include "license/envelope.hpp"
#include "license/key.hpp"
#include "license/terms.hpp"
#include "trust/product.hpp"

namespace lic::test {

/// A moment that the tests take for now: 2026-11-22T10:00:00Z.
[[nodiscard]] Time noon_of_tests();
/// The time written as `2026-11-22T10:00:00Z` or `2026-11-22`.
[[nodiscard]] Time at(std::string_view text);

/// One of docs/examples.
[[nodiscard]] std::string catalog_text(std::string_view name);

/// A signature over `payload` as a document of `kind`, by `key`.
[[nodiscard]] std::string signed_document(DocumentKind kind, std::string_view payload, const SigningKey& key);

class TestVendor {
 public:
  /// Keys made of fixed seeds, so that every run signs the same bytes.
  explicit TestVendor(std::string catalog, int seed = 1);

  [[nodiscard]] const SigningKey& root() const { return root_; }
  [[nodiscard]] const SigningKey& license_key() const { return license_; }
  [[nodiscard]] const SigningKey& lease_key() const { return lease_; }

  /// The product file of that version.
  [[nodiscard]] std::string product_file(std::int64_t version = 1) const;
  [[nodiscard]] ProductFile product(std::int64_t version = 1) const;
  /// The same with another lease key in place of lease_key().
  [[nodiscard]] std::string product_file_with(const PublicKey& lease_key, std::int64_t version) const;

  /// Terms of the plan, from noon_of_tests() for the plan's time, with a key made of `number`.
  [[nodiscard]] Terms terms(std::string_view plan, int number = 1) const;
  [[nodiscard]] std::string sign(const Terms& terms) const;

 private:
  std::string catalog_;
  SigningKey root_;
  SigningKey license_;
  SigningKey lease_;
};

}  // namespace lic::test
