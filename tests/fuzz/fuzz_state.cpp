#include "base/encoding.hpp"
#include "base/text.hpp"
#include "client/state.hpp"
#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "fuzz/fuzz.hpp"

using namespace lic;
using fuzz::require;

namespace {

constexpr std::string_view kProduct = "ticketzero";
constexpr std::string_view kGoodContent =
    R"({"v":1,"seen":{},"granted":[],"machine":{"machine-id":["0011223344556677"]},"summary":""})";

/// The bytes 0 to 31.
const SecretBytes& secret() {
  static const SecretBytes bytes = [] {
    SecretBytes made(kBoxKeySize);
    for (std::uint8_t i = 0; i < kBoxKeySize; ++i) made.data()[i] = i;
    return made;
  }();
  return bytes;
}

/// The machine of the seeds, known by one strong fact.
const MachineIdentity& machine() {
  static const MachineIdentity identity =
      MachineIdentity::of({{"machine-id", Strength::strong, {"0123456789abcdef0123456789abcdef"}, "", ""}}, kProduct);
  return identity;
}

/// license_data.json whose box holds `content`: what only its own user could forge.
std::string seal(ByteView content) {
  std::string lock("lic-state-wrap-v1");
  for (const std::string_view part :
       {kProduct, std::string_view("machine-id"), std::string_view(machine().facts().at("machine-id").front())})
    lock += concat('\0', part);
  const SecretBytes wrapping = derive_key(secret(), lock);
  const Bytes wrapped = seal_box(wrapping, secret().view(), "lic-state-wrap-v1");
  const Bytes box = seal_box(secret(), content, "lic-state-box-v1");
  return concat(R"({"sealed":{"v":1,"wraps":[{"fact":"machine-id","key":")", base64_encode(wrapped), R"("}],"box":")",
                base64_encode(box), R"("}})");
}

void look_at(std::string_view text) {
  const auto loaded_or = decode_state(text, always(secret()), machine(), kProduct);
  if (!loaded_or) return;  // of another product or a newer version
  const LoadedState& loaded = *loaded_or;
  const bool opened = loaded.condition == StateCondition::intact || loaded.condition == StateCondition::edited;
  require(loaded.condition != StateCondition::absent, "what is there is not absent");
  require(loaded.problem.empty() == (loaded.condition == StateCondition::intact), "what is wrong is said");
  if (!opened) {
    require(!loaded.state.license && !loaded.state.grant, "what does not open grants nothing");
    return;
  }
  const std::string written = encode_state(loaded.state, json::Value(json::Object{}), secret(), machine(), kProduct);
  const LoadedState again = decode_state(written, always(secret()), machine(), kProduct).value();
  require(again.condition == StateCondition::intact, "a written state can be read");
  require(again.state.seen == loaded.state.seen && again.state.granted == loaded.state.granted, "a state survives");
  require(again.state.high_water == loaded.state.high_water, "the high-water mark survives");
  require(again.state.pending.has_value() == loaded.state.pending.has_value(), "the pending request survives");
  require(again.state.exchanges.size() == loaded.state.exchanges.size(), "the exchanges survive");
  require(again.state.license.has_value() == loaded.state.license.has_value(), "the license survives");
}

/// Whether seal() still makes boxes that open; else half of this target does nothing.
[[maybe_unused]] const bool kSealingWorks = [] {
  const std::string_view digest = machine().facts().at("machine-id").front();
  std::string content(kGoodContent);
  content.replace(content.find("0011223344556677"), digest.size(), digest);
  const LoadedState loaded = decode_state(seal(view_bytes(content)), always(secret()), machine(), kProduct).value();
  require(loaded.condition == StateCondition::edited, "a box sealed here opens");
  return true;
}();

}  // namespace

/// The bytes as license_data.json, and as the content of its box.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  look_at(view_text({data, size}));
  look_at(seal({data, size}));
  return 0;
}
