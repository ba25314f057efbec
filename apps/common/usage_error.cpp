#include "common/usage_error.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.hpp"
#include "common/arguments.hpp"
#include "common/help.hpp"

namespace lic::app {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); });
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const auto& word : words) out += concat(out.empty() ? "" : separator, word);
  return out;
}

std::string full_name(const CLI::App& app, std::string_view program) {
  const std::string path = path_of(app);
  return concat(program, path.empty() ? "" : " ", path);
}

std::string help_hint(const CLI::App& app, std::string_view program) {
  return concat("see ", full_name(app, program), " --help");
}

/// The long options that `app` takes: its own and those of the apps around it.
std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const auto& option : describe(*at).options) out.push_back(option.name());
  }
  return out;
}

UsageError suggestion(std::string message, std::string_view word, const std::vector<std::string>& candidates,
                      std::string hint) {
  const std::string near = nearest(word, candidates);
  if (near.empty()) return {std::move(message), std::move(hint)};
  return {concat(message, "; did you mean ", in_quotes(near), '?'), {}};
}

UsageError unknown_option(const CLI::App& app, std::string_view given, std::string_view program) {
  const std::string_view name = given.substr(0, given.find('='));
  return suggestion(concat("unknown option ", in_quotes(name)), name, options_of(app), help_hint(app, program));
}

UsageError unknown_word(const CLI::App& app, std::string_view given, std::string_view program) {
  const auto commands = commands_of(app);
  if (commands.empty()) return {concat("unexpected argument ", in_quotes(given)), help_hint(app, program)};
  std::vector<std::string> names;
  for (const auto* command : commands) names.push_back(command->get_name());
  return suggestion(concat("unknown command ", in_quotes(given)), given, names, help_hint(app, program));
}

/// What nothing on the command line took: the first unknown option, else the first
/// unexpected word. Absent when everything was taken.
std::optional<UsageError> not_expected(const CLI::App& root, std::string_view program) {
  const CLI::App& app = innermost(root);
  const auto rest = root.remaining(true);
  if (rest.empty()) return std::nullopt;
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word.front() == '-'; };
  // Without a command, the first word is what went wrong and the options behind it were its.
  const bool command_missing = !commands_of(app).empty() && !is_option(rest.front());
  const auto option = std::find_if(rest.begin(), rest.end(), is_option);
  if (!command_missing && option != rest.end()) return unknown_option(app, unmarked(*option), program);
  return unknown_word(app, unmarked(rest.front()), program);
}

UsageError command_missing(const CLI::App& app, std::string_view program) {
  std::vector<std::string> names;
  for (const auto* command : commands_of(app)) names.push_back(command->get_name());
  constexpr std::size_t kFew = 6;
  if (names.size() > kFew)
    return {"a command is missing", concat(full_name(app, program), " --help lists the commands")};
  return {concat("a command is missing after ", in_quotes(full_name(app, program)), ": ", join(names, ", ")), {}};
}

bool is_given(const CLI::App& app, const OptionHelp& option) {
  const CLI::Option* found = app.get_option_no_throw(option.name());
  return found != nullptr && found->count() > 0;
}

UsageError required_missing(const CLI::App& app, const CLI::ParseError& fault, std::string_view program) {
  const CommandHelp help = describe(app);
  if (!help.commands.empty()) return command_missing(app, program);
  std::vector<std::string> missing;
  for (const auto* list : {&help.options, &help.arguments}) {
    for (const auto& option : *list) {
      if (option.required && !is_given(app, option)) missing.push_back(option.signature());
    }
  }
  if (missing.empty()) return {printable(fault.what()), help_hint(app, program)};
  return {concat(full_name(app, program), " needs ", join(missing, ", ")), help_hint(app, program)};
}

/// The option of `app`, or of the apps around it, whose name is in CLI11's message.
const CLI::Option* option_in(const CLI::App& app, std::string_view message) {
  const auto ends_name = [&](std::size_t at) {
    return at >= message.size() || message[at] == ' ' || message[at] == ':';
  };
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      const std::string name = option->get_name();
      const std::size_t found = message.find(name);
      if (!name.empty() && found != std::string_view::npos && ends_name(found + name.size())) return option;
    }
  }
  return nullptr;
}

UsageError wrong_count(const CLI::App& app, const CLI::ParseError& fault, std::string_view program) {
  const std::string text = fault.what();
  const std::size_t flag_end = text.find(" was given a disallowed flag override");
  if (flag_end != std::string::npos) return {concat("--", text.substr(0, flag_end), " takes no value"), {}};
  const CLI::Option* option = option_in(app, text);
  if (option == nullptr) return {printable(text), help_hint(app, program)};
  const std::string name = option->get_name();
  if (static_cast<int>(option->count()) > option->get_items_expected_max()) {
    return {concat(name, " can be given only once"), {}};
  }
  return {concat(name, " needs a value: ", name, ' ', option->get_type_name()), {}};
}

UsageError wrong_value(const CLI::App& app, const CLI::ParseError& fault, std::string_view program) {
  const CLI::Option* option = option_in(app, fault.what());
  if (option == nullptr) return {printable(fault.what()), help_hint(app, program)};
  if (option->get_items_expected_max() == 0) return {concat(option->get_name(), " takes no value"), {}};
  const std::string value = option->results().empty() ? std::string() : unmarked(option->results().back());
  return {concat(option->get_name(), ": ", in_quotes(value), " is not a number"), {}};
}

/// "--a excludes --b"
UsageError excluded(const CLI::ParseError& fault) {
  const std::string text = fault.what();
  const std::string verb = " excludes ";
  const std::size_t at = text.find(verb);
  if (at == std::string::npos) return {printable(text), {}};
  return {concat(text.substr(0, at), " and ", text.substr(at + verb.size()), " cannot be given together"), {}};
}

}  // namespace

UsageError usage_error(const CLI::App& root, const CLI::ParseError& fault, std::string_view program) {
  if (auto found = not_expected(root, program)) return *std::move(found);
  const CLI::App& app = innermost(root);
  const std::string kind = fault.get_name();
  if (kind == "RequiredError") return required_missing(app, fault, program);
  if (kind == "ArgumentMismatch") return wrong_count(app, fault, program);
  if (kind == "ConversionError" || kind == "InvalidError") return wrong_value(app, fault, program);
  if (kind == "ExcludesError") return excluded(fault);
  return {printable(fault.what()), {}};
}

std::string bad_choice(std::string_view option, std::string_view given, const std::vector<std::string>& words) {
  const std::string near = nearest(given, words);
  const std::string tail = near.empty() ? std::string() : concat("; did you mean ", in_quotes(near), '?');
  return concat(option, ": ", in_quotes(given), " is none of ", join(words, ", "), tail);
}

std::string bad_number(std::string_view option, std::string_view given, std::int64_t low, std::int64_t high) {
  return concat(option, ": ", in_quotes(given), " is not a whole number from ", low, " to ", high);
}

const CLI::App& innermost(const CLI::App& root) {
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

std::string path_of(const CLI::App& app) {
  if (app.get_parent() == nullptr) return {};
  const std::string above = path_of(*app.get_parent());
  return concat(above, above.empty() ? "" : " ", app.get_name());
}

}  // namespace lic::app
