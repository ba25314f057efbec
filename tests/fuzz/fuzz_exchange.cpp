#include "fuzz/fuzz.hpp"
#include "machine/identity.hpp"
#include "protocol/carried_text.hpp"
#include "protocol/offline_exchange.hpp"

using namespace lic;
using fuzz::require;

/// The bytes as a request, as a receipt, and as pieces of either.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto joined = join_pieces({data, size}, "text");
  if (!joined) {
    fuzz::require_message(joined.error());
    return 0;
  }
  const ByteView bytes = view_bytes(*joined);
  const auto request = ActivationRequest::parse(bytes, "request");
  const auto receipt = ActivationReceipt::parse(bytes, "receipt");
  if (!request) fuzz::require_message(request.error());
  if (!receipt) fuzz::require_message(receipt.error());
  require(!request || !receipt, "nothing is both");
  if (request) {
    const auto again = ActivationRequest::parse(view_bytes(request->to_json()), "request");
    require(again && again->to_json() == request->to_json(), "a written request can be read");
    const auto machine = MachineIdentity::from_digests(request->facts);
    if (machine) require(machine->facts() == request->facts, "a machine has the facts of its request");
  }
  if (receipt) {
    const auto again = ActivationReceipt::parse(view_bytes(receipt->to_json()), "receipt");
    require(again && again->to_json() == receipt->to_json(), "a written receipt can be read");
    require(receipt->hash().size() == 64, "a receipt has a hash");
  }
  return 0;
}
