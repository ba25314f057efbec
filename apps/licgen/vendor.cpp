#include "licgen/vendor.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/log.hpp"
#include "licgen/passphrase.hpp"

namespace lic::app {
namespace {

std::string login_name() {
  const struct passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? concat("uid:", ::geteuid()) : std::string(user->pw_name);
}

bool is_there(const Path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

/// Why there is no ledger at `ledger`, and what to do.
Error no_ledger(const Path& home, const Path& ledger) {
  struct stat info {};
  if (::stat(ledger.c_str(), &info) != 0 && errno != ENOENT && errno != ENOTDIR)
    return system_error(errno, "cannot look into the licgen home", ledger);
  if (is_there(home / "keys"))
    return error(
        Errc::not_found,
        concat("there are keys in ", in_quotes(home.native()), " but no ledger at ", in_quotes(ledger.native())),
        "put the ledger back, name it with --ledger, or move keys/ away and run licgen init");
  return error(Errc::not_found, concat("there is no licgen home in ", in_quotes(home.native())),
               "run licgen init --catalog FILE, or name the home with --home or $LICGEN_HOME");
}

}  // namespace

std::string key_file_name(std::string_view purpose, const KeyId& id) {
  return concat(purpose, '-', short_id(id), ".pem");
}

Vendor::Vendor(const VendorOptions& options, Output& output, Time now)
    : options_(options), output_(output), now_(now), actor_(options.as.empty() ? login_name() : options.as) {}

Result<Path> Vendor::home() const {
  if (!options_.home.empty()) return Path(options_.home);
  if (const char* named = std::getenv("LICGEN_HOME"); named != nullptr && *named != '\0') return Path(named);
  if (const char* user = std::getenv("HOME"); user != nullptr && *user != '\0') return Path(user) / ".licgen";
  return error(Errc::failure, "there is no $HOME to look for .licgen in", "name the home with --home or $LICGEN_HOME");
}

Result<Path> Vendor::keys_directory() const {
  LIC_TRY_ASSIGN(const Path directory, home());
  return directory / "keys";
}

Result<Path> Vendor::key_path(const KeyRecord& record) {
  LIC_TRY_ASSIGN(const Path keys, keys_directory());
  const Path named = keys / key_file_name(record.purpose, record.key.key.id());
  if (is_there(named)) return named;
  LIC_TRY_ASSIGN(Ledger * opened, ledger());
  LIC_TRY_ASSIGN(const std::vector<KeyRecord> records, opened->keys());
  const auto first = std::find_if(records.begin(), records.end(),
                                  [&](const KeyRecord& known) { return known.purpose == record.purpose; });
  const bool is_first = first != records.end() && first->key.key == record.key.key;
  return is_first ? keys / concat(record.purpose, ".pem") : named;
}

Result<LedgerAddress> Vendor::ledger_address() const {
  if (!options_.ledger_url.empty()) return LedgerAddress::parse(options_.ledger_url);
  LIC_TRY_ASSIGN(const Path directory, home());
  return LedgerAddress::of_file(directory / "ledger.db");
}

Result<Ledger*> Vendor::ledger() {
  if (ledger_) return ledger_.get();
  LIC_TRY_ASSIGN(const LedgerAddress address, ledger_address());
  if (address.is_file() && !is_there(address.path())) {
    LIC_TRY_ASSIGN(const Path directory, home());
    return no_ledger(directory, address.path());
  }
  LIC_TRY_ASSIGN(ledger_, open_ledger(address));
  log_info(concat("ledger ", address.name()));
  return ledger_.get();
}

Result<Desk> Vendor::desk() {
  LIC_TRY_ASSIGN(Ledger * opened, ledger());
  return Desk{*opened, now_, actor_};
}

Result<Catalog> Vendor::catalog() {
  LIC_TRY_ASSIGN(Ledger * opened, ledger());
  LIC_TRY_ASSIGN(const std::string text, opened->catalog());
  return Catalog::parse(text, "the ledger's catalogue");
}

Result<ProductFile> Vendor::product() {
  LIC_TRY_ASSIGN(Ledger * opened, ledger());
  LIC_TRY_ASSIGN(const std::string text, opened->product_file());
  return ProductFile::open(view_bytes(text), "the ledger's product file");
}

Result<CarriedProduct> Vendor::carried_product() {
  LIC_TRY_ASSIGN(Ledger * opened, ledger());
  return CarriedProduct::of(*opened);
}

Result<SecretBytes> Vendor::passphrase(std::string_view prompt) const {
  const auto find = [&]() -> Result<SecretBytes> {
    if (!options_.passphrase_file.empty()) return passphrase_from_file(options_.passphrase_file);
    if (options_.passphrase_fd) return passphrase_from_descriptor(static_cast<int>(*options_.passphrase_fd));
    LIC_TRY_ASSIGN(auto from_environment, passphrase_from_environment("LICGEN_PASSPHRASE"));
    if (from_environment) return *std::move(from_environment);
    return ask_passphrase(std::string(prompt));
  };
  if (!remembered_) {
    LIC_TRY_ASSIGN(remembered_, find());
  }
  return SecretBytes(remembered_->view());
}

Result<SecretBytes> Vendor::new_passphrase(std::string_view prompt) const {
  return is_given_passphrase() ? passphrase(prompt) : ask_new_passphrase(std::string(prompt));
}

bool Vendor::is_given_passphrase() const noexcept {
  return names_passphrase() || std::getenv("LICGEN_PASSPHRASE") != nullptr;
}

Result<KeyRecord> Vendor::current_key(std::string_view purpose) {
  LIC_TRY_ASSIGN(Ledger * opened, ledger());
  LIC_TRY_ASSIGN(const std::vector<KeyRecord> records, opened->keys());
  const auto newest = std::find_if(records.rbegin(), records.rend(),
                                   [&](const KeyRecord& record) { return record.purpose == purpose; });
  if (newest == records.rend()) return error(Errc::not_found, concat("the ledger knows no ", purpose, " key"));
  return *newest;
}

Result<SigningKey> Vendor::signing_key(const KeyRecord& record, const SecretBytes* given) {
  LIC_TRY_ASSIGN(const Path path, key_path(record));
  const auto source = [&]() -> Result<SecretBytes> {
    if (given != nullptr) return SecretBytes(given->view());
    return passphrase(concat("passphrase of the ", record.purpose, " key: "));
  };
  auto key = read_key_file(path, source, record.key.key.id());
  if (!key && key.error().code == Errc::not_found && !is_there(path)) {
    Error fault = key.error();
    fault.hint = concat("put the ", record.purpose, " key where it is looked for, then try again");
    return fault;
  }
  if (key) log_info(concat(record.purpose, " key ", record.key.key.id().hex(), " unlocked"));
  return key;
}

}  // namespace lic::app
