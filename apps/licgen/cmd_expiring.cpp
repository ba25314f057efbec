#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/license_json.hpp"
#include "licgen/commands.hpp"
#include "licgen/option_values.hpp"
#include "licgen/reminder_text.hpp"
#include "licgen/reminders.hpp"
#include "licgen/summary_text.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

struct ExpiringOptions {
  std::string within = "30d";
  ReminderOptions reminders;
};

void set_up_expiring(CLI::App& app, ExpiringOptions& options) {
  ReminderOptions& reminders = options.reminders;
  add_option(app, "--within", options.within, "How far to look ahead: 30d, 2mo, 1y (default: 30d)")
      .type_name("DURATION");
  add_text(app, "--mbox", reminders.mbox, "FILE", "Write a message to each customer into FILE, once for each end");
  add_flag(app, "--force", reminders.force, "Replace FILE if it exists");
  add_text(app, "--smtp", reminders.smtp, "URL",
           "Send the messages to a mail server: smtp://USER@HOST:587 or smtps://USER@HOST");
  add_text(app, "--smtp-password-file", reminders.password_file, "FILE",
           "File with the password (default: $LICGEN_SMTP_PASSWORD)");
  add_text(app, "--cacert", reminders.ca_file, "FILE",
           "Certificates of the authorities to trust (PEM; default: the system's)");
  add_flag(app, "--smtp-plain", reminders.plain, "Send without encryption, and so without a password");
  add_text(app, "--template", reminders.template_place, "DIR|FILE",
           "What to write: a text with placeholders, or a directory with reminder.txt and reminder.html");
  add_text(app, "--from", reminders.from, "ADDRESS", "Who writes (default: the support address of the catalogue)");
  add_flag(app, "--again", reminders.again, "Write also to those who were written to before");
}

/// By their end, the nearest first; suspended ones are left out.
Result<std::vector<Reminder>> ending(const ExpiringOptions& options, Ledger& ledger, Time now) {
  LicenseFilter filter;
  LIC_TRY_ASSIGN(filter.expires_before, read_span("--within", options.within, now));
  std::vector<Reminder> licenses;
  LIC_TRY(ledger.list(filter, now, [&](const LicenseSummary& license) -> Result<void> {
    if (!license.suspended_at) licenses.push_back({license, ReminderResult::left, {}});
    return {};
  }));
  std::stable_sort(licenses.begin(), licenses.end(),
                   [](const Reminder& a, const Reminder& b) { return *a.license.expires_at < *b.license.expires_at; });
  return licenses;
}

/// Equal for equal durations: "12mo" for 1y, "1d" for 24h.
std::string window_of(const ExpiringOptions& options) {
  const Duration within = parse_duration(options.within).value_or(Duration());
  if (within.months > 0) return concat(within.months, "mo");
  const std::int64_t hours = within.seconds.count() / 3600;
  return hours % 24 == 0 ? concat(hours / 24, 'd') : concat(hours, 'h');
}

/// `done`: "written" or "sent"; empty: there were no reminders to make.
void print_table(const std::vector<Reminder>& licenses, std::string_view done, Vendor& vendor) {
  Output& output = vendor.output();
  std::vector<Table::Column> columns{{"ENDS"},     {"DAYS", true}, {"KEY", false, 60}, {"PLAN", false, 24},
                                     {"CUSTOMER"}, {"E-MAIL"}};
  if (!done.empty()) columns.push_back({"REMINDER"});
  Table table(std::move(columns));
  for (const auto& [license, result, reason] : licenses) {
    std::vector<std::string> cells{format_date(*license.expires_at),
                                   concat(days_until(*license.expires_at, vendor.now())),
                                   license.key,
                                   license.plan,
                                   license.customer.name,
                                   license.customer.email};
    if (!done.empty()) cells.emplace_back(result == ReminderResult::done ? done : token(result));
    table.add(std::move(cells));
  }
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
}

