#pragma once

/// Usage statements that come by hand on their way into the ledger (docs/formats.md, 14).

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "desk/desk.hpp"
#include "desk/usage_intake.hpp"
#include "protocol/usage_statement.hpp"

namespace lic {

/// What is wanted of a device that states its usage for the first time.
struct UsageRules {
  std::vector<std::string> expected_keys;  ///< beginnings of the ids of keys; empty: any will do
  bool new_key = false;                    ///< also another key of a machine that had one
  bool any_machine = false;                ///< also a machine that the license is not for
};

/// A statement whose device has signed it.
struct IncomingUsage {
  std::string what;  ///< begins messages: "usage statement 'a.json'"
  std::string file;  ///< where it came from
  UsageStatement statement;
  std::string document;  ///< compact
};

/// Errors: those of UsageStatement::open().
[[nodiscard]] Result<IncomingUsage> read_usage_statement(std::string_view text, std::string file, std::string what);

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
  int code = 0;             ///< of a refusal (base/codes.hpp)
  std::string message;      ///< of a refusal; of one that is known, since when
  std::string hint;
};

/// One that could not be read.
[[nodiscard]] UsageVerdict refused_usage(std::string file, const Error& fault);

/// Takes statements, sorted into their chains; one that is refused is a verdict, and so are those after it in its
/// chain. Errors: those of the ledger.
[[nodiscard]] Result<std::vector<UsageVerdict>> import_usage(Transaction& transaction, const Desk& desk,
                                                             const ProductFile& product, const UsageRules& rules,
                                                             std::vector<IncomingUsage> statements);

[[nodiscard]] std::int64_t count_of(const std::vector<UsageVerdict>& verdicts, UsageCame came);

/// An element of `statements` in --json, without `file` and `error`.
[[nodiscard]] nlohmann::ordered_json usage_verdict_json(const UsageVerdict& verdict);

}  // namespace lic
