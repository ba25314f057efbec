#include "common/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.hpp"
#include "common/usage_error.hpp"

namespace lic::app {

Option Option::type_name(const std::string& name) const { return Option(option_->type_name(name)); }

Option Option::group(const std::string& name) const { return Option(option_->group(name)); }

Option Option::required(bool needed) const { return Option(option_->required(needed)); }

Option Option::needs(Option other) const { return Option(option_->needs(other.option_)); }

Option Option::needs(const std::string& other) const { return Option(option_->needs(other)); }

Option Option::excludes(Option other) const { return Option(option_->excludes(other.option_)); }

Option Option::excludes(const std::string& other) const { return Option(option_->excludes(other)); }

Option Option::check(std::function<std::string(const std::string&)> fault) const {
  return Option(option_->check(CLI::Validator(std::move(fault), std::string())));
}

Option add_option(CLI::App& app, const std::string& name, std::string& target, const std::string& summary) {
  return Option(app.add_option(name, target, summary));
}

Option add_option(CLI::App& app, const std::string& name, std::function<void(const std::string&)> keep,
                  const std::string& summary) {
  const CLI::callback_t callback = [keep = std::move(keep)](const CLI::results_t& given) {
    keep(given.back());
    return true;
  };
  return Option(app.add_option(name, callback, summary));
}

Option get_option(CLI::App& app, const std::string& name) { return Option(app.get_option(name)); }

Option add_flag(CLI::App& app, const std::string& name, bool& target, const std::string& summary) {
  return Option(app.add_flag(name, target, summary));
}

Option add_flag(CLI::App& app, const std::string& name, const std::string& summary) {
  return Option(app.add_flag(name, summary));
}

Option add_text(CLI::App& app, const std::string& name, std::optional<std::string>& target,
                const std::string& value_name, const std::string& summary) {
  const auto keep = [&target](const std::string& given) { target = given; };
  return add_option(app, name, keep, summary).type_name(value_name);
}

Option add_choice(CLI::App& app, const std::string& name, std::vector<std::string> words,
                  std::function<void(std::size_t)> chosen, const std::string& summary) {
  std::string value;
  for (const auto& word : words) value += concat(value.empty() ? "" : "|", word);
  const auto choose = [name, words = std::move(words), chosen = std::move(chosen)](const std::string& given) {
    const auto found = std::find(words.begin(), words.end(), given);
    if (found == words.end()) throw CLI::ValidationError(bad_choice(name, given, words));
    chosen(static_cast<std::size_t>(found - words.begin()));
  };
  return add_option(app, name, choose, summary).type_name(value);
}

Option add_number(CLI::App& app, const std::string& name, std::optional<std::int64_t>& target, std::int64_t low,
                  std::int64_t high, const std::string& summary) {
  const auto read = [name, &target, low, high](const std::string& given) {
    target = parse_integer(given);
    if (!target || *target < low || *target > high) throw CLI::ValidationError(bad_number(name, given, low, high));
  };
  return add_option(app, name, read, summary).type_name("N");
}

Option add_list(CLI::App& app, const std::string& name, std::vector<std::string>& target, const std::string& summary) {
  CLI::Option* option = app.add_option(name, target, summary);
  if (!option->get_positional()) option->allow_extra_args(false);
  return Option(option);
}

}  // namespace lic::app
