#include "licgen/new_key_file.hpp"

#include <algorithm>

namespace lic::app {

bool is_unknown_key(const KeyId& id, Ledger& ledger) {
  const auto records = ledger.keys();
  const auto same = [&](const KeyRecord& record) { return record.key.key.id() == id; };
  return records && std::none_of(records->begin(), records->end(), same);
}

}  // namespace lic::app
