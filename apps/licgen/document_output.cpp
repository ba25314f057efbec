#include "licgen/document_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "license/terms.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;

AtomicFile::Existing existing(bool force) {
  return force ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse;
}

bool names_lines_file(std::string_view name) { return name.ends_with(".jsonl"); }

/// Makes `path` and its missing parents with the modes that the umask leaves.
Result<void> make_directory(const Path& path) {
  std::error_code fault;
  const Path named = path.filename().empty() ? path.parent_path() : path;
  if (std::filesystem::exists(named, fault) && !std::filesystem::is_directory(path, fault))
    return error(Errc::conflict, concat(in_quotes(path.native()), " is a file: a directory is needed there"),
                 "the name of a file for many licenses ends in .jsonl");
  std::filesystem::create_directories(path, fault);
  std::error_code unseen;
  if (fault && !std::filesystem::is_directory(path, unseen))
    return system_error(fault.value(), "cannot make directory", path);
  if (::access(path.c_str(), W_OK | X_OK) != 0) return system_error(errno, "cannot write to directory", path);
  return {};
}

/// Whether what is left to read in `fd` begins as `text` does, or is the beginning of it.
bool goes_along(int fd, std::string_view text) {
  std::array<char, 4096> chunk;
  while (!text.empty()) {
    const ssize_t count = ::read(fd, chunk.data(), std::min(chunk.size(), text.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) return true;
    if (text.substr(0, static_cast<std::size_t>(count)) !=
        std::string_view(chunk.data(), static_cast<std::size_t>(count)))
      return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool is_at_end(int fd) {
  char byte = 0;
  return ::read(fd, &byte, 1) == 0;
}

/// The terms that a document holds, believed or not.
Result<Terms> terms_in(ByteView bytes) {
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(bytes, "license file"));
  return Terms::parse(envelope.payload(), "license file");
}

/// Whether the file is an earlier one of the same license: licgen wrote it before a
/// renewal or another change, or with an older product file beside it.
bool is_older_file_of(const Path& path, std::string_view document) {
  const auto bytes = read_file(path, "license file", {.follow_symlink = false});
  const auto old = bytes ? terms_in(*bytes) : Result<Terms>(Error(bytes.error()));
  const auto next = terms_in(view_bytes(document));
  if (!old || !next || old->id != next->id || old->key != next->key) return false;
  if (old->serial != next->serial) return old->serial < next->serial;
  const auto was = Envelope::parse(*bytes, "license file");
  const auto is = Envelope::parse(view_bytes(document), "license file");
  return was && is && was->bare().to_json() == is->bare().to_json();
}

}  // namespace

std::string digest_of(const Envelope& document) { return document_digest(document.bare().to_json()); }

Result<void> write_output(const std::optional<std::string>& out, bool force, std::string_view document,
                          Output& output) {
  if (!out || *out == "-") {
    output.line(document);
    return {};
  }
  LIC_TRY(check_output_file(*out, force));
  remove_abandoned_temporaries_of(*out);
  LIC_TRY(write_file(*out, view_bytes(concat(document, '\n')), kDocumentMode, existing(force)));
  if (output.json()) {
    output.line(json_text(nlohmann::ordered_json{{"file", *out}}));
  } else {
    output.note(concat("written to ", in_quotes(*out)));
  }
  return {};
}

Result<DocumentSink> DocumentSink::open(const std::string& out, bool force, Same same, Output& output) {
  if (out.empty()) return error(Errc::usage, "the name after --out is empty");
  DocumentSink sink(out, force, same, output);
  if (sink.to_stdout()) return sink;
  if (names_lines_file(out)) {
    if (same == Same::keep && !force) sink.old_ = Fd(::open(out.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    LIC_TRY(check_output_file(out, force || sink.old_));
    remove_abandoned_temporaries_of(out);
    LIC_TRY_ASSIGN(AtomicFile lines, AtomicFile::create(out, kDocumentMode));
    sink.lines_.emplace(std::move(lines));
    return sink;
  }
  struct stat info {};
  const std::string extension = std::filesystem::path(out).extension().native();
  const bool looks_like_file =
      (extension == ".json" || extension == ".txt" || extension == ".csv") && ::stat(out.c_str(), &info) != 0;
  if (looks_like_file)
    return error(Errc::usage, concat("--out ", in_quotes(out), " is neither a directory nor a FILE.jsonl"),
                 "give a directory, which gets a KEY.json for each license, or a name that ends in .jsonl");
  LIC_TRY(make_directory(out));
  return sink;
}

Result<void> DocumentSink::check(std::string_view key) const {
  if (!may_refuse()) return {};
  const Path path = Path(name_) / concat(key, ".json");
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? Result<void>(exists_already(path.native())) : Result<void>();
}

Result<void> DocumentSink::add(std::string_view key, std::string_view document) {
  std::string with_product;
  if (!carried_.nothing()) document = with_product = carried_.with(document);
  if (to_stdout()) {
    output_->line(document);
    return {};
  }
  if (!lines_) return add_file(key, concat(document, '\n'));
  buffer_ += document;
  buffer_ += '\n';
  return buffer_.size() < kBuffer ? Result<void>() : flush();
}

Result<void> DocumentSink::flush() {
  if (old_ && !goes_along(old_.get(), buffer_)) return exists_already(name_);
  LIC_TRY(lines_->write(view_bytes(buffer_)));
  buffer_.clear();
  return {};
}

Result<void> DocumentSink::add_file(std::string_view key, std::string_view line) {
  const Path path = Path(name_) / concat(key, ".json");
  auto written = write_file(path, view_bytes(line), kDocumentMode, existing(force_));
  if (!written) {
    if (written.error().code != Errc::conflict) return written;
    const bool older = same_ == Same::keep && is_older_file_of(path, line);
    if (same_ == Same::refuse || !(older || holds(path, line))) return exists_already(path.native());
    if (older) LIC_TRY(write_file(path, view_bytes(line), kDocumentMode));
  }
  remember(path.native());
  return {};
}

void DocumentSink::remember(const std::string& file) {
  if (output_->json() || files_.empty()) files_.push_back(file);
}

Result<void> DocumentSink::finish() {
  if (!lines_) return {};
  LIC_TRY(flush());
  if (old_ && !is_at_end(old_.get())) return exists_already(name_);
  LIC_TRY(lines_->commit(existing(force_ || old_)));
  lines_.reset();
  remember(name_);
  return {};
}

}  // namespace lic::app
