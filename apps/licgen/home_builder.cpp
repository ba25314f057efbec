#include "licgen/home_builder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::app {
namespace {

constexpr std::string_view kStagingPrefix = ".init-";

bool is_there(const Path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

bool is_staging(const Path& path) { return path.filename().native().starts_with(kStagingPrefix); }

/// Whether nothing is in the directory but what an interrupted init has left.
Result<bool> is_unused(const Path& directory) {
  std::error_code fault;
  for (std::filesystem::directory_iterator it(directory, fault), end; !fault && it != end; it.increment(fault))
    if (!is_staging(it->path())) return false;
  if (fault) return system_error(fault.value(), "cannot read directory", directory);
  return true;
}

void remove_leftovers(const Path& directory) {
  std::error_code ignored;  // what cannot be removed is harmless
  std::vector<Path> leftovers;
  for (std::filesystem::directory_iterator it(directory, ignored), end; !ignored && it != end; it.increment(ignored))
    if (is_staging(it->path())) leftovers.push_back(it->path());
  for (const auto& leftover : leftovers) std::filesystem::remove_all(leftover, ignored);
}

Result<Path> make_staging_in(const Path& directory, std::string_view prefix) {
  std::string name = (directory / concat(prefix, "XXXXXX")).native();
  if (::mkdtemp(name.data()) == nullptr) return system_error(errno, "cannot write to directory", directory);
  return Path(name);
}

Result<void> sync_directory(const Path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error(errno, "cannot open directory", path);
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return system_error(errno, "cannot sync directory", path);
  return {};
}

Path directory_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

}  // namespace

Result<void> check_no_home(const HomePlaces& places) {
  if (!places.ledger.empty() && is_there(places.ledger))
    return error(Errc::conflict, concat("there is a ledger already: ", in_quotes(places.ledger.native())),
                 "name another home with --home or $LICGEN_HOME; to change plans, licgen catalog import");
  if (is_there(places.keys()))
    return error(Errc::conflict,
                 concat("there are keys in ", in_quotes(places.keys().native()),
                        " without a ledger: an interrupted init, or a home whose ledger was moved away"),
                 "put the ledger back, or move keys/ away if no license was ever signed with them, and try again");
  return {};
}

Result<HomeBuilder> HomeBuilder::begin(const HomePlaces& places) {
  HomeBuilder builder(places);
  LIC_TRY(builder.take_directory());
  LIC_TRY(check_no_home(places));
  remove_leftovers(places.home);
  LIC_TRY(builder.make_staging());
  return builder;
}

HomeBuilder::HomeBuilder(HomeBuilder&& other) noexcept
    : places_(std::move(other.places_)),
      lock_(std::move(other.lock_)),
      made_home_(other.made_home_),
      active_(std::exchange(other.active_, false)),
      staging_(std::move(other.staging_)),
      ledger_staging_(std::move(other.ledger_staging_)) {}

HomeBuilder::~HomeBuilder() {
  if (!active_) return;
  std::error_code ignored;
  if (!staging_.empty()) std::filesystem::remove_all(staging_, ignored);
  if (!ledger_staging_.empty() && ledger_staging_ != staging_) std::filesystem::remove_all(ledger_staging_, ignored);
  if (made_home_) ::rmdir(places_.home.c_str());
}

Result<void> HomeBuilder::take_directory() {
  const Path& home = places_.home;
  const bool is_new = !is_there(home);
  LIC_TRY(make_private_directory(home));
  lock_ = Fd(::open(home.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock_) return system_error(errno, "cannot open directory", home);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return error(Errc::unavailable, concat("another licgen init is at work in ", in_quotes(home.native())));
  made_home_ = is_new;  // only now: another that lost the race must leave it alone

  struct stat info {};
  if (::fstat(lock_.get(), &info) != 0) return system_error(errno, "cannot examine directory", home);
  if (info.st_uid != ::geteuid())
    return error(Errc::denied,
                 concat("directory ", in_quotes(home.native()), " belongs to another user (uid ", info.st_uid, ")"));
  if ((info.st_mode & 077) == 0) return {};
  LIC_TRY_ASSIGN(const bool unused, is_unused(home));
  if (!unused && !is_there(places_.keys()) && (places_.ledger.empty() || !is_there(places_.ledger)))
    return error(Errc::conflict, concat("directory ", in_quotes(home.native()), " is in use and others may enter it"),
                 "name a directory of its own, or chmod 700 this one");
  if (unused && ::fchmod(lock_.get(), 0700) != 0) return system_error(errno, "cannot set the permissions of", home);
  return {};
}

Result<void> HomeBuilder::make_staging() {
  LIC_TRY_ASSIGN(staging_, make_staging_in(places_.home, kStagingPrefix));
  LIC_TRY(make_private_directory(staged_keys()));
  if (places_.ledger.empty()) return {};
  const Path beside = directory_of(places_.ledger);
  std::error_code unknown;
  if (std::filesystem::equivalent(beside, places_.home, unknown)) {
    ledger_staging_ = staging_;
    return {};
  }
  LIC_TRY_ASSIGN(ledger_staging_, make_staging_in(beside, ".licgen-init-"));
  return {};
}

Result<void> HomeBuilder::publish_keys() {
  const Path keys = places_.keys();
  if (is_there(keys)) return check_no_home(places_);
  LIC_TRY(sync_directory(staged_keys()));
  if (::rename(staged_keys().c_str(), keys.c_str()) != 0) return system_error(errno, "cannot make", keys);
  return {};
}

Result<void> HomeBuilder::publish_with(const std::function<Result<void>()>& commit) {
  LIC_TRY(publish_keys());
  Result<void> result = sync_directory(places_.home);
  if (result) result = commit();
  if (!result && result.error().code != Errc::failure) {
    ::rename(places_.keys().c_str(), staged_keys().c_str());
    return result;
  }
  made_home_ = false;
  return result;
}

Result<void> HomeBuilder::publish() {
  LIC_TRY(publish_keys());
  const Path keys = places_.keys();
  Result<void> result = sync_directory(places_.home);
  // link() fails where the name is taken; rename() would replace another's ledger.
  if (result && ::link(staged_ledger().c_str(), places_.ledger.c_str()) != 0)
    result =
        errno == EEXIST ? check_no_home(places_) : Result<void>(system_error(errno, "cannot make", places_.ledger));
  if (!result) {
    ::rename(keys.c_str(), staged_keys().c_str());
    return result;
  }
  made_home_ = false;
  return sync_directory(directory_of(places_.ledger));
}

}  // namespace lic::app
