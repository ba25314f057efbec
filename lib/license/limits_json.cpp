#include "license/limits_json.hpp"

namespace lic {

json::Value limits_json(const Limits& limits) {
  json::ObjectBuilder out;
  for (const auto& [name, limit] : limits) {
    json::ObjectBuilder entry;
    entry.value("max", limit.max ? json::Value(*limit.max) : json::Value());
    if (limit.per) entry.string("per", token(*limit.per));
    if (limit.overage != 0) entry.integer("overage", limit.overage);
    out.value(name, entry.take());
  }
  return out.take();
}

}  // namespace lic
