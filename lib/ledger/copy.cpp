#include "ledger/copy.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/postgres_ledger.hpp"
#include "ledger/sql_copy.hpp"
#include "ledger/sql_ledger.hpp"
#include "ledger/sqlite_ledger.hpp"

namespace lic {
namespace {

Result<std::shared_ptr<sql::Connection>> open_connection(const LedgerAddress& address) {
  if (!address.is_file()) return postgres::open_connection(address, kLedgerPatience);
  return sqlite::open_connection(address.path(), kLedgerPatience);
}

Result<AuditReport> audit_through(const std::shared_ptr<sql::Connection>& connection, const LedgerAddress& address,
                                  Time now, AuditScope scope) {
  const auto ledger = sql::make_ledger(connection);
  LIC_TRY_ASSIGN(const std::string text, ledger->product_file());
  LIC_TRY_ASSIGN(const ProductFile product, ProductFile::open(view_bytes(text), "the ledger's product file"));
  LIC_TRY_ASSIGN(AuditReport report, audit(*ledger, product, now, scope));
  if (report.faults > 0)
    return error(Errc::untrusted,
                 concat("ledger ", in_quotes(address.name()), " is not whole: ", report.findings.front().message,
                        report.faults > 1 ? concat(" (and ", report.faults - 1, " more)") : std::string()),
                 "licgen audit names all findings");
  return report;
}

/// What is copied, open and held as it is at one moment.
struct Source {
  std::shared_ptr<sql::Connection> connection;
  sql::Scope moment;
  AuditReport report;
};

Result<Source> open_source(const LedgerAddress& address, Time now) {
  LIC_TRY_ASSIGN(auto connection, open_connection(address));
  LIC_TRY_ASSIGN(sql::Scope moment, sql::Scope::begin(connection, sql::ScopeKind::read));
  LIC_TRY_ASSIGN(AuditReport report, audit_through(connection, address, now, AuditScope::what_is_copied));
  return Source{std::move(connection), std::move(moment), std::move(report)};
}

/// Fills a new ledger and looks at what came of it; commit() is left to be made.
Result<AuditReport> fill(const std::shared_ptr<sql::Connection>& target, const LedgerAddress& address, Source& source,
                         Time now, const std::function<void(std::int64_t)>& progress) {
  LIC_TRY(sql::copy_rows(*source.connection, *target, progress));
  LIC_TRY_ASSIGN(AuditReport report, audit_through(target, address, now, AuditScope::whole));
  const AuditReport& wanted = source.report;
  if (report.root != wanted.root || report.entries != wanted.entries || report.licenses != wanted.licenses)
    return error(Errc::untrusted, concat("the copy in ", in_quotes(address.name()), " is not what was copied"),
                 "nothing was kept of it: try again");
  return report;
}

Path directory_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

Result<void> sync_directory_of(const Path& path) {
  const Fd fd(::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || (::fsync(fd.get()) != 0 && errno != EINVAL))
    return system_error(errno, "cannot sync directory", directory_of(path));
  return {};
}

/// A directory beside `path` in which a file is made that is to become it.
class Workplace {
 public:
  static Result<Workplace> beside(const Path& path) {
    const Path directory = directory_of(path);
    std::string name = (directory / ".licgen-copy-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) return system_error(errno, "cannot write to directory", directory);
    return Workplace(name);
  }
  Workplace(Workplace&& other) noexcept : directory_(std::exchange(other.directory_, {})) {}
  Workplace& operator=(Workplace&&) = delete;
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  ~Workplace() {
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  }
  [[nodiscard]] Path file() const { return directory_ / "ledger.db"; }

 private:
  explicit Workplace(Path directory) : directory_(std::move(directory)) {}
  Path directory_;
};

Result<AuditReport> copy_to_file(Source& source, const LedgerAddress& to, Time now,
                                 const std::function<void(std::int64_t)>& progress) {
  Error taken = error(Errc::conflict, concat("there is something already at ", in_quotes(to.name())),
                      "a ledger is copied to where none is");
  if (::access(to.path().c_str(), F_OK) == 0) return taken;
  LIC_TRY_ASSIGN(const Workplace workplace, Workplace::beside(to.path()));
  std::optional<AuditReport> report;
  {
    LIC_TRY_ASSIGN(const auto target, sqlite::make_ledger_file(workplace.file(), kLedgerPatience));
    LIC_TRY_ASSIGN(sql::Scope scope, sql::Scope::begin(target, sql::ScopeKind::write));
    LIC_TRY_ASSIGN(report, fill(target, to, source, now, progress));
    LIC_TRY(scope.commit());
  }  // closed: only then is it one file
  // link() fails where the name is taken; rename() would replace another's ledger.
  if (::link(workplace.file().c_str(), to.path().c_str()) != 0)
    return errno == EEXIST ? taken : system_error(errno, "cannot make", to.path());
  LIC_TRY(sync_directory_of(to.path()));
  return *std::move(report);
}

Result<AuditReport> copy_to_server(Source& source, const LedgerAddress& to, Time now,
                                   const std::function<void(std::int64_t)>& progress) {
  LIC_TRY_ASSIGN(auto target, postgres::begin_ledger(to));
  LIC_TRY_ASSIGN(AuditReport report, fill(target.connection, to, source, now, progress));
  LIC_TRY(target.scope.commit());
  return report;
}

}  // namespace

Result<AuditReport> copy_ledger(const LedgerAddress& from, const LedgerAddress& to, Time now,
                                const std::function<void(std::int64_t)>& progress) {
  LIC_TRY_ASSIGN(Source source, open_source(from, now));
  return to.is_file() ? copy_to_file(source, to, now, progress) : copy_to_server(source, to, now, progress);
}

}  // namespace lic
