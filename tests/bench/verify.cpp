/// What liblic costs an application, in process: from a license file's bytes to a
/// decision, beside the bare signature check; and one check of a feature.
/// Exits 1 when a limit is exceeded.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "base/time.hpp"
#include "bench/report.hpp"
#include "lic/lic.hpp"
#include "license/key.hpp"
#include "machine/identity.hpp"
#include "policy/decide.hpp"
#include "support/signed.hpp"
#include "trust/verify.hpp"

namespace {
std::atomic<long> allocations{0};
}

// Every allocation of this program is counted.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace lic;
using bench::in_units;
using bench::median;
using bench::report;

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "bench_verify: %s\n", error.message.c_str());
  std::exit(2);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(result).value();
}

/// Seconds that one of `count` calls takes.
template <class Call>
double time_of(int count, Call call) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) call();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return took.count() / count;
}

/// A license as large as real ones are.
std::string license_document(Time now) {
  Terms terms;
  terms.id = "01JD0000000000000000000001";
  terms.product = "ticketzero";
  terms.key = LicenseKey::make("TZ", "PRO", Bytes(LicenseKey::kBodySymbols - LicenseKey::kCheckSymbols, 7)).text();
  terms.plan = "professional";
  terms.customer = {"ACME GmbH", "ops@acme.example"};
  terms.issued_at = terms.starts_at = now - std::chrono::hours{24};
  terms.expires_at = now + std::chrono::hours{24 * 364};
  terms.grace_days = 7;
  for (const char* name : {"ai-ticket-processing", "advanced-dashboard", "api-access", "custom-branding", "sso"})
    terms.features.emplace_back(name, true);
  terms.features.emplace_back("export-formats", std::vector<std::string>{"json", "csv", "xlsx"});
  terms.limits = {{"clients", {15, {}}}, {"tickets", {5000, Period::month}}, {"exports", {std::nullopt, Period::day}}};
  terms.order = "PO-1234";
  return test::sign(DocumentKind::license, view_bytes(terms.to_json()));
}

bool measure_verify(const std::string& document, Time now) {
  const ProductFile& product = test::product();
  const Envelope envelope = must(Envelope::parse(view_bytes(document), "license"));
  const Bytes message = envelope.signed_bytes();
  const Bytes& signature = envelope.signatures().front().signature;
  const PublicKey& key = test::signing_key().public_key();
  Context context;
  context.now = now;
  bool good = true;

  constexpr int kRounds = 201;
  constexpr int kCalls = 20;
  std::vector<double> whole;
  std::vector<double> bare;
  for (int round = 0; round < kRounds; ++round) {
    bare.push_back(time_of(kCalls, [&] { good &= key.verifies(message, signature); }));
    whole.push_back(time_of(kCalls, [&] {
      const auto license = verify(view_bytes(document), product, "license");
      good &= license && decide(*license, context).allowed();
    }));
  }
  if (!good) give_up({Errc::failure, "the license does not hold", {}});
  return report({"verify and decide, of the bare signature's rate", in_units(median(whole)), in_units(median(bare)),
                 median(bare) / median(whole), 0.80, true});
}

OpenOptions options_for(const std::filesystem::path& directory, OpenOptions options = {}) {
  options.product_file = directory / "product.json";
  options.state_dir = directory / "state";
  return options;
}

LicenseManager activated_manager(const std::filesystem::path& directory, const std::string& document,
                                 OpenOptions options = {}) {
  options = options_for(directory, options);
  must(write_file(options.product_file, test::product().bytes()));
  LicenseManager manager = must(LicenseManager::open(options));
  const Change change = must(manager.activate_document(view_bytes(document), "license"));
  if (!change.decision.allowed()) give_up({Errc::failure, change.message, {}});
  return manager;
}

bool measure_check_feature(const LicenseManager& manager) {
  constexpr int kRounds = 201;
  constexpr int kCalls = 5000;
  std::vector<double> times;
  times.reserve(kRounds);
  bool good = true;
  const long before = allocations.load();
  for (int round = 0; round < kRounds; ++round) {
    times.push_back(time_of(kCalls, [&] {
      good &= manager.check_feature("export-formats").allowed();
      good &= !manager.check_feature("time-travel").allowed();
    }));
  }
  const long allocated = allocations.load() - before;
  if (!good) give_up({Errc::failure, "a feature is not as licensed", {}});
  const double one = median(times) / 2;
  const bool fast = report({"check_feature, ns", in_units(one), "-", one * 1e9, 200});
  const bool lean =
      report({"check_feature, allocations", std::to_string(allocated), "-", static_cast<double>(allocated), 0});
  return fast && lean;
}

