#pragma once

/// Tells of the licenses that a command issues, many or one: their keys on standard output as
/// they come into the ledger, with --json in one document; and writes their files.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/output.hpp"
#include "lic/result.hpp"
#include "licgen/document_output.hpp"
#include "licgen/issuing.hpp"

namespace lic::app {

class BulkReport {
 public:
  /// `sink` null: the keys alone.
  BulkReport(DocumentSink* sink, Output& output) : sink_(sink), output_(output) {}

  /// How many licenses a transaction may take: those whose documents are held back until they
  /// are in the ledger fill the memory.
  [[nodiscard]] std::int64_t most_at_once() const noexcept { return holds_documents() ? kMostHeld : kMostAtOnce; }
  /// Whether what is held back fills the memory already.
  [[nodiscard]] bool full() const noexcept { return held_size_ > kMostHeldBytes; }
  [[nodiscard]] bool wants_documents() const noexcept { return sink_ != nullptr; }

  /// A license that is about to be issued. Errors: those of DocumentSink::add().
  [[nodiscard]] Result<void> take(std::string_view key, std::string_view document);
  /// What was taken is in the ledger: its keys are told first, whatever happens next.
  /// Errors: those of DocumentSink::add().
  [[nodiscard]] Result<void> committed();
  /// Errors: those of DocumentSink::finish(); failure (the keys could not all be printed).
  [[nodiscard]] Result<void> finish();

  /// How many keys were told.
  [[nodiscard]] std::int64_t count() const noexcept { return told_; }

  /// Ends the document of --json: `keys`, `files` (with `more_files`), and the members of `rest`.
  /// Without --json nothing. Gives the exit code: `code`, unless the files could not be listed.
  [[nodiscard]] int conclude(ExitCode code, const std::vector<std::string>& more_files,
                             const nlohmann::ordered_json& rest);
  /// The same after `fault`, once some keys were told: it is told, too, and `rest` gets an `error`.
  /// To write a file failed: the code is always the same.
  [[nodiscard]] int fail(const Error& fault, nlohmann::ordered_json rest);

 private:
  static constexpr std::size_t kMostHeldBytes = 32 * 1024 * 1024;

  [[nodiscard]] bool holds_documents() const noexcept { return sink_ != nullptr && !sink_->is_lines_file(); }
  void tell_keys();
  Result<void> noted(Result<void> written);

  DocumentSink* sink_;
  Output& output_;
  std::string keys_;  // taken, each with a line feed
  std::vector<IssuedLicense> held_;
  std::size_t held_size_ = 0;
  std::int64_t told_ = 0;
  bool cannot_write_ = false;
};

/// Errc::failure: standard output was closed or full.
[[nodiscard]] Error not_all_printed();

}  // namespace lic::app
