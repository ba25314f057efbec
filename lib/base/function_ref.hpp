#pragma once

#include <memory>
#include <utility>

namespace lic {

template <class Signature>
class FunctionRef;

/// What can be called, for as long as the call lasts that it is given to. Unlike std::function it owns nothing and
/// needs no type information, which in liblic was a fiftieth of the library.
template <class R, class... Arguments>
class FunctionRef<R(Arguments...)> {
 public:
  template <class Work>
  FunctionRef(const Work& work) noexcept  // NOLINT(google-explicit-constructor)
      : work_(std::addressof(work)), call_([](const void* object, Arguments... arguments) -> R {
          return (*static_cast<const Work*>(object))(std::forward<Arguments>(arguments)...);
        }) {}

  R operator()(Arguments... arguments) const { return call_(work_, std::forward<Arguments>(arguments)...); }

 private:
  const void* work_;
  R (*call_)(const void* object, Arguments... arguments);
};

}  // namespace lic
