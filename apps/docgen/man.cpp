#include "base/text.hpp"
#include "common/exit_codes.hpp"
#include "docgen/generators.hpp"

namespace lic::app {
namespace {

constexpr std::string_view kDate = "2026-11-22";  ///< of the manual, not of the build: the same input, the same page

/// `text` as roff text that starts a line.
std::string roff(std::string_view text) {
  std::string out = !text.empty() && (text.front() == '.' || text.front() == '\'') ? "\\&" : "";
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '~':
        out += "\\(ti";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string bold(std::string_view text) { return concat("\\fB", roff(text), "\\fR"); }
std::string italic(std::string_view text) { return concat("\\fI", roff(text), "\\fR"); }

std::string section(std::string_view title) { return concat(".SH ", title, '\n'); }
std::string subsection(std::string_view title) { return concat(".SS ", title, '\n'); }

/// The one name on a line, its text indented below.
std::string item(std::string_view head, std::string_view text) { return concat(".TP\n", head, '\n', roff(text), '\n'); }

std::string sentence(std::string_view text) {
  return text.empty() || text.back() == '.' ? std::string(text) : concat(text, '.');
}

std::string option_item(const OptionHelp& option) {
  std::string head;
  for (const auto& name : option.names)
    head += concat(head.empty() ? "" : ", ", option.argument ? italic(name) : bold(name));
  if (!option.value.empty()) head += concat(' ', italic(option.value));
  std::string text = sentence(option.summary);
  if (option.repeatable && !option.argument) text += " May be given several times.";
  if (option.required && !option.argument) text += " Required.";
  return item(head, text);
}

std::string examples(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += concat(roff(line), '\n');
  return out.empty() ? out : concat(".RS 4\n.nf\n", out, ".fi\n.RE\n");
}

std::string synopsis(const CommandHelp& command, std::string_view program) {
  const bool both = !program.empty() && !command.name.empty();
  return concat(bold(concat(program, both ? " " : "", command.name)), ' ', roff(command.usage()), '\n');
}

std::string command_part(const CommandHelp& command, std::string_view program) {
  std::string out = concat(subsection(roff(concat(program, ' ', command.name))), synopsis(command, program), ".PP\n",
                           roff(sentence(command.summary)), '\n');
  for (const auto& argument : command.arguments) out += option_item(argument);
  for (const auto& option : command.options) out += option_item(option);
  return command.examples.empty() ? out : concat(out, ".PP\n", examples(command.examples));
}

std::string commands_section(const CommandHelp& program) {
  if (program.commands.empty()) return {};
  std::string out = section("COMMANDS");
  for (const auto& command : leaf_commands(program)) out += command_part(command, program.name);
  return out;
}

std::string group_items(const CommandHelp& program, std::string_view group) {
  std::string out;
  for (const auto& option : program.options) {
    if (option.group == group) out += option_item(option);
  }
  return out;
}

std::string options_sections(const CommandHelp& program) {
  std::string actions = group_items(program, kActionGroup);
  std::string out = actions.empty() ? actions : concat(section("ACTIONS"), "Exactly one of these is given.\n", actions);
  out += section("OPTIONS");
  for (const auto& group : program.groups()) {
    if (group != kActionGroup) out += concat(subsection(roff(group)), group_items(program, group));
  }
  return out;
}

std::string exit_section() {
  std::string out = section("EXIT STATUS");
  out += "1 to 7: it could not be told. 10 and more: a definite no.\n";
  for (const auto& row : exit_code_table()) {
    out += item(bold(std::to_string(row.code)), sentence(concat(row.name, ": ", row.meaning)));
  }
  return out;
}

std::string items_section(std::string_view title, const std::vector<Prose::Item>& items) {
  std::string out = items.empty() ? std::string() : section(title);
  for (const auto& each : items) out += item(italic(each.name), each.text);
  return out;
}

std::string samples_sections(const std::vector<Prose::Sample>& samples) {
  std::string out;
  for (const auto& each : samples) out += concat(section(each.title), roff(each.text), "\n.PP\n", examples(each.lines));
  return out;
}

}  // namespace

std::string man_page(const Program& documented) {
  const auto& [program, prose] = documented;
  std::string out = concat(".\\\" Made by scripts/generate-docs.\n.TH ", to_upper(program.name), " 1 ", kDate,
                           " \"lic ", LIC_VERSION, "\" \"User Commands\"\n");
  const std::string purpose = concat(to_lower(program.summary.substr(0, 1)), program.summary.substr(1));
  out += concat(section("NAME"), program.name, " \\- ", roff(purpose), '\n');
  out += concat(section("SYNOPSIS"), synopsis(program, ""));
  out += section("DESCRIPTION");
  for (const auto& paragraph : prose.description) {
    out += concat(&paragraph == &prose.description.front() ? "" : ".PP\n", roff(paragraph), '\n');
  }
  out += concat(samples_sections(prose.samples), commands_section(program), options_sections(program), exit_section());
  out += concat(items_section("ENVIRONMENT", prose.environment), items_section("FILES", prose.files));
  if (!prose.recovery.empty()) out += items_section("RECOVERY", prose.recovery);
  if (!program.examples.empty()) out += concat(section("EXAMPLES"), examples(program.examples));
  return concat(out, section("SEE ALSO"), prose.see_also, '\n');
}

}  // namespace lic::app
