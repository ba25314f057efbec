#include "client/server_library.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {
namespace {

std::shared_ptr<const Asked> cannot_be_loaded(std::string_view why) {
  return std::make_shared<const Asked>(
      Unanswered{error(Errc::failure, concat("the server cannot be asked: ", why),
                       "install liblic-http of the same version beside liblic, and libcurl (package libcurl4)")});
}

#ifndef LIC_STATIC_LIBRARY
constexpr std::string_view kName = "liblic-http.so." LIC_VERSION;

/// As the loader has it: beside the file that this is in, where there is one, and no other then.
void* load() {
  Dl_info here{};
  if (::dladdr(reinterpret_cast<const void*>(&load), &here) != 0 && here.dli_fname != nullptr) {
    const std::string_view ours(here.dli_fname);
    const std::string beside = concat(ours.substr(0, ours.rfind('/') + 1), kName);
    if (::access(beside.c_str(), F_OK) == 0) return ::dlopen(beside.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  return ::dlopen(std::string(kName).c_str(), RTLD_NOW | RTLD_LOCAL);
}
#endif

}  // namespace

std::shared_ptr<const Asked> ask_by_library(const ServerQuestion& question) {
#ifdef LIC_STATIC_LIBRARY
  static_cast<void>(question);
  return cannot_be_loaded("this program has liblic inside, and asks none");
#else
  void* const library = load();  // counted, and never given back: its own libraries have work to do at the end
  const auto ask = library == nullptr ? nullptr : reinterpret_cast<AskServer>(::dlsym(library, kAskServerName));
  if (ask == nullptr) {
    const char* const why = ::dlerror();
    return cannot_be_loaded(why == nullptr ? "liblic-http is not there" : printable(why));
  }
  std::shared_ptr<const Asked> asked;
  ask(&question, &asked);
  return asked;
#endif
}

}  // namespace lic
