// A converter whose free tier has so many calls a day and few formats (docs/embedding.md).
// usage: convert PRODUCT_FILE FORMAT
//        convert PRODUCT_FILE --trial

#include <algorithm>
#include <iostream>
#include <lic/lic.hpp>
#include <string>
#include <string_view>

namespace {

int give_up(const lic::Error& error) {
  std::cerr << "licensing: " << error.message << '\n';
  if (!error.hint.empty()) std::cerr << "hint: " << error.hint << '\n';
  return 1;
}

int start_trial(lic::LicenseManager& license) {
  const auto trial = license.start_trial();
  if (!trial) return give_up(trial.error());
  std::cout << (trial->changed ? "the trial has begun\n" : "there is no other trial\n");
  return trial->changed ? 0 : 21;
}

bool may_write(const lic::LicenseManager& license, const std::string& format) {
  const lic::FeatureValue* value = license.feature_value("export-formats");
  const auto* formats = value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
  return formats != nullptr && std::find(formats->begin(), formats->end(), format) != formats->end();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string format = argv[2];
  auto license = lic::LicenseManager::open({.product_file = argv[1]});
  if (!license) return give_up(license.error());
  if (format == "--trial") return start_trial(*license);

  const std::string& shop = license->product().purchase_url;
  if (!may_write(*license, format)) {
    std::cout << format << " is not in your plan; " << shop << " has more\n";
    return 19;
  }
  const auto call = license->consume("api-calls");
  if (!call && call.error().code != lic::Errc::not_found) return give_up(call.error());
  if (call && !call->decision.allowed()) {
    std::cout << "no more calls today; " << shop << " has more\n";
    return 20;
  }
  std::cout << "converted to " << format;
  // Where the plan counts no calls, or has as many as one likes, nothing is left to tell.
  if (call && call->usage.left) std::cout << "; " << *call->usage.left << " calls are left today";
  std::cout << '\n';
  return 0;
}
