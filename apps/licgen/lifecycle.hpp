#pragma once

/// The commands that sign a license anew: renew, change, suspend, reinstate, transfer and release.

#include <optional>
#include <string>

#include "desk/reissue.hpp"
#include "licgen/vendor.hpp"

namespace CLI {
class App;
}

namespace lic::app {

struct ReissueOptions {
  std::string key;
  std::optional<std::string> reason;
  std::optional<std::string> out;
  bool force = false;
};

/// KEY, --reason, --out and --force.
void set_up_reissue(CLI::App& app, ReissueOptions& options);

/// Works it out, signs it, stores it, writes it out and tells what changed.
/// Errors: those of reissue_license().
[[nodiscard]] Result<void> reissue(const ReissueOptions& options, const Reissue& reissue, Vendor& vendor);

/// Warns where the clock is behind the newest entry of the ledger, before licenses are issued by it.
/// No error: an entry that was made while the clock ran ahead stays, and would stop all issuing.
[[nodiscard]] Result<void> warn_of_slow_clock(Ledger& ledger, Vendor& vendor);

}  // namespace lic::app
