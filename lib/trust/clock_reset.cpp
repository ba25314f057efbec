#include "trust/clock_reset.hpp"

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/envelope.hpp"
#include "license/terms.hpp"
#include "trust/verify.hpp"

namespace lic {

Result<ClockReset> ClockReset::open(ByteView bytes, const ProductFile& product, std::string_view what) {
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(bytes, what));
  LIC_TRY(envelope.expect(DocumentKind::clock_reset, what));
  LIC_TRY_ASSIGN(const KeyId signer, signer_of(envelope, product, Role::license, what));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(envelope.payload()), what));
  json::Faults faults;
  json::Reader document(value, faults);
  read_version(document);
  std::string id = document.string("id");
  std::string name = document.string("product");
  const Time issued_at = document.time("issued_at");
  std::string key = document.string("key");
  const std::string text = document.string("code");
  auto code = ClockCode::parse(text);
  if (!text.empty() && (!code || code->text() != text)) document.fault("code", "is not a clock code in normal form");
  if (!faults.empty()) return faults.first(what);
  if (!code) return error(Errc::invalid_input, concat(what, ": /code is empty"));
  ClockReset reset{std::move(id), std::move(name), issued_at, std::move(key), std::move(code).value()};
  const std::string& ours = product.catalog().id;
  if (reset.product != ours)
    return error(Errc::untrusted,
                 concat(what, " is for the product ", in_quotes(reset.product), ", not for ", in_quotes(ours)));
  if (!reset.code.is_of_product(ours))
    return error(Errc::untrusted, concat(what, " answers a code of another product than ", in_quotes(ours)));
  LIC_TRY(check_in_force(product, signer, reset.issued_at, what));
  return reset;
}

}  // namespace lic
