#pragma once

#include <filesystem>

#include "client/c_api.hpp"
#include "support/desk.hpp"

namespace lic::test {

/// A handle on what a Desk has installed.
class Handle {
 public:
  explicit Handle(const Desk& desk, const OpenOptions& given = {}) {
    std::filesystem::create_directories(desk.home());
    OpenOptions options = given;
    options.product_file = desk.product().native();
    auto impl = LicenseManager::Impl::open(
        options, {desk.home(), desk.machine.path(), [&desk] { return desk.now; }, desk.keyring});
    if (!impl) FAIL(impl.error().message);
    manager_ = new lic_manager(std::move(impl).value());
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { close(); }

  int close() { return lic_close(&manager_); }
  operator lic_manager*() const { return manager_; }  // NOLINT(google-explicit-constructor): as C passes it

 private:
  lic_manager* manager_ = nullptr;
};

/// With a professional license: 15 clients, 5000 tickets a month.
class LicensedDesk : public Desk {
 public:
  LicensedDesk() { must_activate(vendor.terms("professional")); }
};

template <class Sized>
Sized sized() {
  Sized out{};
  out.size = sizeof out;
  return out;
}

}  // namespace lic::test
