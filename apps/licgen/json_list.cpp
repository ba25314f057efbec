#include "licgen/json_list.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "common/json_text.hpp"
#include "licgen/temporary_file.hpp"

namespace lic::app {

Result<void> JsonList::add(std::string_view text) {
  constexpr std::size_t kMostHeld = 256 * 1024;
  text_ += ',';
  text_ += json_text(nlohmann::json(text));
  if (text_.size() < kMostHeld) return {};
  if (!file_) {
    LIC_TRY_ASSIGN(file_, nameless_file());
  }
  LIC_TRY(write_all(file_.get(), text_, "cannot keep the list of files", "in a temporary file"));
  text_.clear();
  return {};
}

Result<void> JsonList::write(Output& output) const {
  return write([&](std::string_view piece) { output.answer(piece); });
}

Result<void> JsonList::write(const std::function<void(std::string_view)>& write) const {
  write("[");
  bool first = true;  // its comma is left out
  const auto tell = [&](std::string_view elements) {
    if (!elements.empty()) write(elements.substr(first ? 1 : 0));
    first = first && elements.empty();
  };
  std::array<char, 64 * 1024> block;
  for (off_t at = 0; file_;) {
    const ssize_t count = ::pread(file_.get(), block.data(), block.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, "cannot read again", "the list of files");
    if (count == 0) break;
    tell({block.data(), static_cast<std::size_t>(count)});
    at += count;
  }
  tell(text_);
  write("]");
  return {};
}

}  // namespace lic::app
