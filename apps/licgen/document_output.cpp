#include "licgen/document_output.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/result.hpp"
#include "base/text.hpp"
#include "licgen/json_text.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;

AtomicFile::Existing existing(bool force) {
  return force ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse;
}

bool is_lines_file(std::string_view name) { return name.ends_with(".jsonl"); }

Path directory_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

/// Makes `path` and its missing parents with the modes that the umask leaves.
Result<void> make_directory(const Path& path) {
  std::error_code fault;
  if (std::filesystem::exists(path, fault) && !std::filesystem::is_directory(path, fault))
    return error(Errc::conflict, concat(in_quotes(path.native()), " is a file: a directory is needed there"),
                 "the name of a file for many licenses ends in .jsonl");
  std::filesystem::create_directories(path, fault);
  if (fault && !std::filesystem::is_directory(path)) return system_error(fault.value(), "cannot make directory", path);
  if (::access(path.c_str(), W_OK | X_OK) != 0) return system_error(errno, "cannot write to directory", path);
  return {};
}

Error exists_already(const std::string& file) {
  return error(Errc::conflict, concat(in_quotes(file), " exists already"), "--force replaces it");
}

bool holds(const Path& path, std::string_view content) {
  ReadOptions options;
  options.follow_symlink = false;
  options.limit = std::max(content.size(), std::size_t{1});
  const auto bytes = read_file(path, "license file", options);
  return bytes && view_text(*bytes) == content;
}

}  // namespace

Result<Bytes> read_input(const std::string& file, std::string_view what, std::size_t limit) {
  if (file == "-") return read_stream(STDIN_FILENO, input_name(file, what), limit);
  ReadOptions options;
  options.limit = limit;
  return read_file(file, what, options);
}

std::string input_name(const std::string& file, std::string_view what) {
  return file == "-" ? concat("the ", what, " on standard input") : concat(what, " ", in_quotes(file));
}

Result<void> check_output_file(const std::string& file, bool force) {
  if (file.empty()) return error(Errc::usage, "the name of the output file is empty");
  struct stat info {};
  if (::lstat(file.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return error(Errc::conflict, concat(in_quotes(file), " is a directory"));
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
      return error(Errc::conflict, concat(in_quotes(file), " is not a regular file"), "- stands for standard output");
    if (!force) return exists_already(file);
  } else if (errno != ENOENT) {
    return system_error(errno, "cannot write", file);
  }
  const Path directory = directory_of(file);
  if (::access(directory.c_str(), W_OK | X_OK) != 0) return system_error(errno, "cannot write to directory", directory);
  return {};
}

Result<void> write_output(const std::optional<std::string>& out, bool force, std::string_view document,
                          Output& output) {
  if (!out || *out == "-") {
    output.line(document);
    return {};
  }
  LIC_TRY(check_output_file(*out, force));
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
  if (is_lines_file(out)) {
    LIC_TRY(check_output_file(out, force));
    LIC_TRY_ASSIGN(AtomicFile lines, AtomicFile::create(out, kDocumentMode));
    sink.lines_.emplace(std::move(lines));
    return sink;
  }
  LIC_TRY(make_directory(out));
  return sink;
}

Result<void> DocumentSink::add(std::string_view key, std::string_view document) {
  const std::string line = concat(document, '\n');
  if (to_stdout()) {
    output_->answer(line);
    return {};
  }
  if (!lines_) return add_file(key, line);
  buffer_ += line;
  if (buffer_.size() < kBuffer) return {};
  LIC_TRY(lines_->write(view_bytes(buffer_)));
  buffer_.clear();
  return {};
}

Result<void> DocumentSink::add_file(std::string_view key, std::string_view line) {
  const Path path = Path(name_) / concat(key, ".json");
  auto written = write_file(path, view_bytes(line), kDocumentMode, existing(force_));
  if (!written) {
    if (written.error().code != Errc::conflict) return written;
    if (same_ == Same::refuse || !holds(path, line)) return exists_already(path.native());
  }
  files_.push_back(path.native());
  return {};
}

Result<void> DocumentSink::finish() {
  if (!lines_) return {};
  LIC_TRY(lines_->write(view_bytes(buffer_)));
  LIC_TRY(lines_->commit(existing(force_)));
  lines_.reset();
  files_.push_back(name_);
  return {};
}

}  // namespace lic::app
