#include "licgen/input_rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "csv/text.hpp"

namespace lic::app {
namespace {

/// What is wrong with the head.
std::vector<Fault> faults_of(const csv::Row& head, const CsvRows::ColumnRule& rule) {
  std::vector<Fault> faults;
  std::vector<std::string> names;
  for (const csv::Field& field : head.fields) {
    const auto column = static_cast<std::int64_t>(names.size()) + 1;
    const auto add = [&](std::string message) {
      faults.push_back({field.line, column, {}, std::move(message), false});
    };
    const auto before = std::find(names.begin(), names.end(), field.text);
    if (!field.fault.empty()) {
      add(field.fault);
    } else if (field.text.find_first_not_of(" \t") == std::string::npos) {
      add("the column has no name");
    } else if (before != names.end()) {
      add(concat("column ", in_quotes(field.text), " is there twice, first as column ", before - names.begin() + 1));
    } else if (auto wrong = field.text == kFaultColumn ? std::nullopt : rule(field.text)) {
      add(*std::move(wrong));
    }
    names.push_back(field.text);
  }
  return faults;
}

bool is_blank(const csv::Row& row) {
  return std::all_of(row.fields.begin(), row.fields.end(),
                     [](const csv::Field& field) { return field.text.empty() && field.fault.empty(); });
}

nlohmann::ordered_json number_or_null(std::int64_t number) {
  return number == 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(number);
}

}  // namespace

std::string fault_text(const Fault& fault) {
  if (fault.line == 0) return fault.message;
  std::string text = concat("line ", fault.line);
  if (fault.column != 0) text += concat(", column ", fault.column);
  if (!fault.name.empty())
    text += concat(fault.column != 0 ? " (" : ", member ", printable(fault.name), fault.column != 0 ? ")" : "");
  return concat(text, ": ", fault.message);
}

std::string fault_texts(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults) text += concat(text.empty() ? "" : "; ", fault_text(fault));
  return text;
}

std::string one_line(const Error& error) {
  return error.hint.empty() ? error.message : concat(error.message, " (", error.hint, ")");
}

void FaultList::add(const std::vector<Fault>& faults) {
  if (faults.empty()) return;
  ++rows_;
  count_ += std::ssize(faults);
  conflicts_ += std::count_if(faults.begin(), faults.end(), [](const Fault& fault) { return fault.conflict; });
  for (const Fault& fault : faults)
    if (kept_.size() < kMostKept) kept_.push_back(fault);
}

Error FaultList::error_of(std::string_view what, std::string_view outcome, std::string_view hint) const {
  std::string message = concat(what, " has ", count_, count_ == 1 ? " fault" : " faults", "; ", outcome, ':');
  for (const Fault& fault : kept_) message += concat("\n  ", fault_text(fault));
  if (count_ > std::ssize(kept_)) message += concat("\n  and ", count_ - std::ssize(kept_), " more");
  return error(conflicts_ == count_ ? Errc::conflict : Errc::invalid_input, message, hint);
}

nlohmann::ordered_json FaultList::to_json() const {
  auto list = nlohmann::ordered_json::array();
  for (const Fault& fault : kept_)
    list.push_back({{"line", number_or_null(fault.line)},
                    {"column", number_or_null(fault.column)},
                    {"name", fault.name.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(fault.name)},
                    {"message", fault.message}});
  return list;
}

int fail_with_faults(const Error& error, const FaultList& faults, Output& output) {
  if (!output.json() || faults.empty()) return output.fail(error);
  const ExitCode code = exit_code(error.code);
  nlohmann::ordered_json answer;
  answer["error"] = error_object(code, error.message, error.hint);
  answer["faults"] = faults.to_json();
  output.line(json_text(answer));
  return output.fail(code, error.message, error.hint, true);
}

const Cell* InputRow::find(std::string_view name) const noexcept {
  const auto found = std::find_if(cells.begin(), cells.end(), [&](const Cell& cell) { return cell.name == name; });
  return found == cells.end() ? nullptr : &*found;
}

Fault InputRow::fault(std::string_view name, std::string message) const {
  Fault fault{line, 0, std::string(name), std::move(message), false};
  if (columns == nullptr || name.empty()) return fault;
  const auto found = std::find(columns->begin(), columns->end(), name);
  if (found == columns->end()) return {line, 0, {}, concat(name, ": ", fault.message), false};
  fault.column = found - columns->begin() + 1;
  return fault;
}

Result<CsvRows> CsvRows::open(InputFile& input, const ColumnRule& rule) {
  LIC_TRY(input.rewind());
  CsvRows rows(csv::Reader([&input](char* to, std::size_t size) { return input.read(to, size); }));
  csv::Row head;
  const auto found = rows.reader_.next(head);
  if (!found && found.error().code == Errc::invalid_input)
    return error(Errc::invalid_input, concat(input.name(), ": ", found.error().message), found.error().hint);
  LIC_TRY(found);
  if (!*found) return error(Errc::invalid_input, concat(input.name(), " is empty"), "its first line names the columns");
  FaultList faults;
  faults.add(faults_of(head, rule));
  if (!faults.empty())
    return faults.error_of(input.name(), "no row was read", "the first line names the columns; see --help");
  for (csv::Field& field : head.fields) rows.columns_->push_back(std::move(field.text));
  return rows;
}

bool CsvRows::has(std::string_view column) const noexcept {
  return std::find(columns_->begin(), columns_->end(), column) != columns_->end();
}

Result<bool> CsvRows::next(InputRow& row) {
  do {
    LIC_TRY_ASSIGN(const bool found, reader_.next(row_));
    if (!found) return false;
  } while (is_blank(row_));  // a spreadsheet leaves such rows at the end
  row = {};
  row.line = row_.line;
  row.columns = columns_.get();
  if (row_.fields.size() != columns_->size()) {
    const auto place = static_cast<std::int64_t>(std::min(row_.fields.size(), columns_->size())) + 1;
    row.faults.push_back({row.line,
                          place,
                          {},
                          concat("the row has ", row_.fields.size(), row_.fields.size() == 1 ? " field" : " fields",
                                 ", the first line has ", columns_->size()),
                          false});
  }
  for (std::size_t i = 0; i < row_.fields.size(); ++i) {
    const csv::Field& field = row_.fields[i];
    const std::string name = i < columns_->size() ? (*columns_)[i] : std::string();
    if (name == kFaultColumn) continue;
    const auto column = static_cast<std::int64_t>(i) + 1;
    if (!field.fault.empty()) row.faults.push_back({field.line, column, name, field.fault, false});
    if (!field.text.empty())
      row.cells.push_back({name, std::string(csv::unguarded(field.text)), field.line, column, {}});
  }
  return true;
}

std::vector<std::string_view> head_with(const CsvRows& rows, std::string_view first, std::string_view last) {
  std::vector<std::string_view> names;
  if (!first.empty()) names.push_back(first);
  for (const auto& column : rows.columns())
    if (column != kFaultColumn) names.push_back(column);
  if (!last.empty()) names.push_back(last);
  return names;
}

std::vector<std::string_view> with_field(const CsvRows& rows, std::string_view first, std::string_view last) {
  std::vector<std::string_view> fields;
  if (!first.empty()) fields.push_back(first);
  for (std::size_t i = 0; i < rows.fields().size(); ++i)
    if (i >= rows.columns().size() || rows.columns()[i] != kFaultColumn)
      fields.push_back(csv::unguarded(rows.fields()[i].text));
  if (!last.empty()) fields.push_back(last);
  return fields;
}

}  // namespace lic::app
