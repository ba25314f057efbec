#pragma once

/// A ledger seen from outside: through SQLite alone, as someone with the sqlite3
/// command sees it.

#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/free_with.hpp"
#include "license/key.hpp"
#include "license/terms.hpp"
#include "support/vendor.hpp"

namespace lic::test {

class RawDatabase {
 public:
  explicit RawDatabase(const std::filesystem::path& path) {
    sqlite3* database = nullptr;
    sqlite3_open(path.c_str(), &database);
    database_.reset(database);
  }

  /// An SQLite result code; SQLITE_OK when all statements were carried out.
  int run(const std::string& sql) { return sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr); }

  [[nodiscard]] std::string message() const { return sqlite3_errmsg(database_.get()); }

  /// The first column of the first row, as text.
  [[nodiscard]] std::string get(const std::string& sql) {
    std::string text;
    const auto take = [](void* out, int, char** columns, char**) {
      if (columns[0] != nullptr) *static_cast<std::string*>(out) = columns[0];
      return 1;
    };
    sqlite3_exec(database_.get(), sql.c_str(), take, &text, nullptr);
    return text;
  }

 private:
  std::unique_ptr<sqlite3, FreeWith<sqlite3_close_v2>> database_;
};

/// The n-th of a row of licenses that differ in key and id alone.
[[nodiscard]] inline Terms numbered_terms(std::uint8_t n) {
  Terms terms;
  const Bytes symbols{
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(n / 32), static_cast<std::uint8_t>(n % 32)};
  terms.key = LicenseKey::make("TZ", "PRO", symbols).text();
  terms.id = "01JD000000000000000000" + std::to_string(1000 + n);
  terms.product = "ticketzero";
  terms.plan = "professional";
  terms.customer = {"ACME GmbH", "ops@acme.example"};
  terms.issued_at = terms.starts_at = at("2026-11-22");
  terms.expires_at = at("2027-11-22");
  terms.grace_days = 7;
  return terms;
}

[[nodiscard]] inline LicenseKey key_of(const Terms& terms) { return LicenseKey::parse(terms.key).value(); }

}  // namespace lic::test
