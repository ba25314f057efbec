#pragma once

/// Whether the ledger is what its history says, and its history whole.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"
#include "trust/product.hpp"

namespace lic {

/// One thing that is not as licgen left it.
struct AuditFinding {
  std::int64_t number = 0;  ///< of the entry of history; 0: about a license as a whole
  std::string key;          ///< license key; empty: about none
  std::string message;
};

struct AuditReport {
  std::int64_t licenses = 0;
  std::int64_t entries = 0;
  std::int64_t unchained = 0;   ///< entries from before the ledger had a chain: taken as they are
  std::int64_t distrusted = 0;  ///< licenses that clients refuse: signed outside of the time of their key
  std::string root;             ///< Merkle tree head over all entries, hex
  std::int64_t faults = 0;      ///< how many there are; `findings` holds the first of them
  std::vector<AuditFinding> findings;
};

/// How many findings a report holds.
inline constexpr std::size_t kMostFindings = 100;

/// What is audited.
enum class AuditScope {
  whole,
  what_is_copied,  ///< all but what a copy of the ledger makes anew: what the machines of leases are found by
};

/// Reads all of the ledger as it is at one moment, in memory that does not grow with
/// it. Who wants to change the ledger meanwhile waits.
///
/// Checked are: every entry's link; no number missing; no entry where licgen puts none; every
/// license has a beginning in the history, of the time from which it is, and its serial, revocation and suspension are
/// those of its last entries; its activations are those that were told, with the ends that were told, and
/// their machines are found by what their leases say; its usage statements are those that were told; its document is
/// signed by a license key that `product` names, says what the table says, and is the one that the history names.
/// (Whether that key still counts is not a matter of the ledger: see AuditReport::distrusted.) And product files,
/// catalogues and keys: ProductAudit::check(); and tokens and webhooks: MadeAudit::check(). Errors: those of reading.
/// What is found to be wrong is no error but a finding.
[[nodiscard]] Result<AuditReport> audit(Ledger& ledger, const ProductFile& product, Time now,
                                        AuditScope scope = AuditScope::whole);

/// The Merkle tree head over the first `size` entries, hex.
/// Errors: invalid_input (there are fewer).
[[nodiscard]] Result<std::string> history_root(Ledger& ledger, std::int64_t size);

}  // namespace lic
