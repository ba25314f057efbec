#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "license/envelope.hpp"
#include "licgen/import_rows.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kLongestLine = 256 * 1024;

/// The names of `licgen list` and of the payload that mean an option of create.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kAliases = {{
    {"starts_at", "starts"},
    {"expires_at", "expires"},
    {"maintenance_until", "maintenance-until"},
}};

/// What an import knows beside these options.
constexpr std::array<std::string_view, 10> kOwn = {"key", "status", "kind",         "issued_at",  "activations",
                                                   "id",  "serial", "suspended_at", "revoked_at", "revoke_reason"};

bool is_own(std::string_view name) { return std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end(); }

std::string meaning_of(std::string_view name) {
  for (const auto& [alias, option] : kAliases)
    if (alias == name) return std::string(option);
  return std::string(name);
}

/// Why there is no such column or member, or nothing.
std::optional<std::string> name_fault(std::string_view what, const std::string& name) {
  if (name == "count") return "one line is one license: an import has no count";
  if (is_own(name) || is_row_column(meaning_of(name))) return std::nullopt;
  std::vector<std::string> known(kOwn.begin(), kOwn.end());
  known.insert(known.end(), row_columns().begin(), row_columns().end());
  for (const auto& [alias, option] : kAliases) known.emplace_back(alias);
  const std::string meant = nearest(to_lower(name), known);
  return concat("there is no ", what, " ", in_quotes(name),
                meant.empty() ? std::string() : concat("; did you mean ", meant, "?"));
}

/// Gives the cell its meaning; two that mean the same are a fault.
void add_cell(Cell cell, InputRow& row) {
  std::string name = meaning_of(cell.name);
  if (name != cell.name) cell.shown = std::exchange(cell.name, std::move(name));
  const Cell* same = row.find(cell.name);
  if (same != nullptr && !(same->shown.empty() && cell.shown.empty()))
    row.faults.push_back(
        row.fault_at(cell, concat("says the same as ", same->shown.empty() ? same->name : same->shown)));
  row.cells.push_back(std::move(cell));
}

class CsvImport final : public ImportSource {
 public:
  explicit CsvImport(CsvRows rows) : rows_(std::move(rows)) {}

  Result<bool> next(ImportItem& item) override {
    InputRow row;
    LIC_TRY_ASSIGN(const bool found, rows_.next(row));
    if (!found) return false;
    item = {};
    item.never_ends = rows_.has("expires_at") && row.find("expires_at") == nullptr;
    item.row = row;
    item.row.cells.clear();
    for (Cell& cell : row.cells) add_cell(std::move(cell), item.row);
    return true;
  }

  [[nodiscard]] const CsvRows* csv() const noexcept override { return &rows_; }

 private:
  CsvRows rows_;
};

/// The members of an object of our own names as cells.
class ObjectReader {
 public:
  ObjectReader(const json::Value& value, std::int64_t line, ImportItem& item) : value_(value), item_(item) {
    item_.row.line = line;
  }

  void read() {
    for (const auto& [name, value] : *value_.as_object()) read_member(name, value);
  }

 private:
  void fault(const std::string& name, std::string message) {
    item_.row.faults.push_back({item_.row.line, 0, name, std::move(message), false});
  }

  void add(const std::string& name, std::string text) {
    if (!text.empty()) add_cell({name, std::move(text), item_.row.line, 0, {}}, item_.row);
  }

  void read_member(const std::string& name, const json::Value& value) {
    if (name == "features") return read_named(name, item_.features, read_features);
    if (name == "limits") return read_named(name, item_.limits, read_limits);
    if (name == "customer" && value.as_object() != nullptr) return read_texts(name, "", value);
    if (name == "metadata") return read_texts(name, "meta.", value);
    if (name == "machines" && value.as_array() != nullptr && value.as_array()->empty()) return;
    if (name == "machines") return fault(name, "is taken from signed licenses alone: give machine, a fingerprint");
    if (name == kFaultColumn) return;
    if (auto wrong = name_fault("member", name)) return fault(name, *std::move(wrong));
    if (value.is_null()) {
      if (name == "expires_at") item_.never_ends = true;
      return;
    }
    if (const auto* list = value.as_array()) return read_list(name, *list);
    if (auto text = text_of(value)) return add(name, *std::move(text));
    fault(name, concat("must be text, a number, true or false, not ", value.type_name()));
  }

  static std::optional<std::string> text_of(const json::Value& value) {
    if (const auto* text = value.as_string()) return *text;
    if (const auto* number = value.as_integer()) return concat(*number);
    if (const auto* flag = value.as_bool()) return *flag ? "true" : "false";
    return std::nullopt;
  }

  /// "feature": ["a", "b=2"]
  void read_list(const std::string& name, const json::Array& list) {
    constexpr std::array<std::string_view, 4> kLists = {"machine", "feature", "limit", "meta"};
    const bool may = std::find(kLists.begin(), kLists.end(), name) != kLists.end();
    for (const json::Value& value : list) {
      if (!may || value.as_string() == nullptr) return fault(name, "must not be a list of these");
      add(name, *value.as_string());
    }
  }

