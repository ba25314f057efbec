#pragma once

/// A product file as C, which is C++ too.

#include <string>
#include <string_view>

#include "trust/product.hpp"

namespace lic::embed {

/// Whether it can name what is defined: [A-Za-z][A-Za-z0-9_]*.
[[nodiscard]] bool is_symbol(std::string_view text) noexcept;

/// Declares the array `symbol` with the bytes of the file, of known size, and `symbol`_size.
/// Both have C linkage and hidden visibility: of two libraries in one process that call their
/// product the same, each keeps its own.
[[nodiscard]] std::string c_header(const ProductFile& product, std::string_view symbol);

/// Defines what c_header() declares, without including it.
[[nodiscard]] std::string c_source(const ProductFile& product, std::string_view symbol);

}  // namespace lic::embed
