#include "licgen/bulk_report.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "licgen/json_list.hpp"

namespace lic::app {

Result<void> BulkReport::take(std::string_view key, std::string_view document) {
  keys_ += key;
  keys_ += '\n';
  if (sink_ == nullptr) return {};
  if (!holds_documents()) return noted(sink_->add(key, document));  // nobody sees the file before it is finished
  held_.push_back({std::string(key), std::string(document)});
  held_size_ += document.size();
  return {};
}

Result<void> BulkReport::committed() {
  tell_keys();
  for (const IssuedLicense& license : held_) LIC_TRY(noted(sink_->add(license.key, license.document)));
  held_.clear();
  held_size_ = 0;
  return {};
}

void BulkReport::tell_keys() {
  const bool lines = sink_ == nullptr || !sink_->to_stdout();
  for (std::string_view rest = keys_; !rest.empty(); ++told_) {
    const std::size_t end = rest.find('\n');
    if (output_.json()) {
      output_.answer(concat(told_ == 0 ? R"({"keys":[")" : ",\"", rest.substr(0, end), '"'));
    } else if (lines) {
      output_.line(rest.substr(0, end));
    }
    rest.remove_prefix(end + 1);
  }
  keys_.clear();
}

Result<void> BulkReport::finish() {
  if (sink_ != nullptr) LIC_TRY(noted(sink_->finish()));
  return output_.finish() ? Result<void>() : not_all_printed();
}

int BulkReport::conclude(ExitCode code, const std::vector<std::string>& more_files,
                         const nlohmann::ordered_json& rest) {
  if (!output_.json()) return static_cast<int>(code);
  JsonList none;
  JsonList& files = sink_ == nullptr ? none : sink_->files();
  Result<void> listed;
  for (const std::string& file : more_files)
    if (listed) listed = files.add(file);
  output_.answer(told_ == 0 ? R"({"keys":[],"files":)" : R"(],"files":)");
  if (listed) listed = files.write(output_);
  const std::string members = json_text(rest);  // "{...}"
  output_.line(concat(rest.empty() ? "" : ",", std::string_view(members).substr(1)));
  return listed ? static_cast<int>(code)
                : output_.fail(ExitCode::failure, listed.error().message, listed.error().hint, true);
}

int BulkReport::fail(const Error& fault, nlohmann::ordered_json rest) {
  const ExitCode code = cannot_write_ ? ExitCode::failure : exit_code(fault.code);
  rest["error"] = nlohmann::ordered_json::parse(error_json(code, fault.message, fault.hint));
  static_cast<void>(conclude(code, {}, rest));
  return output_.fail(code, fault.message, fault.hint, true);
}

Result<void> BulkReport::noted(Result<void> written) {
  if (!written) cannot_write_ = true;
  return written;
}

Error not_all_printed() { return error(Errc::failure, "the keys could not all be printed"); }

}  // namespace lic::app
