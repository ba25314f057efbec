#include "fuzz/fuzz.hpp"
#include "license/envelope.hpp"

using namespace lic;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto envelope = Envelope::parse({data, size}, "envelope");
  if (!envelope) {
    fuzz::require_message(envelope.error());
    return 0;
  }
  require(!envelope->signatures().empty(), "an envelope has a signature");
  const auto again = Envelope::parse(view_bytes(envelope->to_json()), "written envelope");
  require(again.has_value(), "a written envelope can be read");
  require(again->type() == envelope->type() && again->payload() == envelope->payload(), "the payload survives");
  require(again->signed_bytes() == envelope->signed_bytes(), "the signed bytes survive");
  require(again->carried_product() == envelope->carried_product(), "the carried product survives");
  return 0;
}
