#pragma once

/// Where a ledger is: in an SQLite file, or in a PostgreSQL database.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "ledger/ledger.hpp"
#include "lic/result.hpp"

namespace lic {

/// How long a command waits for another one's transaction.
inline constexpr std::chrono::milliseconds kLedgerPatience{10'000};

/// What a ledger is opened for.
enum class LedgerUse {
  brief,    ///< a command
  serving,  ///< a licensing server: many small changes. In a file, it gets a write-ahead log
  reading,  ///< nothing is changed; beside a server that writes to a write-ahead log, and keeps nobody waiting there
};

class LedgerAddress {
 public:
  /// `sqlite:PATH`, `postgresql://...` or `postgres://...`, as --ledger takes them.
  /// Errors: usage (another scheme; a URL from which a password could show).
  static Result<LedgerAddress> parse(std::string_view text);
  static LedgerAddress of_file(Path path);

  [[nodiscard]] bool is_file() const noexcept { return url_.empty(); }
  /// Precondition: is_file().
  [[nodiscard]] const Path& path() const noexcept { return path_; }
  /// May hold a password: for libpq alone. Empty for a file.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  /// For messages and logs: the path, or the URL without password and parameters.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  LedgerAddress(Path path, std::string url, std::string name)
      : path_(std::move(path)), url_(std::move(url)), name_(std::move(name)) {}

  Path path_;
  std::string url_;
  std::string name_;
};

/// Errors: those of open_sqlite_ledger() and open_postgres_ledger().
[[nodiscard]] Result<std::unique_ptr<Ledger>> open_ledger(const LedgerAddress& address,
                                                          std::chrono::milliseconds patience = kLedgerPatience,
                                                          LedgerUse use = LedgerUse::brief);

}  // namespace lic
