#pragma once

/// Asking a licensing server, by the rules that docs/protocol.md has for a client.

#include "http/transport.hpp"
#include "protocol/question.hpp"

namespace lic::http {

/// The server's word where its signature holds, else why nothing counts. An answer that is signed by no key of the
/// question's product file is read again under the server's, where that is a rightful successor.
[[nodiscard]] Asked ask(const ServerQuestion& question, const Transport& transport);

}  // namespace lic::http
