#include "desk/changes.hpp"

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {
namespace {

constexpr const char* kUnchanged = "unchanged: done before, or so already";

/// A retry asks for the end that the license has already.
bool is_until_then(const Terms& terms, const RenewalRequest& request) {
  return request.until && (terms.expires_at ? terms.expires_at : terms.maintenance_until) == request.until;
}

Result<void> check_machines(const Standing& standing, const ChangeRequest& request, const Terms& next) {
  if (!request.machines || standing.summary.activations == 0 || next.machines == standing.terms.machines) return {};
  return error(Errc::conflict,
               concat("machines have taken seats of ", standing.terms.key, " by request: their license names them"),
               concat("licgen release ", standing.terms.key, " --machine ID frees a seat; licgen activations ",
                      standing.terms.key, " lists them"));
}

}  // namespace

std::string renewal_text(std::string_view months, std::string_view expires) {
  return concat("--months=", months, " --expires=", expires);
}

Reissue renewal(const RenewalRequest& request, const std::string& order, const std::string& asked, Time now) {
  Reissue reissue{"renew", "renewed", kUnchanged, {}, order, asked};
  reissue.next = [=](const Standing& standing, const Catalog& catalog) -> Result<std::optional<Terms>> {
    LIC_TRY_ASSIGN(const bool done, was_done_for_order(standing, "renew", order, asked));
    if (done || is_until_then(standing.terms, request)) return std::optional<Terms>();
    LIC_TRY(require_in_force(standing));
    LIC_TRY_ASSIGN(Terms next, renewed(standing.terms, catalog, request, now));
    if (!order.empty()) next.order = order;
    return std::optional(std::move(next));
  };
  return reissue;
}

Reissue license_change(const ChangeRequest& request, const std::string& asked, Time now) {
  const std::string order = request.order.value_or("");
  Reissue reissue{"change", "changed", kUnchanged, {}, order, asked};
  reissue.next = [=](const Standing& standing, const Catalog& catalog) -> Result<std::optional<Terms>> {
    LIC_TRY_ASSIGN(const bool done, was_done_for_order(standing, "change", order, asked));
    if (done) return std::optional<Terms>();
    LIC_TRY(require_in_force(standing));
    LIC_TRY_ASSIGN(Terms next, changed(standing.terms, catalog, request, now));
    LIC_TRY(check_machines(standing, request, next));
    if (differences(standing.terms, next).empty()) return std::optional<Terms>();
    return std::optional(std::move(next));
  };
  return reissue;
}

Reissue suspension(Time now) {
  Reissue reissue{"suspend", "suspended", "is suspended already", {}};
  reissue.next = [now](const Standing& standing, const Catalog&) -> Result<std::optional<Terms>> {
    if (standing.terms.suspended_at) return std::optional<Terms>();
    return std::optional(suspended(standing.terms, now));
  };
  return reissue;
}

Reissue reinstatement(Time now) {
  Reissue reissue{"reinstate", "reinstated", "is not suspended", {}};
  reissue.next = [now](const Standing& standing, const Catalog&) -> Result<std::optional<Terms>> {
    if (!standing.terms.suspended_at) return std::optional<Terms>();
    return std::optional(reinstated(standing.terms, now));
  };
  return reissue;
}

Reissue transfer(const NewOwner& owner, Time now) {
  Reissue reissue{"transfer", "transferred", "is theirs already", {}};
  reissue.next = [owner, now](const Standing& standing, const Catalog& catalog) -> Result<std::optional<Terms>> {
    Customer customer = standing.terms.customer;
    if (owner.name) customer = {*owner.name, ""};  // another's address does not stay
    if (owner.email) customer.email = *owner.email;
    if (customer == standing.terms.customer) return std::optional<Terms>();
    LIC_TRY(require_in_force(standing));
    LIC_TRY_ASSIGN(Terms next, transferred(standing.terms, catalog, customer, now));
    return std::optional(std::move(next));
  };
  return reissue;
}

}  // namespace lic
