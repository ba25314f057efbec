#pragma once

#include <string>

#include "desk/desk.hpp"
#include "desk/signing.hpp"

namespace lic {

/// The next list of all that is revoked, signed, and in the history. Within a transaction; whether `signer` may sign
/// lists is the caller's to know. Errors: those of the ledger and of RevocationList::open() (too long).
[[nodiscard]] Result<std::string> issue_revocation_list(Transaction& transaction, const Desk& desk,
                                                        const Signer& signer, Time next_update);

}  // namespace lic
