#pragma once

/// Where the vendor's business is done: licenses are issued and changed, seats freed, tokens and webhooks made. What a
/// command of licgen does and what the vendor API does is done here, by the same functions.
///
/// What changes something takes the transaction that it is part of, and leaves the commit to its caller.

#include <string>

#include "ledger/ledger.hpp"
#include "lic/types.hpp"

namespace lic {

/// In which ledger, at what moment and by whom something is done. The ledger outlives it.
struct Desk {
  Ledger& ledger;
  Time now{};
  std::string actor;
};

}  // namespace lic
