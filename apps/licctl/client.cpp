#include "licctl/client.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/result.hpp"
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

}  // namespace

Result<LicenseManager> Client::open() const { return open_with(options_.license_file); }
Result<LicenseManager> Client::open_state() const { return open_with({}); }

Result<LicenseManager> Client::open_with(const std::string& license_file) const {
  OpenOptions open;
  open.embedded_product = embedded_product();
  open.product_file = find_product_file(options_.product_file, !open.embedded_product.empty());
  open.state_dir = options_.state_dir;
  open.license_file = license_file;
  if (open.embedded_product.empty() && open.product_file.empty())
    return error(Errc::not_found, "no product file found: licctl does not know which product to look after",
                 "get product.json from the vendor and name it by --product-file or $LICCTL_PRODUCT, or put it beside "
                 "licctl or at /etc/licctl/product.json");
  auto manager = LicenseManager::open(open);
  if (manager) log_info("product " + manager->product().id + ", state in " + manager->state_dir());
  return manager;
}

}  // namespace lic::app
