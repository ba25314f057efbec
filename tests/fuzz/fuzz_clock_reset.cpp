#include "fuzz/fuzz.hpp"
#include "license/clock_code.hpp"
#include "support/signed.hpp"
#include "trust/clock_reset.hpp"

using namespace lic;
using fuzz::require;

namespace {

Result<ClockReset> open_signed(ByteView payload) {
  const std::string document = test::sign(DocumentKind::clock_reset, payload);
  return ClockReset::open(view_bytes(document), test::product(), "signed reset");
}

void look_at(const Result<ClockReset>& reset) {
  if (!reset) {
    fuzz::require_message(reset.error());
    return;
  }
  require(reset->product == "ticketzero" && reset->code.is_of_product("ticketzero"), "a reset is for its product");
  const auto again = open_signed(view_bytes(reset->to_json()));
  require(again && again->code == reset->code && again->issued_at == reset->issued_at, "a reset survives");
}

}  // namespace

/// The bytes as a clock code, as a clock reset, and as the payload of a well-signed one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto code = ClockCode::parse(view_text({data, size}));
  if (code) {
    const auto again = ClockCode::parse(code->text());
    require(again && *again == *code, "a code has one normal form");
  } else {
    fuzz::require_message(code.error());
  }
  look_at(ClockReset::open({data, size}, test::product(), "reset"));
  look_at(open_signed({data, size}));
  return 0;
}
