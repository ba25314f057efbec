#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/json_text.hpp"
#include "desk/webhooks.hpp"
#include "licgen/commands.hpp"
#include "licgen/option_values.hpp"
#include "licgen/table.hpp"
#include "webhook/dispatcher.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kStates = {DeliveryState::pending, DeliveryState::delivered, DeliveryState::failed};
constexpr std::int64_t kMostListed = 10'000;
constexpr std::int64_t kMostEvent = 1'000'000'000'000;

struct AddWebhookOptions {
  WebhookRequest request;
};

struct ListWebhooksOptions {};

struct RemoveWebhookOptions {
  std::string webhook;
  std::optional<std::string> reason;
};

struct DeliveriesOptions {
  std::optional<std::string> webhook;
  std::optional<DeliveryState> state;
  std::optional<std::int64_t> limit;
};

struct ReplayOptions {
  std::string webhook;
  bool failed = false;
  std::vector<std::string> events;
  std::optional<std::string> since;
};

struct TestWebhookOptions {
  std::string webhook;
  std::optional<std::string> cacert;
};

struct DeliverOptions {
  std::optional<std::string> cacert;
};

void add_cacert(CLI::App& app, std::optional<std::string>& cacert) {
  add_text(app, "--cacert", cacert, "FILE", "Trust these authorities (PEM) in place of those of the system");
}

void set_up_add(CLI::App& app, AddWebhookOptions& options) {
  WebhookRequest& request = options.request;
  add_option(app, "--name", request.name, "Who is told").type_name("NAME").required();
  add_option(app, "--url", request.url, "Where: what happens is posted there").type_name("URL").required();
  add_list(app, "--event", request.events,
           "What is told, license.revoked for example, or license.* (default: all that happens)")
      .type_name("EVENT");
  add_flag(app, "--allow-plain-http", request.allow_plain_http, "Take an http:// address beyond this machine");
}

void set_up_list(CLI::App&, ListWebhooksOptions&) {}

void set_up_remove(CLI::App& app, RemoveWebhookOptions& options) {
  add_option(app, "WEBHOOK", options.webhook, "Name or id of the webhook").required();
  add_text(app, "--reason", options.reason, "REASON", "Why: kept in the history");
}

void set_up_deliveries(CLI::App& app, DeliveriesOptions& options) {
  add_text(app, "--webhook", options.webhook, "NAME", "Only of this webhook (name or id)");
  std::vector<std::string> words;
  for (const DeliveryState state : kStates) words.emplace_back(token(state));
  add_choice(
      app, "--state", words, [&options](std::size_t index) { options.state = kStates.at(index); }, "Only these");
  add_number(app, "--limit", options.limit, 1, kMostListed, "At most so many (default: 100)");
}

void set_up_replay(CLI::App& app, ReplayOptions& options) {
  add_option(app, "WEBHOOK", options.webhook, "Name or id of the webhook").required();
  add_flag(app, "--failed", options.failed, "All that was given up");
  add_list(app, "--event", options.events, "This event: its number, as licgen webhooks deliveries has it")
      .type_name("NUMBER");
  add_text(app, "--since", options.since, "DATE|TIME", "All events since then that the webhook is told");
}

void set_up_test(CLI::App& app, TestWebhookOptions& options) {
  add_option(app, "WEBHOOK", options.webhook, "Name or id of the webhook").required();
  add_cacert(app, options.cacert);
}

void set_up_deliver(CLI::App& app, DeliverOptions& options) { add_cacert(app, options.cacert); }

std::vector<std::string> event_names(const WebhookRecord& record) {
  std::vector<std::string> names;
  names.reserve(record.actions.size());
  for (const std::string& action : record.actions) names.push_back(webhook::type_of(action));
  return names;
}

Json record_json(const WebhookRecord& record) {
  Json out = {{"id", record.id}, {"name", record.name}, {"url", record.url}};
  out["events"] = record.actions.empty() ? Json(nullptr) : Json(event_names(record));
  out["created_at"] = format_time(record.created_at);
  out["removed_at"] = time_or_null(record.removed_at);
  return out;
}

std::string events_text(const WebhookRecord& record) {
  std::string text;
  for (const std::string& name : event_names(record)) text += concat(text.empty() ? "" : ", ", name);
  return text.empty() ? "all" : text;
}

