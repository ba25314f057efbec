#include "ledger/sql.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::sql {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += concat(text.empty() ? "" : " ", word);
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    words.emplace_back(word);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return words;
}

Time Rows::time(int column) const { return Time(std::chrono::seconds(integer(column))); }

std::optional<Time> Rows::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

Result<void> Connection::run(std::string_view sql, ValuesView values) {
  LIC_TRY(execute(sql, values));
  return {};
}

Result<std::int64_t> Connection::number(std::string_view sql, ValuesView values) {
  LIC_TRY_ASSIGN(Rows rows, query(sql, values));
  LIC_TRY_ASSIGN(const bool found, rows.next());
  return found ? rows.integer(0) : 0;
}

Result<void> Connection::hold_against(std::int64_t found, std::string_view ledger) {
  if (version_ == 0 || found == version_) return {};
  if (found > version_) {
    outdated_ = error(Errc::invalid_input,
                      concat("ledger ", in_quotes(ledger), " is of version ", found,
                             " since another licgen has opened it; this one knows up to ", version_),
                      "start this program anew, in the version of the other one");
  } else {
    outdated_ = error(Errc::invalid_input,
                      concat("ledger ", in_quotes(ledger), " was altered by hand: it was of version ", version_,
                             " and is of version ", found),
                      "restore the newest backup of it");
  }
  return *outdated_;
}

void Connection::note_license(std::string_view key, std::int64_t number) {
  if (!in_transaction()) return;
  noted_key_ = key;
  noted_number_ = number;
}

std::int64_t Connection::noted_license(std::string_view key) const noexcept {
  return in_transaction() && key == noted_key_ ? noted_number_ : 0;
}

Result<Scope> Scope::begin(std::shared_ptr<Connection> connection, ScopeKind kind) {
  if (kind == ScopeKind::read && connection->in_transaction()) return Scope(nullptr);
  LIC_TRY(connection->begin(kind));
  connection->note_license({}, 0);
  return Scope(std::move(connection));
}

Scope::~Scope() {
  if (connection_) connection_->rollback();
}

Result<void> Scope::commit() {
  LIC_TRY(connection_->commit());
  connection_.reset();
  return {};
}

Result<void> Bulk::finish() {
  if (connection_ == nullptr) return {};
  return std::exchange(connection_, nullptr)->end_bulk();
}

}  // namespace lic::sql
