#include "base/text.hpp"
#include "report/money.hpp"
#include "report/price_book.hpp"
#include "support/catch.hpp"
#include "support/vendor.hpp"

using namespace lic;
using test::at;

namespace {

std::string text_of(std::string_view amount) {
  const auto decimal = parse_decimal(amount);
  return decimal ? decimal_text(decimal->units, decimal->scale) : "none";
}

/// Months as a fraction in lowest terms: "1", "1/31".
std::string months(const char* anchor, const char* from, const char* to) {
  Ratio ratio = months_between(at(anchor), at(from), at(to));
  Int128 a = ratio.numerator;
  Int128 b = ratio.denominator;
  while (b != 0) {
    const Int128 rest = a % b;
    a = b, b = rest;
  }
  const std::string whole = decimal_text(ratio.numerator / a, 0);
  return ratio.denominator == a ? whole : concat(whole, '/', decimal_text(ratio.denominator / a, 0));
}

Catalog catalog(std::string_view plans) {
  const std::string text =
      concat(R"({"v":1,"product":"p","name":"P","app":"p","key_prefix":"PP","plans":[)", plans, "]}");
  return Catalog::parse(text, "catalogue").value();
}

std::string plan(std::string_view id, std::string_view code, std::string_view rest) {
  return concat(R"({"id":")", id, R"(","name":"N","code":")", code, R"(",)", rest, "}");
}

std::string yearly(std::string_view amount, std::string_view currency = "USD") {
  return plan("pro", "PRO",
              concat(R"("kind":"subscription","months":12,"price":{"amount":")", amount, R"(","currency":")", currency,
                     R"(","per":"year"})"));
}

struct Book {
  PriceBook book;

  Book& with(const char* since, const std::string& plans) {
    book.add(at(since), catalog(plans));
    return *this;
  }

  std::string text(const std::optional<Money>& money) {
    if (!money) return "none";
    const Currency& currency = book.currencies()[money->currency];
    return concat(decimal_text(money->units, currency.scale), ' ', currency.code);
  }

  std::string price(const char* sold, const char* from, const char* to, const char* anchor = nullptr) {
    book.close();
    return text(book.price("pro", at(sold), at(anchor == nullptr ? from : anchor), at(from),
                           to == nullptr ? std::nullopt : std::optional(at(to))));
  }
};

}  // namespace

TEST_CASE("amounts are read and written to the digit", "[report]") {
  for (const char* same : {"4500.00", "0", "0.05", "1.0000", "999999999999999.9999", "850"})
    CHECK(text_of(same) == same);
  for (const char* bad : {"", ".", "1.", ".5", "-1", "+1", "1,5", "1e3", " 1", "1 ", "1.2.3", "0x1"})
    CHECK(text_of(bad) == "none");
  CHECK(text_of("1234567890123456789012345678901") == "none");
  CHECK(decimal_text(-5, 2) == "-0.05");
  CHECK(decimal_text(-12345, 2) == "-123.45");
  CHECK(decimal_text(0, 2) == "0.00");
  CHECK(decimal_text(7, 0) == "7");
  CHECK(units_at({85, 0}, 2) == 8500);
  CHECK(units_at({8500, 2}, 2) == 8500);
}

TEST_CASE("a half is rounded to the even digit", "[report]") {
  const auto half = [](std::int64_t units) { return static_cast<std::int64_t>(times(units, {1, 2})); };
  CHECK(half(1) == 0);
  CHECK(half(3) == 2);
  CHECK(half(5) == 2);
  CHECK(half(7) == 4);
  CHECK(half(8) == 4);
  CHECK(static_cast<std::int64_t>(times(100, {1, 3})) == 33);
  CHECK(static_cast<std::int64_t>(times(200, {1, 3})) == 67);
  CHECK(static_cast<std::int64_t>(times(0, {1, 3})) == 0);
  // The largest price for all years there are.
  const Int128 largest = units_at(*parse_decimal("999999999999999.9999"), 4);
  CHECK(decimal_text(times(largest, {Int128{8030 * 12} * 2'678'400, Int128{12} * 2'678'400}), 4) ==
        "8029999999999999999.1970");
  CHECK(percent(5, 6) == "83.3");
  CHECK(percent(1, 2) == "50.0");
  CHECK(percent(1, 2000) == "0.0");
  CHECK(percent(3, 2000) == "0.2");
  CHECK(percent(0, 0) == std::nullopt);
  CHECK(percent(7, 7) == "100.0");
}

