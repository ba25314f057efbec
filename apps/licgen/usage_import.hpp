#pragma once

/// Usage statements on their way into the ledger (docs/formats.md, 14).

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/exit_codes.hpp"
#include "licgen/vendor.hpp"
#include "protocol/usage_statement.hpp"
#include "server/usage_intake.hpp"

namespace lic::app {

struct UsageImportOptions {
  std::vector<std::string> files;
  std::vector<std::string> expected_keys;
  bool new_key = false;
  bool any_machine = false;
};

/// A statement whose device has signed it.
struct IncomingUsage {
  std::string what;  ///< begins messages: "usage statement 'a.json'"
  std::string file;
  UsageStatement statement;
  std::string document;  ///< compact
};

enum class UsageCame { imported, known, refused };
[[nodiscard]] std::string_view token(UsageCame came) noexcept;

/// What came of one statement.
struct UsageVerdict {
  std::string file;
  std::string key;       ///< of the license; empty: it could not be read
  std::string device;    ///< id of the device's key
  std::string machine;   ///< fingerprint
  std::int64_t seq = 0;  ///< 0: it could not be read
  Time from{};
  Time to{};
  UsageCame came = UsageCame::refused;
  bool new_device = false;  ///< its key was registered by this statement
  bool follows = false;     ///< refused because one before it was: nothing to tell of its own
  ExitCode code = ExitCode::ok;
  std::string message;  ///< of a refusal; of one that is known, since when
  std::string hint;
};

/// Takes statements one after the other in one transaction; those of a chain in their order.
class UsageImport {
 public:
  UsageImport(const UsageImportOptions& options, const ProductFile& product, Vendor& vendor, Ledger& ledger,
              Transaction& transaction)
      : options_(options), product_(product), vendor_(vendor), ledger_(ledger), transaction_(transaction) {}

  /// A statement that is refused is a verdict. Errors: those of the ledger.
  [[nodiscard]] Result<UsageVerdict> take(const IncomingUsage& incoming);

 private:
  struct Refusal {
    ExitCode code = ExitCode::ok;
    std::string message;
    std::string hint;
  };
  [[nodiscard]] Result<std::optional<Refusal>> refusal_of(const IncomingUsage& incoming, const LicenseRecord& record,
                                                          const UsagePlace& place) const;
  [[nodiscard]] Result<std::optional<Refusal>> refusal_of_new_device(const IncomingUsage& incoming,
                                                                     const LicenseRecord& record,
                                                                     const UsagePlace& place) const;

  const UsageImportOptions& options_;
  const ProductFile& product_;
  Vendor& vendor_;
  Ledger& ledger_;
  Transaction& transaction_;
  std::map<std::pair<std::string, std::string>, std::int64_t> blocked_;  ///< license and device: the one refused
};

}  // namespace lic::app
