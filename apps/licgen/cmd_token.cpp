#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/json_text.hpp"
#include "desk/tokens.hpp"
#include "licgen/commands.hpp"
#include "licgen/option_values.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

struct CreateTokenOptions {
  std::string name;
  std::vector<std::string> scopes;
  std::string expires = "90d";
};

struct ListTokensOptions {};

struct RevokeTokenOptions {
  std::string token;
  std::optional<std::string> reason;
};

std::string scope_words() {
  std::string words;
  for (const TokenScope scope : token_scopes()) words += concat(words.empty() ? "" : "|", token(scope));
  return words;
}

void set_up_create_token(CLI::App& app, CreateTokenOptions& options) {
  add_option(app, "--name", options.name, "Who or what will use it; in the history it is the actor token:NAME")
      .type_name("NAME")
      .required();
  add_list(
      app, "--scope", options.scopes,
      "What it may do: look at licenses; issue; renew, change, suspend, transfer and free seats; revoke; all of these")
      .type_name(scope_words())
      .required();
  add_option(app, "--expires", options.expires,
             "Until when it holds: a duration, a date or a time (UTC), at most a year (default: 90d)")
      .type_name("DURATION|DATE");
}

void set_up_list_tokens(CLI::App&, ListTokensOptions&) {}

void set_up_revoke_token(CLI::App& app, RevokeTokenOptions& options) {
  add_option(app, "TOKEN", options.token, "Name or id of the token").required();
  add_text(app, "--reason", options.reason, "REASON", "Why: kept in the history");
}

Result<std::vector<TokenScope>> read_scopes(const std::vector<std::string>& words) {
  std::vector<TokenScope> scopes;
  for (const std::string& word : words) {
    const auto scope = parse_token_scope(word);
    if (!scope)
      return error(Errc::usage, concat("--scope: ", in_quotes(word), " is none of ", scope_words()),
                   "give --scope once for each");
    scopes.push_back(*scope);
  }
  return scopes;
}

std::string scopes_text(const TokenRecord& record) {
  std::string text;
  for (const TokenScope scope : record.scopes) text += concat(text.empty() ? "" : ", ", token(scope));
  return text;
}

std::string_view state_of(const TokenRecord& record, Time now) {
  if (record.revoked_at) return "revoked";
  return record.holds(now) ? "valid" : "expired";
}

Json record_json(const TokenRecord& record, Time now) {
  Json out = {{"id", record.id}, {"name", record.name}, {"scopes", Json::array()}};
  for (const TokenScope scope : record.scopes) out["scopes"].push_back(token(scope));
  out["state"] = state_of(record, now);
  out["created_at"] = format_time(record.created_at);
  out["expires_at"] = format_time(record.expires_at);
  out["revoked_at"] = time_or_null(record.revoked_at);
  out["used_at"] = time_or_null(record.used_at);
  return out;
}

Result<void> create_token(const CreateTokenOptions& options, Vendor& vendor) {
  LIC_TRY(check_given("--name", options.name));
  TokenRequest request{options.name, {}, {}};
  LIC_TRY_ASSIGN(request.scopes, read_scopes(options.scopes));
  LIC_TRY_ASSIGN(request.expires_at, read_moment("--expires", options.expires, vendor.now()));
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const auto transaction, desk.ledger.begin());
  LIC_TRY_ASSIGN(const NewToken made, lic::create_token(*transaction, desk, request));
  LIC_TRY(transaction->commit());
  Output& output = vendor.output();
  if (output.json()) {
    Json document = {{"token", made.text}};
    document.update(record_json(made.record, vendor.now()));
    output.line(json_text(document));
  } else {
    output.line(made.text);
  }
  output.note(concat("token ", printable(made.record.name), ", id ", made.record.id, ", may ", scopes_text(made.record),
                     " until ", format_time(made.record.expires_at)));
  output.note("it is a secret, and shown this once: the ledger has its hash alone");
  return {};
}

Result<void> list_tokens(const ListTokensOptions&, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto records, ledger->tokens());
  Output& output = vendor.output();
  if (output.json()) {
    Json document = {{"tokens", Json::array()}};
    for (const TokenRecord& record : records) document["tokens"].push_back(record_json(record, vendor.now()));
    output.line(json_text(document));
    return {};
  }
  Table table({{"ID"}, {"NAME", false, 40}, {"SCOPES", false, 40}, {"STATE"}, {"CREATED"}, {"EXPIRES"}, {"LAST USED"}});
  for (const TokenRecord& record : records)
    table.add({record.id, record.name, scopes_text(record), std::string(state_of(record, vendor.now())),
               format_date(record.created_at), format_date(record.expires_at),
               record.used_at ? format_time(*record.used_at) : "never"});
  if (table.empty()) {
    output.note("there is no token: licgen token create makes one");
    return {};
  }
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
  return {};
}

Result<void> revoke_token(const RevokeTokenOptions& options, Vendor& vendor) {
  LIC_TRY(check_given("TOKEN", options.token));
  if (options.reason) LIC_TRY(check_given("--reason", *options.reason));
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const auto transaction, desk.ledger.begin());
  LIC_TRY_ASSIGN(const RevokedToken revoked,
                 lic::revoke_token(*transaction, desk, options.token, options.reason.value_or("")));
  LIC_TRY(transaction->commit());
  const TokenRecord& record = revoked.record;
  Output& output = vendor.output();
  if (output.json()) {
    const Json document = {{"id", record.id},
                           {"name", record.name},
                           {"revoked_at", time_or_null(record.revoked_at)},
                           {"changed", revoked.changed}};
    output.line(json_text(document));
  } else {
    output.line(concat(printable(record.name), ' ', record.id, revoked.changed ? " revoked" : " already revoked on ",
                       revoked.changed ? std::string() : format_date(*record.revoked_at)));
  }
  return {};
}

int run_create(const CreateTokenOptions& options, Vendor& vendor) {
  return conclude(vendor, create_token(options, vendor));
}
int run_list(const ListTokensOptions& options, Vendor& vendor) {
  return conclude(vendor, list_tokens(options, vendor));
}
int run_revoke(const RevokeTokenOptions& options, Vendor& vendor) {
  return conclude(vendor, revoke_token(options, vendor));
}

}  // namespace

Command<Vendor> token_create_command() {
  return make_command("token create", "Make a token for the vendor API of licgen serve, and print it: once",
                      {"licgen token create --name shop --scope issue --scope read",
                       "licgen token create --name support --scope read --scope change --expires 30d"},
                      set_up_create_token, run_create);
}

Command<Vendor> token_list_command() {
  return make_command("token list", "List the tokens of the vendor API",
                      {"licgen token list", "licgen token list --json"}, set_up_list_tokens, run_list);
}

Command<Vendor> token_revoke_command() {
  return make_command("token revoke", "Revoke a token for good",
                      {"licgen token revoke shop", "licgen token revoke 01KC3D5Z8Q4N7W2V6B9M1X0RTA --reason leaked"},
                      set_up_revoke_token, run_revoke);
}

}  // namespace lic::app
