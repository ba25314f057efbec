#pragma once

/// A ledger seen from outside: through SQLite or libpq alone, as someone with the command sqlite3 or psql sees it.

#include <libpq-fe.h>
#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/free_with.hpp"
#include "ledger/address.hpp"
#include "license/key.hpp"
#include "license/terms.hpp"
#include "support/vendor.hpp"

namespace lic::test {

class RawDatabase {
 public:
  explicit RawDatabase(const std::filesystem::path& path) {
    sqlite3* database = nullptr;
    sqlite3_open(path.c_str(), &database);
    file_.reset(database);
  }
  explicit RawDatabase(const LedgerAddress& address) : RawDatabase(address.path()) {
    if (address.is_file()) return;
    server_.reset(PQconnectdb(address.url().c_str()));
    PQsetNoticeProcessor(
        server_.get(), [](void*, const char*) {}, nullptr);
  }

  /// An SQLite result code; SQLITE_OK when all statements were carried out. PostgreSQL's are told as SQLite's.
  int run(const std::string& sql) {
    if (!server_) return sqlite3_exec(file_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    const Answer answer(PQexec(server_.get(), sql.c_str()));
    const char* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
    if (state == nullptr) return PQstatus(server_.get()) == CONNECTION_OK ? SQLITE_OK : SQLITE_ERROR;
    const std::string_view kind =
        std::string_view(state).substr(0, 2);  // 23: a constraint, 22: a value of another type
    return kind == "23" || kind == "22" ? SQLITE_CONSTRAINT : SQLITE_ERROR;
  }

  [[nodiscard]] std::string message() const {
    return server_ ? PQerrorMessage(server_.get()) : sqlite3_errmsg(file_.get());
  }

  /// The first column of the first row, as text.
  [[nodiscard]] std::string get(const std::string& sql) {
    if (server_) {
      const Answer answer(PQexec(server_.get(), sql.c_str()));
      return PQntuples(answer.get()) > 0 ? PQgetvalue(answer.get(), 0, 0) : "";
    }
    std::string text;
    const auto take = [](void* out, int, char** columns, char**) {
      if (columns[0] != nullptr) *static_cast<std::string*>(out) = columns[0];
      return 1;
    };
    sqlite3_exec(file_.get(), sql.c_str(), take, &text, nullptr);
    return text;
  }

 private:
  using Answer = std::unique_ptr<PGresult, FreeWith<PQclear>>;
  std::unique_ptr<sqlite3, FreeWith<sqlite3_close_v2>> file_;
  std::unique_ptr<PGconn, FreeWith<PQfinish>> server_;  ///< null: it is a file
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
