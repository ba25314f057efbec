#pragma once

/// Hosts as they stand in URLs.

#include <string_view>

namespace lic {

/// HOST of HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT.
[[nodiscard]] inline std::string_view without_port(std::string_view authority) noexcept {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return has_port ? authority.substr(0, colon) : authority;
}

/// Whether it names this machine, so that nobody else can listen in. Lower case.
[[nodiscard]] inline bool is_this_machine(std::string_view host) noexcept {
  const bool is_number = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (host.starts_with("127.") && is_number);
}

}  // namespace lic
