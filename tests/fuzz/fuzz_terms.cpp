#include "fuzz/fuzz.hpp"
#include "license/terms.hpp"

using namespace lic;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto terms = Terms::parse({data, size}, "license");
  if (!terms) {
    fuzz::require_message(terms.error());
    return 0;
  }
  require(!terms->expires_at || *terms->expires_at > terms->starts_at, "a license ends after it starts");
  require(terms->seats >= 1 && terms->serial >= 1 && terms->grace_days >= 0, "the numbers are in range");
  const std::string written = terms->to_json();
  const auto again = Terms::parse(view_bytes(written), "written license");
  require(again.has_value(), "written terms can be read");
  require(again->to_json() == written, "terms survive being written and read");
  return 0;
}
