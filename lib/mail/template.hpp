#pragma once

/// Text with {{placeholders}}.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lic/result.hpp"

namespace lic::mail {

class Template {
 public:
  /// `{{name}}`, blanks inside allowed, stands for a value; `known` are the names there are.
  /// `what` begins messages ("template 'a.txt'"); `first_line` is the number of the first line.
  /// Errors: invalid_input, naming line and column: an unknown name, a `{{` without its `}}`.
  static Result<Template> parse(std::string_view text, std::string_view what, const std::vector<std::string>& known,
                                std::size_t first_line = 1);

  [[nodiscard]] bool uses(std::string_view name) const noexcept;

  /// The text with the values in it, as they are; what stands between them is passed through
  /// `literal` where that is given. Precondition: `values` has all known names.
  [[nodiscard]] std::string render(const std::map<std::string, std::string>& values,
                                   const std::function<std::string(std::string_view)>& literal = {}) const;

 private:
  struct Piece {
    std::string text;
    bool is_name = false;
  };
  std::vector<Piece> pieces_;
};

}  // namespace lic::mail
