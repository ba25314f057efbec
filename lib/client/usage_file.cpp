#include "client/usage_file.hpp"

#include <algorithm>

#include "base/month.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/limits_json.hpp"
#include "license/terms.hpp"

namespace lic {
namespace {

constexpr std::string_view kBoxContext = "lic-usage-box-v1";

json::Value window_json(const WindowCount& window) {
  json::ObjectBuilder out;
  out.time("since", window.start).integer("used", window.used);
  return out.take();
}

json::Value counter_json(const Counter& counter) {
  json::ObjectBuilder out;
  out.integer("level", counter.level).value("day", window_json(counter.day)).value("month", window_json(counter.month));
  out.value("year", window_json(counter.year)).integer("total", counter.total);
  return out.take();
}

json::Value counters_json(const UsageBook& book) {
  json::ObjectBuilder out;
  for (const auto& [name, counter] : book.counters) out.value(name, counter_json(counter));
  return out.take();
}

json::Value meter_json(const Meter& counted) {
  json::ObjectBuilder months;
  for (const auto& month : counted.months) months.integer(format_month(month.start), month.used);
  json::ObjectBuilder out;
  out.integer("total", counted.total).value("months", months.take());
  return out.take();
}

json::Value metered_json(const MeteredLicense& metered) {
  Limits limits;
  json::ObjectBuilder meters;
  for (const auto& [name, counted] : metered.meters) {
    limits.emplace_back(name, counted.limit);
    meters.value(name, meter_json(counted));
  }
  const LicenseName& license = metered.license;
  json::ObjectBuilder out;
  out.string("license", license.id).string("key", license.key).integer("serial", license.serial);
  out.string("plan", license.plan).value("limits", limits_json(limits)).value("meters", meters.take());
  return out.take();
}

Meter read_meter(json::Reader& reader, const Limit& limit) {
  Meter counted{limit, reader.integer("total", 0, json::kMaxInteger), {}};
  if (!reader.has("months")) return counted;
  json::Reader months(*reader.member("months"), reader, "months");
  for (const auto& [name, value] : months.members()) {
    const auto month = parse_month(name);
    if (!month || (!counted.months.empty() && counted.months.back().start >= *month))
      months.fault(name, "is no month after the one before");
    counted.months.push_back({month.value_or(Time{}), months.integer(name, -json::kMaxInteger, json::kMaxInteger)});
  }
  if (counted.months.size() > kMostMonths) reader.fault("months", "are too many");
  return counted;
}

MeteredLicense read_metered(json::Reader& reader) {
  MeteredLicense metered{{reader.string("license"), reader.string("key"),
                          reader.integer("serial", 1, json::kMaxInteger), reader.string("plan")},
                         {}};
  const Limits limits = read_limits(reader, "limits");
  if (!reader.has("meters")) return metered;
  json::Reader meters(*reader.member("meters"), reader, "meters");
  if (meters.members().size() > kMostCounters) reader.fault("meters", "are too many");
  for (const auto& [name, value] : meters.members()) {
    const auto limit =
        std::find_if(limits.begin(), limits.end(), [&wanted = name](const auto& one) { return one.first == wanted; });
    json::Reader one(value, meters, name);
    metered.meters[name] = read_meter(one, limit == limits.end() ? Limit{} : limit->second);
  }
  return metered;
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

json::Value book_json(const UsageBook& book) {
  json::ObjectBuilder out;
  out.integer("seq", book.seq).value("counters", counters_json(book));
  json::Array metered;
  for (const auto& one : book.metered) metered.push_back(metered_json(one));
  if (!metered.empty()) out.array("metered", std::move(metered));
  return out.take();
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
  const json::Array& metered = reader.array_or_empty("metered");
  if (metered.size() > kMostMetered) reader.fault("metered", "are too many");
  for (std::size_t i = 0; i < metered.size(); ++i) {
    json::Reader one(metered[i], reader, "metered", i);
    book.metered.push_back(read_metered(one));
  }
  return book;
}

std::string encode_usage(const UsageBook& book, Time now, const SecretBytes& secret, const MachineIdentity& machine,
                         std::string_view product, std::string_view keyring_name) {
  json::ObjectBuilder readable;
  readable.string("product", product).time("updated_at", now).integer("seq", book.seq);
  readable.value("counters", counters_json(book));
  json::ObjectBuilder content;
  content.integer("v", 1).value("book", book_json(book));
  return seal_document(readable.take(), content.take(), secret, keyring_name, {machine, product, kBoxContext});
}

LoadedUsage decode_usage(std::string_view text, const SecretSource& secret_of, const MachineIdentity& machine,
                         std::string_view product) {
  SealedText file(text, "usage_data.json");
  OpenedDocument opened = open_document(file, secret_of, {machine, product, kBoxContext});
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
