// An application that asks for its license (docs/embedding.md).

#include <iostream>
#include <lic/lic.hpp>
#include <string>

int main(int argc, char** argv) {
  const auto manager = lic::LicenseManager::open({.product_file = argc > 1 ? argv[1] : "product.json"});
  if (!manager) {
    std::cerr << "licensing: " << manager.error().message << '\n';
    return 1;
  }
  const lic::Status status = manager->status();
  for (const auto& warning : status.warnings) std::cerr << "licensing: " << warning << '\n';
  std::cout << manager->product().name << ": " << lic::token(status.decision.reason) << '\n';
  if (!status.decision.allowed()) std::cout << "to go on: " << status.next.action << ' ' << status.next.url << '\n';

  if (manager->check_feature("ai-ticket-processing").allowed()) std::cout << "ticket processing is on\n";
  for (const auto& [name, limit] : manager->limits())
    std::cout << name << ": " << (limit.max ? std::to_string(*limit.max) : "unlimited") << '\n';
  return status.decision.allowed() ? 0 : 10;
}
