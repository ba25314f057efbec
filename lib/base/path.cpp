#include "base/path.hpp"

#include <algorithm>

namespace lic {

Path Path::filename() const { return text_.substr(text_.rfind('/') + 1); }

Path Path::parent_path() const {
  const std::size_t end = text_.find_last_not_of('/', std::min(text_.rfind('/'), text_.size()));
  if (end != std::string::npos && has_parent_path()) return text_.substr(0, end + 1);
  return text_.substr(0, is_absolute() ? 1 : 0);
}

Path operator/(const Path& directory, const Path& name) {
  if (name.is_absolute() || directory.empty()) return name;
  std::string text;
  text.reserve(directory.text_.size() + 1 + name.text_.size());
  text += directory.text_;
  if (!text.ends_with('/')) text += '/';
  return text += name.text_;
}

}  // namespace lic
