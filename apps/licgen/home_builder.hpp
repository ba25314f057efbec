#pragma once

/// Makes the vendor's home so that it is there whole or not at all: everything
/// is built in HOME/.init-XXXXXX and moved into place, the ledger last, because
/// its presence is what makes a home.

#include <functional>
#include <memory>
#include <string>

#include "base/file.hpp"
#include "lic/result.hpp"

namespace lic::app {

struct HomePlaces {
  Path home;
  Path ledger;  ///< empty: it is in a database

  [[nodiscard]] Path keys() const { return home / "keys"; }
};

/// Errors: conflict, when there is a home already, or half of one.
[[nodiscard]] Result<void> check_no_home(const HomePlaces& places);

/// Destroyed without publish(), it removes all that it has made.
class HomeBuilder {
 public:
  /// Makes the home directory (0700) or takes an existing one, and removes what an
  /// interrupted init has left there. While the builder lives, no other can build
  /// in that directory.
  /// Errors: conflict (a home is there; a directory in use that others may enter),
  /// denied (another user's), unavailable (another init is at work), failure.
  static Result<HomeBuilder> begin(const HomePlaces& places);
  HomeBuilder(HomeBuilder&& other) noexcept;
  HomeBuilder& operator=(HomeBuilder&&) = delete;
  HomeBuilder(const HomeBuilder&) = delete;
  HomeBuilder& operator=(const HomeBuilder&) = delete;
  ~HomeBuilder();

  /// Where to put `<purpose>.pem` until publish().
  [[nodiscard]] Path staged_keys() const { return staging_ / "keys"; }
  /// Where to make the ledger until publish().
  [[nodiscard]] Path staged_ledger() const { return ledger_staging_ / places_.ledger.filename(); }

  /// Moves the keys, then the ledger, into place. The ledger must be closed.
  /// Errors: conflict (something has come there meanwhile), failure: nothing was made.
  [[nodiscard]] Result<void> publish();
  /// The same where the ledger is in a database: `commit` makes it. The keys stay where it is not known whether it has
  /// (Errc::failure). Errors: those of publish() and of `commit`.
  [[nodiscard]] Result<void> publish_with(const std::function<Result<void>()>& commit);

 private:
  explicit HomeBuilder(HomePlaces places) : places_(std::move(places)) {}

  Result<void> take_directory();
  Result<void> make_staging();
  Result<void> publish_keys();

  HomePlaces places_;
  Fd lock_;
  bool made_home_ = false;
  bool active_ = true;
  Path staging_;
  Path ledger_staging_;  // staging_, unless the ledger lies in another directory
};

}  // namespace lic::app
