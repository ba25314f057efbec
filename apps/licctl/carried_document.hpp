#pragma once

/// A document that a person carries to the vendor: as a file, on standard output, as QR codes.

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "lic/result.hpp"
#include "licctl/client.hpp"

namespace lic::app {

/// Whether standard output can take what is asked of it. `file` is the value of `option`.
/// Errors: usage.
[[nodiscard]] Result<void> check_streams(const std::string& file, std::string_view option, Client& client);

/// Whether `file` may be written: it is not there, or holds `document` already.
/// Errors: those of check_output_file().
[[nodiscard]] Result<void> check_place(const std::string& file, const std::string& document, bool force);

/// Writes a document to `file` and as codes; the names of what was written.
[[nodiscard]] Result<std::vector<std::string>> write_document(const std::string& file, const std::string& document,
                                                              mode_t mode, Client& client);

}  // namespace lic::app
