#include "licgen/reminders.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/log.hpp"
#include "crypto/hash.hpp"
#include "licgen/document_output.hpp"
#include "licgen/passphrase.hpp"
#include "licgen/reminder_text.hpp"
#include "mail/smtp.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kPatience{10};

/// What one run works with.
struct Run {
  const std::string& window;
  const ReminderOptions& options;
  Vendor& vendor;
  Ledger& ledger;
  const ReminderText& text;
  mail::Mailbox from;
};

bool was_reminded(const std::vector<HistoryEntry>& history, const LicenseSummary& license, std::string_view window) {
  return std::any_of(history.begin(), history.end(), [&](const HistoryEntry& entry) {
    if (entry.action != "remind") return false;
    const Json detail = json_if_any(entry.detail);
    return detail.is_object() && detail.value("end", Json()) == format_time(*license.expires_at) &&
           detail.value("window", Json()) == window;
  });
}

/// The same for the same reminder, so that a message that comes twice is known to be one;
/// another with --again.
std::string message_id(const LicenseSummary& license, const Run& run) {
  const std::string once = run.options.again ? format_time(run.vendor.now()) : std::string();
  const std::string name =
      concat("lic-reminder-v1\n", license.id, '\n', format_time(*license.expires_at), '\n', run.window, '\n', once);
  return hex_encode(sha256(view_bytes(name))).substr(0, 32);
}

/// Settles what needs no message; true when one is due.
Result<bool> is_due(Reminder& reminder, const Run& run) {
  if (!mail::is_address(reminder.license.customer.email)) {
    reminder.result = ReminderResult::no_address;
    return false;
  }
  if (run.options.again) return true;
  LIC_TRY_ASSIGN(const auto history, run.ledger.history(reminder.license.key));
  if (!was_reminded(history, reminder.license, run.window)) return true;
  reminder.result = ReminderResult::before;
  return false;
}

std::string compose(const LicenseSummary& license, const Run& run) {
  mail::Message message = run.text.write(license, run.vendor.now());
  message.from = run.from;
  message.id = message_id(license, run);
  return mail::message_text(message);
}

HistoryEntry entry_of(const LicenseSummary& license, const Run& run) {
  const Json detail = {{"end", format_time(*license.expires_at)},
                       {"window", run.window},
                       {"email", license.customer.email},
                       {"by", run.options.smtp ? "smtp" : "mbox"},
                       {"message_id", message_id(license, run)}};
  return {run.vendor.now(), run.vendor.actor(), "remind", license.key, "", json_text(detail)};
}

/// All messages and their entries: the file is put in its place just before the ledger is.
Result<void> write_mbox(std::vector<Reminder>& reminders, const Run& run) {
  const bool to_stdout = run.options.mbox == "-";
  LIC_TRY_ASSIGN(const auto transaction, run.ledger.begin());
  std::optional<AtomicFile> file;
  std::vector<Reminder*> written;
  for (Reminder& reminder : reminders) {
    LIC_TRY_ASSIGN(const bool due, is_due(reminder, run));
    if (!due) continue;
    const std::string entry = mail::mbox_entry(compose(reminder.license, run), run.from.email, run.vendor.now());
    if (to_stdout) {
      run.vendor.output().answer(entry);
    } else {
      if (!file) {
        LIC_TRY_ASSIGN(AtomicFile opened, AtomicFile::create(*run.options.mbox, kPrivateMode));
        file.emplace(std::move(opened));
      }
      LIC_TRY(file->write(view_bytes(entry)));
    }
    LIC_TRY(transaction->record(entry_of(reminder.license, run)));
    written.push_back(&reminder);
  }
  if (to_stdout && !run.vendor.output().finish())
    return error(Errc::failure, "the messages could not all be printed", "none is recorded: run it again");
  if (file) LIC_TRY(file->commit(run.options.force ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse));
  if (auto committed = transaction->commit(); !committed) {
    if (written.empty()) return committed;
    return error(Errc::failure, concat(committed.error().message, "; the messages were written, but are not recorded"),
                 to_stdout ? "do not use them: run it again"
                           : concat("remove ", in_quotes(*run.options.mbox), " and run it again"));
  }
  for (Reminder* reminder : written) reminder->result = ReminderResult::done;
  return {};
}

Result<void> record(const LicenseSummary& license, const Run& run) {
  LIC_TRY_ASSIGN(const auto transaction, run.ledger.begin());
  LIC_TRY(transaction->record(entry_of(license, run)));
  return transaction->commit();
}

/// One message after the other, each recorded as soon as it is accepted.
Result<void> send_all(std::vector<Reminder>& reminders, const Run& run, mail::SmtpSession& session) {
  for (Reminder& reminder : reminders) {
    LIC_TRY_ASSIGN(const bool due, is_due(reminder, run));
    if (!due) continue;
    const std::string message = mail::with_crlf(compose(reminder.license, run));
    LIC_TRY_ASSIGN(const auto answer, session.send(run.from.email, reminder.license.customer.email, message));
    log_info(concat("reminder of a license: ", answer.accepted ? "accepted" : "refused"));
    if (!answer.accepted) {
      reminder.result = ReminderResult::refused;
      reminder.reason = answer.reason;
      continue;
    }
    reminder.result = ReminderResult::done;
    if (const auto recorded = record(reminder.license, run); !recorded)
      return error(recorded.error().code,
                   concat("the reminder of ", reminder.license.key,
                          " was sent, but could not be recorded: ", recorded.error().message),
                   "it will be sent once more by the next run");
  }
  return {};
}

