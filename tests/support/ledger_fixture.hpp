#pragma once

#include <memory>

#include "ledger/sqlite.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"
#include "support/vendor.hpp"

namespace lic::test {

/// A new ledger in a file, and the time there.
struct LedgerFixture {
  TemporaryDirectory directory;
  Path path = directory / "ledger.db";
  std::unique_ptr<Ledger> ledger = create_sqlite_ledger(path).value();
  Time now = at("2026-12-01");

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
