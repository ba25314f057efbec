#include "licgen/row_terms.hpp"

#include <algorithm>
#include <array>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::app {
namespace {

/// Between several values in one cell.
constexpr char kBetween = '|';

constexpr std::array<std::pair<std::string_view, std::optional<std::string> CreateOptions::*>, 12> kTexts = {{
    {"email", &CreateOptions::email},
    {"months", &CreateOptions::months},
    {"expires", &CreateOptions::expires},
    {"maintenance-until", &CreateOptions::maintenance_until},
    {"starts", &CreateOptions::starts},
    {"seats", &CreateOptions::seats},
    {"virtual", &CreateOptions::on_virtual},
    {"fresh-revocations", &CreateOptions::fresh_revocations},
    {"floating", &CreateOptions::floating},
    {"transfers", &CreateOptions::transfers},
    {"order", &CreateOptions::order},
    {"note", &CreateOptions::note},
}};
constexpr std::array<std::pair<std::string_view, std::vector<std::string> CreateOptions::*>, 3> kNamed = {{
    {"feature", &CreateOptions::features},
    {"limit", &CreateOptions::limits},
    {"meta", &CreateOptions::metadata},
}};

std::string_view name_in(std::string_view text) { return text.substr(0, text.find('=')); }

/// "a | b": the parts, without the spaces around them.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(kBetween);
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.emplace_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// Takes a cell into the options. False: it is none of the named or text columns.
bool take_named(const Cell& cell, CreateOptions& options) {
  for (const auto& [name, member] : kNamed) {
    if (cell.name == name) {
      for (auto& part : split(cell.text)) (options.*member).push_back(std::move(part));
      return true;
    }
    if (cell.name.starts_with(concat(name, '.'))) {
      (options.*member).push_back(concat(std::string_view(cell.name).substr(name.size() + 1), '=', cell.text));
      return true;
    }
  }
  return false;
}

Result<void> take(const Cell& cell, CreateOptions& options) {
  for (const auto& [name, member] : kTexts)
    if (cell.name == name) options.*member = cell.text;
  if (cell.name == "plan") options.plan = cell.text;
  if (cell.name == "customer") options.customer = cell.text;
  if (cell.name == "count") options.count = cell.text;
  if (cell.name == "machine")
    for (auto& part : split(cell.text)) options.machines.push_back(std::move(part));
  if (cell.name == "perpetual") {
    if (cell.text != "true" && cell.text != "false")
      return error(Errc::invalid_input, concat(in_quotes(cell.text), " is neither true nor false"));
    options.perpetual = cell.text == "true";
  }
  take_named(cell, options);
  return {};
}

/// What the row leaves open, from the defaults; of names the row's own count.
void add_defaults(const CreateOptions& defaults, CreateOptions& options) {
  for (const auto& [column, member] : kNamed) {
    auto& own = options.*member;
    const std::size_t count = own.size();
    for (const auto& text : defaults.*member) {
      const auto same = [&](const std::string& given) { return name_in(given) == name_in(text); };
      if (std::none_of(own.begin(), own.begin() + static_cast<std::ptrdiff_t>(count), same)) own.push_back(text);
    }
  }
  if (options.machines.empty()) options.machines = defaults.machines;
}

bool says_the_end(const Cell& cell) {
  return cell.name == "months" || cell.name == "expires" || cell.name == "perpetual";
}

/// "--months: ", which the name of the column says already, taken off.
std::string without_option(const Cell& cell, std::string message) {
  const std::string option = concat("--", std::string_view(cell.name).substr(0, cell.name.find('.')), ": ");
  if (message.starts_with(option)) message.erase(0, option.size());
  return message;
}

}  // namespace

const std::vector<std::string>& row_columns() {
  static const std::vector<std::string> columns = {"plan",
                                                   "customer",
                                                   "email",
                                                   "months",
                                                   "expires",
                                                   "perpetual",
                                                   "maintenance-until",
                                                   "starts",
                                                   "seats",
                                                   "machine",
                                                   "virtual",
                                                   "fresh-revocations",
                                                   "floating",
                                                   "transfers",
                                                   "feature",
                                                   "limit",
                                                   "order",
                                                   "note",
                                                   "meta",
                                                   "count"};
  return columns;
}

