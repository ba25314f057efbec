#include "licgen/batch_cursor.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::app {
namespace {

/// The line that a license was issued for, as its history begins; 0 where it does not say so.
std::int64_t line_of(const std::string& detail) {
  const auto document = nlohmann::json::parse(detail, nullptr, false);
  const auto line = document.is_object() ? document.find("line") : document.end();
  return line != document.end() && line->is_number_integer() ? line->get<std::int64_t>() : 0;
}

}  // namespace

Result<const BatchCursor::Entry*> BatchCursor::peek() {
  if (at_ == page_.size() && !ended_) LIC_TRY(read_page());
  return at_ == page_.size() ? nullptr : &page_[at_];
}

Result<void> BatchCursor::read_page() {
  constexpr std::int64_t kPage = 1000;
  page_.clear();
  at_ = 0;
  ended_ = true;
  if (batch_.empty()) return {};
  LicenseFilter filter;
  filter.batch = batch_;
  filter.after = last_key_;
  filter.limit = kPage;
  LIC_TRY(ledger_.beginnings(filter, now_, [&](const LicenseBeginning& license) -> Result<void> {
    page_.push_back({line_of(license.detail), {license.key, license.document}});
    if (page_.back().line != 0) return {};
    return error(
        Errc::conflict,
        concat("license ", license.key, " of batch ", in_quotes(batch_), " was not issued for a row of a file"),
        "choose another name for the batch");
  }));
  if (page_.empty()) return {};
  ended_ = false;
  last_key_ = page_.back().license.key;
  return {};
}

}  // namespace lic::app
