#include "licgen/filter_options.hpp"

#include <array>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/command_line.hpp"
#include "common/options.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

/// What a license in the ledger can be.
constexpr std::array kStatuses = {Reason::valid,   Reason::expiring,  Reason::grace,
                                  Reason::trial,   Reason::free,      Reason::expired,
                                  Reason::revoked, Reason::suspended, Reason::not_yet_valid};

Result<std::string> text_of(std::string_view option, const std::optional<std::string>& given) {
  if (!given) return std::string();
  // An empty text would select everything, as if the option had not been given.
  if (given->empty()) return error(Errc::invalid_input, concat(option, ": the value is empty"), "leave the option out");
  LIC_TRY(check_text(option, *given));
  return *given;
}

}  // namespace

void add_filter_options(CLI::App& app, FilterOptions& options) {
  std::vector<std::string> words;
  for (const Reason status : kStatuses) words.emplace_back(token(status));
  add_choice(
      app, "--status", words, [&options](std::size_t i) { options.status = kStatuses.at(i); },
      "Only licenses of that status today");
  add_text(app, "--plan", options.plan, "PLAN", "Only licenses of that plan");
  add_text(app, "--customer", options.customer, "GLOB",
           "Only customers whose name matches: * is any text, ? any character, capitals are the same as small letters");
  add_text(app, "--email", options.email, "EMAIL", "Only the customer with that e-mail address");
  add_text(app, "--expires-within", options.expires_within, "DURATION",
           "Only licenses that end within that time from now: 30d, 2mo, 1y");
}

Result<LicenseFilter> filter_of(const FilterOptions& options, Time now) {
  LicenseFilter filter;
  filter.status = options.status;
  LIC_TRY_ASSIGN(filter.plan, text_of("--plan", options.plan));
  LIC_TRY_ASSIGN(filter.customer_glob, text_of("--customer", options.customer));
  LIC_TRY_ASSIGN(filter.email, text_of("--email", options.email));
  if (options.expires_within) {
    LIC_TRY_ASSIGN(filter.expires_before, read_span("--expires-within", *options.expires_within, now));
  }
  return filter;
}

}  // namespace lic::app
