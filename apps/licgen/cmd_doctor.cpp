#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "issue/key_file.hpp"
#include "ledger/audit.hpp"
#include "ledger/postgres.hpp"
#include "ledger/sqlite.hpp"
#include "licgen/commands.hpp"
#include "licgen/product_document.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

struct DoctorOptions {};

void set_up_doctor(CLI::App&, DoctorOptions&) {}

enum class Verdict { good, warning, bad };

struct Check {
  std::string name;
  Verdict verdict = Verdict::good;
  std::string message;
  std::string hint;
};

std::string_view token(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "ok";
    case Verdict::warning:
      return "warning";
    case Verdict::bad:
      return "bad";
  }
  return {};
}

Check from(std::string name, const Error& fault) { return {std::move(name), Verdict::bad, fault.message, fault.hint}; }

Check check_mode(std::string name, const Path& path, mode_t others) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return from(std::move(name), system_error(errno, "cannot examine", path));
  const std::string shown = in_quotes(path.native());
  if (info.st_uid != ::geteuid())
    return {std::move(name), Verdict::bad, concat(shown, " belongs to another user (uid ", info.st_uid, ")"),
            "give it back to its owner with chown"};
  if ((info.st_mode & others) != 0)
    return {std::move(name), Verdict::bad, concat(shown, " is open to others"),
            concat("chmod go= ", printable(path.native()))};
  return {std::move(name), Verdict::good, concat(shown, " is this user's alone"), {}};
}

/// The file of a key, and whether it is encrypted. A root key is better not here.
Check check_key(const Path& path, const std::string& purpose) {
  const std::string name = concat(purpose, " key");
  const auto encrypted = is_key_file_encrypted(path);
  if (!encrypted && encrypted.error().code == Errc::not_found) {
    if (purpose == "root") return {name, Verdict::good, "not here: kept offline", {}};
    return {name, Verdict::warning, "not here: nothing can be signed", "put the key where it is looked for"};
  }
  if (!encrypted) return from(name, encrypted.error());
  if (!*encrypted)
    return {name, Verdict::warning, "not encrypted: who can read its file can sign", "licgen keys passphrase"};
  if (purpose == "root") return {name, Verdict::good, "encrypted (safer still: a copy offline, and none here)", {}};
  return {name, Verdict::good, "encrypted", {}};
}

/// Where the current key of that purpose is, by the ledger; of a ledger that does not open,
/// where init has put it.
Path current_key_path(const std::string& purpose, const Path& keys, Vendor& vendor) {
  const auto record = vendor.current_key(purpose);
  const auto path = record ? vendor.key_path(*record) : Result<Path>(Error(record.error()));
  return path ? *path : keys / concat(purpose, ".pem");
}

Check check_product(Vendor& vendor) {
  const auto product = vendor.product();
  if (!product) return from("product file", product.error());
  for (const auto& trusted : product->keys()) {
    const bool begun = !trusted.not_before || vendor.now() >= *trusted.not_before;
    const bool ended = trusted.not_after && vendor.now() >= *trusted.not_after;
    if (trusted.may(Role::license) && begun && !ended)
      return {
          "product file", Verdict::good, concat("version ", product->version(), ", with a license key in force"), {}};
  }
  return {"product file", Verdict::bad, "no license key is in force: clients would not trust what is signed now", {}};
}

Check check_chain(Vendor& vendor) {
  const auto product = vendor.product();
  const auto ledger = vendor.ledger();
  if (!product || !ledger) return from("history", (product ? ledger.error() : product.error()));
  const auto report = audit(**ledger, *product, vendor.now());
  if (!report) return from("history", report.error());
  if (report->faults > 0)
    return {"history", Verdict::bad, concat(report->faults, " findings, the first: ", report->findings.front().message),
            "licgen audit names them all"};
  if (report->distrusted > 0)
    return {"history", Verdict::warning,
            concat("whole, but clients refuse ", report->distrusted, " licenses, whose signing key is distrusted"),
            "licgen reissue signs them anew"};
  return {
      "history", Verdict::good, concat("whole: ", report->licenses, " licenses, ", report->entries, " entries"), {}};
}

/// A clock behind the newest entry would issue licenses that begin in the past.
Check check_clock(Vendor& vendor) {
  const auto ledger = vendor.ledger();
  if (!ledger) return from("clock", ledger.error());
  Time newest{};
  const auto read = (*ledger)->history_by_number([&](const HistoryRow& row) -> Result<void> {
    newest = std::max(newest, row.entry.at);
    return {};
  });
  if (!read) return from("clock", read.error());
  if (newest > vendor.now())
    return {"clock", Verdict::bad, concat("the history has an entry of ", format_time(newest), ", after now"),
            "set the clock of this machine right before anything is issued"};
  return {"clock", Verdict::good, concat("it is ", format_time(vendor.now()), ", after every entry"), {}};
}

/// A change needs room for a journal as large as what it touches.
Check check_disk(const Path& ledger) {
  struct statvfs disk {};
  struct stat info {};
  if (::statvfs(ledger.c_str(), &disk) != 0 || ::stat(ledger.c_str(), &info) != 0)
    return from("disk", system_error(errno, "cannot examine the disk of", ledger));
  const auto free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  const auto wanted = std::max<std::uint64_t>(std::uint64_t{64} << 20, 2 * static_cast<std::uint64_t>(info.st_size));
  const std::string room = concat(free >> 20, " MiB free");
  if (free < wanted)
    return {"disk", Verdict::warning,
            concat(room, ", less than the ", wanted >> 20, " MiB that a large change may need"), "free some space"};
  return {"disk", Verdict::good, room, {}};
}