Result<void> add(const AddWebhookOptions& options, Vendor& vendor) {
  LIC_TRY(check_given("--name", options.request.name));
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const auto transaction, desk.ledger.begin());
  LIC_TRY_ASSIGN(const WebhookRecord made, add_webhook(*transaction, desk, options.request));
  LIC_TRY(transaction->commit());
  Output& output = vendor.output();
  if (output.json()) {
    Json document = {{"secret", made.secret}};
    document.update(record_json(made));
    output.line(json_text(document));
  } else {
    output.line(made.secret);
  }
  output.note(concat("webhook ", printable(made.name), ", id ", made.id, ", is told: ", events_text(made)));
  output.note("this is its secret, by which the receiver knows that a delivery is genuine; it is shown this once");
  return {};
}

Result<void> list(const ListWebhooksOptions&, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto records, ledger->webhooks());
  LIC_TRY_ASSIGN(const auto waiting, ledger->waiting_webhooks());
  const auto due_at = [&](const WebhookRecord& record) {
    const auto found = std::find_if(waiting.begin(), waiting.end(),
                                    [&](const WaitingWebhook& one) { return one.webhook.id == record.id; });
    return found == waiting.end() ? std::nullopt : found->due_at;
  };
  Output& output = vendor.output();
  if (output.json()) {
    Json document = {{"webhooks", Json::array()}};
    for (const WebhookRecord& record : records) {
      document["webhooks"].push_back(record_json(record));
      document["webhooks"].back()["due_at"] = time_or_null(due_at(record));
    }
    output.line(json_text(document));
    return {};
  }
  Table table({{"ID"}, {"NAME", false, 30}, {"URL", false, 60}, {"EVENTS", false, 40}, {"STATE"}, {"NEXT DELIVERY"}});
  for (const WebhookRecord& record : records) {
    const auto next = due_at(record);
    table.add({record.id, record.name, record.url, events_text(record), record.removed_at ? "removed" : "in use",
               next ? format_time(*next) : "none"});
  }
  if (table.empty()) {
    output.note("there is no webhook: licgen webhooks add makes one");
    return {};
  }
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
  return {};
}

Result<void> remove(const RemoveWebhookOptions& options, Vendor& vendor) {
  LIC_TRY(check_given("WEBHOOK", options.webhook));
  if (options.reason) LIC_TRY(check_given("--reason", *options.reason));
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const auto transaction, desk.ledger.begin());
  LIC_TRY_ASSIGN(const RemovedWebhook removed,
                 remove_webhook(*transaction, desk, options.webhook, options.reason.value_or("")));
  LIC_TRY(transaction->commit());
  const WebhookRecord& record = removed.record;
  Output& output = vendor.output();
  if (output.json()) {
    const Json document = {{"id", record.id},
                           {"name", record.name},
                           {"removed_at", time_or_null(record.removed_at)},
                           {"changed", removed.changed}};
    output.line(json_text(document));
  } else {
    output.line(concat(printable(record.name), ' ', record.id, removed.changed ? " removed" : " already removed on ",
                       removed.changed ? std::string() : format_date(*record.removed_at)));
  }
  return {};
}

Result<void> show_deliveries(const DeliveriesOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  DeliveryFilter filter;
  filter.limit = options.limit.value_or(filter.limit);
  LIC_TRY_ASSIGN(const auto records, ledger->webhooks());
  if (options.webhook) {
    LIC_TRY_ASSIGN(const WebhookRecord record, find_webhook(*ledger, *options.webhook, false));
    filter.webhook = record.id;
  }
  filter.state = options.state;
  LIC_TRY_ASSIGN(const auto found, ledger->deliveries(filter));
  const auto name_of = [&](const std::string& id) {
    const auto record =
        std::find_if(records.begin(), records.end(), [&](const WebhookRecord& one) { return one.id == id; });
    return record == records.end() ? id : record->name;
  };
  Output& output = vendor.output();
  if (output.json()) {
    Json document = {{"deliveries", Json::array()}};
    for (const Delivery& one : found)
      document["deliveries"].push_back({{"event", one.event},
                                        {"type", webhook::type_of(one.action)},
                                        {"webhook", one.webhook},
                                        {"name", name_of(one.webhook)},
                                        {"state", token(one.state)},
                                        {"attempts", one.attempts},
                                        {"status", one.status == 0 ? Json(nullptr) : Json(one.status)},
                                        {"trouble", text_or_null(one.trouble)},
                                        {"tried_at", time_or_null(one.tried_at)},
                                        {"due_at", time_or_null(one.due_at)},
                                        {"ended_at", time_or_null(one.ended_at)}});
    output.line(json_text(document));
    return {};
  }
  Table table({{"EVENT", true},
               {"TYPE"},
               {"WEBHOOK", false, 30},
               {"STATE"},
               {"ATTEMPTS", true},
               {"LAST"},
               {"NEXT"},
               {"TROUBLE", false, 60}});
  for (const Delivery& one : found)
    table.add({concat(one.event), webhook::type_of(one.action), name_of(one.webhook), std::string(token(one.state)),
               concat(one.attempts), one.tried_at ? format_time(*one.tried_at) : "",
               one.due_at ? format_time(*one.due_at) : "", one.trouble});
  if (table.empty()) {
    output.note("no such delivery");
    return {};
  }
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
  return {};
}

