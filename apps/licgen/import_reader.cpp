#include "licgen/import_reader.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/bulk_hash.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

constexpr std::array kStatuses = {Reason::valid,   Reason::expiring,  Reason::grace,
                                  Reason::trial,   Reason::free,      Reason::expired,
                                  Reason::revoked, Reason::suspended, Reason::not_yet_valid};
constexpr std::size_t kLongestForeignKey = 190;  // with what goes in front of it, the name of a batch

std::optional<Reason> status_of(std::string_view word) {
  const auto* found =
      std::find_if(kStatuses.begin(), kStatuses.end(), [&](Reason reason) { return token(reason) == word; });
  if (found == kStatuses.end()) return std::nullopt;
  return *found;
}

/// Reads the cell of that name, where there is one, as a time.
std::optional<Time> time_in(const InputRow& row, std::string_view name, std::vector<Fault>& faults) {
  const Cell* cell = row.find(name);
  if (cell == nullptr) return std::nullopt;
  const auto time = parse_time(cell->text);
  if (time) return *time;
  faults.push_back(row.fault_at(*cell, one_line(time.error())));
  return std::nullopt;
}

std::string digest_of(std::string_view text) { return hex_encode(bulk_sha256(view_bytes(text))).substr(0, 32); }

void set_metadata(Terms& terms, std::string_view name, const std::string& value) {
  const auto same = std::find_if(terms.metadata.begin(), terms.metadata.end(),
                                 [&](const auto& entry) { return entry.first == name; });
  if (same == terms.metadata.end()) {
    terms.metadata.emplace_back(name, value);
  } else {
    same->second = value;
  }
}

}  // namespace

std::optional<RowTerms> ImportReader::read(const RowItem& item, Look look, std::vector<Fault>& faults) const {
  const std::size_t before = faults.size();
  if (!item.row.faults.empty()) {
    faults.insert(faults.end(), item.row.faults.begin(), item.row.faults.end());
    return std::nullopt;
  }
  auto row = item.exact ? read_exact(item, faults) : read_cells(item, faults);
  if (!row || faults.size() != before) return std::nullopt;
  Origin& origin = *row->origin;
  origin.is_signed = item.is_signed;
  if (!origin.previous_key.empty()) {
    origin.batch = concat("import ", origin.previous_key);
    set_metadata(row->terms, "previous_key", origin.previous_key);
  }
  if (look == Look::whole) check_document(item, *row, faults);
  return faults.size() == before ? std::move(row) : std::nullopt;
}

/// Names what makes a license that no client would read.
void ImportReader::check_document(const RowItem& item, RowTerms& row, std::vector<Fault>& faults) const {
  const auto fits = check_row_document(row, catalog_.key_prefix);
  if (fits) return;
  const std::size_t before = faults.size();
  if (!item.exact) static_cast<void>(rows_.read(create_row(item), Look::whole, faults));  // it can name the cell
  if (faults.size() == before) faults.push_back(item.row.fault({}, one_line(fits.error())));
}

std::optional<RowTerms> ImportReader::read_cells(const RowItem& item, std::vector<Fault>& faults) const {
  const InputRow& row = item.row;
  Terms given;
  Origin origin;
  if (const Cell* key = row.find("key")) {
    read_key(row, *key, origin, faults);
  } else {
    faults.push_back(row.fault("key", "is missing"));
  }
  read_standing(row, origin, faults);
  read_identity(row, given, origin, faults);
  auto out = rows_.read(create_row(item), Look::again, faults);
  if (!out) return std::nullopt;
  Terms& terms = out->terms;
  terms.id = given.id;
  terms.serial = given.serial;
  if (item.features) terms.features = *item.features;
  if (item.limits) terms.limits = *item.limits;
  const Cell* kind = row.find("kind");
  if (kind != nullptr && kind->text != token(terms.kind))
    faults.push_back(row.fault_at(*kind, concat("is ", in_quotes(kind->text), ", but plan ", terms.plan,
                                                " and this end make it ", token(terms.kind))));
  std::string text = origin.previous_key;
  for (const Cell& cell : row.cells)
    if (cell.name != "activations")
      text += concat('\0', cell.name, '\0', cell.name == "plan" ? mapped(cell.text) : cell.text);
  Terms granted;
  granted.features = item.features.value_or(Features{});
  granted.limits = item.limits.value_or(Limits{});
  if (item.features || item.limits) text += granted.to_json();
  origin.source = digest_of(concat(text, item.never_ends ? "never" : ""));
  out->origin = std::move(origin);
  return out;
}

/// The cells that are options of create.
InputRow ImportReader::create_row(const RowItem& item) const {
  InputRow row{item.row.line, {}, item.row.columns, {}};
  for (const Cell& cell : item.row.cells) {
    if (!is_row_column(cell.name)) continue;
    row.cells.push_back(cell);
    if (cell.name == "plan") row.cells.back().text = mapped(cell.text);
  }
  const auto given = [&](std::string_view name) { return item.row.find(name) != nullptr; };
  if (item.never_ends && !given("expires") && !given("months") && !given("perpetual"))
    row.cells.push_back({"perpetual", "true", row.line, 0, "expires_at"});
  const Cell* issued = item.row.find("issued_at");
  if (issued != nullptr && !given("starts") && parse_time(issued->text))
    row.cells.push_back({"starts", issued->text, issued->line, issued->column, "issued_at"});
  return row;
}

