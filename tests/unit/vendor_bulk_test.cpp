#include <atomic>
#include <set>

#include "licgen/ahead.hpp"
#include "licgen/key_draws.hpp"
#include "licgen/pace.hpp"
#include "licgen/workers.hpp"
#include "support/catch.hpp"

using namespace lic;
using namespace lic::app;

namespace {

/// Blocks of one number each, which take the longer the smaller they are.
auto numbers_up_to(int last, Workers& workers, std::size_t size) {
  return [next = 0, last, size, &workers]() mutable -> Result<std::optional<std::future<int>>> {
    if (next == last) return std::optional<std::future<int>>();
    const int number = next++;
    return std::optional(workers.begin(size, [number] {
      std::this_thread::sleep_for(std::chrono::microseconds(500 / (number + 1)));
      return number;
    }));
  };
}

}  // namespace

TEST_CASE("what is done ahead comes in its order", "[bulk]") {
  const std::size_t size = GENERATE(1, 1000);  // without threads, and with
  Workers workers;
  Ahead<int> ahead(7, numbers_up_to(100, workers, size));
  for (int wanted = 0; wanted < 100; ++wanted) REQUIRE(ahead.next().value() == wanted);
  CHECK_FALSE(ahead.next().value());
  CHECK_FALSE(ahead.next().value());
}

TEST_CASE("no more is done ahead than was asked for", "[bulk]") {
  Workers workers;
  int begun = 0;
  Ahead<int> ahead(3, [&]() -> Result<std::optional<std::future<int>>> {
    return std::optional(workers.begin(1, [number = begun++] { return number; }));
  });
  CHECK(begun == 0);
  CHECK(ahead.next().value() == 0);
  CHECK(begun == 4);
  CHECK(ahead.next().value() == 1);
  CHECK(begun == 5);
}

TEST_CASE("an error comes after what came before it, and again", "[bulk]") {
  Workers workers;
  Ahead<int> ahead(7, [numbers = numbers_up_to(5, workers, 1000)]() mutable -> Result<std::optional<std::future<int>>> {
    auto begun = numbers();
    if (begun && !*begun) return Error{Errc::invalid_input, "the end is missing", {}};
    return begun;
  });
  for (int wanted = 0; wanted < 5; ++wanted) REQUIRE(ahead.next().value() == wanted);
  CHECK(ahead.next().error().message == "the end is missing");
  CHECK(ahead.next().error().message == "the end is missing");
}

TEST_CASE("who goes early waits for what is under way", "[bulk]") {
  Workers workers;
  std::atomic<int> done = 0;
  {
    std::string text = "what the blocks work with";
    Ahead<int> ahead(20, [&]() -> Result<std::optional<std::future<int>>> {
      return std::optional(workers.begin(1000, [&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++done;
        return static_cast<int>(text.size());
      }));
    });
    CHECK(ahead.next().value() == 25);
  }
  CHECK(done == 21);
}

TEST_CASE("an exception in a block is that of who takes it", "[bulk]") {
  Workers workers;
  auto failing = workers.begin(1000, []() -> int { throw std::bad_alloc(); });
  CHECK_THROWS_AS(failing.get(), std::bad_alloc);
}

TEST_CASE("random symbols of keys come in their order, each once, as many as were asked for", "[bulk]") {
  const std::int64_t expected = GENERATE(0, 1, 100, 1'000'000);
  KeyDraws draws;
  std::vector<KeyDraws::Draw> all;
  for (const std::size_t count : {1, 0, 7, 92}) {
    const auto taken = draws.take(count, expected);
    REQUIRE(taken.size() == count);
    all.insert(all.end(), taken.begin(), taken.end());
  }
  CHECK(std::set(all.begin(), all.end()).size() == 100);
  for (const auto& draw : all)
    CHECK(std::all_of(draw.begin(), draw.end(), [](std::uint8_t symbol) { return symbol < 32; }));
  if (expected >= 100) CHECK(std::is_sorted(all.begin(), all.end()));
}

TEST_CASE("a transaction takes on at least a little and never more than it may", "[bulk]") {
  Pace pace(5'000);
  const std::int64_t first = pace.at_once();
  CHECK((first > 0 && first <= 5'000));
  pace.begin();
  pace.end(first);  // in no time
  CHECK(pace.at_once() == 5'000);
  pace.begin();
  pace.end(0);
  CHECK(pace.at_once() == 1'000);
  CHECK(Pace(10).at_once() == 10);
}
