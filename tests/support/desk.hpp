#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "client/impl.hpp"
#include "support/catch.hpp"
#include "support/fake_machine.hpp"
#include "support/vendor.hpp"

namespace lic::test {

/// A user's machine: a home, hardware and a clock, with a product installed.
class Desk {
 public:
  explicit Desk(std::string_view product = "ticketzero", const char* number = "11") : vendor(catalog_text(product)) {
    fill(machine, number);
    install(vendor.product_file());
  }

  void install(std::string_view product_file) const { REQUIRE(write_file(product(), view_bytes(product_file))); }
  [[nodiscard]] Path product() const { return files / "product.json"; }
  [[nodiscard]] Path home() const { return files / "home"; }
  [[nodiscard]] Path state() const { return home() / concat('.', vendor.product().catalog().app) / "license"; }
  [[nodiscard]] Path data() const { return state() / "license_data.json"; }

  [[nodiscard]] Result<LicenseManager> try_open(OpenOptions options = {}) const {
    std::filesystem::create_directories(home());
    options.product_file = product().native();
    Environment environment{home(), machine.path(), [this] { return now; }, keyring};
    if (asks_files) environment.modified_at = modified_at;
    environment.ask = ask;
    auto impl = LicenseManager::Impl::open(options, std::move(environment));
    if (!impl) return Error(impl.error());
    return LicenseManager(std::move(impl).value());
  }
  [[nodiscard]] LicenseManager open(const OpenOptions& options = {}) const {
    auto manager = try_open(options);
    if (!manager) FAIL(manager.error().message);
    return std::move(manager).value();
  }
  [[nodiscard]] Reason reason() const { return open().decision().reason; }

  Result<Change> activate(std::string_view document) const {
    return open().activate_document(view_bytes(document), "license.json");
  }
  void must_activate(const Terms& terms) const {
    const auto change = activate(vendor.sign(terms));
    if (!change) FAIL(change.error().message);
    if (!change->changed) FAIL(change->message);
  }

  [[nodiscard]] std::string read_data() const {
    return to_text(read_file(data(), "state", {.limit = 1 << 20}).value());
  }
  void write_data(std::string_view text) const { REQUIRE(write_file(data(), view_bytes(text))); }
  [[nodiscard]] std::vector<std::string> set_aside() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(state()))
      if (entry.path().filename().native().find(".corrupt-") != std::string::npos)
        names.push_back(entry.path().filename().native());
    return names;
  }

  TestVendor vendor;
  FakeRoot machine;
  TemporaryDirectory files;
  std::shared_ptr<Keyring> keyring;
  Ask ask;  ///< a licensing server; none: nobody can be asked
  Time now = at("2026-12-01T12:00:00Z");
  bool asks_files = false;  ///< when they were written, though that is by another clock
};

}  // namespace lic::test
