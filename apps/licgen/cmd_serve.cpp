#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/log.hpp"
#include "common/options.hpp"
#include "issue/key_file.hpp"
#include "ledger/address.hpp"
#include "licgen/commands.hpp"
#include "licgen/option_values.hpp"
#include "server/http_server.hpp"
#include "webhook/background.hpp"

namespace lic::app {
namespace {

struct ServeOptions {
  std::string listen = "127.0.0.1:8090";
  std::optional<std::string> admin_listen;
  bool can_issue = false;
  std::optional<std::string> tls_cert;
  std::optional<std::string> tls_key;
  bool allow_plain_http = false;
  std::optional<std::string> lease_key;
  std::optional<std::string> revocations;
  std::string lease = "14d";
  std::string refresh = "1d";
  std::optional<std::int64_t> threads;
  std::optional<std::int64_t> address_limit;
  std::optional<std::int64_t> license_limit;
  std::optional<std::int64_t> token_limit;
  bool no_webhooks = false;
  std::optional<std::string> webhook_cacert;
  bool public_metrics = false;
  bool access_log = false;
  bool log_json = false;
};

constexpr std::int64_t kMostThreads = 64;
constexpr std::int64_t kMostLimit = 1'000'000;
constexpr std::chrono::seconds kServingPatience{5};  // the clients have theirs

void set_up_serve(CLI::App& app, ServeOptions& options) {
  add_option(app, "--listen", options.listen,
             "Address and port to listen on; port 0: one that is free (default: 127.0.0.1:8090)")
      .type_name("ADDRESS:PORT");
  add_text(app, "--admin-listen", options.admin_listen, "ADDRESS:PORT",
           "Address and port for the vendor API and /metrics, which are then answered there alone");
  add_flag(app, "--can-issue", options.can_issue,
           "Open the license key, so that the vendor API can issue and change licenses");
  add_text(app, "--tls-cert", options.tls_cert, "FILE", "Certificate and those that lead to its authority, PEM");
  add_text(app, "--tls-key", options.tls_key, "FILE", "Private key of the certificate, PEM")
      .needs(get_option(app, "--tls-cert"));
  get_option(app, "--tls-cert").needs(get_option(app, "--tls-key"));
  add_flag(app, "--allow-plain-http", options.allow_plain_http,
           "Serve without TLS beyond this machine: behind a proxy that has it");
  add_text(app, "--lease-key", options.lease_key, "FILE",
           "Private lease key (default: the newest of licgen keys delegate, in the home)");
  add_text(app, "--revocations", options.revocations, "FILE",
           "Revocation list to give out, as licgen revocations export wrote it");
  add_option(app, "--lease", options.lease,
             "How long a machine may go without asking before its seat is free (default: 14d)")
      .type_name("DURATION");
  add_option(app, "--refresh", options.refresh, "After what time a machine should ask (default: 1d)")
      .type_name("DURATION");
  add_number(app, "--threads", options.threads, 1, kMostThreads, "Threads that serve connections (default: 2)");
  add_number(app, "--address-limit", options.address_limit, 0, kMostLimit,
             "Requests a minute from one address; 0: no limit (default: 600)");
  add_number(app, "--license-limit", options.license_limit, 0, kMostLimit,
             "Requests a minute for one license; 0: no limit (default: 60)");
  add_number(app, "--token-limit", options.token_limit, 0, kMostLimit,
             "Requests a minute with one token of the vendor API; 0: no limit (default: 600)");
  add_flag(app, "--no-webhooks", options.no_webhooks,
           "Send no webhooks: another server or licgen webhooks deliver does");
  add_text(app, "--webhook-cacert", options.webhook_cacert, "FILE",
           "Trust these authorities (PEM) in the receivers of webhooks, in place of those of the system")
      .excludes(get_option(app, "--no-webhooks"));
  add_flag(app, "--public-metrics", options.public_metrics, "Show /metrics to others than this machine too");
  add_flag(app, "--access-log", options.access_log, "Log every request");
  add_flag(app, "--log-json", options.log_json, "Log one JSON object a line");
}

/// "127.0.0.1:8090", "[::1]:8090".
Result<HttpEndpoint> read_endpoint(std::string_view option, const std::string& text) {
  constexpr std::int64_t kMostPort = 65535;
  const std::size_t colon = text.rfind(':');
  std::string address = text.substr(0, colon);
  if (colon == std::string::npos)
    return error(Errc::usage, concat(option, ": ", in_quotes(text), " has no port"), "give ADDRESS:PORT");
  if (address.size() > 1 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  LIC_TRY_ASSIGN(const std::int64_t port, read_number(option, text.substr(colon + 1), 0, kMostPort));
  return HttpEndpoint{std::move(address), static_cast<std::uint16_t>(port), option};
}

/// Errors: usage (others could listen in).
Result<void> check_endpoint(const ServeOptions& options, const HttpEndpoint& endpoint) {
  LIC_TRY_ASSIGN(const bool here, is_loopback(endpoint.address));
  if (here || options.tls_cert || options.allow_plain_http) return {};
  return error(Errc::usage, concat("without TLS only this machine is served, and ", endpoint.address, " is for others"),
               "give --tls-cert and --tls-key, or --allow-plain-http behind a proxy that has TLS");
}

Result<HttpOptions> http_options(const ServeOptions& options) {
  HttpOptions http;
  LIC_TRY_ASSIGN(http.listen, read_endpoint("--listen", options.listen));
  LIC_TRY(check_endpoint(options, http.listen));
  if (options.admin_listen) {
    LIC_TRY_ASSIGN(http.admin, read_endpoint("--admin-listen", *options.admin_listen));
    LIC_TRY(check_endpoint(options, *http.admin));
  }
  if (options.threads) http.threads = static_cast<int>(*options.threads);
  if (options.tls_cert) http.tls = TlsFiles{*options.tls_cert, *options.tls_key};
  return http;
}

/// "https://127.0.0.1:8090"
std::string url_of(const HttpOptions& http, const HttpEndpoint& endpoint, std::uint16_t port) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return concat(http.tls ? "https://" : "http://", v6 ? "[" : "", endpoint.address, v6 ? "]" : "", ':',
                std::int64_t{port});
}

/// A span without months in it: a lease is counted in seconds.
Result<std::chrono::seconds> read_seconds(std::string_view option, const std::string& text, Time now) {
  LIC_TRY_ASSIGN(const Time end, read_span(option, text, now));
  return end - now;
}

Result<LeasePolicy> lease_policy(const ServeOptions& options, Time now) {
  LeasePolicy policy;
  LIC_TRY_ASSIGN(policy.lease, read_seconds("--lease", options.lease, now));
  LIC_TRY_ASSIGN(policy.refresh, read_seconds("--refresh", options.refresh, now));
  if (policy.refresh > policy.lease)
    return error(Errc::usage, "--refresh is longer than --lease", "a machine must ask before its lease ends");
  return policy;
}

Result<SigningKey> lease_key(const ServeOptions& options, Vendor& vendor) {
  if (options.lease_key)
    return read_key_file(
        *options.lease_key, [&] { return vendor.passphrase("passphrase of the lease key: "); }, std::nullopt);
  const auto record = vendor.current_key("lease");
  if (!record) return error(record.error().code, record.error().message, "licgen keys delegate makes one");
  return vendor.signing_key(*record);
}

/// With --can-issue, the key that licenses are signed with.
Result<std::optional<SigningKey>> license_key(const ServeOptions& options, Vendor& vendor) {
  if (!options.can_issue) return std::optional<SigningKey>();
  LIC_TRY_ASSIGN(const KeyRecord record, vendor.current_key("license"));
  LIC_TRY_ASSIGN(SigningKey key, vendor.signing_key(record));
  return std::optional<SigningKey>(std::move(key));
}

/// What is signed with and given out, as it is now.
Result<std::shared_ptr<const ServiceDocuments>> read_documents(const ServeOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(std::string product, ledger->product_file());
  LIC_TRY_ASSIGN(SigningKey key, lease_key(options, vendor));
  LIC_TRY_ASSIGN(auto issuing_key, license_key(options, vendor));
  std::string revocations;
  if (options.revocations) {
    LIC_TRY_ASSIGN(const Bytes bytes, read_file(*options.revocations, "revocation list", {.limit = kMaxRevocations}));
    revocations = to_text(bytes);
  }
  return ServiceDocuments::make(std::move(product), std::move(revocations), std::move(key), system_now(),
                                std::move(issuing_key));
}

void warn(std::string_view what, std::string_view message) {
  log_event({LogEvent::Level::warning, what, {{"message", std::string(message)}}});
}

HttpHooks hooks(const ServeOptions& options, Vendor& vendor, Decider& decider) {
  HttpHooks hooks;
  hooks.reload = [&options, &vendor, &decider] {
    auto documents = read_documents(options, vendor);
    if (!documents) return warn("reload-failed", concat(documents.error().message, "; what was in use stays"));
    decider.replace(*std::move(documents));
    log_event({LogEvent::Level::info, "reload"});
  };
  hooks.trouble = [](std::string_view message) { warn("trouble", message); };
  if (options.access_log)
    hooks.access = [](const AccessRecord& record) {
      log_event({LogEvent::Level::info,
                 "request",
                 {{"method", std::string(record.method)},
                  {"route", std::string(record.route)},
                  {"status", concat(record.status)},
                  {"answer", std::string(record.remark)},
                  {"address", std::string(record.address)},
                  {"microseconds", concat(record.took.count())}}});
    };
  return hooks;
}

FrontendOptions frontend_options(const ServeOptions& options) {
  FrontendOptions front;
  if (options.address_limit) front.address_limit = static_cast<int>(*options.address_limit);
  if (options.license_limit) front.license_limit = static_cast<int>(*options.license_limit);
  if (options.token_limit) front.token_limit = static_cast<int>(*options.token_limit);
  front.public_metrics = options.public_metrics;
  front.own_admin = options.admin_listen.has_value();
  return front;
}

/// What sends webhooks while the server runs, over a connection of its own: its commits wait for the disk, so that
/// nothing is told that could be lost. It looks each second, so by it the decider learns that the ledger became newer
/// although nobody asks anything. Null with --no-webhooks.
Result<std::unique_ptr<webhook::Background>> start_webhooks(const ServeOptions& options, const LedgerAddress& address,
                                                            std::string product, Metrics& metrics, Decider& decider) {
  if (options.no_webhooks) return std::unique_ptr<webhook::Background>();
  LIC_TRY_ASSIGN(auto ledger, open_ledger(address));
  webhook::SenderOptions sender;
  if (options.webhook_cacert) {
    LIC_TRY(check_readable("--webhook-cacert", *options.webhook_cacert));
    sender.ca_file = *options.webhook_cacert;
  }
  return std::make_unique<webhook::Background>(
      std::move(ledger), std::move(product), system_now, [sender] { return webhook::make_sender(sender); },
      [](std::string_view message) { warn("webhook", message); },
      [&metrics, &decider](const webhook::Tally& tally, std::chrono::seconds lag, const Ledger& own) {
        metrics.set_webhooks(tally.delivered, tally.failed, tally.given_up, lag);
        decider.note_outdated(own);
      });
}

/// Errors: those of open_ledger().
Result<std::unique_ptr<VendorReader>> open_reader(const LedgerAddress& address, Decider& decider, std::size_t most) {
  LIC_TRY_ASSIGN(auto ledger, open_ledger(address, kServingPatience, LedgerUse::reading));
  return std::make_unique<VendorReader>(std::move(ledger), decider, system_now, most);
}

/// Errors: failure (nobody could read it).
Result<void> tell_where(const HttpOptions& http, const HttpServer& server, const std::string& product, Output& output) {
  const std::string url = url_of(http, http.listen, server.port());
  nlohmann::ordered_json told = {{"url", url}};
  if (http.admin) told["admin_url"] = url_of(http, *http.admin, server.admin_port());
  if (output.json()) {
    output.line(json_text(told));
  } else {
    if (http.admin) output.line(concat("vendor API on ", told["admin_url"].get<std::string>()));
    output.line(concat("listening on ", url));
  }
  if (!output.finish()) return error(Errc::failure, "standard output is closed");
  log_event({LogEvent::Level::info, "start", {{"url", url}, {"product", product}}});
  return {};
}

Result<void> serve(const ServeOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const HttpOptions http, http_options(options));
  LIC_TRY_ASSIGN(const LeasePolicy policy, lease_policy(options, vendor.now()));
  LIC_TRY_ASSIGN(auto documents, read_documents(options, vendor));
  LIC_TRY_ASSIGN(const LedgerAddress address, vendor.ledger_address());
  LIC_TRY_ASSIGN(auto ledger, open_ledger(address, kServingPatience, LedgerUse::serving));
  LIC_TRY(ledger->begin());  // a ledger that cannot be written is told now, not to the first who asks
  LIC_TRY(start_event_log(options.log_json));