/// Where there are webhooks: whether they take what they are told, and somebody tells them.
std::optional<Check> check_webhooks(Vendor& vendor) {
  constexpr std::chrono::hours kLate{1};
  const auto ledger = vendor.ledger();
  if (!ledger) return from("webhooks", ledger.error());
  const auto waiting = (*ledger)->waiting_webhooks();
  if (!waiting) return from("webhooks", waiting.error());
  if (waiting->empty()) return std::nullopt;
  for (const WaitingWebhook& one : *waiting) {
    const std::string name = in_quotes(one.webhook.name);
    if (one.due_at && *one.due_at < vendor.now() - kLate)
      return Check{"webhooks", Verdict::warning,
                   concat(name, " was to be told something at ", format_time(*one.due_at)),
                   "licgen serve tells it, or licgen webhooks deliver"};
    const auto failed = (*ledger)->deliveries({one.webhook.id, DeliveryState::failed, 1});
    if (!failed) return from("webhooks", failed.error());
    if (!failed->empty())
      return Check{"webhooks", Verdict::warning,
                   concat("event ", failed->front().event, " was given up for ", name, ": ", failed->front().trouble),
                   "licgen webhooks replay sends it again"};
  }
  return Check{"webhooks", Verdict::good, concat("what is due to ", waiting->size(), " is told in time"), {}};
}

/// Of a ledger in a database: what answers, and how the way to it is.
Check check_server(const LedgerAddress& address) {
  const auto server = examine_postgres(address);
  if (!server) return from("server", server.error());
  if (!server->unsafe.empty())
    return {"server", Verdict::bad, concat("with ", server->unsafe, " a power failure can lose what was told"),
            "set it right, and restart the server"};
  if (!server->encrypted && !server->local)
    return {"server", Verdict::warning, concat(server->version, ", over a connection that is not encrypted"),
            "sslmode=verify-full in the URL"};
  return {"server", Verdict::good, server->version, {}};
}

Check check_tables(const LedgerAddress& address) {
  if (!address.is_file())
    return {"ledger", Verdict::good, "its tables and triggers are there", {}};  // seen as it opened
  const auto sound = check_sqlite_ledger(address.path());
  return sound ? Check{"ledger", Verdict::good, "its tables and pages are sound", {}} : from("ledger", sound.error());
}

Result<std::vector<Check>> examine(Vendor& vendor) {
  LIC_TRY_ASSIGN(const Path home, vendor.home());
  LIC_TRY_ASSIGN(const LedgerAddress address, vendor.ledger_address());
  LIC_TRY_ASSIGN(const Path keys, vendor.keys_directory());
  const auto ledger = vendor.ledger();
  if (!ledger && ledger.error().code == Errc::not_found) return ledger.error();
  std::vector<Check> checks;
  checks.push_back(check_mode("home", home, 077));
  checks.push_back(check_mode("keys", keys, 077));
  for (const char* purpose : {"root", "license"})
    checks.push_back(check_key(current_key_path(purpose, keys, vendor), purpose));
  checks.push_back(address.is_file() ? check_mode("ledger file", address.path(), 077) : check_server(address));
  if (!ledger) {
    checks.push_back(from("ledger", ledger.error()));
    return checks;
  }
  checks.push_back(check_tables(address));
  checks.push_back(check_product(vendor));
  checks.push_back(check_chain(vendor));
  checks.push_back(check_clock(vendor));
  if (auto webhooks = check_webhooks(vendor)) checks.push_back(*std::move(webhooks));
  if (address.is_file()) checks.push_back(check_disk(address.path()));
  return checks;
}

int tell(const std::vector<Check>& checks, Output& output) {
  const auto bad =
      std::count_if(checks.begin(), checks.end(), [](const Check& c) { return c.verdict == Verdict::bad; });
  const std::string message = concat(bad, bad == 1 ? " thing is" : " things are", " wrong with this home");
  if (output.json()) {
    Json document = {{"healthy", bad == 0}, {"checks", Json::array()}};
    for (const auto& check : checks)
      document["checks"].push_back({{"name", check.name},
                                    {"verdict", token(check.verdict)},
                                    {"message", check.message},
                                    {"hint", check.hint.empty() ? Json(nullptr) : Json(check.hint)}});
    if (bad > 0) document["error"] = error_object(ExitCode::failure, message, {});
    output.line(json_text(document));
  } else {
    constexpr std::size_t kWidth = 14;
    for (const auto& check : checks) {
      const Style style = check.verdict == Verdict::good      ? Style::good
                          : check.verdict == Verdict::warning ? Style::warning
                                                              : Style::bad;
      output.line(concat(check.name, std::string(kWidth - std::min(kWidth - 1, check.name.size()), ' '),
                         output.styled(style, token(check.verdict)), ": ", printable(check.message),
                         check.hint.empty() ? std::string() : concat(" (", printable(check.hint), ")")));
    }
  }
  return bad == 0 ? static_cast<int>(ExitCode::ok) : output.fail(ExitCode::failure, message, {}, true);
}

int run_doctor(const DoctorOptions&, Vendor& vendor) {
  const auto checks = examine(vendor);
  return checks ? tell(*checks, vendor.output()) : vendor.output().fail(checks.error());
}

}  // namespace

Command<Vendor> doctor_command() {
  return make_command("doctor", "Examine the home: permissions, keys, ledger, history, clock, disk",
                      {"licgen doctor", "licgen doctor --json"}, set_up_doctor, run_doctor);
}

}  // namespace lic::app
