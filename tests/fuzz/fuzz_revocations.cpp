#include <algorithm>

#include "fuzz/signed.hpp"
#include "trust/revocations.hpp"

using namespace lic;
using fuzz::require;

/// The bytes as a revocation list, and as the payload of a well-signed one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  require(!RevocationList::open({data, size}, fuzz::product(), "list"), "no list is made without the key");
  const auto list =
      RevocationList::open(view_bytes(fuzz::sign(DocumentKind::revocations, {data, size})), fuzz::product(), "list");
  if (!list) {
    fuzz::require_message(list.error());
    return 0;
  }
  require(list->product == "ticketzero", "a list is for its product");
  for (const Revocation& entry : list->entries) {
    const Revocation* found = list->find(entry.id);
    require(found != nullptr && found->id == entry.id, "a listed license is found");
  }
  const auto again = RevocationList::open(
      view_bytes(fuzz::sign(DocumentKind::revocations, view_bytes(list->to_json()))), fuzz::product(), "written list");
  require(again && again->seq == list->seq && again->entries.size() == list->entries.size(), "a list survives");
  return 0;
}