Result<Replay> read_replay(const ReplayOptions& options) {
  if ((options.failed ? 1 : 0) + (options.events.empty() ? 0 : 1) + (options.since ? 1 : 0) != 1)
    return error(Errc::usage, "one of --failed, --event and --since tells what is sent again");
  Replay replay;
  replay.failed = options.failed;
  for (const std::string& text : options.events) {
    LIC_TRY_ASSIGN(const std::int64_t number, read_number("--event", text, 1, kMostEvent));
    if (std::find(replay.numbers.begin(), replay.numbers.end(), number) == replay.numbers.end())
      replay.numbers.push_back(number);
  }
  if (options.since) {
    LIC_TRY_ASSIGN(replay.since, read_date("--since", *options.since));
  }
  return replay;
}

Result<void> replay(const ReplayOptions& options, Vendor& vendor) {
  LIC_TRY(check_given("WEBHOOK", options.webhook));
  LIC_TRY_ASSIGN(const Replay what, read_replay(options));
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const auto transaction, desk.ledger.begin());
  LIC_TRY_ASSIGN(const WebhookRecord record, find_webhook(desk.ledger, options.webhook));
  LIC_TRY_ASSIGN(const std::int64_t count, transaction->replay(record.id, what, desk.now));
  LIC_TRY(transaction->commit());
  Output& output = vendor.output();
  if (output.json())
    output.line(json_text(Json{{"webhook", record.id}, {"name", record.name}, {"events", count}}));
  else
    output.line(concat(count, count == 1 ? " event is" : " events are", " in the outbox of ", printable(record.name)));
  output.note("licgen serve sends them, or licgen webhooks deliver");
  return {};
}

/// Errors: those of reading the file.
Result<webhook::SenderOptions> sender_options(const std::optional<std::string>& cacert) {
  webhook::SenderOptions options;
  if (!cacert) return options;
  LIC_TRY(check_readable("--cacert", *cacert));
  options.ca_file = *cacert;
  return options;
}

Result<std::string> product_name(Vendor& vendor) {
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  return product.catalog().id;
}

Result<void> test(const TestWebhookOptions& options, Vendor& vendor) {
  LIC_TRY(check_given("WEBHOOK", options.webhook));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const WebhookRecord record, find_webhook(*ledger, options.webhook));
  LIC_TRY_ASSIGN(const std::string product, product_name(vendor));
  const webhook::Message message = webhook::test_message(product, vendor.now());
  LIC_TRY_ASSIGN(webhook::Post post, webhook::post_of(record, message, vendor.now()));
  LIC_TRY_ASSIGN(const webhook::SenderOptions trust, sender_options(options.cacert));
  LIC_TRY_ASSIGN(const auto sender, webhook::make_sender(trust));
  const auto begun = std::chrono::steady_clock::now();
  sender->start(1, std::move(post));
  constexpr std::chrono::seconds kLonger{60};  // the post has its own patience
  const webhook::Answer answer = sender->wait(kLonger).front().second;
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count();
  const std::string trouble = webhook::trouble_of(answer);
  if (!trouble.empty())
    return error(Errc::unavailable,
                 concat("webhook ", in_quotes(record.name), " at ", in_quotes(record.url), ": ", trouble),
                 "a receiver answers 200 to 299 when it has the event");
  Output& output = vendor.output();
  if (output.json())
    output.line(json_text(Json{{"webhook", record.id},
                               {"name", record.name},
                               {"id", message.id},
                               {"status", answer.status},
                               {"milliseconds", took}}));
  else
    output.line(concat(printable(record.name), " answered ", answer.status, " after ", took, " ms"));
  return {};
}

/// When the next delivery of any webhook is due.
Result<std::optional<Time>> next_due(Ledger& ledger) {
  LIC_TRY_ASSIGN(const auto waiting, ledger.waiting_webhooks());
  std::optional<Time> next;
  for (const WaitingWebhook& one : waiting)
    if (one.due_at && (!next || *one.due_at < *next)) next = one.due_at;
  return next;
}

