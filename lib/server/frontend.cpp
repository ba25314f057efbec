#include "server/frontend.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace lic {
namespace {

constexpr std::array<std::string_view, 6> kReadable = {kRevocationsPath, kProductPath, "/healthz",
                                                       "/readyz",        "/metrics",   "/openapi.json"};
constexpr int kRetryAfterBusy = 2;

/// The path as a name of ours, which outlives the request.
std::string_view route_of(std::string_view path) {
  if (const auto place = vendor_place(path)) return place->route->path;
  static const std::array<std::string, 7> kPosted = {path_of(OnlineAction::activate),   path_of(OnlineAction::validate),
                                                     path_of(OnlineAction::refresh),    path_of(OnlineAction::lease),
                                                     path_of(OnlineAction::deactivate), path_of(OnlineAction::trial),
                                                     path_of(OnlineAction::usage)};
  const auto* read = std::find(kReadable.begin(), kReadable.end(), path);
  if (read != kReadable.end()) return *read;
  const auto* posted = std::find(kPosted.begin(), kPosted.end(), path);
  return posted != kPosted.end() ? std::string_view(*posted) : "other";
}

bool is_json(std::string_view content_type) {
  const std::string type = to_lower(content_type.substr(0, content_type.find(';')));
  return type == "application/json" || type == "application/json ";
}

HttpReply unavailable(std::string_view message) {
  HttpReply reply = Frontend::fault(503, "unavailable", message);
  reply.retry_after = kRetryAfterBusy;
  return reply;
}

HttpReply too_many(int seconds) {
  HttpReply reply = Frontend::fault(429, "too-many-requests", "too many requests; try again later");
  reply.retry_after = seconds;
  return reply;
}

HttpReply unauthorized() {
  HttpReply reply = Frontend::fault(401, "unauthorized", "a valid token is needed: Authorization: Bearer TOKEN");
  reply.challenge = true;
  return reply;
}

HttpReply wrong_method(std::string_view wanted) {
  HttpReply reply = Frontend::fault(405, "method-not-allowed", concat("only ", wanted, " is answered here"));
  reply.allow = wanted;
  return reply;
}

HttpReply wrong_type() {
  return Frontend::fault(415, "unsupported-media-type", "the content type must be application/json");
}

HttpReply nothing_here() { return Frontend::fault(404, "not-found", "there is nothing here"); }

HttpReply plain(std::string text, std::string_view type = "text/plain; charset=utf-8") {
  HttpReply reply;
  reply.body = std::move(text);
  reply.content_type = type;
  return reply;
}

/// What an answer says, in a word.
std::string_view word_of(const ServerAnswer& answer) {
  return answer.denial ? token(answer.denial->reason) : token(answer.verdict);
}

HttpReply reply_of(const Outcome& outcome, const ServiceDocuments& documents) {
  if (outcome.fault) {
    if (outcome.fault->status == 503) return unavailable(outcome.fault->message);
    return Frontend::fault(outcome.fault->status, outcome.fault->code, outcome.fault->message);
  }
  HttpReply reply;
  reply.body = seal(outcome, documents.key());
  reply.remark = word_of(outcome.answer);
  return reply;
}

}  // namespace

HttpReply Frontend::fault(int status, std::string_view code, std::string_view message) {
  HttpReply reply;
  reply.status = status;
  reply.body = fault_body(code, message);
  reply.remark = code;
  reply.route = "other";
  return reply;
}

std::variant<HttpReply, BodyWanted, VendorRequest> Frontend::begin(const HttpHead& head) {
  const std::string_view route = route_of(head.target);
  const auto with_route = [&](HttpReply reply) {
    reply.route = route;
    return reply;
  };
  const bool probe = head.target == "/healthz" || head.target == "/readyz";
  if (!probe) {
    const auto wait = addresses_.take(head.address, std::chrono::steady_clock::now());
    if (wait) return with_route(too_many(*wait));
  }
  if (is_elsewhere(head)) return with_route(nothing_here());
  if (is_vendor_path(head.target)) {
    auto step = begin_vendor(head);
    if (auto* reply = std::get_if<HttpReply>(&step)) reply->route = route;
    return step;
  }
  const auto action = action_of_path(head.target);
  if (!action && !is_readable_path(head.target)) return with_route(nothing_here());
  const std::string_view wanted = action ? "POST" : "GET";
  if (head.method != wanted) return with_route(wrong_method(wanted));
  if (!action) return with_route(document(head.target, head.local || head.admin));
  if (!is_json(head.content_type)) return with_route(wrong_type());
  return BodyWanted{*action};
}

