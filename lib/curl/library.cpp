#include "curl/library.hpp"

#include <dlfcn.h>

#include "base/result.hpp"

namespace lic::curl {
namespace {

Result<Library> find() {
  void* handle = nullptr;
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
    handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) break;
  }
  bool whole = handle != nullptr;
  const auto look_up = [&](auto& function, const char* name) {
    if (whole) function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
    whole = whole && function != nullptr;
  };
  Library library;
  decltype(&::curl_global_init) global_init = nullptr;
  look_up(global_init, "curl_global_init");
  look_up(library.easy_init, "curl_easy_init");
  look_up(library.easy_setopt, "curl_easy_setopt");
  look_up(library.easy_getinfo, "curl_easy_getinfo");
  look_up(library.easy_perform, "curl_easy_perform");
  look_up(library.easy_cleanup, "curl_easy_cleanup");
  look_up(library.easy_strerror, "curl_easy_strerror");
  look_up(library.slist_append, "curl_slist_append");
  look_up(library.slist_free_all, "curl_slist_free_all");
  look_up(library.multi_init, "curl_multi_init");
  look_up(library.multi_cleanup, "curl_multi_cleanup");
  look_up(library.multi_add_handle, "curl_multi_add_handle");
  look_up(library.multi_remove_handle, "curl_multi_remove_handle");
  look_up(library.multi_perform, "curl_multi_perform");
  look_up(library.multi_poll, "curl_multi_poll");
  look_up(library.multi_info_read, "curl_multi_info_read");
  if (whole && global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) return library;
  return error(Errc::failure, "libcurl cannot be loaded", "install the package libcurl4");
}

}  // namespace

Result<const Library*> load() {
  static const Result<Library> found = find();
  if (!found) return found.error();
  return &*found;
}

}  // namespace lic::curl
