#include "common/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.hpp"

namespace lic::app {
namespace {

/// In front of a value, it makes CLI11 take that for a plain word.
constexpr char kMark = '\x01';

/// Where the value begins in `--name=value`; 0 for any other argument.
std::size_t value_start(std::string_view text) noexcept {
  const std::size_t equals = text.substr(0, 2) == "--" ? text.find('=') : std::string_view::npos;
  return equals == std::string_view::npos ? 0 : equals + 1;
}

bool needs_mark(std::string_view value) noexcept {
  return value == "++" || (!value.empty() && (value.front() == '[' || value.front() == kMark));
}

/// An argument before "--".
std::string read_argument(std::string_view text, Arguments& out) {
  const std::size_t start = value_start(text);
  out.assigned = out.assigned || start > 0;
  const std::string_view value = text.substr(start);
  const bool empty_value = start > 0 && value.empty();
  if (!empty_value && !needs_mark(value)) return std::string(text);
  out.marked = true;
  return concat(text.substr(0, start), kMark, value);
}

}  // namespace

Arguments read_arguments(int argc, char** argv) {
  Arguments out;
  out.reversed.reserve(static_cast<std::size_t>(argc));
  bool only_values = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    if (only_values) {
      out.reversed.push_back(concat(kMark, text));
    } else if (text == "--") {
      only_values = out.marked = true;
    } else {
      out.json = out.json || text == "--json";
      out.reversed.push_back(read_argument(text, out));
    }
  }
  std::reverse(out.reversed.begin(), out.reversed.end());
  return out;
}

void prepare(CLI::App& app, const Arguments& arguments) {
  if (!arguments.marked && !arguments.assigned) return;
  const auto strip = [](std::string& value) {
    if (is_marked(value)) value.erase(0, 1);
    return std::string{};
  };
  for (CLI::Option* option : app.get_options()) {
    if (arguments.marked) option->transform(CLI::Validator(strip, std::string{}));
    if (option->get_items_expected_max() == 0) option->disable_flag_override();
  }
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) prepare(*sub, arguments);
}

std::string unmarked(std::string_view text) {
  const std::size_t start = value_start(text);
  const bool marked = is_marked(text.substr(start));
  return concat(text.substr(0, start), text.substr(start + (marked ? 1 : 0)));
}

bool is_marked(std::string_view text) noexcept { return !text.empty() && text.front() == kMark; }

}  // namespace lic::app
