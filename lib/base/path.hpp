#pragma once

#include <compare>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "base/export.hpp"

namespace lic {

/// std::filesystem::path, told by what it has, so that nobody includes it for this.
template <class T>
concept StandardPath = requires(const T& path) {
  T::preferred_separator;
  { path.native() } -> std::same_as<const std::string&>;
};

/// The name of a file or directory: text, which nothing takes to pieces before it is asked for them,
/// as std::filesystem::path does each time. Members are called as there, and give the same.
class LIC_INTERNAL Path {
 public:
  Path() = default;
  Path(std::string text) noexcept : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  Path(std::string_view text) : text_(text) {}                 // NOLINT(google-explicit-constructor)
  Path(const char* text) : text_(text) {}                      // NOLINT(google-explicit-constructor)
  template <StandardPath T>
  Path(const T& path) : text_(path.native()) {}  // NOLINT(google-explicit-constructor)
  template <StandardPath T>
  operator T() const {  // NOLINT(google-explicit-constructor)
    return T(text_);
  }

  [[nodiscard]] const std::string& native() const noexcept { return text_; }
  [[nodiscard]] const std::string& string() const noexcept { return text_; }
  [[nodiscard]] const char* c_str() const noexcept { return text_.c_str(); }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  void clear() noexcept { text_.clear(); }
  [[nodiscard]] bool is_absolute() const noexcept { return text_.starts_with('/'); }

  /// What comes after the last slash.
  [[nodiscard]] Path filename() const;
  /// What comes before it; of what is in the root, the root.
  [[nodiscard]] Path parent_path() const;
  [[nodiscard]] bool has_parent_path() const noexcept { return text_.find('/') != std::string::npos; }

  /// `name` in `directory`; `name` itself where it is absolute.
  friend LIC_INTERNAL Path operator/(const Path& directory, const Path& name);
  friend bool operator==(const Path&, const Path&) = default;
  friend auto operator<=>(const Path&, const Path&) = default;

 private:
  std::string text_;
};

}  // namespace lic
