#include "client/usage_file.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/time.hpp"
#include "license/terms.hpp"

namespace lic {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kBoxContext = "lic-usage-box-v1";

ordered_json window_json(const WindowCount& window) {
  return {{"since", format_time(window.start)}, {"used", window.used}};
}

ordered_json counters_json(const UsageBook& book) {
  auto out = ordered_json::object();
  for (const auto& [name, counter] : book.counters)
    out[name] = {{"level", counter.level},
                 {"day", window_json(counter.day)},
                 {"month", window_json(counter.month)},
                 {"year", window_json(counter.year)},
                 {"total", counter.total}};
  return out;
}

WindowCount read_window(json::Reader& counter, std::string_view name) {
  if (!counter.has(name)) {
    counter.fault(name, "is missing");
    return {};
  }
  json::Reader window(*counter.member(name), counter, name);
  return {window.time("since"), window.integer("used", 0, json::kMaxInteger)};
}

}  // namespace

ordered_json book_json(const UsageBook& book) { return {{"seq", book.seq}, {"counters", counters_json(book)}}; }

UsageBook read_book(json::Reader reader) {
  UsageBook book;
  book.seq = reader.integer("seq", 0, json::kMaxInteger);
  const json::Object& counters = reader.object_or_empty("counters");
  if (counters.size() > kMostCounters) reader.fault("counters", "are too many");
  for (const auto& [name, value] : counters) {
    if (!is_name(name)) reader.fault("counters", concat("has ", in_quotes(name), ", which is no name"));
    json::Reader counter(value, reader, name);
    book.counters[name] = {counter.integer("level", 0, json::kMaxInteger), read_window(counter, "day"),
                           read_window(counter, "month"), read_window(counter, "year"),
                           counter.integer("total", 0, json::kMaxInteger)};
  }
  return book;
}

std::string encode_usage(const UsageBook& book, Time now, const SecretBytes& secret, const MachineIdentity& machine,
                         std::string_view product, std::string_view keyring_name) {
  ordered_json readable{{"product", product}, {"updated_at", format_time(now)}};
  readable.update(book_json(book));
  return seal_document(std::move(readable), {{"v", 1}, {"book", book_json(book)}}, secret, keyring_name,
                       {machine, product, kBoxContext});
}

LoadedUsage decode_usage(std::string_view text, const SecretSource& secret_of, const MachineIdentity& machine,
                         std::string_view product) {
  const auto document = json::parse(text, "usage_data.json");
  if (!document) return {};
  OpenedDocument opened = open_document(*document, secret_of, {machine, product, kBoxContext});
  if (!opened.content) return {opened.condition, {}};
  json::Faults faults;
  json::Reader content(*opened.content, faults);
  static_cast<void>(content.integer("v", 1, 1));
  UsageBook book;
  if (content.has("book")) book = read_book(json::Reader(*content.member("book"), content, "book"));
  if (!faults.empty() || book.seq == 0) return {};
  return {opened.condition, std::move(book)};
}

}  // namespace lic