std::optional<RowTerms> ImportReader::read_exact(const RowItem& item, std::vector<Fault>& faults) const {
  const InputRow& row = item.row;
  RowTerms out;
  out.terms = *item.exact;
  Terms& terms = out.terms;
  Origin origin;
  origin.source = digest_of(terms.to_json());
  terms.plan = mapped(terms.plan);
  const auto wrong = [&](std::string_view member, std::string message) {
    faults.push_back(row.fault(member, std::move(message)));
  };
  if (terms.product != catalog_.product)
    wrong("product", concat("is ", in_quotes(terms.product), ", and this home is for ", catalog_.product));
  const Plan* plan = catalog_.find_plan(terms.plan);
  if (plan == nullptr) {
    wrong("plan", concat("there is no plan ", in_quotes(terms.plan), " (--plan-map OLD=NEW names one in its place)"));
    return std::nullopt;
  }
  out.plan_code = plan->code;
  if (!is_name(terms.id)) wrong("id", concat(in_quotes(terms.id), " is no id"));
  if (terms.issued_at > now_) wrong("issued_at", concat(format_time(terms.issued_at), " is still to come"));
  read_key(row, {"key", terms.key, row.line, 0, {}}, origin, faults);
  origin.issued_at = terms.issued_at;
  origin.suspended_at = std::exchange(terms.suspended_at, std::nullopt);
  ++terms.serial;
  terms.issued_at = now_;
  out.origin = std::move(origin);
  return out;
}

void ImportReader::read_key(const InputRow& row, const Cell& cell, Origin& origin, std::vector<Fault>& faults) const {
  auto key = LicenseKey::parse(cell.text);
  if (key && key->prefix() == catalog_.key_prefix) {
    origin.key = *std::move(key);
    return;
  }
  // Not foreign, but wrong: a new key in its place would hide that.
  if (!key && to_upper(cell.text).starts_with(concat(catalog_.key_prefix, '-'))) {
    faults.push_back(row.fault_at(cell, one_line(key.error())));
  } else if (!new_keys_) {
    faults.push_back(row.fault_at(cell, concat(in_quotes(cell.text),
                                               " is no license key of this product (--new-keys "
                                               "FILE gives such licenses keys of ours)")));
  } else if (cell.text.size() > kLongestForeignKey) {
    faults.push_back(row.fault_at(cell, concat("the key is longer than ", kLongestForeignKey, " bytes")));
  } else {
    origin.previous_key = cell.text;
  }
}

/// Whether it is suspended or revoked.
void ImportReader::read_standing(const InputRow& row, Origin& origin, std::vector<Fault>& faults) const {
  origin.suspended_at = time_in(row, "suspended_at", faults);
  origin.revoked_at = time_in(row, "revoked_at", faults);
  const Cell* reason = row.find("revoke_reason");
  if (reason != nullptr)
    if (const auto checked = check_text("revoke_reason", reason->text); !checked)
      faults.push_back(row.fault_at(*reason, checked.error().message));
  const Cell* status = row.find("status");
  const auto word = status == nullptr ? std::nullopt : status_of(status->text);
  if (status != nullptr && !word) {
    faults.push_back(row.fault_at(*status, concat(in_quotes(status->text), " is no status that licgen list prints")));
  } else if (word == Reason::suspended && !origin.suspended_at) {
    origin.suspended_at = now_;
  } else if (word == Reason::revoked && !origin.revoked_at) {
    origin.revoked_at = now_;
  } else if (word == Reason::not_yet_valid && row.find("starts") == nullptr) {
    faults.push_back(row.fault_at(*status, "a license that has not begun needs starts_at"));
  }
  if (origin.revoked_at) origin.revoke_reason = reason != nullptr ? reason->text : "imported as revoked";
}

/// Which license it was elsewhere: its id and serial, and since when.
void ImportReader::read_identity(const InputRow& row, Terms& terms, Origin& origin, std::vector<Fault>& faults) const {
  if (const Cell* id = row.find("id")) {
    terms.id = id->text;
    if (!is_name(terms.id)) faults.push_back(row.fault_at(*id, concat(in_quotes(terms.id), " is no id")));
  }
  if (const Cell* serial = row.find("serial")) {
    constexpr std::int64_t kMost = std::int64_t{1} << 52;
    const auto number = read_number("serial", serial->text, 1, kMost);
    if (number) terms.serial = *number + 1;
    if (!number) faults.push_back(row.fault_at(*serial, one_line(number.error())));
  }
  origin.issued_at = time_in(row, "issued_at", faults);
  if (origin.issued_at && *origin.issued_at > now_)
    faults.push_back(row.fault_at(*row.find("issued_at"), concat(format_time(*origin.issued_at), " is still to come")));
}

std::string ImportReader::mapped(const std::string& plan) const {
  const auto found = plans_.find(plan);
  return found == plans_.end() ? plan : found->second;
}

}  // namespace lic::app
