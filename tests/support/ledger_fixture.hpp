#pragma once

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/text.hpp"
#include "ledger/address.hpp"
#include "ledger/postgres.hpp"
#include "ledger/sqlite.hpp"
#include "support/catch.hpp"
#include "support/raw_ledger.hpp"
#include "support/temporary_directory.hpp"
#include "support/vendor.hpp"

namespace lic::test {

/// Where a test may make a ledger: a file, or, where $LIC_TEST_POSTGRES is the URL of a database (with a `?`), a schema
/// there, which goes with it.
class LedgerPlace {
 public:
  LedgerPlace() : address_(LedgerAddress::of_file(directory_ / "ledger.db")) {
    const char* url = std::getenv("LIC_TEST_POSTGRES");
    if (url == nullptr) return;
    static int schemas = 0;
    url_ = url;
    schema_ = concat("test_", ::getpid(), '_', ++schemas);
    address_ = LedgerAddress::parse(concat(url_, "&options=-csearch_path%3D", schema_)).value();
    REQUIRE(RawDatabase(LedgerAddress::parse(url_).value()).run("CREATE SCHEMA " + schema_) == SQLITE_OK);
  }
  LedgerPlace(const LedgerPlace&) = delete;
  LedgerPlace& operator=(const LedgerPlace&) = delete;
  ~LedgerPlace() {
    if (!schema_.empty()) RawDatabase(LedgerAddress::parse(url_).value()).run("DROP SCHEMA " + schema_ + " CASCADE");
  }

  [[nodiscard]] const LedgerAddress& address() const noexcept { return address_; }

  [[nodiscard]] std::unique_ptr<Ledger> make() const {
    if (address_.is_file()) return create_sqlite_ledger(address_.path()).value();
    REQUIRE(begin_postgres_ledger(address_).value()->commit());
    return open_ledger(address_).value();
  }

 private:
  TemporaryDirectory directory_;
  LedgerAddress address_;
  std::string url_;
  std::string schema_;
};

/// A new ledger, and the time there.
struct LedgerFixture {
  LedgerPlace place;
  std::unique_ptr<Ledger> ledger = place.make();
  Time now = at("2026-12-01");

  /// As another process has it.
  [[nodiscard]] std::unique_ptr<Ledger> open(std::chrono::milliseconds patience = kLedgerPatience) const {
    return open_ledger(place.address(), patience).value();
  }
  [[nodiscard]] RawDatabase raw() const { return RawDatabase(place.address()); }
  [[nodiscard]] bool is_file() const noexcept { return place.address().is_file(); }

  /// Makes a change and commits it; what `change` returns.
  template <class Change>
  auto change(Change change) {
    auto transaction = ledger->begin().value();
    auto result = change(*transaction);
    REQUIRE(transaction->commit());
    return result;
  }

  void add(const Terms& terms, std::string_view batch = {}) {
    REQUIRE(change([&](Transaction& t) { return t.add_license(terms, "document of " + terms.key, "note", batch); }));
  }
};

}  // namespace lic::test
