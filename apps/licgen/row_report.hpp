#pragma once

/// Tells of the licenses that the rows of a file gave, on stdout as they come or, with
/// --json, at the end; and writes their documents.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/output.hpp"
#include "desk/issuing.hpp"
#include "lic/result.hpp"
#include "licgen/document_output.hpp"

namespace lic::app {

class RowReport {
 public:
  /// `sink` null: the keys alone.
  RowReport(DocumentSink* sink, Output& output) : sink_(sink), output_(output) {}

  /// The licenses are in the ledger: their keys are told first, whatever happens next.
  /// Errors: those of DocumentSink::add().
  [[nodiscard]] Result<void> add(const std::vector<IssuedLicense>& licenses);
  /// Errors: those of DocumentSink::finish(); failure (the keys could not all be printed).
  [[nodiscard]] Result<void> finish();

  [[nodiscard]] bool wants_documents() const noexcept { return sink_ != nullptr; }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }

  /// The document of --json: `keys`, `files` (with `more_files`), and the members of
  /// `rest`. Without --json nothing.
  void conclude(const std::vector<std::string>& more_files, const nlohmann::ordered_json& rest);

 private:
  DocumentSink* sink_;
  Output& output_;
  std::vector<std::string> keys_;
  std::int64_t count_ = 0;
};

}  // namespace lic::app
