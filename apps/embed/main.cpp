/// lic_embed_product IN OUT.cpp: checks a product file and writes the source file
/// that defines lic::app::embedded_product(). A file that a client would refuse is
/// refused here, so that no licctl can be built around it.

#include <cstdio>
#include <string>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/start.hpp"
#include "trust/product.hpp"

namespace {

std::string source_of(lic::ByteView bytes) {
  std::string out =
      "// Made by lic_embed_product.\n"
      "#include \"licctl/embedded_product.hpp\"\n\n"
      "namespace {\nconstexpr unsigned char kProduct[] = {";
  std::size_t column = 0;
  for (const auto byte : bytes) {
    out += lic::concat(column++ % 20 == 0 ? "\n    " : " ", static_cast<unsigned>(byte), ',');
  }
  return out +
         "\n};\n}  // namespace\n\n"
         "namespace lic::app {\n\n"
         "std::span<const unsigned char> embedded_product() noexcept { return kProduct; }\n\n"
         "}  // namespace lic::app\n";
}

lic::Result<void> embed(const std::string& in, const std::string& out) {
  LIC_TRY(lic::start_crypto());
  LIC_TRY_ASSIGN(const auto bytes, lic::read_file(in, "product file"));
  LIC_TRY_ASSIGN(const auto product, lic::ProductFile::open(bytes, lic::concat("product file ", lic::in_quotes(in))));
  return lic::write_file(out, lic::view_bytes(source_of(product.bytes())), 0644);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: lic_embed_product IN OUT.cpp\n", stderr);
    return 2;
  }
  const auto done = embed(argv[1], argv[2]);
  if (done) return 0;
  const auto& error = done.error();
  std::fprintf(stderr, "lic_embed_product: %s\n", error.message.c_str());
  if (!error.hint.empty()) std::fprintf(stderr, "lic_embed_product: hint: %s\n", error.hint.c_str());
  return 1;
}
