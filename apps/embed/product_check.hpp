#pragma once

/// Whether a product file is fit to be built into an application.

#include "base/bytes.hpp"
#include "trust/product.hpp"

namespace lic::embed {

/// Opens it as a client does, and then looks closer than a client needs to: what is built in
/// is trusted for years. `what` begins messages.
/// Errors: as ProductFile::open(); untrusted (a key that others can sign for, a placeholder;
/// no key that may sign licenses).
[[nodiscard]] Result<ProductFile> open_to_embed(ByteView bytes, std::string_view what);

}  // namespace lic::embed
