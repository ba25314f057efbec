#pragma once

#include <memory>
#include <type_traits>
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
  requires(!std::is_same_v<std::remove_cvref_t<Work>, FunctionRef>) FunctionRef(Work&& work)
  noexcept  // NOLINT(google-explicit-constructor, bugprone-forwarding-reference-overload)
      : work_(const_cast<void*>(static_cast<const void*>(std::addressof(work)))),
        call_([](void* object, Arguments... arguments) -> R {
          return (*static_cast<std::remove_reference_t<Work>*>(object))(std::forward<Arguments>(arguments)...);
        }) {}

  R operator()(Arguments... arguments) const { return call_(work_, std::forward<Arguments>(arguments)...); }

 private:
  void* work_;
  R (*call_)(void* object, Arguments... arguments);
};

}  // namespace lic
