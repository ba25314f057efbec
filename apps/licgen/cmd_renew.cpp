#include "base/result.hpp"
#include "base/text.hpp"
#include "common/options.hpp"
#include "desk/changes.hpp"
#include "licgen/commands.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

struct RenewOptions {
  ReissueOptions reissue;
  std::optional<std::string> months;
  std::optional<std::string> expires;
  std::optional<std::string> order;
};

void set_up_renew(CLI::App& app, RenewOptions& options) {
  set_up_reissue(app, options.reissue);
  add_text(app, "--months", options.months, "N", "By N calendar months (default: as long as the plan runs)");
  add_text(app, "--expires", options.expires, "DATE", "Until a date or time (UTC), or a duration from now: 30d, 1y");
  add_text(app, "--order", options.order, "ID",
           "Number of the order: the same renewal under the same number is done once");
}

Result<RenewalRequest> read_request(const RenewOptions& options, Time now) {
  if (options.months && options.expires) return error(Errc::usage, "--months and --expires exclude one another");
  RenewalRequest request;
  if (options.months) {
    LIC_TRY_ASSIGN(request.months, read_number("--months", *options.months, 1, kMostMonths));
  }
  if (options.expires) {
    LIC_TRY_ASSIGN(request.until, read_moment("--expires", *options.expires, now));
  }
  if (request.until && *request.until <= now)
    return error(Errc::invalid_input, concat("--expires: ", in_quotes(*options.expires), " is past"));
  if (options.order) LIC_TRY(check_given("--order", *options.order));
  return request;
}

Result<void> renew(const RenewOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const RenewalRequest request, read_request(options, vendor.now()));
  const std::string asked = renewal_text(options.months.value_or(""), options.expires.value_or(""));
  return app::reissue(options.reissue, renewal(request, options.order.value_or(""), asked, vendor.now()), vendor);
}

int run_renew(const RenewOptions& options, Vendor& vendor) { return conclude(vendor, renew(options, vendor)); }

}  // namespace

Command<Vendor> renew_command() {
  return make_command("renew", "Let a license run longer: from its end, or from now if that has passed",
                      {"licgen renew TZ-PRO-7K3M-9QXA-R2VD-5R28 --order PO-77 --out licenses/",
                       "licgen renew TZ-PRO-7K3M-9QXA-R2VD-5R28 --months 24",
                       "licgen renew TZ-PRO-7K3M-9QXA-R2VD-5R28 --expires 2028-12-31"},
                      set_up_renew, run_renew);
}

}  // namespace lic::app
