#include "client/usage_file.hpp"

#include "base/text.hpp"
#include "base/time.hpp"
#include "license/terms.hpp"

namespace lic {
namespace {

constexpr std::string_view kBoxContext = "lic-usage-box-v1";

json::Value window_json(const WindowCount& window) {
  return json::Value(json::Object{{"since", json::Value(format_time(window.start))}, {"used", json::Value(window.used)}});
}

json::Value counter_json(const Counter& counter) {
  return json::Value(json::Object{
      {"level", json::Value(counter.level)},
      {"day", window_json(counter.day)},
      {"month", window_json(counter.month)},
      {"year", window_json(counter.year)},
      {"total", json::Value(counter.total)},
  });
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

json::Object book_json(const UsageBook& book) {
  json::Object counters;
  for (const auto& [name, counter] : book.counters) counters.emplace_back(name, counter_json(counter));
  return {{"seq", json::Value(book.seq)}, {"counters", json::Value(std::move(counters))}};
}

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
                         std::string_view product) {
  json::Object readable{{"product", json::Value(std::string(product))}, {"updated_at", json::Value(format_time(now))}};
  for (auto& member : book_json(book)) readable.push_back(std::move(member));
  return seal_document(std::move(readable),
                       {{"v", json::Value(std::int64_t{1})}, {"book", json::Value(book_json(book))}},
                       {secret, machine, product, kBoxContext});
}

LoadedUsage decode_usage(std::string_view text, const SecretBytes& secret, const MachineIdentity& machine,
                         std::string_view product) {
  const auto document = json::parse(text, "usage_data.json");
  if (!document) return {};
  OpenedDocument opened = open_document(*document, {secret, machine, product, kBoxContext});
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
