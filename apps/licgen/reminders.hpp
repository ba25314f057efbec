#pragma once

/// Reminders of licenses that end: written to an mbox file or sent, each once.
///
/// A reminder is an entry "remind" in the history of its license. It is written to the file,
/// or accepted by the server, before it is recorded: killed in between, the next run makes
/// it again, with the same Message-ID, rather than lose it. Two runs never overlap.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lic/result.hpp"
#include "licgen/vendor.hpp"

namespace lic::app {

struct ReminderOptions {
  std::optional<std::string> mbox;
  bool force = false;
  std::optional<std::string> smtp;
  std::optional<std::string> password_file;
  std::optional<std::string> ca_file;
  bool plain = false;
  std::optional<std::string> template_place;
  std::optional<std::string> from;
  bool again = false;

  [[nodiscard]] bool wanted() const noexcept { return mbox || smtp; }
};

enum class ReminderResult {
  done,        ///< written or sent, and recorded
  before,      ///< in an earlier run
  no_address,  ///< the customer has none, or none that a message can be sent to
  refused,     ///< by the server, for good
  left,        ///< not tried: the run stopped before
};

/// "done", "before", "no-address", "refused", "left".
[[nodiscard]] std::string_view token(ReminderResult result) noexcept;

struct Reminder {
  LicenseSummary license;
  ReminderResult result = ReminderResult::left;
  std::string reason;  ///< of a refusal
};

/// Options that do not go together, before anything is done. Errors: usage.
[[nodiscard]] Result<void> check_reminder_options(const ReminderOptions& options, const Output& output);

/// Makes the reminders of these licenses, in their order, and notes in each what became
/// of it. `window` names the reminder: equal for equal --within.
/// Errors: invalid_input (template, sender), conflict (the file exists), unavailable and
/// denied (the mail server), failure; what was done until then is in `reminders`.
[[nodiscard]] Result<void> remind(std::vector<Reminder>& reminders, const std::string& window,
                                  const ReminderOptions& options, Vendor& vendor);

}  // namespace lic::app
