#pragma once

/// The report as one page that needs nothing else: no network, no script, no file.

#include <string>
#include <string_view>

#include "report/report.hpp"

namespace lic::app {

/// A whole HTML document. For screens from 360 pixels, light and dark, and for paper. All
/// names in it are escaped; its content security policy allows its own style sheet alone.
[[nodiscard]] std::string report_html(const Report& report, std::string_view product);

}  // namespace lic::app