Json licenses_json(const std::vector<Reminder>& licenses, bool with_result, Time now) {
  Json list = Json::array();
  for (const auto& reminder : licenses) {
    Json entry = summary_json(reminder.license);
    entry["days_left"] = days_until(*reminder.license.expires_at, now);
    if (with_result) {
      entry["reminder"] = token(reminder.result);
      entry["reason"] = reminder.reason.empty() ? Json(nullptr) : Json(reminder.reason);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

std::int64_t count_of(const std::vector<Reminder>& reminders, ReminderResult result) {
  return std::count_if(reminders.begin(), reminders.end(), [&](const Reminder& r) { return r.result == result; });
}

/// What is not as it should be, to stderr; and how many there were of each.
void tell(const std::vector<Reminder>& reminders, std::string_view done, Output& output) {
  for (const auto& [license, result, reason] : reminders) {
    const std::string who = concat(license.key, " of ", in_quotes(license.customer.name));
    if (result == ReminderResult::no_address)
      output.warn(license.customer.email.empty()
                      ? concat(who, " has no e-mail address")
                      : concat(who, " has an e-mail address that no message can be sent to, ",
                               in_quotes(license.customer.email)));
    if (result == ReminderResult::refused)
      output.warn(concat(who, ", ", in_quotes(license.customer.email), ": ", reason));
  }
  output.note(concat(count_of(reminders, ReminderResult::done), ' ', done, ", ",
                     count_of(reminders, ReminderResult::before), " before"));
}

/// The reminders, and what became of them even where it ended early.
int run_reminders(const ExpiringOptions& options, std::vector<Reminder>& reminders, Vendor& vendor) {
  Output& output = vendor.output();
  const auto result = remind(reminders, window_of(options), options.reminders, vendor);
  const std::int64_t sent = count_of(reminders, ReminderResult::done);
  const std::int64_t refused = count_of(reminders, ReminderResult::refused);
  if (!result && sent + refused == 0) return output.fail(result.error());
  const std::string_view done = options.reminders.smtp ? "sent" : "written";
  Error fault{Errc::failure, concat(refused, " of the messages were refused by the mail server"),
              "correct the addresses with licgen transfer KEY --email, then run it again"};
  if (!result) {
    fault = result.error();
    fault.message += concat("; ", sent, " sent before that, ", count_of(reminders, ReminderResult::left), " left");
  }
  const bool failed = !result || refused > 0;
  if (output.json()) {
    Json document = {{"licenses", licenses_json(reminders, true, vendor.now())}};
    if (failed) document["error"] = error_object(exit_code(fault.code), fault.message, fault.hint);
    output.line(json_text(document));
  } else if (options.reminders.mbox != "-" && !reminders.empty()) {
    print_table(reminders, done, vendor);
  }
  tell(reminders, done, output);
  if (!failed) return static_cast<int>(ExitCode::ok);
  return output.fail(exit_code(fault.code), fault.message, fault.hint, true);
}

Result<int> expiring(const ExpiringOptions& options, Vendor& vendor) {
  Output& output = vendor.output();
  LIC_TRY(check_reminder_options(options.reminders, output));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(auto licenses, ending(options, *ledger, vendor.now()));
  if (options.reminders.wanted()) return run_reminders(options, licenses, vendor);
  if (output.json()) {
    output.line(json_text(Json{{"licenses", licenses_json(licenses, false, vendor.now())}}));
  } else if (licenses.empty()) {
    output.note(concat("no license ends within ", options.within));
  } else {
    print_table(licenses, {}, vendor);
  }
  return static_cast<int>(ExitCode::ok);
}

int run_expiring(const ExpiringOptions& options, Vendor& vendor) {
  const auto code = expiring(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace

Command<Vendor> expiring_command() {
  return make_command(
      "expiring", "List the licenses that end soon, the nearest end first, and remind of them",
      {"licgen expiring", "licgen expiring --within 3mo --json", "licgen expiring --within 30d --mbox reminders.mbox",
       "licgen expiring --within 7d --smtp smtp://licenses@mail.example.com:587 "
       "--smtp-password-file password --template reminder/"},
      set_up_expiring, run_expiring);
}

}  // namespace lic::app
