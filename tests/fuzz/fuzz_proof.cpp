#include "base/encoding.hpp"
#include "fuzz/fuzz.hpp"
#include "support/signed.hpp"
#include "trust/checkpoint.hpp"
#include "trust/inclusion_proof.hpp"

using namespace lic;
using fuzz::require;

namespace {

void look_at(const Result<Checkpoint>& checkpoint) {
  if (!checkpoint) {
    fuzz::require_message(checkpoint.error());
    return;
  }
  require(checkpoint->product == "ticketzero", "a checkpoint is for its product");
  require(checkpoint->size >= 0, "a checkpoint has no fewer than no entries");
  const auto again =
      Checkpoint::open(view_bytes(test::sign(DocumentKind::checkpoint, view_bytes(checkpoint->to_json()))),
                       test::product(), "checkpoint");
  require(again && again->size == checkpoint->size && again->root == checkpoint->root, "a checkpoint survives");
}

void look_at(const Result<InclusionProof>& proof) {
  if (!proof) {
    fuzz::require_message(proof.error());
    return;
  }
  const auto again = InclusionProof::parse(view_bytes(proof->to_json()), "proof");
  require(again && again->path == proof->path && again->entry == proof->entry, "a proof survives");
  Checkpoint checkpoint;
  checkpoint.product = proof->product;
  checkpoint.size = proof->size;
  checkpoint.root = std::string(64, '0');
  const auto checked = proof->check(checkpoint, std::string(64, 'a'), "proof");
  require(!checked, "no proof leads to a head of zeros");
  fuzz::require_message(checked.error());
}

}  // namespace

/// The bytes as a proof, as a checkpoint, and as the payload of a well-signed one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  look_at(InclusionProof::parse({data, size}, "proof"));
  look_at(Checkpoint::open({data, size}, test::product(), "checkpoint"));
  look_at(Checkpoint::open(view_bytes(test::sign(DocumentKind::checkpoint, {data, size})), test::product(), "signed"));
  return 0;
}
