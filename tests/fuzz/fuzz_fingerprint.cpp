#include "fuzz/fuzz.hpp"
#include "machine/identity.hpp"

using namespace lic;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto machine = MachineIdentity::parse(view_text({data, size}));
  if (!machine) {
    fuzz::require_message(machine.error());
    return 0;
  }
  const auto again = MachineIdentity::parse(machine->fingerprint());
  require(again && again->facts() == machine->facts(), "a fingerprint reads as that machine");
  const auto binding = machine->binding();
  if (binding) require(machine->matches(*binding), "a machine is the one it binds a license to");
  return 0;
}