bool is_row_column(std::string_view name) {
  const auto& columns = row_columns();
  if (std::find(columns.begin(), columns.end(), name) != columns.end()) return true;
  return std::any_of(kNamed.begin(), kNamed.end(), [&](const auto& named) {
    return name.starts_with(concat(named.first, '.')) && is_name(name.substr(named.first.size() + 1));
  });
}

RowReader::RowReader(CreateOptions defaults, const Catalog& catalog, Time now)
    : defaults_(std::move(defaults)), catalog_(catalog), now_(now) {
  defaults_.batch.reset();
}

Result<void> RowReader::check_defaults() const {
  CreateOptions options = defaults_;
  if (options.customer.empty()) options.customer = "x";
  LIC_TRY(read_request(options, now_));
  return options.plan.empty() ? Result<void>() : check_alone({"plan", options.plan, 0, 0, {}});
}

std::optional<RowTerms> RowReader::read(const InputRow& row, std::vector<Fault>& faults) const {
  if (!row.faults.empty()) {
    faults.insert(faults.end(), row.faults.begin(), row.faults.end());
    return std::nullopt;
  }
  if (auto terms = terms_of(row.cells)) return *std::move(terms);
  const std::size_t before = faults.size();
  for (const std::string_view needed : {"plan", "customer"})
    if (row.find(needed) == nullptr && (needed == "plan" ? defaults_.plan : defaults_.customer).empty())
      faults.push_back(row.fault(needed, concat("is empty, and there is no --", needed)));
  for (const Cell& cell : row.cells)
    if (const auto checked = check_alone(cell); !checked)
      faults.push_back(row.fault_at(cell, without_option(cell, one_line(checked.error()))));
  if (faults.size() == before) faults.push_back(blame(row, terms_of(row.cells).error()));
  std::stable_sort(faults.begin() + static_cast<std::ptrdiff_t>(before), faults.end(),
                   [](const Fault& a, const Fault& b) { return a.column < b.column; });
  return std::nullopt;
}

Result<CreateOptions> RowReader::options_of(const std::vector<Cell>& cells) const {
  CreateOptions options = defaults_;
  if (std::any_of(cells.begin(), cells.end(), says_the_end)) {
    options.months.reset();
    options.expires.reset();
    options.perpetual = false;
  }
  options.machines.clear();
  for (const auto& [name, member] : kNamed) (options.*member).clear();
  for (const Cell& cell : cells) LIC_TRY(take(cell, options));
  add_defaults(defaults_, options);
  return options;
}

Result<RowTerms> RowReader::terms_of(const std::vector<Cell>& cells) const {
  LIC_TRY_ASSIGN(const CreateOptions options, options_of(cells));
  LIC_TRY_ASSIGN(const CreateRequest request, read_request(options, now_));
  RowTerms row;
  LIC_TRY_ASSIGN(row.terms, terms_for(catalog_, request.license, now_));
  row.plan_code = catalog_.find_plan(request.license.plan)->code;
  row.note = request.note;
  row.count = request.count;
  LIC_TRY(check_row_document(row.terms, catalog_.key_prefix, row.plan_code));
  return row;
}

/// A cell as if it were the only one.
Result<void> RowReader::check_alone(const Cell& cell) const {
  CreateOptions options;
  options.customer = "x";
  LIC_TRY(take(cell, options));
  LIC_TRY_ASSIGN(const CreateRequest request, read_request(options, now_));
  if (cell.name != "plan" || catalog_.find_plan(cell.text) != nullptr) return {};
  const auto none = terms_for(catalog_, request.license, now_);
  return none ? Result<void>() : Result<void>(none.error());
}

/// Cells that are good by themselves do not go together: the one without which the
/// others do, if there is one.
Fault RowReader::blame(const InputRow& row, const Error& error) const {
  for (const Cell& cell : row.cells) {
    std::vector<Cell> others;
    for (const Cell& other : row.cells)
      if (&other != &cell) others.push_back(other);
    if (terms_of(others)) return row.fault_at(cell, without_option(cell, one_line(error)));
  }
  return row.fault({}, one_line(error));
}

}  // namespace lic::app
