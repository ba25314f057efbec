#include "ledger/ledger.hpp"

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {

Result<std::string> sqlite_path_of(std::string_view url) {
  constexpr std::string_view kScheme = "sqlite:";
  constexpr std::string_view kHint = "a ledger is given as sqlite:PATH";
  if (url.starts_with(kScheme) && url.size() > kScheme.size()) return std::string(url.substr(kScheme.size()));
  // Of a database server's URL only the scheme is shown: the rest may hold a password.
  if (const auto end = url.find("://"); end != std::string_view::npos && !url.starts_with(kScheme))
    return error(
        Errc::usage,
        concat("ledger URLs of the scheme ", in_quotes(url.substr(0, end)), " are not supported by this build"),
        std::string(kHint));
  return error(Errc::usage, concat(in_quotes(url), " is not a ledger URL"), std::string(kHint));
}

}  // namespace lic
