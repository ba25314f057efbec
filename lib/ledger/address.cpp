#include "ledger/address.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/postgres.hpp"
#include "ledger/sqlite.hpp"

namespace lic {
namespace {

constexpr std::string_view kFile = "sqlite:";
constexpr std::string_view kServerSchemes[] = {"postgresql://", "postgres://"};

/// What may be shown of a URL that is "//user:password@hosts/database?parameters" after its scheme.
/// Errors: usage (what looks like a password is not where one belongs, so that libpq would show it as something else).
Result<std::string> without_password(std::string_view scheme, std::string_view url) {
  const std::string_view rest = url.substr(scheme.size());
  const std::size_t at = rest.find('@');
  const std::string_view place = rest.substr(0, rest.find('?'));
  if (at == std::string_view::npos) return concat(scheme, place);
  if (rest.find_first_of("/?") < at || rest.find('@', at + 1) != std::string_view::npos)
    return error(Errc::usage, "in the ledger URL there is '@', '/' or '?' where it must be percent-encoded",
                 "write it as %40, %2F or %3F, and leave the password to PGPASSFILE or ~/.pgpass");
  const std::string_view user = rest.substr(0, std::min(at, rest.find(':')));
  return concat(scheme, user, place.substr(at));
}

}  // namespace

Result<LedgerAddress> LedgerAddress::parse(std::string_view text) {
  constexpr std::string_view kHint = "a ledger is given as sqlite:PATH or postgresql://USER@HOST/DATABASE";
  if (text.starts_with(kFile) && text.size() > kFile.size()) return of_file(text.substr(kFile.size()));
  for (const std::string_view scheme : kServerSchemes) {
    if (!text.starts_with(scheme)) continue;
    LIC_TRY_ASSIGN(std::string name, without_password(scheme, text));
    return LedgerAddress({}, std::string(text), std::move(name));
  }
  // Of another database server's URL only the scheme is shown: the rest may hold a password.
  if (const auto end = text.find("://"); end != std::string_view::npos && !text.starts_with(kFile))
    return error(Errc::usage, concat("there are no ledgers of the scheme ", in_quotes(text.substr(0, end))),
                 std::string(kHint));
  return error(Errc::usage, concat(in_quotes(text), " is not a ledger URL"), std::string(kHint));
}

LedgerAddress LedgerAddress::of_file(Path path) {
  std::string name = path.native();
  return {std::move(path), {}, std::move(name)};
}

Result<std::unique_ptr<Ledger>> open_ledger(const LedgerAddress& address, std::chrono::milliseconds patience,
                                            LedgerUse use) {
  return address.is_file() ? open_sqlite_ledger(address.path(), patience, use)
                           : open_postgres_ledger(address, patience);
}

}  // namespace lic
