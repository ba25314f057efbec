#include "protocol/facts_json.hpp"

namespace lic {

json::Value facts_json(const FactDigests& facts) {
  json::ObjectBuilder out;
  for (const auto& [name, digests] : facts) {
    if (digests.size() == 1) {
      out.string(name, digests.front());
    } else {
      out.strings(name, digests);
    }
  }
  return out.take();
}

}  // namespace lic