  /// {"name", "email"} of a customer; {"NAME": "value"} of metadata.
  void read_texts(const std::string& member, std::string_view prefix, const json::Value& value) {
    const auto* object = value.as_object();
    if (object == nullptr) return value.is_null() ? void() : fault(member, "must be an object");
    for (const auto& [name, text] : *object) {
      const bool known = !prefix.empty() || name == "name" || name == "email";
      if (!known || text.as_string() == nullptr) {
        fault(concat(member, '/', name), known ? "must be text" : "is no member of a customer");
        continue;
      }
      add(!prefix.empty() ? concat(prefix, name) : name == "name" ? "customer" : "email", *text.as_string());
    }
  }

  template <class Named>
  void read_named(const std::string& name, std::optional<Named>& target,
                  Named (*read_it)(json::Reader&, std::string_view)) {
    json::Faults faults;
    json::Reader reader(value_, faults);
    target = read_it(reader, name);
    for (const auto& found : faults.list()) fault(found.pointer.substr(1), found.message);
  }

  const json::Value& value_;
  ImportItem& item_;
};

class JsonlImport final : public ImportSource {
 public:
  explicit JsonlImport(InputFile& input) : input_(input) {}

  Result<bool> next(ImportItem& item) override {
    do {
      LIC_TRY_ASSIGN(const bool found, read_line());
      if (!found) return false;
    } while (line_.find_first_not_of(" \t\r") == std::string::npos);
    item = {};
    item.row.line = number_;
    if (auto read = read_object(item); !read)
      item.row.faults.push_back({number_, 0, {}, one_line(read.error()), false});
    return true;
  }

  [[nodiscard]] std::string_view line() const noexcept override { return line_; }

 private:
  Result<bool> read_line() {
    line_.clear();
    while (true) {
      if (at_ == size_) {
        at_ = 0;
        LIC_TRY_ASSIGN(size_, input_.read(buffer_.data(), buffer_.size()));
        if (size_ == 0) break;
      }
      const std::string_view left(buffer_.data() + at_, size_ - at_);
      const std::size_t end = left.find('\n');
      line_ += left.substr(0, end);
      at_ = end == std::string_view::npos ? size_ : at_ + end + 1;
      if (line_.size() > kLongestLine)
        return error(Errc::invalid_input,
                     concat("line ", number_ + 1, " is longer than ", kLongestLine / 1024, " KiB"));
      if (end != std::string_view::npos) return count_line();
    }
    return line_.empty() ? Result<bool>(false) : count_line();
  }

  bool count_line() {
    constexpr std::string_view kMark = "\xef\xbb\xbf";
    if (++number_ == 1 && line_.starts_with(kMark)) line_.erase(0, kMark.size());
    if (line_.ends_with('\r')) line_.pop_back();
    return true;
  }

  Result<void> read_object(ImportItem& item) {
    LIC_TRY_ASSIGN(const json::Document value, json::parse(line_, "it"));
    if (value.as_object() == nullptr)
      return error(Errc::invalid_input, concat("must be an object, not ", value.type_name()));
    if (value.find("payloadType") != nullptr) return read_envelope(item);
    if (value.find("v") != nullptr) return read_payload(view_bytes(line_), item);
    ObjectReader(value, number_, item).read();
    return {};
  }

  Result<void> read_envelope(ImportItem& item) {
    LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(view_bytes(line_), "it"));
    if (envelope.kind() != DocumentKind::license)
      return error(Errc::invalid_input,
                   concat("is a document of the type ", in_quotes(envelope.type()), ", no license"));
    item.is_signed = true;
    return read_payload(envelope.payload(), item);
  }

  static Result<void> read_payload(ByteView payload, ImportItem& item) {
    LIC_TRY_ASSIGN(item.exact, Terms::parse(payload, "it"));
    return {};
  }

  InputFile& input_;
  std::vector<char> buffer_ = std::vector<char>(64 * 1024);
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  std::string line_;
  std::int64_t number_ = 0;
};

}  // namespace

Result<std::unique_ptr<ImportSource>> open_csv_import(InputFile& input) {
  LIC_TRY_ASSIGN(CsvRows rows,
                 CsvRows::open(input, [](const std::string& name) { return name_fault("column", name); }));
  for (const std::string_view needed : {"key", "plan", "customer"})
    if (!rows.has(needed))
      return error(Errc::invalid_input, concat(input.name(), ", line 1: there is no column ", needed));
  return std::unique_ptr<ImportSource>(std::make_unique<CsvImport>(std::move(rows)));
}

Result<std::unique_ptr<ImportSource>> open_jsonl_import(InputFile& input) {
  LIC_TRY(input.rewind());
  return std::unique_ptr<ImportSource>(std::make_unique<JsonlImport>(input));
}

}  // namespace lic::app
