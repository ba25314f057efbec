#pragma once

/// `licgen create --from-csv`: a license, or several, for each row of a file.

#include "licgen/create_request.hpp"
#include "licgen/vendor.hpp"

namespace lic::app {

/// Checks all rows, then issues what they ask for (docs/cli.md, "Rows of a file").
/// Precondition: options.from_csv. Returns the exit code.
[[nodiscard]] int create_from_csv(const CreateOptions& options, Vendor& vendor);

}  // namespace lic::app
