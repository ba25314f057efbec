#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "client/info_json.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"
#include "licctl/status_text.hpp"
#include "license/terms.hpp"

namespace lic::app {
namespace {

using nlohmann::ordered_json;

std::string price_text(const Plan& plan) {
  if (!plan.price) return {};
  const std::string per = plan.price->per.empty() ? std::string{} : concat(" per ", plan.price->per);
  return concat(plan.price->amount, ' ', plan.price->currency, per);
}

std::string term_text(const Plan& plan) {
  if (plan.months) return concat(*plan.months, *plan.months == 1 ? " month" : " months");
  if (plan.days) return concat(*plan.days, *plan.days == 1 ? " day" : " days");
  return {};
}

void print_plan(Output& output, const Plan& plan) {
  std::string facts(token(plan.kind));
  for (const std::string& part : {price_text(plan), term_text(plan)})
    if (!part.empty()) facts += concat(", ", part);
  facts += concat(", ", plan.seats, plan.seats == 1 ? " seat" : " seats");
  output.line(concat(output.styled(Style::bold, printable(plan.name)), " [", plan.id, "] ", facts,
                     plan.recommended ? ", recommended" : ""));
  std::string limits;
  for (const auto& [name, limit] : plan.limits)
    limits += concat(limits.empty() ? "" : ", ", name, ' ', limit_words(limit));
  if (!limits.empty()) output.line(concat("  limits: ", limits));
  std::string features;
  for (const auto& [name, value] : plan.features) {
    const auto* on = std::get_if<bool>(&value);
    if (on != nullptr && !*on) continue;
    features += concat(features.empty() ? "" : ", ", name, on != nullptr ? "" : concat(" (", feature_text(value), ')'));
  }
  if (!features.empty()) output.line(concat("  features: ", features));
  if (!plan.allows_virtual) output.line("  not in virtual machines and containers");
}

bool has_desktop() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  return ::isatty(STDOUT_FILENO) == 1 && (set("DISPLAY") || set("WAYLAND_DISPLAY"));
}

/// Hands the address to the desktop. It is printed anyway, so a desktop without
/// xdg-open is no fault.
bool open_in_browser(const std::string& url) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return false;
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string program = "xdg-open";
  std::string address = url;
  char* arguments[] = {program.data(), address.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return false;
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

int list_plans(Client& client) {
  Output& output = client.output();
  const auto manager = client.open();
  if (!manager) return output.fail(manager.error());
  const ProductInfo& product = manager->product();
  if (output.json()) {
    output.line(json_lines(parse_json(plans_json(product))));
    return 0;
  }
  output.line(concat("Plans of ", printable(product.name)));
  for (const auto& plan : product.plans) print_plan(output, plan);
  return 0;
}

int purchase(Client& client) {
  Output& output = client.output();
  const auto manager = client.open();
  if (!manager) return output.fail(manager.error());
  const Status status = manager->status();
  const ProductInfo& product = manager->product();
  const std::string& url =
      status.next.action == "renew" && !status.next.url.empty() ? status.next.url : product.purchase_url;
  if (url.empty())
    return output.fail(ExitCode::not_found, concat(printable(product.name), " names no page to buy at"),
                       product.support.empty() ? std::string{} : concat("write to ", printable(product.support)));
  output.line(output.json() ? json_text(ordered_json{{"url", url}}) : printable(url));
  if (has_desktop() && !open_in_browser(url)) output.note("the page could not be opened from here");
  return 0;
}

}  // namespace lic::app
