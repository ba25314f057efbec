#include "licgen/row_file.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/result.hpp"
#include "csv/text.hpp"
#include "licgen/document_output.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;

bool same_content(const Path& one, const Path& other) {
  std::ifstream a(one.native(), std::ios::binary);
  std::ifstream b(other.native(), std::ios::binary);
  using Bytes = std::istreambuf_iterator<char>;
  return a && b && std::equal(Bytes(a), Bytes(), Bytes(b), Bytes());
}

}  // namespace

Result<RowFile> RowFile::open(const std::string& name, bool force, Same same, char separator) {
  const bool there = check_output_file(name, true) && !check_output_file(name, false);
  const bool keep = same == Same::keep && !force && there;
  LIC_TRY(check_output_file(name, force || keep));
  remove_abandoned_temporaries_of(name);
  LIC_TRY_ASSIGN(AtomicFile file, AtomicFile::create(name));
  RowFile csv(name, force, separator, std::move(file));
  csv.keep_ = keep;
  return csv;
}

Result<void> RowFile::add(const std::vector<std::string_view>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i != 0) buffer_ += separator_;
    buffer_ += csv::field(fields[i], separator_);
  }
  // One empty field alone would be an empty line, which is no row.
  if (fields.size() == 1 && fields.front().empty()) buffer_ += "\"\"";
  buffer_ += '\n';
  return flush(kBuffer);
}

Result<void> RowFile::add_line(std::string_view line) {
  buffer_ += line;
  buffer_ += '\n';
  return flush(kBuffer);
}

Result<void> RowFile::flush(std::size_t most) {
  if (buffer_.size() < most) return {};
  LIC_TRY(file_.write(view_bytes(buffer_)));
  buffer_.clear();
  return {};
}

Result<void> RowFile::finish() {
  LIC_TRY(flush(0));
  if (keep_ && same_content(file_.temporary(), name_)) return {};
  return file_.commit(force_ ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse);
}

}  // namespace lic::app
