#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/license_json.hpp"
#include "licgen/commands.hpp"
#include "licgen/option_values.hpp"
#include "licgen/summary_text.hpp"

namespace lic::app {
namespace {

struct CheckOptions {
  std::optional<std::string> email;
  std::optional<std::string> customer;
};

void set_up_check(CLI::App& app, CheckOptions& options) {
  const Option email = add_text(app, "--email", options.email, "EMAIL", "The customer with that e-mail address");
  add_text(app, "--customer", options.customer, "NAME", "The customer of that name, capitals as small letters")
      .excludes(email);
}

Result<LicenseFilter> filter_of(const CheckOptions& options) {
  const auto& given = options.email ? options.email : options.customer;
  if (!given) return error(Errc::usage, "nobody was named", "give --email EMAIL or --customer NAME");
  if (given->empty())
    return error(Errc::invalid_input, concat(options.email ? "--email" : "--customer", ": the value is empty"));
  LicenseFilter filter;
  filter.email = options.email.value_or("");
  filter.customer = options.customer.value_or("");
  return filter;
}

Result<int> check(const CheckOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const LicenseFilter filter, filter_of(options));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Entitlement found, entitlement(*ledger, filter, vendor.now()));
  const auto& [licenses, entitled] = found;
  const std::string who = in_quotes(options.email ? *options.email : *options.customer);
  if (licenses.empty())
    return error(Errc::not_found, concat("nobody called ", who, " has a license"),
                 "licgen list --customer 'PART*' finds customers by a part of their name");
  const ExitCode code = entitled ? ExitCode::ok : ExitCode::expired;
  const std::string message = concat("no license of ", who, " holds today");
  Output& output = vendor.output();
  if (output.json()) {
    nlohmann::ordered_json document = entitlement_json(found);
    if (!entitled) document["error"] = error_object(code, message, {});
    output.line(json_text(document));
  } else {
    for (const auto& license : licenses)
      output.line(concat(license.key, ' ', output.styled(style_of(license.status), token(license.status)), ' ',
                         printable(license.plan),
                         license.expires_at ? concat(" until ", format_time(*license.expires_at)) : std::string()));
  }
  if (!entitled) return output.fail(code, message, {}, true);
  return static_cast<int>(code);
}

int run_check(const CheckOptions& options, Vendor& vendor) {
  const auto code = check(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace

Command<Vendor> check_command() {
  return make_command("check", "Is this customer entitled today? Exit 0: yes; 11: not today; 4: has no license",
                      {"licgen check --email ops@acme.example", "licgen check --customer 'ACME GmbH' --json"},
                      set_up_check, run_check);
}

}  // namespace lic::app
