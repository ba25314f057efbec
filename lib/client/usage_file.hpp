#pragma once

/// usage_data.json (docs/formats.md, 12): what was used, readable and sealed as the state is.

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "client/sealed_box.hpp"
#include "client/state.hpp"
#include "policy/usage.hpp"

namespace lic {

/// A book as both sealed boxes hold it.
[[nodiscard]] json::Value book_json(const UsageBook& book);
/// Faults for what no book of ours has.
[[nodiscard]] UsageBook read_book(json::Reader reader);

struct LoadedUsage {
  BoxCondition condition = BoxCondition::damaged;
  UsageBook book;  ///< empty unless intact or edited
};

[[nodiscard]] std::string encode_usage(const UsageBook& book, Time now, const SecretBytes& secret,
                                       const MachineIdentity& machine, std::string_view product,
                                       std::string_view keyring_name = {});
/// One of another product is damaged.
[[nodiscard]] LoadedUsage decode_usage(std::string_view text, const SecretSource& secret_of,
                                       const MachineIdentity& machine, std::string_view product);

}  // namespace lic
