#include "licgen/reminder_text.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "licgen/html_parts.hpp"

namespace lic::app {
namespace {

constexpr std::string_view kWithPage = R"(Subject: Your {{product}} license ends on {{expires}}

Dear {{customer}},

your {{product}} license ends on {{expires}} (UTC).

Plan: {{plan_name}}
License key: {{key}}

You can renew it here:
{{renewal_url}}

If you have renewed it already, please ignore this message.

Kind regards
{{product}}
)";

constexpr std::string_view kWithoutPage = R"(Subject: Your {{product}} license ends on {{expires}}

Dear {{customer}},

your {{product}} license ends on {{expires}} (UTC).

Plan: {{plan_name}}
License key: {{key}}

To renew it, please reply to this message.

If you have renewed it already, please ignore this message.

Kind regards
{{product}}
)";

using Values = std::map<std::string, std::string>;

const std::vector<std::string>& names() {
  static const std::vector<std::string> all = {"customer", "email",     "key",   "plan",  "plan_name",   "product",
                                               "expires",  "days_left", "seats", "order", "renewal_url", "support"};
  return all;
}

Values values_of(const LicenseSummary& license, const Catalog& catalog, Time now) {
  const Plan* plan = catalog.find_plan(license.plan);
  return {{"customer", license.customer.name},
          {"email", license.customer.email},
          {"key", license.key},
          {"plan", license.plan},
          {"plan_name", plan == nullptr ? license.plan : plan->name},
          {"product", catalog.name},
          {"expires", format_date(*license.expires_at)},
          {"days_left", concat(days_until(*license.expires_at, now))},
          {"seats", concat(license.seats)},
          {"order", license.order},
          {"renewal_url", catalog.renewal_url},
          {"support", catalog.support}};
}

Values for_html(Values values, bool with_link) {
  for (auto& [name, value] : values) value = html_text(value);
  if (with_link) {
    std::string& url = values["renewal_url"];
    url = concat("<a href=\"", url, "\">", url, "</a>");
  }
  return values;
}

/// Paragraphs out of text whose characters are escaped already.
std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::string_view block = text.substr(0, text.find("\n\n"));
    text.remove_prefix(std::min(text.size(), block.size() + 2));
    while (block.starts_with('\n')) block.remove_prefix(1);
    while (block.ends_with('\n')) block.remove_suffix(1);
    if (block.empty()) continue;
    out += "<p>";
    for (const char symbol : block) out += symbol == '\n' ? std::string("<br>\n") : std::string(1, symbol);
    out += "</p>\n";
  }
  return out;
}

/// Escaped, with line feeds kept.
std::string html_lines(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t end = text.find('\n');
    out += html_text(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

Result<std::string> read_template(const Path& path) {
  LIC_TRY_ASSIGN(const Bytes bytes, read_file(path, "template"));
  std::string text = to_text(bytes);
  if (!is_utf8(text)) return error(Errc::invalid_input, concat("template ", in_quotes(path.native()), " is not UTF-8"));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  return text;
}

bool is_directory(const std::string& place) {
  struct stat info {};
  return ::stat(place.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

/// A placeholder that would always be empty is a message that makes no sense.
Result<void> check_values(const mail::Template& checked, const Catalog& catalog, std::string_view what) {
  const std::pair<std::string_view, const std::string*> optional[] = {{"renewal_url", &catalog.renewal_url},
                                                                      {"support", &catalog.support}};
  for (const auto& [name, value] : optional)
    if (value->empty() && checked.uses(name))
      return error(Errc::invalid_input, concat(what, " has {{", name, "}}, and the catalogue has no ", name),
                   "add it to the catalogue (licgen catalog import), or leave the placeholder out");
  return {};
}

}  // namespace

Result<ReminderText> ReminderText::read(const std::optional<std::string>& place, const Catalog& catalog) {
  std::string text(catalog.renewal_url.empty() ? kWithoutPage : kWithPage);
  std::string what = "the template";
  std::optional<mail::Template> html;
  if (place) {
    if (place->empty()) return error(Errc::usage, "the name after --template is empty");
    const bool directory = is_directory(*place);
    const Path path = directory ? Path(*place) / "reminder.txt" : Path(*place);
    what = concat("template ", in_quotes(path.native()));
    LIC_TRY_ASSIGN(text, read_template(path));
    const Path page = Path(*place) / "reminder.html";
    struct stat info {};
    if (directory && ::stat(page.c_str(), &info) == 0) {
      const std::string page_name = concat("template ", in_quotes(page.native()));
      LIC_TRY_ASSIGN(const std::string page_text, read_template(page));
      LIC_TRY_ASSIGN(html, mail::Template::parse(page_text, page_name, names()));
      LIC_TRY(check_values(*html, catalog, page_name));
    }
  }
  constexpr std::string_view kSubject = "Subject: ";
  const std::size_t end = std::min(text.find('\n'), text.size());
  if (!text.starts_with(kSubject) || end == kSubject.size() || !text.substr(end).starts_with("\n\n"))
    return error(Errc::invalid_input, concat(what, ", line 1: it does not begin with a subject and an empty line"),
                 "the first line is 'Subject: ...', the second is empty, the text follows");
  LIC_TRY_ASSIGN(auto subject, mail::Template::parse(text.substr(0, end), what, names()));
  LIC_TRY_ASSIGN(auto body, mail::Template::parse(std::string_view(text).substr(end + 2), what, names(), 3));
  LIC_TRY(check_values(subject, catalog, what));
  LIC_TRY(check_values(body, catalog, what));
  return ReminderText(std::move(subject), std::move(body), std::move(html), catalog);
}

mail::Message ReminderText::write(const LicenseSummary& license, Time now) const {
  const Values values = values_of(license, catalog_, now);
  mail::Message message;
  message.to = {license.customer.name, license.customer.email};
  message.subject = subject_.render(values).substr(std::string_view("Subject: ").size());
  message.text = text_.render(values);
  const std::string inner =
      html_ ? html_->render(for_html(values, false))
            : concat("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"></head>\n<body>\n",
                     paragraphs(text_.render(for_html(values, true), html_lines)), "</body>\n</html>\n");
  message.html = inner;
  message.date = now;
  return message;
}

std::int64_t days_until(Time end, Time now) { return std::chrono::floor<std::chrono::days>(end - now).count(); }

}  // namespace lic::app
