#include "server/vendor_body.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <span>

#include "base/month.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/catalog.hpp"
#include "machine/identity.hpp"
#include "server/vendor_request.hpp"

namespace lic {
namespace {

using Names = std::span<const std::string_view>;
using json::Reader;

constexpr std::size_t kLongestText = 1000;
constexpr std::chrono::hours kListValid{7 * 24};  // a revocation list, where nothing else is wished
constexpr std::string_view kWhat = "the request";

void check_members(const Reader& reader, Names names, json::Faults& faults) {
  for (const json::Member& member : reader.members())
    if (std::find(names.begin(), names.end(), member.first) == names.end())
      faults.add(concat('/', printable(member.first)), "is no member of this request");
}

/// Reads an object that has no members but `names`; an empty body is an object without any.
template <class Body>
Result<Body> read_object(std::string_view text, Names names, const std::function<void(Reader&, Body&)>& read) {
  const auto document = json::parse(text.empty() ? "{}" : text, kWhat);
  if (!document) return error(Errc::usage, document.error().message);
  json::Faults faults;
  Reader reader(*document, faults);
  check_members(reader, names, faults);
  Body body;
  read(reader, body);
  if (!faults.empty()) return error(Errc::usage, faults.first(kWhat).message);
  return body;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// Text with something in it; absent where the member is.
std::optional<std::string> read_text(Reader& reader, TextView name) {
  if (!reader.has(name)) return std::nullopt;
  std::string text = reader.string(name);
  if (text.size() > kLongestText) reader.fault(name, concat("is longer than ", kLongestText, " bytes"));
  if (is_blank(text)) reader.fault(name, "is empty");
  return text;
}

std::string required_text(Reader& reader, TextView name) {
  const auto text = read_text(reader, name);
  if (!text) reader.fault(name, "is missing");
  return text.value_or("");
}

std::optional<std::string> read_email(Reader& reader, TextView name) {
  auto email = read_text(reader, name);
  if (email && !is_email(*email)) reader.fault(name, "is not an e-mail address");
  return email;
}

std::optional<std::int64_t> read_number(Reader& reader, TextView name, std::int64_t most) {
  return reader.has(name) ? std::optional(reader.integer(name, 1, most)) : std::nullopt;
}

std::optional<bool> read_flag(Reader& reader, TextView name) {
  return reader.has(name) ? std::optional(reader.boolean_or(name, false)) : std::nullopt;
}

/// A date, a time, or a duration counted from `base`.
std::optional<Time> read_moment(Reader& reader, TextView name, Time base) {
  const auto text = read_text(reader, name);
  if (!text) return std::nullopt;
  if (const auto duration = parse_duration(*text)) {
    const auto moment = add(base, *duration);
    if (!moment) reader.fault(name, "leads past the year 9999");
    return moment;
  }
  const auto moment = parse_time(*text);
  if (moment) return *moment;
  reader.fault(name, moment.error().message);
  return std::nullopt;
}

/// As in the license, or false for none.
template <class Terms>
std::optional<std::optional<Terms>> read_terms(Reader& reader, TextView name, std::optional<Terms> (*read)(Reader&)) {
  if (!reader.has(name)) return std::nullopt;
  const bool* flag = reader.member(name)->as_bool();
  if (flag == nullptr) return read(reader);
  if (*flag) reader.fault(name, "is an object, or false");
  return std::optional<Terms>();
}

/// Fingerprints; "none" alone is no machine at all.
std::vector<MachineBinding> read_machines(Reader& reader, TextView name) {
  const std::vector<std::string> texts = reader.strings_or_empty(name);
  if (texts.size() == 1 && texts.front() == "none") return {binding_of_nobody()};
  std::vector<MachineBinding> machines;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto identity = MachineIdentity::parse(texts[i]);
    const auto binding = identity ? identity->binding() : Result<MachineBinding>(identity.error());
    if (!binding)
      reader.fault(name, i, binding.error().message);
    else if (std::find(machines.begin(), machines.end(), *binding) != machines.end())
      reader.fault(name, i, "is named twice");
    else
      machines.push_back(*binding);
  }
  return machines;
}

std::vector<std::pair<std::string, std::string>> read_metadata(Reader& reader, TextView name) {
  std::vector<std::pair<std::string, std::string>> metadata;
  for (const json::Member& member : reader.object_or_empty(name)) {
    const auto* text = member.second.as_string();
    if (text == nullptr)
      reader.fault(name, concat("has a value that is no text: ", in_quotes(member.first)));
    else
      metadata.emplace_back(member.first, *text);
  }
  return metadata;
}

void read_license(Reader& reader, Time now, LicenseRequest& license) {
  license.plan = required_text(reader, "plan");
  license.customer = {required_text(reader, "customer"), read_email(reader, "email").value_or("")};
  license.starts_at = read_moment(reader, "starts", now);
  const Time start = license.starts_at.value_or(now);
  license.months = read_number(reader, "months", kMostMonths);
  license.expires_at = read_moment(reader, "expires", start);
  license.perpetual = reader.boolean_or("perpetual", false);
  license.maintenance_until = read_moment(reader, "maintenance_until", start);
  license.seats = read_number(reader, "seats", kMostSeats);
  license.machines = read_machines(reader, "machines");
  license.allows_virtual = read_flag(reader, "virtual");
  license.fresh_revocations = read_flag(reader, "fresh_revocations");
  license.floating = read_terms(reader, "floating", &read_floating);
  license.transfers = read_terms(reader, "transfers", &read_transfers);
  license.features = read_features(reader, "features");
  license.limits = read_limits(reader, "limits");
  license.metadata = read_metadata(reader, "metadata");
  license.order = read_text(reader, "order").value_or("");
}

void read_changes(Reader& reader, Time now, ChangeRequest& change) {
  change.plan = read_text(reader, "plan").value_or("");
  change.months = read_number(reader, "months", kMostMonths);
  change.expires_at = read_moment(reader, "expires", now);
  change.perpetual = reader.boolean_or("perpetual", false);
  change.maintenance_until = read_moment(reader, "maintenance_until", now);
  change.seats = read_number(reader, "seats", kMostSeats);
  if (reader.has("machines")) change.machines = read_machines(reader, "machines");
  change.allows_virtual = read_flag(reader, "virtual");
  change.fresh_revocations = read_flag(reader, "fresh_revocations");
  change.floating = read_terms(reader, "floating", &read_floating);
  change.transfers = read_terms(reader, "transfers", &read_transfers);
  change.features = read_features(reader, "features");
  change.limits = read_limits(reader, "limits");
  change.order = read_text(reader, "order");
}

/// What a license in the ledger can be.
constexpr std::array kStatuses = {Reason::valid,   Reason::expiring,  Reason::grace,
                                  Reason::trial,   Reason::free,      Reason::expired,
                                  Reason::revoked, Reason::suspended, Reason::not_yet_valid};

std::optional<Reason> read_status(Reader& reader, TextView name) {
  const auto word = read_text(reader, name);
  if (!word) return std::nullopt;
  const auto* status =
      std::find_if(kStatuses.begin(), kStatuses.end(), [&](Reason one) { return token(one) == *word; });
  if (status != kStatuses.end()) return *status;
  reader.fault(name, "is no status of a license");
  return std::nullopt;
}

std::optional<Time> read_span(Reader& reader, TextView name, Time now) {
  const auto text = read_text(reader, name);
  if (!text) return std::nullopt;
  const auto duration = parse_duration(*text);
  const auto end = duration ? add(now, *duration) : std::nullopt;
  if (!end || *end <= now) reader.fault(name, "is no duration, such as 30d");
  return end;
}

constexpr std::array<std::string_view, 20> kCreateMembers = {
    "plan",      "customer",          "email",    "months",    "expires",
    "perpetual", "maintenance_until", "starts",   "seats",     "machines",
    "virtual",   "fresh_revocations", "floating", "transfers", "features",
    "limits",    "metadata",          "order",    "note",      "count"};

void read_order(Reader& reader, Time now, std::int64_t most, CreateBody& read) {
  read_license(reader, now, read.license);
  read.note = read_text(reader, "note").value_or("");
  read.count = reader.integer_or("count", 1, most, 1);
}

/// A row by itself: what is wrong with it is told of all of it.
CreateBody read_row(const json::Value& value, std::int64_t number, Time now, std::vector<RowFault>& row_faults) {
  json::Faults faults;
  Reader reader(value, faults);
  check_members(reader, kCreateMembers, faults);
  CreateBody read;
  if (value.as_object() != nullptr) read_order(reader, now, kMostRowLicenses, read);
  for (const json::Fault& fault : faults.list()) row_faults.push_back({number, fault.pointer, fault.message});
  return read;
}

/// A document as JSON, or its text: one line, or the pieces in which it was carried.
std::string document_text(const json::Value& value) {
  const auto* text = value.as_string();
  return text != nullptr ? std::string(*text) : json::dump(value);
}

std::string required_document(Reader& reader, TextView name) {
  if (reader.has(name)) return document_text(*reader.member(name));
  reader.fault(name, "is missing");
  return {};
}

/// A day or a time, no duration.
std::optional<Time> read_date(Reader& reader, TextView name) {
  const auto text = read_text(reader, name);
  if (!text) return std::nullopt;
  const auto moment = parse_time(*text);
  if (moment) return *moment;
  reader.fault(name, moment.error().message);
  return std::nullopt;
}

void read_filter(Reader& reader, Time now, LicenseFilter& filter) {
  filter.status = read_status(reader, "status");
  filter.plan = read_text(reader, "plan").value_or("");
  filter.customer_glob = read_text(reader, "customer").value_or("");
  filter.email = read_text(reader, "email").value_or("");
  filter.order = read_text(reader, "order").value_or("");
  filter.batch = read_text(reader, "batch").value_or("");
  filter.expires_before = read_span(reader, "expires_within", now);
}

ReportBy read_group(Reader& reader, TextView name) {
  const auto word = read_text(reader, name).value_or("plan");
  const auto& groups = report_groups();
  const auto group = std::find_if(groups.begin(), groups.end(), [&](ReportBy by) { return token(by) == word; });
  if (group != groups.end()) return *group;
  reader.fault(name, "is none of plan, month, customer and status");
  return ReportBy::plan;
}

}  // namespace

Result<CreateBody> read_create(std::string_view body, Time now) {
  return read_object<CreateBody>(
      body, kCreateMembers, [now](Reader& reader, CreateBody& read) { read_order(reader, now, kMostCreated, read); });
}

Result<RowsBody> read_rows(std::string_view body, Time now, std::vector<RowFault>& faults) {
  constexpr std::array<std::string_view, 2> kMembers = {"batch", "rows"};
  return read_object<RowsBody>(body, kMembers, [&](Reader& reader, RowsBody& read) {
    read.batch = read_text(reader, "batch").value_or("");
    const json::Array& rows = reader.array("rows");
    std::int64_t licenses = 0;
    for (const json::Value& row : rows) {
      if (std::ssize(read.rows) > kMostRowLicenses) break;
      read.rows.push_back(read_row(row, std::ssize(read.rows), now, faults));
      licenses += read.rows.back().count;
    }
    if (read.rows.empty()) reader.fault("rows", "is missing, or has none");
    if (licenses > kMostRowLicenses) reader.fault("rows", concat("asks for more than ", kMostRowLicenses, " licenses"));
    if (const json::Value* given = reader.member("rows")) read.request = json::dump(*given);
  });
}

Result<RenewBody> read_renew(std::string_view body, Time now) {
  constexpr std::array<std::string_view, 4> kMembers = {"months", "expires", "order", "reason"};
  return read_object<RenewBody>(body, kMembers, [now](Reader& reader, RenewBody& read) {
    read.renewal.months = read_number(reader, "months", kMostMonths);
    read.renewal.until = read_moment(reader, "expires", now);
    if (read.renewal.until && *read.renewal.until <= now) reader.fault("expires", "is past");
    read.order = read_text(reader, "order").value_or("");
    read.reason = read_text(reader, "reason").value_or("");
    read.asked = renewal_text(read.renewal.months ? concat(*read.renewal.months) : std::string(),
                              read_text(reader, "expires").value_or(""));
  });
}

Result<ChangeBody> read_change(std::string_view body, Time now) {
  constexpr std::array<std::string_view, 15> kMembers = {"plan",
                                                         "months",
                                                         "expires",
                                                         "perpetual",
                                                         "maintenance_until",
                                                         "seats",
                                                         "machines",
                                                         "virtual",
                                                         "fresh_revocations",
                                                         "floating",
                                                         "transfers",
                                                         "features",
                                                         "limits",
                                                         "order",
                                                         "reason"};
  return read_object<ChangeBody>(body, kMembers, [now](Reader& reader, ChangeBody& read) {
    read_changes(reader, now, read.change);
    read.reason = read_text(reader, "reason").value_or("");
    json::ObjectBuilder asked;
    for (const json::Member& member : reader.members())
      if (member.first != "order" && member.first != "reason") asked.value(member.first, member.second);
    read.asked = json::dump(asked.take());
    if (read.asked == "{}" && !read.change.order) reader.fault("plan", "is missing, and so is all else to be changed");
  });
}

Result<TransferBody> read_transfer(std::string_view body) {
  constexpr std::array<std::string_view, 3> kMembers = {"customer", "email", "reason"};
  return read_object<TransferBody>(body, kMembers, [](Reader& reader, TransferBody& read) {
    read.owner = {read_text(reader, "customer"), read_email(reader, "email")};
    if (!read.owner.name && !read.owner.email) reader.fault("customer", "is missing, and so is email");
    read.reason = read_text(reader, "reason").value_or("");
  });
}

Result<ReleaseBody> read_release(std::string_view body) {
  constexpr std::array<std::string_view, 2> kMembers = {"machine", "reason"};
  return read_object<ReleaseBody>(body, kMembers, [](Reader& reader, ReleaseBody& read) {
    read.machine = required_text(reader, "machine");
    read.reason = read_text(reader, "reason").value_or("");
  });
}

Result<ListBody> read_list(std::string_view body, Time now, std::int64_t most) {
  constexpr std::array<std::string_view, 9> kMembers = {"status", "plan",           "customer", "email", "order",
                                                        "batch",  "expires_within", "after",    "limit"};
  return read_object<ListBody>(body, kMembers, [&](Reader& reader, ListBody& read) {
    read_filter(reader, now, read.filter);
    read.after = read_text(reader, "after").value_or("");
    read.limit = reader.integer_or("limit", 1, most, read.limit);
  });
}

Result<UsageListBody> read_usage_list(std::string_view body, Time now) {
  constexpr std::array<std::string_view, 10> kMembers = {"status", "plan",  "customer",       "email", "order",
                                                         "batch",  "month", "expires_within", "after", "limit"};
  return read_object<UsageListBody>(body, kMembers, [&](Reader& reader, UsageListBody& read) {
    read_filter(reader, now, read.list.filter);
    read.list.filter.has_usage = true;
    read.list.after = read_text(reader, "after").value_or("");
    read.list.limit = reader.integer_or("limit", 1, kMostDocuments, read.list.limit);
    const auto month = read_text(reader, "month");
    if (!month) return;
    read.month = parse_month(*month);
    if (!read.month) reader.fault("month", "is no month, such as 2026-11");
  });
}

Result<ReportBody> read_report(std::string_view body) {
  constexpr std::array<std::string_view, 4> kMembers = {"by", "from", "to", "top"};
  return read_object<ReportBody>(body, kMembers, [](Reader& reader, ReportBody& read) {
    read.by = read_group(reader, "by");
    read.from = read_date(reader, "from");
    read.to = read_date(reader, "to");
    read.top = reader.integer_or("top", 1, kMostCustomers, read.top);
  });
}

Result<std::string> read_document(std::string_view body, TextView name) {
  const std::array<std::string_view, 1> members = {name};
  return read_object<std::string>(body, members,
                                  [&](Reader& reader, std::string& text) { text = required_document(reader, name); });
}

Result<ReceiptBody> read_receipt_body(std::string_view body) {
  constexpr std::array<std::string_view, 2> kMembers = {"receipt", "reason"};
  return read_object<ReceiptBody>(body, kMembers, [](Reader& reader, ReceiptBody& read) {
    read.receipt = required_document(reader, "receipt");
    read.reason = read_text(reader, "reason").value_or("");
  });
}

Result<UsageBody> read_usage_body(std::string_view body) {
  constexpr std::array<std::string_view, 4> kMembers = {"statements", "expect_keys", "new_key", "any_machine"};
  return read_object<UsageBody>(body, kMembers, [](Reader& reader, UsageBody& read) {
    for (const json::Value& statement : reader.array("statements")) read.statements.push_back(document_text(statement));
    if (read.statements.empty() || read.statements.size() > kMostStatements)
      reader.fault("statements", concat("has not 1 to ", kMostStatements, " elements"));
    read.rules = {reader.strings_or_empty("expect_keys"), reader.boolean_or("new_key", false),
                  reader.boolean_or("any_machine", false)};
  });
}

Result<std::string> read_code(std::string_view body) {
  constexpr std::array<std::string_view, 1> kMembers = {"code"};
  return read_object<std::string>(body, kMembers,
                                  [](Reader& reader, std::string& code) { code = required_text(reader, "code"); });
}

Result<Time> read_valid(std::string_view body, Time now) {
  constexpr std::array<std::string_view, 1> kMembers = {"valid"};
  return read_object<Time>(body, kMembers, [now](Reader& reader, Time& until) {
    until = read_span(reader, "valid", now).value_or(now + kListValid);
  });
}

Result<std::string> read_reason(std::string_view body, bool required) {
  constexpr std::array<std::string_view, 1> kMembers = {"reason"};
  return read_object<std::string>(body, kMembers, [required](Reader& reader, std::string& reason) {
    reason = required ? required_text(reader, "reason") : read_text(reader, "reason").value_or("");
  });
}

Result<std::string> read_key(std::string_view body) {
  constexpr std::array<std::string_view, 1> kMembers = {"key"};
  return read_object<std::string>(body, kMembers,
                                  [](Reader& reader, std::string& key) { key = required_text(reader, "key"); });
}

Result<LicenseFilter> read_customer(std::string_view body) {
  constexpr std::array<std::string_view, 2> kMembers = {"email", "customer"};
  return read_object<LicenseFilter>(body, kMembers, [](Reader& reader, LicenseFilter& filter) {
    filter.email = read_text(reader, "email").value_or("");
    filter.customer = read_text(reader, "customer").value_or("");
    if (filter.email.empty() == filter.customer.empty())
      reader.fault("email", "or customer is to be given, one of them");
  });
}

}  // namespace lic