TEST_CASE("months are those of the calendar", "[report]") {
  CHECK(months("2026-01-01", "2026-01-01", "2027-01-01") == "12");
  CHECK(months("2024-02-29", "2024-02-29", "2025-02-28") == "12");
  // Of what began on 31 January, each of these is one month.
  CHECK(months("2026-01-31", "2026-01-31", "2026-02-28") == "1");
  CHECK(months("2026-01-31", "2026-02-28", "2026-03-31") == "1");
  CHECK(months("2026-01-31", "2026-03-31", "2026-04-30") == "1");
  // Of what began on another day, they are not.
  CHECK(months("2026-02-28", "2026-02-28", "2026-03-31") == "34/31");
  // A renewal after the end counts from that day on.
  CHECK(months("2026-01-01T10:00:00Z", "2026-03-20T08:00:00Z", "2026-04-20T08:00:00Z") == "1");
  CHECK(months("2026-01-01", "2026-01-01", "2026-01-16") == "15/31");
  CHECK(months("2026-02-01", "2026-02-01", "2026-02-15") == "1/2");
  CHECK(months("2026-01-01", "2026-01-01", "2026-02-15") == "3/2");
  CHECK(months("2026-01-01", "2026-01-01", "2026-01-01T00:00:01Z") == "1/2678400");
  CHECK(months("2026-01-15", "2026-01-15", "2026-03-14") == "55/28");
  CHECK(months("9999-11-30", "9999-11-30", "9999-12-31") == "32/31");
  CHECK(months_between(at("2026-01-01"), at("2026-02-01"), at("2026-01-01")).numerator == 0);
}

TEST_CASE("the price is that of the catalogue of the day", "[report]") {
  Book book;
  book.with("2026-01-01", yearly("4500.00")).with("2026-06-01", yearly("6000.00"));
  CHECK(book.price("2026-02-01", "2026-02-01", "2027-02-01") == "4500.00 USD");
  CHECK(book.price("2026-05-31T23:59:59Z", "2026-02-01", "2027-02-01") == "4500.00 USD");
  CHECK(book.price("2026-06-01", "2026-02-01", "2027-02-01") == "6000.00 USD");
  CHECK(book.price("2020-01-01", "2026-02-01", "2027-02-01") == "4500.00 USD");
  CHECK(book.price("2026-02-01", "2026-02-01", "2026-03-01") == "375.00 USD");
  CHECK(book.price("2026-02-01", "2026-02-01", "2029-02-01") == "13500.00 USD");
  CHECK(book.price("2026-02-01", "2026-02-01", nullptr) == "none");
}

TEST_CASE("what is no whole month is taken exactly and rounded once", "[report]") {
  Book book;
  book.with("2026-01-01", yearly("1000.00"));
  CHECK(book.price("2026-02-01", "2026-01-01", "2026-02-01") == "83.33 USD");
  CHECK(book.price("2026-02-01", "2026-01-01", "2026-03-01") == "166.67 USD");
  CHECK(book.price("2026-02-01", "2026-02-01", "2026-02-15") == "41.67 USD");  // 1000 / 12 / 2 = 41.666...
  Book even;
  even.with("2026-01-01", yearly("0.30"));
  CHECK(even.price("2026-02-01", "2026-02-01", "2026-03-01") == "0.02 USD");  // 0.025
  Book odd;
  odd.with("2026-01-01", yearly("0.42"));
  CHECK(odd.price("2026-02-01", "2026-02-01", "2026-03-01") == "0.04 USD");  // 0.035
}

