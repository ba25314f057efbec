#include "common/log.hpp"

#define FMT_HEADER_ONLY
#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <vector>

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace lic::app {
namespace {

/// Null: no log was asked for.
std::unique_ptr<spdlog::logger> g_logger;
/// Null: this program does not run on.
std::unique_ptr<spdlog::logger> g_events;
bool g_json = false;
std::string g_program;
std::string g_log_file;

std::unique_ptr<spdlog::formatter> pattern(std::string_view text) {
  return std::make_unique<spdlog::pattern_formatter>(std::string(text), spdlog::pattern_time_type::utc);
}

Error cannot_open(const std::string& file, int fault) {
  const Errc code = fault == ENOENT                     ? Errc::not_found
                    : fault == EACCES || fault == ELOOP ? Errc::denied
                                                        : Errc::failure;
  return Error{
      code, concat("cannot open log file ", in_quotes(file), ": ", std::generic_category().message(fault)), {}};
}

/// Sees to the file's mode before spdlog opens it, and to a clear error.
Result<std::shared_ptr<spdlog::sinks::sink>> open_file(const std::string& file) {
  const Fd made(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (!made) return cannot_open(file, errno);
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    sink->set_formatter(pattern("%Y-%m-%dT%H:%M:%SZ %n[%P]: %v"));
    return std::shared_ptr<spdlog::sinks::sink>(std::move(sink));
  } catch (const spdlog::spdlog_ex& fault) {
    return Error{Errc::failure, concat("cannot open log file ", in_quotes(file), ": ", printable(fault.what())), {}};
  }
}

std::string json_line(const LogEvent& event) {
  json::ObjectBuilder line;
  line.time("time", system_now());
  line.string("level", event.level == LogEvent::Level::warning ? "warning" : "info").string("event", event.name);
  for (const auto& [name, value] : event.fields) line.string(name, printable(value));
  return json::dump(line.take());
}

std::string words_of(const LogEvent& event) {
  std::string line(event.name);
  for (const auto& [name, value] : event.fields) line += concat(' ', name, '=', printable(value));
  return line;
}

/// A log that cannot be written is told once, and does not stop the run.
void tell_fault(const std::string& program, const std::string& fault) {
  static bool told = false;
  if (told) return;
  told = true;
  const std::string line = concat(program, ": warning: cannot write the log: ", printable(fault), '\n');
  std::fputs(line.c_str(), stderr);
}

}  // namespace

Result<void> start_log(std::string_view program, const GlobalOptions& options) {
  g_program = program;
  g_log_file = options.log_file;
  std::vector<std::shared_ptr<spdlog::sinks::sink>> sinks;
  if (options.verbose) {
    sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    sinks.back()->set_formatter(pattern("%n: %v"));
  }
  if (!options.log_file.empty()) {
    auto file = open_file(options.log_file);
    if (!file) return std::move(file).error();
    sinks.push_back(*std::move(file));
  }
  if (sinks.empty()) return {};
  g_logger = std::make_unique<spdlog::logger>(std::string(program), sinks.begin(), sinks.end());
  g_logger->set_error_handler([name = std::string(program)](const std::string& fault) { tell_fault(name, fault); });
  g_logger->flush_on(spdlog::level::info);
  return {};
}

void log_info(std::string_view text) {
  if (g_logger) g_logger->log(spdlog::level::info, spdlog::string_view_t(printable(text)));
}

Result<void> start_event_log(bool json) {
  std::vector<std::shared_ptr<spdlog::sinks::sink>> sinks = {std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  if (!g_log_file.empty()) {
    auto file = open_file(g_log_file);
    if (!file) return std::move(file).error();
    sinks.push_back(*std::move(file));
  }
  for (const auto& sink : sinks) sink->set_formatter(pattern(json ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v"));
  g_events = std::make_unique<spdlog::logger>(g_program, sinks.begin(), sinks.end());
  g_events->set_error_handler([name = g_program](const std::string& fault) { tell_fault(name, fault); });
  g_events->flush_on(spdlog::level::info);
  g_json = json;
  return {};
}

void log_event(const LogEvent& event) {
  if (!g_events) return;
  const bool warning = event.level == LogEvent::Level::warning;
  const std::string text = g_json ? json_line(event) : words_of(event);
  g_events->log(warning ? spdlog::level::warn : spdlog::level::info, spdlog::string_view_t(text));
}

std::string masked_key(std::string_view key) {
  const std::size_t prefix = key.find('-', key.find('-') + 1);
  const std::size_t last = key.rfind('-');
  if (prefix == std::string_view::npos || last <= prefix) return "...";
  return concat(key.substr(0, prefix), "-...", key.substr(last));
}

}  // namespace lic::app
