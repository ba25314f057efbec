#include "licctl/client.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/log.hpp"
#include "licctl/embedded_product.hpp"

namespace lic::app {
namespace {

constexpr const char* kSystemProduct = "/etc/licctl/product.json";

std::string product_beside_program() {
  std::error_code fault;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", fault);
  return fault ? std::string{} : (program.parent_path() / "product.json").native();
}

/// The path given by option or environment, else the first usual place that has one.
std::string find_product_file(const std::string& given, bool embedded) {
  if (!given.empty()) return given;
  const char* variable = std::getenv("LICCTL_PRODUCT");
  if (variable != nullptr && *variable != '\0') return variable;
  if (embedded) return {};
  for (const std::string& path : {product_beside_program(), std::string(kSystemProduct)})
    if (!path.empty() && ::access(path.c_str(), F_OK) == 0) return path;
  return {};
}

/// What `-` stands for. Errors: usage (twice; in place of a product that is built in), invalid_input.
Result<Bytes> read_given(const ClientOptions& options, const std::string& license_file, bool embedded) {
  constexpr std::size_t kMostBytes = 64 * 1024;
  const bool is_product = options.product_file == "-";
  if (is_product && license_file == "-")
    return error(Errc::usage, "--product-file and --license-file both want standard input", "name a file for one");
  if (is_product && embedded)
    return error(Errc::usage, "this licctl has a product built in: --product-file - cannot take its place",
                 "name a file, which counts if the vendor's roots have signed it");
  const std::string_view what = is_product ? "product file on standard input" : "license on standard input";
  LIC_TRY_ASSIGN(Bytes bytes, read_stream(STDIN_FILENO, what, kMostBytes));
  if (bytes.empty()) return error(Errc::invalid_input, std::string(what) + " is empty");
  return bytes;
}

}  // namespace

Result<LicenseManager> Client::open() const { return open_with(options_.license_file); }
Result<LicenseManager> Client::open_state() const { return open_with({}); }

void Client::tell_asking(const LicenseManager& manager) const {
  if (::isatty(STDERR_FILENO) == 0) return;
  if (const std::string server = manager.server(); !server.empty())
    output_.note(concat("asking ", printable(server), " ..."));
}

Result<LicenseManager> Client::open_with(const std::string& license_file) const {
  OpenOptions open;
  open.embedded_product = embedded_product();
  open.state_dir = options_.state_dir;
  open.server = options_.server;
  open.server_ca_file = options_.server_ca;
  open.offline = options_.offline;
  Bytes given;  // on standard input
  if (options_.product_file == "-" || license_file == "-") {
    LIC_TRY_ASSIGN(given, read_given(options_, license_file, !open.embedded_product.empty()));
  }
  if (license_file == "-") {
    open.license_document = given;
  } else {
    open.license_file = license_file;
  }
  if (options_.product_file == "-") {
    open.embedded_product = given;
  } else {
    open.product_file = find_product_file(options_.product_file, !open.embedded_product.empty());
  }
  if (!options_.release_date.empty()) {
    auto date = parse_time(options_.release_date);
    if (!date) return error(date.error().code, "--release-date: " + date.error().message, date.error().hint);
    open.release_date = *date;
  }
  if (open.embedded_product.empty() && open.product_file.empty())
    return error(Errc::not_found, "no product file found: licctl does not know which product to look after",
                 "get product.json from the vendor and name it by --product-file or $LICCTL_PRODUCT, or put it beside "
                 "licctl or at /etc/licctl/product.json");
  auto manager = LicenseManager::open(open);
  if (manager) log_info("product " + manager->product().id + ", state in " + manager->state_dir());
  return manager;
}

}  // namespace lic::app