/// The manager of an application that draws blocks: how fast it counts from memory.
bool measure_consume(const std::filesystem::path& directory, const std::string& document) {
  OpenOptions options;
  options.usage_block = 1'000'000'000;
  LicenseManager manager = activated_manager(directory, document, options);
  bool good = must(manager.consume("exports")).decision.allowed();  // draws the block
  std::vector<double> times;
  constexpr int kRounds = 201;
  constexpr int kCalls = 5000;
  for (int round = 0; round < kRounds; ++round)
    times.push_back(time_of(kCalls, [&] { good &= manager.consume("exports").value().decision.allowed(); }));
  if (!good) give_up({Errc::failure, "usage is not counted as licensed", {}});
  const double one = median(times);
  return report({"consume in memory, ns", in_units(one), "-", one * 1e9, 2000});
}

/// What eight threads answer in a second, of what one thread does on each processor.
bool measure_threads(const LicenseManager& manager) {
  constexpr int kCalls = 200'000;
  const auto rate = [&](unsigned threads) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> running;
    for (unsigned i = 0; i < threads; ++i)
      running.emplace_back([&] {
        for (int call = 0; call < kCalls; ++call)
          if (!manager.check_feature("export-formats").allowed()) give_up({Errc::failure, "not as licensed", {}});
      });
    for (auto& thread : running) thread.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return threads * kCalls / took.count();
  };
  const unsigned processors = std::max(1U, std::min(8U, std::thread::hardware_concurrency()));
  std::vector<double> ratios;
  for (int round = 0; round < 21; ++round) ratios.push_back(rate(8) / rate(1) / processors);
  return report({"check_feature, 8 threads of one on each core", "-", "-", median(ratios), 0.75, true});
}

/// Opening a manager and asking it, beside the reading of the same files and one check of a signature.
bool measure_open(const std::filesystem::path& directory, const std::string& document) {
  const OpenOptions options = options_for(directory);
  bool good = activated_manager(directory, document, {}).decision().allowed();
  const Envelope envelope = must(Envelope::parse(view_bytes(document), "license"));
  const Bytes message = envelope.signed_bytes();
  const Bytes& signature = envelope.signatures().front().signature;
  const std::string product = directory / "product.json";
  const Path state = directory / "state";
  const std::string license = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(state))
      if (entry.path().filename().native().starts_with("TZ-")) return entry.path().native();
    return std::string();
  }();
  std::vector<double> opened;
  std::vector<double> read;
  for (int round = 0; round < 201; ++round) {
    read.push_back(time_of(5, [&] {
      good &= !read_machine_facts("/").empty();
      for (const Path& file : {Path(product), state / "license_data.json", state / "state.key", Path(license)})
        good &= read_file(file, "file").has_value();
      good &= !read_file(state / "usage_data.json", "file").has_value();
      good &= test::signing_key().public_key().verifies(message, signature);
    }));
    opened.push_back(time_of(5, [&] {
      const auto manager = LicenseManager::open(options);
      good &= manager && manager->decision().allowed();
    }));
  }
  if (!good) give_up({Errc::failure, "the license does not hold", {}});
  return report({"open and judge, to file reads and a signature", in_units(median(opened)), in_units(median(read)),
                 median(opened) / median(read), 1.3});
}

/// A call that reads, verifies and decides each time, as libraries without a state do, of one of ours.
bool measure_against_reading(const LicenseManager& manager, const std::filesystem::path& directory,
                             const std::string& document) {
  const std::string path = directory / "license.json";
  must(write_file(path, view_bytes(document)));
  bool good = true;
  std::vector<double> theirs;
  std::vector<double> ours;
  for (int round = 0; round < 101; ++round) {
    theirs.push_back(time_of(20, [&] {
      const Bytes bytes = must(read_file(path, "license file"));
      const auto license = verify(bytes, test::product(), "license");
      Context context;
      context.now = system_now();
      good &= license && decide(*license, context).allowed();
    }));
    ours.push_back(time_of(2000, [&] { good &= manager.check_feature("export-formats").allowed(); }));
  }
  if (!good) give_up({Errc::failure, "the license does not hold", {}});
  return report({"check_feature, to reading and verifying", in_units(median(ours)), in_units(median(theirs)),
                 median(ours) / median(theirs), 0.01});
}

}  // namespace

int main() {
  const Time now = system_now();
  const std::string document = license_document(now);
  std::string pattern = (std::filesystem::temp_directory_path() / "lic-bench.XXXXXX").native();
  if (::mkdtemp(pattern.data()) == nullptr) give_up({Errc::failure, "no temporary directory", {}});
  const std::filesystem::path directory = pattern;
  std::filesystem::create_directory(directory / "open");
  bool good = measure_verify(document, now);
  good &= measure_open(directory / "open", document);
  {
    const LicenseManager manager = activated_manager(directory, document);
    good &= measure_check_feature(manager);
    good &= measure_threads(manager);
    good &= measure_against_reading(manager, directory, document);
  }
  good &= measure_consume(directory, document);
  std::filesystem::remove_all(directory);
  return good ? 0 : 1;
}
