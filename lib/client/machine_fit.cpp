#include "base/text.hpp"
#include "client/installation.hpp"
#include "machine/virtualization.hpp"

namespace lic {
namespace {

/// "a virtual machine (kvm: /sys/class/dmi/id/sys_vendor says 'QEMU')", and so on for each layer.
std::string words_for(const std::vector<VirtualLayer>& layers) {
  std::string words;
  for (const VirtualLayer& layer : layers)
    words += concat(words.empty() ? "" : ", in it ", layer.container ? "a container (" : "a virtual machine (",
                    layer.kind, ": ", layer.source, ' ', layer.evidence, ')');
  return words;
}

}  // namespace

std::vector<VirtualLayer> Installation::virtual_layers() const {
  return read_virtualization(environment_.machine_root);
}

const std::vector<VirtualLayer>& Installation::layers() {
  if (!layers_) layers_ = virtual_layers();
  return *layers_;
}

MachineFit Installation::fit_of(const VerifiedLicense& license) {
  const Terms& terms = license.terms();
  MachineFit fit;
  fit.matches = terms.machines.empty() || machine_.matches_any(terms.machines);
  fit.is_virtual = !terms.allows_virtual && !layers().empty();
  if (!fit.matches) {
    const std::string near = machine_.near_miss(terms.machines);
    fit.obstacle = concat(name_of(license), " is bound to another machine",
                          near.empty() ? "" : concat(", or to this one before it changed (", near, ")"));
  } else if (fit.is_virtual) {
    fit.obstacle =
        concat(name_of(license), " is not for virtual machines and containers, and this is ", words_for(layers()));
  }
  return fit;
}

void Installation::drop_forbidden_free_plan() {
  if (!standing_.free_plan || standing_.free_plan->terms().allows_virtual || layers().empty()) return;
  if (!standing_.license && !standing_.forced)
    standing_.warnings.push_back(
        concat("the free plan is not for virtual machines and containers, and this is ", words_for(layers())));
  standing_.free_plan.reset();
}

}  // namespace lic
