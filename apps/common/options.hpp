#pragma once

/// The options of a command. Commands see of CLI11 these functions alone: its header
/// costs every file that includes it six seconds of compiling.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace lic::app {

/// An option or argument that was added to a command line. It lives as long as that.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  /// The name of its value says how it is completed: words in lower case
  /// ("table|csv|jsonl") are the choices themselves; FILE and DIR within it
  /// ("DIR|FILE.jsonl") are names of files and directories; the rest is free. It has no
  /// colon. An argument ("KEY", "FILE") is completed by its own name in the same way.
  Option type_name(const std::string& name) const;

  /// The heading that help shows it under.
  Option group(const std::string& name) const;

  /// A usage error (exit code 2) where it is missing; given without another that it
  /// needs; given with one that it excludes.
  Option required(bool needed = true) const;
  Option needs(Option other) const;
  Option needs(const std::string& other) const;
  Option excludes(Option other) const;
  Option excludes(const std::string& other) const;

  /// A usage error with the text that `fault` returns of a value; empty: it is good.
  Option check(std::function<std::string(const std::string&)> fault) const;

 private:
  CLI::Option* option_;
};

/// An option with a value ("-o,--out"), or an argument ("FILE").
Option add_option(CLI::App& app, const std::string& name, std::string& target, const std::string& summary);
Option add_option(CLI::App& app, const std::string& name, std::function<void(const std::string&)> keep,
                  const std::string& summary);

/// The option or argument of that name, which is there.
Option get_option(CLI::App& app, const std::string& name);

/// A switch. Without a target: Option is asked for, by name, whether it was given.
Option add_flag(CLI::App& app, const std::string& name, bool& target, const std::string& summary);
Option add_flag(CLI::App& app, const std::string& name, const std::string& summary);

/// An option with one value that is kept as typed, an empty one too; absent where it
/// was not given.
Option add_text(CLI::App& app, const std::string& name, std::optional<std::string>& target,
                const std::string& value_name, const std::string& summary);

/// A choice: `chosen` gets the index of the word given; another word is a usage
/// error that lists them all.
Option add_choice(CLI::App& app, const std::string& name, std::vector<std::string> words,
                  std::function<void(std::size_t)> chosen, const std::string& summary);

/// A whole number in decimal, low to high; another value is a usage
/// error (exit code 2) that names the range. (CLI11 alone reads 010 as 8.)
Option add_number(CLI::App& app, const std::string& name, std::optional<std::int64_t>& target, std::int64_t low,
                  std::int64_t high, const std::string& summary);

/// An option that may be given several times, one value each time; for an argument
/// ("KEY"), one or more values.
Option add_list(CLI::App& app, const std::string& name, std::vector<std::string>& target, const std::string& summary);

}  // namespace lic::app
