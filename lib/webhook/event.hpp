#pragma once

/// What happens in the ledger, as webhooks are told (docs/webhooks.md).

#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"

namespace lic::webhook {

/// An action of the history by the name that receivers know it by: "revoke", "license.revoked".
struct EventType {
  std::string_view action;
  std::string_view name;
};

/// All that licgen and the server write, sorted by their subjects.
[[nodiscard]] const std::vector<EventType>& event_types();

/// "license.revoked"; of an action that is not in the table (a newer licgen wrote it) "ledger." and the action.
[[nodiscard]] std::string type_of(std::string_view action);

/// The actions that a choice names: a type, or all of a subject by "license.*". Errors: invalid_input (none such).
[[nodiscard]] Result<std::vector<std::string>> actions_of(std::string_view choice);

/// What one delivery says.
struct Message {
  std::string id;    ///< the same at each attempt, and of no other event
  std::string body;  ///< JSON
};

/// Of an event in the ledger of that product. No license key is in it.
[[nodiscard]] Message message_of(const DueEvent& event, std::string_view product);

/// One that is sent by hand, to see whether it arrives.
[[nodiscard]] Message test_message(std::string_view product, Time now);

}  // namespace lic::webhook
