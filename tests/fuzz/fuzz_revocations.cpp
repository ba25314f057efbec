#include "fuzz/fuzz.hpp"
#include "support/signed.hpp"
#include "trust/revocations.hpp"

using namespace lic;
using fuzz::require;

namespace {

Result<RevocationList> open_signed(ByteView payload) {
  const std::string document = test::sign(DocumentKind::revocations, payload);
  return RevocationList::open(view_bytes(document), test::product(), "signed list");
}

void look_at(const Result<RevocationList>& list) {
  if (!list) {
    fuzz::require_message(list.error());
    return;
  }
  require(list->product == "ticketzero", "a list is for its product");
  for (const Revocation& entry : list->entries) {
    const Revocation* found = list->find(entry.id);
    require(found != nullptr && found->id == entry.id, "a listed license is found");
  }
  const auto again = open_signed(view_bytes(list->to_json()));
  require(again && again->seq == list->seq && again->entries == list->entries, "a list survives");
}

}  // namespace

/// The bytes as a revocation list, and as the payload of a well-signed one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  look_at(RevocationList::open({data, size}, test::product(), "list"));
  look_at(open_signed({data, size}));
  return 0;
}