  Metrics metrics;
  Decider decider(std::move(ledger), policy, documents, metrics, system_now,
                  [](std::string_view message) { warn("ledger", message); });
  LIC_TRY_ASSIGN(const auto brief, open_reader(address, decider, VendorReaders::kMostBrief));
  LIC_TRY_ASSIGN(const auto thorough, open_reader(address, decider, VendorReaders::kMostThorough));
  Frontend frontend(decider, {*brief, *thorough}, metrics, frontend_options(options));
  LIC_TRY_ASSIGN(const auto server, HttpServer::listen(http, frontend, hooks(options, vendor, decider)));
  const std::string product = documents->product().catalog().id;
  LIC_TRY_ASSIGN(const auto webhooks, start_webhooks(options, address, product, metrics, decider));
  LIC_TRY(tell_where(http, *server, product, vendor.output()));
  server->run();
  brief->end();  // while the connections that wait for it are still there
  thorough->end();
  decider.end();
  if (webhooks) webhooks->end();
  log_event({LogEvent::Level::info, "end"});
  return {};
}

int run_serve(const ServeOptions& options, Vendor& vendor) { return conclude(vendor, serve(options, vendor)); }

}  // namespace

Command<Vendor> serve_command() {
  return make_command("serve", "Answer machines that activate, refresh and give back their licenses online",
                      {"licgen serve", "licgen serve --listen 0.0.0.0:443 --tls-cert fullchain.pem --tls-key key.pem",
                       "licgen serve --can-issue --passphrase-file pass --admin-listen 127.0.0.1:8091"},
                      set_up_serve, run_serve);
}

}  // namespace lic::app