/// Where there are two listeners, each answers what is its own.
bool Frontend::is_elsewhere(const HttpHead& head) const noexcept {
  if (!options_.own_admin) return false;
  constexpr std::array<std::string_view, 3> kOnBoth = {"/healthz", "/readyz", "/openapi.json"};
  if (std::find(kOnBoth.begin(), kOnBoth.end(), head.target) != kOnBoth.end()) return false;
  return head.admin != (is_vendor_path(head.target) || head.target == "/metrics");
}

std::variant<HttpReply, BodyWanted, VendorRequest> Frontend::begin_vendor(const HttpHead& head) {
  const auto place = vendor_place(head.target);
  if (!place) return nothing_here();
  if (head.method != place->route->method) return wrong_method(place->route->method);
  auto token = bearer_hash(head.authorization);
  if (!token) return unauthorized();
  if (const auto wait = tokens_.take(*token, std::chrono::steady_clock::now())) return too_many(*wait);
  const bool has_body = place->route->method == "POST";
  if (has_body && !is_json(head.content_type)) return wrong_type();
  VendorRequest request{place->route, std::string(place->license), *std::move(token), {}, {}};
  if (!place->route->changes || !head.idempotency_key) return request;
  if (!is_idempotency_key(*head.idempotency_key))
    return fault(400, "bad-request", "an Idempotency-Key has 1 to 128 visible characters of ASCII");
  request.idempotency_key = *head.idempotency_key;
  return request;
}

HttpReply Frontend::document(std::string_view path, bool local) const {
  if (path == "/healthz") return plain("ok\n");
  if (path == "/readyz") {
    if (draining_) return unavailable("the server is about to end");
    return decider_.lost() ? unavailable("the server must be started again; its log says why") : plain("ready\n");
  }
  if (path == "/openapi.json") return plain(openapi_json(), "application/json");
  if (path == "/metrics") {
    if (!local && !options_.public_metrics) return nothing_here();
    return plain(metrics_.text(), "text/plain; version=0.0.4; charset=utf-8");
  }
  const auto documents = decider_.documents();
  if (path == kProductPath) return plain(documents->product_text(), "application/json");
  if (documents->revocations().empty()) return fault(404, "not-found", "no revocation list is published");
  return plain(documents->revocations(), "application/json");
}

void Frontend::answer(OnlineAction action, const std::string& body, const Done& done) {
  const std::string path = path_of(action);
  const std::string_view route = route_of(path);
  const auto at_once = [&](HttpReply reply) {
    reply.route = route;
    done([reply = std::move(reply)] { return reply; });
  };
  auto request = OnlineRequest::parse(action, view_bytes(body), "the request");
  if (!request) return at_once(fault(400, "bad-request", request.error().message));
  if (!request->key.empty()) {
    const auto wait = licenses_.take(request->key, std::chrono::steady_clock::now());
    if (wait) return at_once(too_many(*wait));
  }
  const auto decided = [this, action, route, done](Outcome outcome, std::shared_ptr<const ServiceDocuments> documents) {
    if (!outcome.fault) metrics_.count_answer(token(action), word_of(outcome.answer));
    done([outcome = std::move(outcome), documents = std::move(documents), route] {
      HttpReply reply = reply_of(outcome, *documents);
      reply.route = route;
      return reply;
    });
  };
  if (!decider_.submit(*std::move(request), decided)) at_once(unavailable("the server is busy; try again"));
}

void Frontend::answer(VendorRequest request, const Done& done) {
  const std::string_view route = request.route->path;
  const auto answered = [done, route](VendorOutcome outcome) {
    done([outcome = std::move(outcome), route] {
      HttpReply reply;
      reply.status = outcome.status;
      reply.body = outcome.body;
      reply.remark = outcome.code;
      reply.route = route;
      reply.challenge = outcome.status == 401;
      if (outcome.status == 503) reply.retry_after = kRetryAfterBusy;
      return reply;
    });
  };
  if (submit(std::move(request), answered)) return;
  HttpReply busy = unavailable("the server is busy; try again");
  busy.route = route;
  done([busy = std::move(busy)] { return busy; });
}

bool Frontend::submit(VendorRequest request, Decider::VendorDone done) {
  const VendorRoute& route = *request.route;
  if (route.changes) return decider_.submit(std::move(request), std::move(done));
  VendorReader& reader = route.thorough ? readers_.thorough : readers_.brief;
  return reader.submit(std::move(request), std::move(done));
}

bool is_readable_path(std::string_view path) noexcept {
  return std::find(kReadable.begin(), kReadable.end(), path) != kReadable.end();
}

}  // namespace lic
