// An application that trusts exactly its vendor (docs/embedding.md, "Compiling the product in").

#include <iostream>
#include <lic/lic.hpp>

#include "lic_product.h"

int main() {
  const auto manager = lic::LicenseManager::open({.embedded_product = lic_product});
  if (!manager) {
    std::cerr << "licensing: " << manager.error().message << '\n';
    return 1;
  }
  const lic::Decision decision = manager->decision();
  std::cout << manager->product().name << ": " << lic::token(decision.reason) << '\n';
  return decision.allowed() ? 0 : 10;
}
