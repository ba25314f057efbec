#pragma once

/// Where documents are read from and written to: files, directories, the
/// standard streams.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "common/output.hpp"
#include "common/output_file.hpp"
#include "desk/carried_product.hpp"
#include "lic/result.hpp"
#include "license/envelope.hpp"

namespace lic::app {

/// Signed documents are made to be given away: others on the machine may read
/// them (a mail program, a web server). Keys and ledger are 0600.
inline constexpr mode_t kDocumentMode = 0644;
/// What names customers and money is not.
inline constexpr mode_t kPrivateMode = 0600;

/// The digest that the history names a signed document by, whatever the file carries beside it.
[[nodiscard]] std::string digest_of(const Envelope& document);

/// Writes one document and a newline to `out`, or to standard output where it is
/// absent or `-`. Of a file it tells: with --json as `{"file"}`. Errors: those of check_output_file(); denied, failure.
[[nodiscard]] Result<void> write_output(const std::optional<std::string>& out, bool force, std::string_view document,
                                        Output& output);

/// Takes many license documents: a directory that gets a `<KEY>.json` each, a
/// `.jsonl` file that gets a line each, or `-`, standard output, the same.
class DocumentSink {
 public:
  /// What to do with a file that is there already, holding the very same (of
  /// FILE.jsonl: the same lines, as far as they go).
  enum class Same { refuse, keep };

  /// Makes the directory if it is missing, and sees that it can be written.
  /// Errors: conflict (FILE.jsonl exists and no `force`), denied, not_found, failure.
  static Result<DocumentSink> open(const std::string& out, bool force, Same same, Output& output);

  /// Documents are written with that product file beside them.
  void carry(CarriedProduct product) { carried_ = std::move(product); }

  /// Whether check() can fail: files that exist stand in the way.
  [[nodiscard]] bool may_refuse() const noexcept { return !force_ && same_ != Same::keep && !lines_ && !to_stdout(); }
  /// Whether add() would be refused: so that all can be looked at before any is written.
  /// Errors: conflict (`<KEY>.json` exists and no `force`).
  [[nodiscard]] Result<void> check(std::string_view key) const;
  /// Errors: conflict (`<KEY>.json` exists and no `force`), denied, failure.
  [[nodiscard]] Result<void> add(std::string_view key, std::string_view document);
  /// Puts FILE.jsonl in its place. A sink destroyed without it leaves no such file.
  [[nodiscard]] Result<void> finish();

  /// What has been written: the paths of all with --json, else the first.
  [[nodiscard]] const std::vector<std::string>& files() const noexcept { return files_; }
  [[nodiscard]] bool to_stdout() const noexcept { return name_ == "-"; }
  /// Whether it is a FILE.jsonl, of which nobody sees anything before finish().
  [[nodiscard]] bool is_lines_file() const noexcept { return lines_.has_value(); }

 private:
  DocumentSink(std::string name, bool force, Same same, Output& output)
      : name_(std::move(name)), force_(force), same_(same), output_(&output) {}

  Result<void> flush();
  void remember(const std::string& file);
  Result<void> add_file(std::string_view key, std::string_view line);

  std::string name_;
  bool force_;
  Same same_;
  Output* output_;
  std::optional<AtomicFile> lines_;  // of FILE.jsonl
  Fd old_;                           // the FILE.jsonl of an earlier run, read along with what is written
  CarriedProduct carried_;
  std::string buffer_;
  std::vector<std::string> files_;
};

}  // namespace lic::app
