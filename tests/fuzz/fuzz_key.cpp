#include "fuzz/fuzz.hpp"
#include "license/key.hpp"

using namespace lic;
using fuzz::require;

/// A key that is read has one normal form, and one changed symbol is noticed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto key = LicenseKey::parse(view_text({data, size}));
  if (!key) {
    fuzz::require_message(key.error());
    return 0;
  }
  const auto again = LicenseKey::parse(key->text());
  require(again && *again == *key, "the text of a key reads as that key");
  require(is_key_part(key->prefix()) && is_key_part(key->code()), "a key has a prefix and a code");

  std::string changed = key->text();
  char& symbol = changed[changed.size() - 1 - data[0] % 4];
  symbol = symbol == '7' ? '8' : '7';
  require(!LicenseKey::parse(changed), "a changed symbol is noticed");
  return 0;
}
