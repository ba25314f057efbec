#include "base/json.hpp"
#include "base/text.hpp"
#include "fuzz/fuzz.hpp"

using namespace lic;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = view_text({data, size});
  require(is_utf8(printable(text)), "what is printed is UTF-8");
  const auto value = json::parse(text, "document");
  if (!value) {
    fuzz::require_message(value.error());
    require(is_utf8(value.error().message), "a message is UTF-8");
    return 0;
  }
  require(is_utf8(text), "only UTF-8 is read");
  const auto again = json::parse(json::dump(*value), "written document");
  require(again && *again == *value, "a document survives being written and read");
  return 0;
}
