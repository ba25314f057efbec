#include "server/service_request.hpp"

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {
namespace {

std::optional<LicenseKey> key_in(const std::string& text) {
  auto key = LicenseKey::parse(text);
  return key ? std::optional(*std::move(key)) : std::nullopt;
}

}  // namespace

ServiceRequest::ServiceRequest(OnlineRequest online)
    : request(std::move(online)),
      key(key_in(request.key)),
      key_hash(online_key_hash(request.key)),
      machine(asking_machine(request.facts)) {}

Result<AskingMachine> asking_machine(const FactDigests& facts) {
  LIC_TRY_ASSIGN(MachineIdentity identity, MachineIdentity::from_digests(facts));
  LIC_TRY_ASSIGN(MachineBinding binding, identity.binding());
  std::vector<std::string> marks;
  for (const auto& [name, digests] : identity.facts()) {
    if (strength_of(name) != Strength::strong) continue;
    for (const std::string& digest : digests) marks.push_back(concat(name, ':', digest));
  }
  std::string fingerprint = identity.fingerprint();
  return AskingMachine{std::move(identity), std::move(binding), std::move(fingerprint), std::move(marks)};
}

}  // namespace lic
