#include "fuzz/fuzz.hpp"
#include "license/catalog.hpp"
#include "license/key.hpp"

using namespace lic;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto catalog = Catalog::parse(view_text({data, size}), "catalogue");
  if (!catalog) {
    fuzz::require_message(catalog.error());
    return 0;
  }
  require(is_key_part(catalog->key_prefix), "the key prefix can stand in a key");
  require(catalog->app.find('/') == std::string::npos && !catalog->app.starts_with('.'), "the app names a directory");
  for (const Plan& plan : catalog->plans) {
    require(catalog->find_plan(plan.id) == &plan, "a plan is found by its id, which no other has");
    require(is_key_part(plan.code), "a plan's code can stand in a key");
    const auto end = plan_end(plan, Time{});
    if (end) require(*end > Time{}, "a plan lasts for some time");
    require(plan.seats >= 1, "a plan has a seat");
  }
  return 0;
}
