#include "licgen/create_request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/changes.hpp"
#include "desk/row_issuing.hpp"
#include "issue/lifecycle.hpp"
#include "license/catalog.hpp"
#include "licgen/option_values.hpp"
#include "machine/identity.hpp"

namespace lic::app {
namespace {

constexpr std::int64_t kMostLicenses = 1'000'000;

Result<std::optional<std::int64_t>> optional_number(std::string_view option, const std::optional<std::string>& text,
                                                    std::int64_t most) {
  if (!text) return std::optional<std::int64_t>();
  LIC_TRY_ASSIGN(const std::int64_t number, read_number(option, *text, 1, most));
  return std::optional(number);
}

/// Reads each of `texts` by `read` into named things. Errors: usage (a name twice).
template <class Named, class Read>
Result<Named> read_named(std::string_view option, const std::vector<std::string>& texts, Read read) {
  Named named;
  for (const auto& text : texts) {
    LIC_TRY_ASSIGN(auto entry, read(text));
    const bool taken = std::any_of(named.begin(), named.end(), [&](const auto& e) { return e.first == entry.first; });
    if (taken) return error(Errc::usage, concat(option, " names ", in_quotes(entry.first), " twice"));
    named.push_back(std::move(entry));
  }
  return named;
}

Result<void> read_dates(const CreateOptions& options, Time now, LicenseRequest& request) {
  if ((options.months ? 1 : 0) + (options.expires ? 1 : 0) + (options.perpetual ? 1 : 0) > 1)
    return error(Errc::usage, "--months, --expires and --perpetual exclude one another");
  if (options.starts) {
    LIC_TRY_ASSIGN(request.starts_at, read_moment("--starts", *options.starts, now));
  }
  LIC_TRY_ASSIGN(request.months, optional_number("--months", options.months, kMostMonths));
  if (options.expires) {
    LIC_TRY_ASSIGN(request.expires_at, read_moment("--expires", *options.expires, request.starts_at.value_or(now)));
  }
  request.perpetual = options.perpetual;
  if (options.maintenance_until) {
    LIC_TRY_ASSIGN(request.maintenance_until,
                   read_moment("--maintenance-until", *options.maintenance_until, request.starts_at.value_or(now)));
  }
  return {};
}

Result<void> read_customer(const CreateOptions& options, LicenseRequest& request) {
  constexpr std::string_view kBlank = " \t\r\n";
  if (options.customer.find_first_not_of(kBlank) == std::string::npos)
    return error(Errc::invalid_input, "--customer: the name is empty");
  LIC_TRY(check_text("--customer", options.customer));
  if (options.email && !is_email(*options.email))
    return error(Errc::invalid_input, concat("--email: ", in_quotes(*options.email), " is not an e-mail address"));
  request.customer = {options.customer, options.email.value_or("")};
  return {};
}

Result<LicenseRequest> read_license(const CreateOptions& options, Time now) {
  LicenseRequest request;
  request.plan = options.plan;
  LIC_TRY(read_customer(options, request));
  LIC_TRY(read_dates(options, now, request));
  LIC_TRY_ASSIGN(request.seats, optional_number("--seats", options.seats, kMostSeats));
  LIC_TRY_ASSIGN(request.machines, read_machines(options.machines));
  if (options.on_virtual) {
    LIC_TRY_ASSIGN(request.allows_virtual, read_yes_or_no("--virtual", *options.on_virtual));
  }
  if (options.fresh_revocations) {
    LIC_TRY_ASSIGN(request.fresh_revocations, read_yes_or_no("--fresh-revocations", *options.fresh_revocations));
  }
  if (options.floating) {
    LIC_TRY_ASSIGN(request.floating, read_floating_given(*options.floating));
  }
  if (options.transfers) {
    LIC_TRY_ASSIGN(request.transfers, read_transfers_given(*options.transfers));
  }
  LIC_TRY_ASSIGN(request.features, read_features_given(options.features));
  LIC_TRY_ASSIGN(request.limits, read_limits_given(options.limits));
  LIC_TRY_ASSIGN(request.metadata, read_named<decltype(request.metadata)>("--meta", options.metadata, read_metadata));
  if (options.order) LIC_TRY(check_given("--order", *options.order));
  request.order = options.order.value_or("");
  return request;
}

nlohmann::ordered_json sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

nlohmann::ordered_json typed(const std::optional<std::string>& text) {
  return text ? nlohmann::ordered_json(*text) : nlohmann::ordered_json(nullptr);
}

}  // namespace

Result<std::vector<MachineBinding>> read_machines(const std::vector<std::string>& texts) {
  constexpr std::string_view kNone = "none";
  if (texts.size() == 1 && texts.front() == kNone) return std::vector{binding_of_nobody()};
  if (std::find(texts.begin(), texts.end(), kNone) != texts.end())
    return error(Errc::usage, "--machine none stands alone");
  std::vector<MachineBinding> machines;
  for (const auto& text : texts) {
    const auto read = [&]() -> Result<MachineBinding> {
      LIC_TRY_ASSIGN(const MachineIdentity identity, MachineIdentity::parse(text));
      return identity.binding();
    };
    auto binding = read();
    if (!binding)
      return error(binding.error().code, concat("--machine: ", binding.error().message), binding.error().hint);
    if (std::find(machines.begin(), machines.end(), *binding) != machines.end())
      return error(Errc::usage, concat("--machine names ", in_quotes(text), " twice"));
    machines.push_back(std::move(binding).value());
  }
  return machines;
}

Result<Features> read_features_given(const std::vector<std::string>& texts) {
  return read_named<Features>("--feature", texts, read_feature);
}

Result<Limits> read_limits_given(const std::vector<std::string>& texts) {
  return read_named<Limits>("--limit", texts, read_limit);
}

void set_up_create(CLI::App& app, CreateOptions& options) {
  const Option plan = add_option(app, "--plan", options.plan, "Plan of the catalogue").type_name("PLAN").required();
  const Option customer =
      add_option(app, "--customer", options.customer, "Name of the customer").type_name("NAME").required();
  add_text(app, "--email", options.email, "EMAIL", "The customer's address; required by plans with email_domains");
  add_text(app, "--months", options.months, "N", "Runs for N calendar months (default: as the plan says)");
  add_text(app, "--expires", options.expires, "DATE",
           "Ends at a date or time (UTC), or a duration after the start: 30d, 1y");
  add_flag(app, "--perpetual", options.perpetual, "Never ends");
  add_text(app, "--maintenance-until", options.maintenance_until, "DATE",
           "Of a license that never ends: releases up to then are covered (default: as the plan says)");
  add_text(app, "--starts", options.starts, "DATE",
           "Begins at a date or time (UTC), or a duration from now (default: now)");
  add_text(app, "--seats", options.seats, "N", "How many machines may use it at a time (default: as the plan says)");
  add_list(app, "--machine", options.machines,
           "Bind it to the machine of that fingerprint (licctl --machine-id); none: to no machine until one takes a "
           "seat by a request; at most as often as there are seats")
      .type_name("FINGERPRINT");
  add_text(app, "--virtual", options.on_virtual, "yes|no",
           "Whether it holds in virtual machines and containers (default: as the plan says)");
  add_text(app, "--fresh-revocations", options.fresh_revocations, "yes|no",
           "Whether it counts only where a fresh revocation list is known (default: as the plan says)");
  add_text(app, "--floating", options.floating, "MINUTES[/DAYS]|no",
           "Its seats float: held for MINUTES at a time, to be borrowed for DAYS (default: as the plan says)");
  add_text(app, "--transfers", options.transfers, "N/month|N/year|no",
           "How often seats that were given back may go to machines that had none (default: as the plan says)");
  add_list(app, "--feature", options.features,
           "Add or change a feature: true (also without a value), false, a whole number, a,b,c for a list, or a word")
      .type_name("NAME[=VALUE]");
  add_list(app, "--limit", options.limits, "Add or change a limit: a number or unlimited, per day, month or year")
      .type_name("NAME=MAX[/PER][+N%]");
  add_text(app, "--order", options.order, "ID", "Number of the order");
  add_text(app, "--note", options.note, "NOTE", "A note that stays in the ledger");
  add_list(app, "--meta", options.metadata, "Metadata that the license carries").type_name("NAME=VALUE");
  add_text(app, "--count", options.count, "N", "Issue N licenses, up to 1000000 (default: 1)");
  add_text(app, "--batch", options.batch, "ID",
           "Issue only what is missing to --count under this name, so that the command can be run again");
  add_text(
      app, "-o,--out", options.out, "DIR|FILE.jsonl",
      "Also write the signed licenses: KEY.json files to a directory, lines to FILE.jsonl, - for lines on standard "
      "output in place of the keys; with --from-csv also FILE.csv: the rows with their keys");
  add_flag(app, "--force", options.force, "Replace files that exist");
  // Rows may name plan and customer themselves.
  const auto read_rows = [&options, plan, customer](const std::string& file) {
    options.from_csv = file;
    plan.required(false);
    customer.required(false);
  };
  add_option(app, "--from-csv", read_rows,
             "Issue what each row of FILE asks for: the first line names options as columns; options given here "
             "are for all rows that leave them empty")
      .type_name("FILE");
  add_text(app, "--skip-bad", options.skip_bad, "FILE",
           "Write the bad rows of --from-csv to FILE, with what is wrong, and issue the others (default: nothing is "
           "issued unless all rows are good)");
}

std::string batch_request_of(const CreateOptions& options, std::int64_t count) {
  nlohmann::ordered_json out;
  out["plan"] = options.plan;
  out["customer"] = options.customer;
  out["email"] = typed(options.email);
  out["months"] = typed(options.months);
  out["expires"] = typed(options.expires);
  out["perpetual"] = options.perpetual;
  if (options.maintenance_until) out["maintenance_until"] = typed(options.maintenance_until);
  out["starts"] = typed(options.starts);
  out["seats"] = typed(options.seats);
  out["machines"] = sorted(options.machines);
  if (options.on_virtual) out["virtual"] = typed(options.on_virtual);
  if (options.fresh_revocations) out["fresh_revocations"] = typed(options.fresh_revocations);
  if (options.floating) out["floating"] = typed(options.floating);
  if (options.transfers) out["transfers"] = typed(options.transfers);
  out["features"] = sorted(options.features);
  out["limits"] = sorted(options.limits);
  out["metadata"] = sorted(options.metadata);
  out["order"] = typed(options.order);
  out["note"] = typed(options.note);
  out["count"] = count;
  return json_text(out);
}

Result<void> check_batch(const std::string& batch) { return check_batch_name("--batch", batch); }

Result<CreateRequest> read_request(const CreateOptions& options, Time now) {
  CreateRequest request;
  LIC_TRY_ASSIGN(request.license, read_license(options, now));
  if (options.note) LIC_TRY(check_given("--note", *options.note));
  request.note = options.note.value_or("");
  if (options.count) {
    LIC_TRY_ASSIGN(request.count, read_number("--count", *options.count, 1, kMostLicenses));
  }
  if (options.batch) {
    LIC_TRY(check_batch(*options.batch));
    request.batch = *options.batch;
    request.batch_request = batch_request_of(options, request.count);
  }
  return request;
}

}  // namespace lic::app