TEST_CASE("a currency has the decimals of the catalogue that wrote the most", "[report]") {
  Book book;
  book.with("2026-01-01", yearly("850")).with("2026-06-01", yearly("850.125"));
  CHECK(book.price("2026-02-01", "2026-01-01", "2027-01-01") == "850.000 USD");
  CHECK(book.price("2026-06-02", "2026-01-01", "2027-01-01") == "850.125 USD");
  Book yen;
  yen.with("2026-01-01", yearly("98000", "JPY"));
  CHECK(yen.price("2026-02-01", "2026-01-01", "2026-02-01") == "8167 JPY");
}

TEST_CASE("prices per month, once, and none", "[report]") {
  Book monthly;
  monthly.with("2026-01-01", plan("pro", "PRO", R"("kind":"subscription","months":1,
      "price":{"amount":"10.00","currency":"EUR","per":"month"})"));
  CHECK(monthly.price("2026-02-01", "2026-01-31", "2026-02-28") == "10.00 EUR");
  CHECK(monthly.price("2026-02-01", "2026-02-28", "2026-03-31", "2026-01-31") == "10.00 EUR");
  CHECK(monthly.text(monthly.book.renewal_price("pro", at("2026-01-31"), at("2026-02-28"))) == "10.00 EUR");
  Book once;
  once.with("2026-01-01", plan("pro", "PRO", R"("kind":"perpetual","price":{"amount":"99.90","currency":"EUR"})"));
  CHECK(once.price("2026-02-01", "2026-02-01", nullptr) == "99.90 EUR");
  CHECK(once.price("2026-02-01", "2026-02-01", "2026-03-01") == "99.90 EUR");
  CHECK(once.text(once.book.renewal_price("pro", at("2026-01-31"), at("2026-02-28"))) == "none");
  Book gone;
  gone.with("2026-01-01", yearly("100.00"));
  gone.with("2026-03-01", plan("other", "OTH", R"("kind":"subscription","months":1)"));
  gone.with("2026-06-01", yearly("200.00"));
  CHECK(gone.price("2026-02-01", "2026-02-01", "2027-02-01") == "100.00 USD");
  CHECK(gone.price("2026-04-01", "2026-02-01", "2027-02-01") == "none");
  CHECK(gone.price("2026-07-01", "2026-02-01", "2027-02-01") == "200.00 USD");
  CHECK(gone.text(gone.book.price("unknown", at("2026-07-01"), at("2026-01-01"), at("2026-01-01"), {})) == "none");
  CHECK(gone.text(gone.book.renewal_price("other", at("2026-01-31"), at("2026-02-28"))) == "none");
  Book days;
  days.with("2026-01-01", plan("pro", "PRO", R"("kind":"subscription","days":14,
      "price":{"amount":"28.00","currency":"EUR","per":"month"})"));
  CHECK(days.price("2026-02-01", "2026-02-01", "2026-02-15") == "14.00 EUR");
  CHECK(days.text(days.book.renewal_price("pro", at("2026-01-01"), at("2026-02-01"))) == "14.00 EUR");
  PriceBook none;
  none.close();
  CHECK(!none.price("pro", at("2026-01-01"), at("2026-01-01"), at("2026-01-01"), {}));
  CHECK(!none.renewal_price("pro", at("2026-01-01"), at("2026-01-01")));
}

TEST_CASE("the main currency is that of most plans today", "[report]") {
  PriceBook book;
  const auto in = [](std::string_view id, std::string_view code, std::string_view currency) {
    return plan(id, code, concat(R"("kind":"perpetual","price":{"amount":"1","currency":")", currency, R"("})"));
  };
  book.add(at("2026-01-01"),
           catalog(concat(in("a", "AA", "USD"), ',', in("b", "BB", "USD"), ',', in("c", "CC", "EUR"))));
  book.add(at("2026-02-01"),
           catalog(concat(in("a", "AA", "USD"), ',', in("b", "BB", "EUR"), ',', in("c", "CC", "EUR"))));
  book.close();
  REQUIRE(book.currencies().size() == 2);
  CHECK(book.currencies()[book.main_currency()].code == "EUR");
  CHECK(book.currencies()[1].code == "USD");
}
