#pragma once

/// How liblic asks a licensing server: by liblic-http, which is loaded with the first question.

#include "protocol/question.hpp"

namespace lic {

/// The answer of liblic-http, of the same version, from the directory that liblic is in, else where the system looks
/// for libraries. It stays loaded. Null: memory ran out.
[[nodiscard]] std::shared_ptr<const Asked> ask_by_library(const ServerQuestion& question);

}  // namespace lic
