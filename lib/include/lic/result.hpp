#pragma once

/// Result<T>: a value or an Error, never both, never neither.
///
/// Member names are those of C++23's std::expected, so that this type can
/// become an alias of it. Nothing in liblic throws across its interface.

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace lic {

/// What went wrong, named for what the caller may do about it.
/// "Expired" and its like are not here: they are decisions, not errors.
enum class Errc {
  failure,        ///< could not tell: I/O, disk full, a fault of ours; try again or look at the machine
  usage,          ///< the call or the command line is wrong
  invalid_input,  ///< a key, file, catalogue, date or number is malformed
  not_found,      ///< no such license, plan or file
  conflict,       ///< exists already, or was done differently before
  denied,         ///< wrong passphrase, permission or owner
  unavailable,    ///< a lock, database or server could not be had in time; try later
  untrusted,      ///< bad signature, wrong key, role, product or document type
};

struct Error {
  Errc code = Errc::failure;
  std::string message;  ///< names the input at fault; lower case, no full stop, safe to print on a terminal
  std::string hint;     ///< the way out, or empty
};

/// A value of type T, or the Error that explains why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}        // NOLINT(google-explicit-constructor)
  Result(Error&& error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  Result(const Error& error) : state_(std::in_place_index<1>, error) {}        // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Precondition for the next five: has_value().
  [[nodiscard]] T& value() & noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const& noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& value() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T&& operator*() && noexcept { return std::move(*this).value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }

  template <class U>
  [[nodiscard]] T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

  /// Precondition: !has_value().
  [[nodiscard]] const Error& error() const& noexcept { return *std::get_if<1>(&state_); }
  [[nodiscard]] Error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error&& error) noexcept : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  Result(const Error& error) : error_(error) {}                 // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const noexcept {}

  /// Precondition: !has_value().
  [[nodiscard]] const Error& error() const& noexcept { return *error_; }
  [[nodiscard]] Error&& error() && noexcept { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace lic
