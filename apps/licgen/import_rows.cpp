#include "licgen/import_rows.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
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

std::string digest_of(std::string_view text) { return hex_encode(sha256(view_bytes(text))).substr(0, 32); }

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

std::optional<ImportRow> ImportReader::read(const ImportItem& item, std::vector<Fault>& faults) const {
  const std::size_t before = faults.size();
  if (!item.row.faults.empty()) {
    faults.insert(faults.end(), item.row.faults.begin(), item.row.faults.end());
    return std::nullopt;
  }
  auto row = item.exact ? read_exact(item, faults) : read_cells(item, faults);
  if (!row || faults.size() != before) return std::nullopt;
  row->line = item.row.line;
  if (!row->previous_key.empty()) set_metadata(row->row.terms, "previous_key", row->previous_key);
  const auto fits = check_row_document(row->row.terms, catalog_.key_prefix, row->row.plan_code);
  if (!fits) faults.push_back(item.row.fault({}, one_line(fits.error())));
  return fits ? std::move(row) : std::nullopt;
}

std::optional<ImportRow> ImportReader::read_cells(const ImportItem& item, std::vector<Fault>& faults) const {
  const InputRow& row = item.row;
  ImportRow out;
  if (const Cell* key = row.find("key")) {
    read_key(row, *key, out, faults);
  } else {
    faults.push_back(row.fault("key", "is missing"));
  }
  read_standing(row, out, faults);
  read_identity(row, out, faults);
  InputRow rest = row;
  rest.cells = create_cells(item);
  auto terms = rows_.read(rest, faults);
  if (!terms) return std::nullopt;
  terms->terms.id = out.row.terms.id;
  terms->terms.serial = out.row.terms.serial;
  if (item.features) terms->terms.features = *item.features;
  if (item.limits) terms->terms.limits = *item.limits;
  const Cell* kind = row.find("kind");
  if (kind != nullptr && kind->text != token(terms->terms.kind))
    faults.push_back(row.fault_at(*kind, concat("is ", in_quotes(kind->text), ", but plan ", terms->terms.plan,
                                                " and this end make it ", token(terms->terms.kind))));
  out.row = *std::move(terms);
  std::string text = out.previous_key;
  for (const Cell& cell : row.cells)
    if (cell.name != "activations")
      text += concat('\0', cell.name, '\0', cell.name == "plan" ? mapped(cell.text) : cell.text);
  Terms granted;
  granted.features = item.features.value_or(Features{});
  granted.limits = item.limits.value_or(Limits{});
  if (item.features || item.limits) text += granted.to_json();
  out.source = digest_of(concat(text, item.never_ends ? "never" : ""));
  return out;
}

/// The cells that are options of create.
std::vector<Cell> ImportReader::create_cells(const ImportItem& item) const {
  std::vector<Cell> cells;
  for (Cell cell : item.row.cells) {
    if (!is_row_column(cell.name)) continue;
    if (cell.name == "plan") cell.text = mapped(cell.text);
    cells.push_back(std::move(cell));
  }
  const auto given = [&](std::string_view name) { return item.row.find(name) != nullptr; };
  if (item.never_ends && !given("expires") && !given("months") && !given("perpetual"))
    cells.push_back({"perpetual", "true", item.row.line, 0, "expires_at"});
  const Cell* issued = item.row.find("issued_at");
  if (issued != nullptr && !given("starts") && parse_time(issued->text))
    cells.push_back({"starts", issued->text, issued->line, issued->column, "issued_at"});
  return cells;
}

std::optional<ImportRow> ImportReader::read_exact(const ImportItem& item, std::vector<Fault>& faults) const {
  const InputRow& row = item.row;
  ImportRow out;
  out.row.terms = *item.exact;
  Terms& terms = out.row.terms;
  out.source = digest_of(terms.to_json());
  terms.plan = mapped(terms.plan);
  const auto wrong = [&](std::string_view member, std::string message) {
    faults.push_back(row.fault(member, std::move(message)));
  };
  if (terms.product != catalog_.id)
    wrong("product", concat("is ", in_quotes(terms.product), ", and this home is for ", catalog_.id));
  const Plan* plan = catalog_.find_plan(terms.plan);
  if (plan == nullptr) {
    wrong("plan", concat("there is no plan ", in_quotes(terms.plan), " (--plan-map OLD=NEW names one in its place)"));
    return std::nullopt;
  }
  out.row.plan_code = plan->code;
  if (!is_name(terms.id)) wrong("id", concat(in_quotes(terms.id), " is no id"));
  if (terms.issued_at > now_) wrong("issued_at", concat(format_time(terms.issued_at), " is still to come"));
  read_key(row, {"key", terms.key, row.line, 0, {}}, out, faults);
  out.issued_at = terms.issued_at;
  out.suspended_at = std::exchange(terms.suspended_at, std::nullopt);
  ++terms.serial;
  terms.issued_at = now_;
  return out;
}

void ImportReader::read_key(const InputRow& row, const Cell& cell, ImportRow& out, std::vector<Fault>& faults) const {
  auto key = LicenseKey::parse(cell.text);
  if (key && key->prefix() == catalog_.key_prefix) {
    out.key = *std::move(key);
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
    out.previous_key = cell.text;
  }
}

/// Whether it is suspended or revoked.
void ImportReader::read_standing(const InputRow& row, ImportRow& out, std::vector<Fault>& faults) const {
  out.suspended_at = time_in(row, "suspended_at", faults);
  out.revoked_at = time_in(row, "revoked_at", faults);
  const Cell* reason = row.find("revoke_reason");
  if (reason != nullptr)
    if (const auto checked = check_text("revoke_reason", reason->text); !checked)
      faults.push_back(row.fault_at(*reason, checked.error().message));
  const Cell* status = row.find("status");
  const auto word = status == nullptr ? std::nullopt : status_of(status->text);
  if (status != nullptr && !word) {
    faults.push_back(row.fault_at(*status, concat(in_quotes(status->text), " is no status that licgen list prints")));
  } else if (word == Reason::suspended && !out.suspended_at) {
    out.suspended_at = now_;
  } else if (word == Reason::revoked && !out.revoked_at) {
    out.revoked_at = now_;
  } else if (word == Reason::not_yet_valid && row.find("starts") == nullptr) {
    faults.push_back(row.fault_at(*status, "a license that has not begun needs starts_at"));
  }
  if (out.revoked_at) out.revoke_reason = reason != nullptr ? reason->text : "imported as revoked";
}

/// Which license it was elsewhere: its id and serial, and since when.
void ImportReader::read_identity(const InputRow& row, ImportRow& out, std::vector<Fault>& faults) const {
  Terms& terms = out.row.terms;
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
  out.issued_at = time_in(row, "issued_at", faults);
  if (out.issued_at && *out.issued_at > now_)
    faults.push_back(row.fault_at(*row.find("issued_at"), concat(format_time(*out.issued_at), " is still to come")));
}

std::string ImportReader::mapped(const std::string& plan) const {
  const auto found = plans_.find(plan);
  return found == plans_.end() ? plan : found->second;
}

}  // namespace lic::app
