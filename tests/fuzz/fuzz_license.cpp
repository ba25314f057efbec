#include "fuzz/fuzz.hpp"
#include "policy/decide.hpp"
#include "support/signed.hpp"
#include "trust/verify.hpp"

using namespace lic;
using fuzz::require;

namespace {

void judge(const VerifiedLicense& license) {
  const Terms& terms = license.terms();
  for (const std::int64_t moment : {std::int64_t{0}, std::int64_t{1'795'348'800}, std::int64_t{253'402'300'799}}) {
    Context context;
    context.now = Time{std::chrono::seconds{moment}};
    context.machine_matches = true;
    const Decision decision = decide(license, context);
    if (decision.allowed()) require(context.now >= terms.starts_at, "no license holds before it starts");
    if (decision.reason == Reason::expired)
      require(terms.expires_at && context.now >= *terms.expires_at, "it has ended");
    const auto until = decision_holds_until(license, context.now);
    if (until) require(*until > context.now, "a decision holds for some time");
  }
}

void look_at(const Result<VerifiedLicense>& license) {
  if (!license) {
    fuzz::require_message(license.error());
    return;
  }
  require(license->terms().product == "ticketzero", "a license is for its product");
  require(license->terms().key.starts_with("TZ-"), "its key has the product's prefix");
  judge(*license);
}

}  // namespace

/// The bytes as a license file, and as the payload of a well-signed one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  look_at(verify({data, size}, test::product(), "license"));
  look_at(verify(view_bytes(test::sign(DocumentKind::license, {data, size})), test::product(), "signed license"));
  return 0;
}
