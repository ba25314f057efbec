#pragma once

/// Where a passphrase may come from: a file, a descriptor, the environment, or a
/// person at the terminal. Never an argument, which every user of the machine sees.

#include <optional>
#include <string>

#include "crypto/secret.hpp"
#include "lic/result.hpp"

namespace lic::app {

/// The content of the file without the newline at its end; `-` is standard input.
/// Errors: those of read_file(); invalid_input (nothing in it).
[[nodiscard]] Result<SecretBytes> passphrase_from_file(const std::string& file);

/// All that the descriptor has to give, without the newline at its end.
/// Errors: failure (not open); invalid_input (nothing in it).
[[nodiscard]] Result<SecretBytes> passphrase_from_descriptor(int fd);

/// Absent when the variable is not set. Errors: invalid_input (set to nothing).
[[nodiscard]] Result<std::optional<SecretBytes>> passphrase_from_environment(const char* variable);

/// Asks at the controlling terminal, without echo.
/// Errors: denied (there is no terminal; an empty answer).
[[nodiscard]] Result<SecretBytes> ask_passphrase(const std::string& prompt);

/// The same, asked twice. Errors: denied (also where the answers differ).
[[nodiscard]] Result<SecretBytes> ask_new_passphrase(const std::string& prompt);

}  // namespace lic::app