Result<void> deliver(const DeliverOptions& options, Vendor& vendor) {
  constexpr std::chrono::milliseconds kWait{250};
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(std::string product, product_name(vendor));
  LIC_TRY_ASSIGN(const webhook::SenderOptions trust, sender_options(options.cacert));
  Output& output = vendor.output();
  webhook::Dispatcher dispatcher(
      *ledger, std::move(product), system_now, [&] { return webhook::make_sender(trust); },
      [&](std::string_view message) { output.warn(message); }, webhook::Dispatcher::Patience::gives_up);
  do {
    LIC_TRY(dispatcher.step());
    dispatcher.wait(kWait);
  } while (dispatcher.is_running() || dispatcher.has_ended());
  const webhook::Tally& tally = dispatcher.tally();
  LIC_TRY_ASSIGN(const auto next, next_due(*ledger));
  if (output.json())
    output.line(json_text(Json{{"delivered", tally.delivered},
                               {"failed", tally.failed},
                               {"given_up", tally.given_up},
                               {"due_at", time_or_null(next)}}));
  else
    output.line(concat("delivered ", tally.delivered, ", failed ", tally.failed, ", given up ", tally.given_up,
                       next ? concat("; the next is due at ", format_time(*next)) : std::string()));
  if (tally.failed + tally.given_up == 0) return {};
  return error(Errc::unavailable, "not every webhook took what it was sent",
               "what failed is tried again by licgen serve, or by this command when it is due; licgen webhooks "
               "deliveries shows why");
}

int run_add(const AddWebhookOptions& options, Vendor& vendor) { return conclude(vendor, add(options, vendor)); }
int run_list(const ListWebhooksOptions& options, Vendor& vendor) { return conclude(vendor, list(options, vendor)); }
int run_remove(const RemoveWebhookOptions& options, Vendor& vendor) {
  return conclude(vendor, remove(options, vendor));
}
int run_deliveries(const DeliveriesOptions& options, Vendor& vendor) {
  return conclude(vendor, show_deliveries(options, vendor));
}
int run_replay(const ReplayOptions& options, Vendor& vendor) { return conclude(vendor, replay(options, vendor)); }
int run_test(const TestWebhookOptions& options, Vendor& vendor) { return conclude(vendor, test(options, vendor)); }
int run_deliver(const DeliverOptions& options, Vendor& vendor) { return conclude(vendor, deliver(options, vendor)); }

}  // namespace

Command<Vendor> webhooks_add_command() {
  return make_command("webhooks add", "Tell an address what happens in the ledger, and print the secret: once",
                      {"licgen webhooks add --name billing --url https://billing.example/licenses",
                       "licgen webhooks add --name crm --url https://crm.example/hook --event license.created "
                       "--event license.revoked"},
                      set_up_add, run_add);
}

Command<Vendor> webhooks_list_command() {
  return make_command("webhooks list", "List the webhooks", {"licgen webhooks list", "licgen webhooks list --json"},
                      set_up_list, run_list);
}

Command<Vendor> webhooks_remove_command() {
  return make_command("webhooks remove", "Tell a webhook nothing any more, for good",
                      {"licgen webhooks remove crm", "licgen webhooks remove crm --reason 'moved'"}, set_up_remove,
                      run_remove);
}

Command<Vendor> webhooks_deliveries_command() {
  return make_command("webhooks deliveries", "List what webhooks were told and are to be told, the newest first",
                      {"licgen webhooks deliveries --state failed", "licgen webhooks deliveries --webhook crm --json"},
                      set_up_deliveries, run_deliveries);
}

Command<Vendor> webhooks_replay_command() {
  return make_command("webhooks replay", "Tell a webhook again what it did not take, or what it lost",
                      {"licgen webhooks replay crm --failed", "licgen webhooks replay crm --event 4711",
                       "licgen webhooks replay crm --since 2027-01-31"},
                      set_up_replay, run_replay);
}

Command<Vendor> webhooks_test_command() {
  return make_command("webhooks test", "Send a webhook an event that means nothing, and show what it answers",
                      {"licgen webhooks test crm"}, set_up_test, run_test);
}

Command<Vendor> webhooks_deliver_command() {
  return make_command("webhooks deliver", "Send what is due, where no licgen serve does",
                      {"licgen webhooks deliver", "licgen webhooks deliver --json"}, set_up_deliver, run_deliver);
}

}  // namespace lic::app
