#include "embed/c_source.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace lic::embed {
namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Nothing in it is the vendor's free text, which could end the comment.
std::string head(const ProductFile& product) {
  std::string out =
      concat("/* Made by lic-embed; the product file is what to change.\n * Product ", product.catalog().id,
             ", version ", product.version(), ". Trusted: ", product.threshold(), " of the roots\n");
  for (const PublicKey& root : product.roots()) out += concat(" *   ", root.id().hex(), '\n');
  return out + " */\n";
}

std::string declarations(const ProductFile& product, std::string_view symbol) {
  return concat(
      "#include <stddef.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
      "extern const unsigned char ",
      symbol, '[', product.bytes().size(),
      "] __attribute__((visibility(\"hidden\")));\n"
      "extern const size_t ",
      symbol, "_size __attribute__((visibility(\"hidden\")));\n#ifdef __cplusplus\n}\n#endif\n");
}

}  // namespace

bool is_symbol(std::string_view text) noexcept {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

std::string c_header(const ProductFile& product, std::string_view symbol) {
  const std::string guard = concat("LIC_EMBEDDED_", to_upper(symbol), "_H");
  return concat(head(product), "#ifndef ", guard, "\n#define ", guard, "\n\n", declarations(product, symbol),
                "\n#endif\n");
}

std::string c_source(const ProductFile& product, std::string_view symbol) {
  constexpr std::size_t kPerLine = 24;
  const Bytes& bytes = product.bytes();
  std::string out = concat(head(product), declarations(product, symbol), "\nconst unsigned char ", symbol, '[',
                           bytes.size(), "] = {");
  for (std::size_t i = 0; i < bytes.size(); ++i) out += concat(i % kPerLine == 0 ? "\n    " : " ", int{bytes[i]}, ',');
  return out + concat("\n};\nconst size_t ", symbol, "_size = sizeof ", symbol, ";\n");
}

}  // namespace lic::embed