Result<SecretBytes> password_of(const ReminderOptions& options, const mail::SmtpServer& server) {
  if (server.user.empty()) return SecretBytes();
  if (options.password_file) return passphrase_from_file(*options.password_file);
  LIC_TRY_ASSIGN(auto password, passphrase_from_environment("LICGEN_SMTP_PASSWORD"));
  if (password) return *std::move(password);
  return error(Errc::usage, concat("there is no password for user ", in_quotes(server.user), " of the mail server"),
               "give --smtp-password-file or $LICGEN_SMTP_PASSWORD");
}

/// On this machine no encryption is needed, unless --cacert asks for it.
Result<mail::SmtpSecurity> security_of(const ReminderOptions& options, const mail::SmtpServer& server) {
  if (options.plain && server.tls_at_once) return error(Errc::usage, "--smtp-plain and smtps:// exclude one another");
  if (options.plain && options.ca_file) return error(Errc::usage, "--smtp-plain and --cacert exclude one another");
  const bool local = server.is_local() && !server.tls_at_once && !options.ca_file;
  if (options.plain && !server.is_local() && !server.user.empty())
    return error(Errc::usage, "--smtp-plain would send the password for everyone to read",
                 "leave it out: the server has to offer STARTTLS");
  if (options.ca_file) LIC_TRY(read_file(*options.ca_file, "certificate file", {.limit = 4 * 1024 * 1024}));
  return mail::SmtpSecurity{options.plain || local, options.ca_file.value_or("")};
}

Result<void> send_by_smtp(std::vector<Reminder>& reminders, const Run& run) {
  LIC_TRY_ASSIGN(const auto server, mail::SmtpServer::parse(*run.options.smtp));
  LIC_TRY_ASSIGN(const auto security, security_of(run.options, server));
  LIC_TRY_ASSIGN(SecretBytes password, password_of(run.options, server));
  LIC_TRY_ASSIGN(auto session, mail::SmtpSession::open(server, security, std::move(password)));
  return send_all(reminders, run, session);
}

Result<mail::Mailbox> sender_of(const ReminderOptions& options, const Catalog& catalog) {
  if (options.from) return mail::parse_mailbox(*options.from);
  if (mail::is_address(catalog.support)) return mail::Mailbox{catalog.name, catalog.support};
  return error(Errc::invalid_input, "there is nobody to send from: the catalogue's support is no e-mail address",
               "give --from ADDRESS");
}

}  // namespace

std::string_view token(ReminderResult result) noexcept {
  switch (result) {
    case ReminderResult::done:
      return "done";
    case ReminderResult::before:
      return "before";
    case ReminderResult::no_address:
      return "no-address";
    case ReminderResult::refused:
      return "refused";
    case ReminderResult::left:
      return "left";
  }
  return "";
}

Result<void> check_reminder_options(const ReminderOptions& options, const Output& output) {
  if (options.mbox && options.smtp) return error(Errc::usage, "--mbox and --smtp exclude one another");
  if (!options.wanted() && (options.template_place || options.from || options.again))
    return error(Errc::usage, "--template, --from and --again are for --mbox or --smtp");
  if (!options.mbox && options.force) return error(Errc::usage, "--force is for --mbox");
  if (!options.smtp && (options.password_file || options.ca_file || options.plain))
    return error(Errc::usage, "--smtp-password-file, --cacert and --smtp-plain are for --smtp");
  if (options.mbox == "-" && output.json())
    return error(Errc::usage, "--mbox - and --json both want standard output", "name a file");
  if (options.mbox && *options.mbox != "-") return check_output_file(*options.mbox, options.force);
  return {};
}

Result<void> remind(std::vector<Reminder>& reminders, const std::string& window, const ReminderOptions& options,
                    Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Catalog catalog, vendor.catalog());
  LIC_TRY_ASSIGN(const ReminderText text, ReminderText::read(options.template_place, catalog));
  LIC_TRY_ASSIGN(mail::Mailbox from, sender_of(options, catalog));
  const Run run{window, options, vendor, *ledger, text, std::move(from)};
  LIC_TRY_ASSIGN(const LedgerAddress address, vendor.ledger_address());
  LIC_TRY_ASSIGN(const Path home, vendor.home());
  const Path beside = address.is_file() ? address.path() : home / "ledger";
  const Path lock_name = concat(beside.native(), ".reminders.lock");
  LIC_TRY_ASSIGN(const FileLock lock, FileLock::acquire(lock_name, kPatience));
  return options.smtp ? send_by_smtp(reminders, run) : write_mbox(reminders, run);
}

}  // namespace lic::app
