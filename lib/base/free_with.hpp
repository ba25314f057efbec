#pragma once

namespace lic {

/// The deleter of a C handle: `std::unique_ptr<BIO, FreeWith<BIO_free_all>>`.
template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* handle) const noexcept {
    static_cast<void>(Free(handle));
  }
};

}  // namespace lic
