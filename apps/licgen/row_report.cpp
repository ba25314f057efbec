#include "licgen/row_report.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "common/json_text.hpp"

namespace lic::app {

Result<void> RowReport::add(const std::vector<IssuedLicense>& licenses) {
  const bool lines = sink_ == nullptr || !sink_->to_stdout();
  for (const auto& license : licenses) {
    if (output_.json()) {
      keys_.push_back(license.key);
    } else if (lines) {
      output_.line(license.key);
    }
  }
  count_ += std::ssize(licenses);
  if (sink_ == nullptr) return {};
  for (const auto& license : licenses) LIC_TRY(sink_->add(license.key, license.document));
  return {};
}

Result<void> RowReport::finish() {
  if (sink_ != nullptr) LIC_TRY(sink_->finish());
  if (output_.json() || output_.finish()) return {};
  return error(Errc::failure, "the keys could not all be printed");
}

void RowReport::conclude(const std::vector<std::string>& more_files, const nlohmann::ordered_json& rest) {
  if (!output_.json()) return;
  nlohmann::ordered_json document;
  document["keys"] = keys_;
  document["files"] = sink_ == nullptr ? std::vector<std::string>() : sink_->files();
  for (const auto& file : more_files) document["files"].push_back(file);
  document.update(rest);
  output_.line(json_text(document));
}

}  // namespace lic::app
