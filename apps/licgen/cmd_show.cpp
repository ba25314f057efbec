#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/license_json.hpp"
#include "desk/seats.hpp"
#include "issue/lifecycle.hpp"
#include "licgen/commands.hpp"
#include "licgen/product_document.hpp"
#include "licgen/summary_text.hpp"
#include "licgen/usage_text.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

struct ShowOptions {
  std::string key;
};

void set_up_show(CLI::App& app, ShowOptions& options) { add_option(app, "KEY", options.key, "License key").required(); }

std::string when(const std::optional<Time>& time) { return time ? format_time(*time) : "never"; }

/// Lines of a name and a value, the foreign text of which is escaped.
class Fields {
 public:
  void add(std::string_view name, std::string_view value) {
    constexpr std::size_t kNameWidth = 14;
    std::string padded(name);
    padded.resize(std::max(kNameWidth, padded.size() + 1), ' ');
    text_ += concat(padded, printable(value), '\n');
  }
  void add_if(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, value);
  }
  void head(std::string_view title) { text_ += concat('\n', title, '\n'); }
  void item(std::string_view text) { text_ += concat("  ", printable(text), '\n'); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

void add_terms(Fields& fields, const Terms& terms) {
  fields.add("id", concat(terms.id, ", serial ", terms.serial));
  fields.add("plan", concat(terms.plan, " (", token(terms.kind), ")"));
  fields.add("customer", terms.customer.name);
  fields.add_if("e-mail", terms.customer.email);
  fields.add("issued", format_time(terms.issued_at));
  fields.add("starts", format_time(terms.starts_at));
  fields.add("ends", when(terms.expires_at));
  if (terms.expires_at && terms.grace_days > 0) fields.add("grace", concat(terms.grace_days, " days"));
  if (terms.maintenance_until) fields.add("maintenance", concat("until ", format_time(*terms.maintenance_until)));
  fields.add("seats", concat(terms.seats));
  fields.add("machines", terms.machines.empty() ? "any" : concat(seat_holders(terms).size(), " named"));
  if (!terms.allows_virtual) fields.add("virtual", "no: not in virtual machines and containers");
  if (terms.fresh_revocations) fields.add("revocations", "counts only where a fresh list is known");
  if (terms.floating) fields.add("floating", floating_words(*terms.floating));
  if (terms.transfers) fields.add("transfers", transfer_words(*terms.transfers));
  fields.add_if("order", terms.order);
}

/// " (serial 3, order PO-77)", as far as the entry says.
std::string serial_text(const HistoryEntry& entry) {
  const Json detail = entry.detail.empty() ? Json() : json_if_any(entry.detail);
  if (!detail.is_object() || !detail.contains("serial") || !detail["serial"].is_number_integer()) return {};
  const bool ordered = detail.contains("order") && detail["order"].is_string();
  return concat(" (serial ", detail["serial"].get<std::int64_t>(),
                ordered ? concat(", order ", detail["order"].get<std::string>()) : std::string(), ")");
}

void add_activations(Fields& fields, const std::vector<Activation>& activations) {
  std::vector<std::string> machines;
  for (const auto& activation : activations) machines.push_back(activation.machine);
  machines = shortened(machines);
  bool any = false;
  for (std::size_t i = 0; i < activations.size(); ++i) {
    if (!activations[i].live()) continue;
    if (!any) fields.head("activations");
    any = true;
    fields.item(concat(format_time(activations[i].at), "  ", machines[i], " (serial ", activations[i].serial, ")"));
  }
}

void add_lists(Fields& fields, const Terms& terms, const std::vector<HistoryEntry>& history) {
  if (!terms.features.empty()) fields.head("features");
  for (const auto& [name, value] : terms.features) fields.item(concat(name, ": ", feature_text(value)));
  if (!terms.limits.empty()) fields.head("limits");
  for (const auto& [name, limit] : terms.limits) fields.item(concat(name, ": ", limit_words(limit)));
  if (!terms.metadata.empty()) fields.head("metadata");
  for (const auto& [name, value] : terms.metadata) fields.item(concat(name, ": ", value));
  fields.head("history");
  for (const auto& entry : history) {
    const std::string reason = entry.reason.empty() ? std::string() : concat(": ", entry.reason);
    fields.item(concat(format_time(entry.at), "  ", entry.action, serial_text(entry), " by ", entry.actor, reason));
  }
}

void print_license(const LicenseView& view, const Terms& terms, Output& output) {
  const LicenseSummary& license = view.record.summary;
  output.line(concat("key           ", output.styled(Style::bold, license.key)));
  output.line(concat("status        ", output.styled(style_of(license.status), token(license.status))));
  Fields fields;
  if (license.suspended_at) fields.add("suspended", concat("since ", format_time(*license.suspended_at)));
  if (license.revoked_at) fields.add("revoked", concat(format_time(*license.revoked_at), ": ", license.revoke_reason));
  add_terms(fields, terms);
  fields.add_if("batch", license.batch);
  fields.add_if("note", license.note);
  for (const auto& newest : view.usage) fields.add("usage", statement_text(newest));
  add_activations(fields, view.activations);
  add_lists(fields, terms, view.history);
  output.answer(fields.text());
}

Result<void> show(const ShowOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(options.key));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const LicenseView view, view_license(*ledger, key, vendor.now()));
  LIC_TRY_ASSIGN(const Terms terms, Terms::parse(view.payload, concat("the ledger's document of ", key.text())));
  if (vendor.output().json()) {
    vendor.output().line(json_text(license_json(view)));
  } else {
    print_license(view, terms, vendor.output());
  }
  return {};
}

int run_show(const ShowOptions& options, Vendor& vendor) { return conclude(vendor, show(options, vendor)); }

}  // namespace

Command<Vendor> show_command() {
  return make_command("show", "Show a license: terms, status and history",
                      {"licgen show TZ-PRO-7K3M-9QXA-R2VD-5R28", "licgen show tzpro7k3m9qxar2vd5r28 --json"},
                      set_up_show, run_show);
}

}  // namespace lic::app
