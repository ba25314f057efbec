#pragma once

/// Documents as text that a person carries: on paper, by a camera, by hand
/// (docs/formats.md, 11). A document that fits into one piece is that piece itself.

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "lic/result.hpp"

namespace lic {

/// So many bytes go into one piece: as many as a camera reads well from one QR code.
inline constexpr std::size_t kMostPieceBytes = 1000;

/// The pieces of `document` (printable ASCII, without line breaks), in order:
/// `LIC:2/3:0011223344556677:...`, or the document alone where that is enough.
[[nodiscard]] LIC_INTERNAL std::vector<std::string> pieces_of(std::string_view document);

/// The document again, from its own text or from all of its pieces, a line each in any
/// order; pieces may be there twice. White space around lines does not count.
/// Errors: invalid_input (a piece is missing: says which; of two documents; altered).
[[nodiscard]] LIC_INTERNAL Result<std::string> join_pieces(ByteView text, std::string_view what);

}  // namespace lic
