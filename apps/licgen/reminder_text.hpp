#pragma once

/// What a customer is written when a license ends soon (docs/cli.md, licgen expiring).

#include <optional>
#include <string>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"
#include "license/catalog.hpp"
#include "mail/message.hpp"
#include "mail/template.hpp"

namespace lic::app {

/// A template that was read and checked, with the subject in it.
class ReminderText {
 public:
  /// `place`: a directory with `reminder.txt` and, if one is wanted, `reminder.html`; or one
  /// such text file; absent: our own words. Without HTML of its own a message gets some made
  /// of the text.
  /// Errors: those of read_file(); invalid_input (no subject, an unknown placeholder, a
  /// placeholder that the catalogue has no value for).
  static Result<ReminderText> read(const std::optional<std::string>& place, const Catalog& catalog);

  /// Subject, text and HTML of the message to the license's customer, and to whom it goes.
  /// Precondition: the license ends.
  [[nodiscard]] mail::Message write(const LicenseSummary& license, Time now) const;

 private:
  ReminderText(mail::Template subject, mail::Template text, std::optional<mail::Template> html, Catalog catalog)
      : subject_(std::move(subject)), text_(std::move(text)), html_(std::move(html)), catalog_(std::move(catalog)) {}

  mail::Template subject_;
  mail::Template text_;
  std::optional<mail::Template> html_;
  Catalog catalog_;
};

/// Whole days from `now` until `end`, rounded down.
[[nodiscard]] std::int64_t days_until(Time end, Time now);

}  // namespace lic::app
