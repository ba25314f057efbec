// Memory that runs out: every operation of liblic again and again, with the first allocation
// refused, then the second, and so on until it needs no more; each once with that one allocation
// refused and once with all from there on. After each, nothing has leaked, what was there is
// good, and the next call works.
//
// usage: low_memory PRODUCT_FILE LICENSE_FILE STATE_DIR
//
// Allocations are refused at malloc(), which liblic's operator new and libsodium call; with a
// sanitizer, which has a malloc() of its own, at operator new. That an application's operator
// new is used inside liblic is looked at as well.

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "lic/lic.h"
#include "lic/lic.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#endif

namespace {

/// Counts allocations of one thread while armed, and refuses some.
struct Refusal {
  long countdown = 0;
  bool from_there_on = false;
  bool refused = false;
  bool armed = false;
  pthread_t thread{};
};
Refusal refusal;
long live = 0;  // blocks that are not freed, while watching
long news = 0;  // calls of our operator new
bool watching = false;

bool is_refused() {
  if (!refusal.armed || !pthread_equal(refusal.thread, pthread_self())) return false;
  if (refusal.refused && refusal.from_there_on) return true;
  if (--refusal.countdown != 0) return false;
  return refusal.refused = true;
}

template <class Allocate>
void* allocate(Allocate how) {
  if (is_refused()) {
    errno = ENOMEM;
    return nullptr;
  }
  void* memory = how();
  if (memory != nullptr && watching) ++live;
  return memory;
}

void freed(const void* memory) {
  if (memory != nullptr && watching) --live;
}

}  // namespace

#if !defined(HAS_SANITIZER)
extern "C" {
void* __libc_malloc(std::size_t size);                     // NOLINT(bugprone-reserved-identifier): glibc's
void* __libc_calloc(std::size_t count, std::size_t size);  // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* memory, std::size_t size);      // NOLINT(bugprone-reserved-identifier)
void __libc_free(void* memory);                            // NOLINT(bugprone-reserved-identifier)

void* malloc(std::size_t size) {
  return allocate([&] { return __libc_malloc(size); });
}
void* calloc(std::size_t count, std::size_t size) {
  return allocate([&] { return __libc_calloc(count, size); });
}
void* realloc(void* memory, std::size_t size) {
  if (memory == nullptr) return malloc(size);
  if (is_refused()) {
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_realloc(memory, size);
}
void free(void* memory) {
  freed(memory);
  __libc_free(memory);
}

// Nothing here is about power failures, and waiting for disks takes most of the time.
int fsync(int) { return 0; }
}

void* operator new(std::size_t size) {
  ++news;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
#else
extern "C" int fsync(int) { return 0; }

void* operator new(std::size_t size) {
  ++news;
  if (void* memory = allocate([&] { return std::malloc(size == 0 ? 1 : size); })) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  freed(memory);
  std::free(memory);
}
#endif
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace {

std::string product_file;
std::string state_dir;
std::string license_key;
std::vector<unsigned char> document;
const char* doing = "";
long at_allocation = 0;

[[noreturn]] void fail(const std::string& what) {
  refusal.armed = false;
  std::fprintf(stderr, "low_memory: %s, allocation %ld refused%s: %s\n", doing, at_allocation,
               refusal.from_there_on ? " and all after it" : "", what.c_str());
  std::_Exit(1);
}

void expect(bool good, const char* what) {
  if (!good) fail(what);
}

std::vector<unsigned char> read_all(const char* path) {
  std::vector<unsigned char> bytes(64 * 1024);
  std::FILE* const file = std::fopen(path, "rb");
  if (file == nullptr) fail(std::string("cannot read ") + path);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  return bytes;
}

/// Closed when it goes.
struct Manager {
  lic_manager* handle = nullptr;
  explicit Manager(std::int64_t block = 1) {
    lic_options options{};
    options.size = sizeof options;
    options.product_file = product_file.c_str();
    options.state_dir = state_dir.c_str();
    options.usage_block = block;
    lic_error error;
    if (lic_open(&options, &handle, &error) != LIC_OK) fail(std::string("cannot open: ") + error.message);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { lic_close(&handle); }
};

std::int64_t used(lic_manager* manager, const char* name) {
  lic_limit limit{};
  limit.size = sizeof limit;
  lic_error error;
  if (lic_get_limit(manager, name, &limit, &error) != LIC_OK) fail(std::string("no limit: ") + error.message);
  return limit.used;
}

/// One operation: what is done before and after it with all the memory there is, and itself.
struct Operation {
  const char* name;
  std::function<int(lic_manager*, lic_error*)> work;
  std::function<void()> prepare = [] {};
  std::int64_t block = 1;
  int good = LIC_OK;  ///< what it answers where memory suffices
};

void activate() {
  Manager manager;
  lic_error error;
  if (lic_activate_document(manager.handle, document.data(), document.size(), nullptr, nullptr, &error) != LIC_OK)
    fail(std::string("cannot activate: ") + error.message);
}

void deactivate() {
  Manager manager;
  lic_error error;
  if (const int code = lic_deactivate(manager.handle, &error); code != LIC_OK && code != LIC_NO_LICENSE)
    fail(std::string("cannot deactivate: ") + error.message);
}

/// The state on disk is whole, whatever was interrupted.
void check_state() {
  for (const auto& entry : std::filesystem::directory_iterator(state_dir)) {
    const std::string name = entry.path().filename().native();
    expect(name.find(".corrupt-") == std::string::npos, "a good file was set aside");
  }
  Manager manager;
  char* text = nullptr;
  expect(lic_status_json(manager.handle, &text, nullptr) == LIC_OK, "no status afterwards");
  // Warnings tell of files by their names; that a limit is near is none of them.
  for (const char* file : {"license_data.json", "usage_data.json", "state.key"})
    expect(std::strstr(text, file) == nullptr, text);
  lic_free(text);
  const int code = lic_decision(manager.handle, nullptr, nullptr);
  expect(code == LIC_OK || code == LIC_NO_LICENSE, "the state does not hold afterwards");
}

void arm(long k, bool from_there_on) { refusal = {k, from_there_on, false, true, pthread_self()}; }
void disarm() { refusal.armed = false; }

/// Whether the answer is that of a call that had too little memory, or could do without.
void check_answer(int code, const lic_error& error, int good) {
  if (code == good) return;
  if (code != LIC_FAILURE) fail(std::string("answers ") + lic_code_name(code) + ": " + error.message);
  // As operator new says it, or as the C library does of a call of its own.
  if (std::strstr(error.message, "out of memory") == nullptr &&
      std::strstr(error.message, "Cannot allocate memory") == nullptr)
    fail(std::string("says: ") + error.message);
}

/// The k-th allocation of `operation` refused; whether there was one.
bool refuse(const Operation& operation, long k, bool from_there_on) {
  doing = operation.name;
  at_allocation = k;
  operation.prepare();
  lic_error error{};
  live = 0;
  watching = true;
  bool refused = false;
  {
    Manager manager(operation.block);
    arm(k, from_there_on);
    const int code = operation.work(manager.handle, &error);
    disarm();
    refused = refusal.refused;
    check_answer(code, error, operation.good);
    if (code != operation.good) {
      const int again = operation.work(manager.handle, &error);
      if (again != operation.good) fail(std::string("does not work again: ") + error.message);
    }
  }
  watching = false;
  if (live != 0) fail(std::to_string(live) + " blocks leaked");
  check_state();
  return refused;
}

/// Opening and closing, where there is no manager yet.
bool refuse_opening(long k, bool from_there_on) {
  doing = "open and close";
  at_allocation = k;
  lic_options options{};
  options.size = sizeof options;
  options.product_file = product_file.c_str();
  options.state_dir = state_dir.c_str();
  lic_error error{};
  live = 0;
  watching = true;
  arm(k, from_there_on);
  lic_manager* handle = nullptr;
  const int code = lic_open(&options, &handle, &error);
  expect((handle != nullptr) == (code == LIC_OK), "a manager without LIC_OK, or none with it");
  lic_close(&handle);
  disarm();
  watching = false;
  check_answer(code, error, LIC_OK);
  if (live != 0) fail(std::to_string(live) + " blocks leaked");
  check_state();
  return refusal.refused;
}

/// The same in C++: no member throws, each answers or says that memory ran out.
bool refuse_cpp(long k, bool from_there_on) {
  doing = "C++";
  at_allocation = k;
  lic::OpenOptions options;
  options.product_file = product_file;
  options.state_dir = state_dir;
  const auto check = [](const auto& result) {
    if (result) return;
    disarm();
    if (result.error().code != lic::Errc::failure) fail(result.error().message);
    refusal.armed = true;
  };
  live = 0;
  watching = true;
  arm(k, from_there_on);
  {
    auto manager = lic::LicenseManager::open(options);
    check(manager);
    if (manager) {
      const lic::Decision decision = manager->decision();
      expect(decision.allowed(), "no license");
      expect(manager->check_feature("ai-ticket-processing").allowed(), "no feature");
      expect(manager->status().decision == decision, "another decision in the status");
      check(manager->validate());
      check(manager->consume("tickets"));
      check(manager->usage());
      check(manager->refresh());
      check(manager->on_change([](const lic::Status&) {}));
      check(manager->activate_document(document, "license.json"));
      check(manager->flush_usage());
    }
  }
  disarm();
  watching = false;
  if (live != 0) fail(std::to_string(live) + " blocks leaked");
  check_state();
  return refusal.refused;
}

/// Each of the first hundred allocations, and of the many alike after them every thirty-first; with
/// LIC_LOW_MEMORY_EVERY set, each.
template <class Once>
void for_every_allocation(const char* name, Once once) {
  static const bool every = std::getenv("LIC_LOW_MEMORY_EVERY") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  long most = 0;
  for (const bool from_there_on : {false, true}) {
    long k = 1;
    while (once(k, from_there_on)) k += every || k < 100 ? 1 : 31;
    most = k - 1;
  }
  expect(most > 0, "no allocation: this test looks at nothing");
  std::printf("%-20s %5ld allocations\n", name, most);
  std::fflush(stdout);
}

std::vector<Operation> operations() {
  const auto released = [](char* text, int code) {
    lic_free(text);
    return code;
  };
  return {
      {"get_status",
       [](lic_manager* m, lic_error* e) {
         lic_status status{};
         status.size = sizeof status;
         return lic_get_status(m, &status, e);
       }},
      {"status_json",
       [=](lic_manager* m, lic_error* e) {
         char* text = nullptr;
         const int code = lic_status_json(m, &text, e);
         return released(text, code);
       }},
      {"warnings",
       [=](lic_manager* m, lic_error* e) {
         char* text = nullptr;
         const int code = lic_warnings(m, &text, e);
         return released(text, code);
       }},
      {"plans_json",
       [=](lic_manager* m, lic_error* e) {
         char* text = nullptr;
         const int code = lic_plans_json(m, &text, e);
         return released(text, code);
       }},
      {"machine_json",
       [=](lic_manager* m, lic_error* e) {
         char* text = nullptr;
         const int code = lic_machine_json(m, &text, e);
         return released(text, code);
       }},
      {"license_files",
       [](lic_manager* m, lic_error* e) {
         static std::array<lic_license_file, 2> files;
         files[0].size = sizeof files[0];
         size_t count = files.size();
         return lic_license_files(m, files.data(), &count, e);
       }},
      {"keep_state_key", [](lic_manager* m, lic_error* e) { return lic_keep_state_key(m, LIC_KEY_PLACE_FILE, e); }},
      {"check_feature", [](lic_manager* m, lic_error* e) { return lic_check_feature(m, "no-such-feature", e); }, [] {},
       1, LIC_FEATURE_NOT_LICENSED},
      {"feature_value",
       [](lic_manager* m, lic_error* e) {
         std::array<char, 64> buffer{};
         return lic_feature_value(m, "no-such-feature", buffer.data(), buffer.size(), nullptr, e);
       },
       [] {}, 1, LIC_FEATURE_NOT_LICENSED},
      {"validate", [](lic_manager* m, lic_error* e) { return lic_validate(m, nullptr, e); }},
      {"refresh", [](lic_manager* m, lic_error* e) { return lic_refresh(m, e); }},
      {"usage",
       [](lic_manager* m, lic_error* e) {
         std::array<lic_limit, 4> limits{};
         limits[0].size = sizeof limits[0];
         size_t count = limits.size();
         return lic_usage(m, limits.data(), &count, e);
       }},
      {"consume", [](lic_manager* m, lic_error* e) { return lic_consume(m, "tickets", 1, nullptr, e); }},
      {"consume in blocks", [](lic_manager* m, lic_error* e) { return lic_consume(m, "tickets", 1, nullptr, e); },
       [] {}, 8},
      {"release", [](lic_manager* m, lic_error* e) { return lic_release(m, "clients", 1, nullptr, e); },
       [] {
         Manager manager;
         // Two: the call may be done although memory for its answer ran out.
         while (used(manager.handle, "clients") < 2)
           expect(lic_consume(manager.handle, "clients", 1, nullptr, nullptr) == LIC_OK, "no client");
       }},
      {"activate",
       [](lic_manager* m, lic_error* e) {
         return lic_activate_document(m, document.data(), document.size(), nullptr, nullptr, e);
       },
       deactivate},
      {"deactivate",
       [](lic_manager* m, lic_error* e) {
         const int code = lic_deactivate(m, e);
         return code == LIC_NO_LICENSE ? static_cast<int>(LIC_OK) : code;  // the first call had done it
       },
       activate},
      {"on_change",
       [](lic_manager* m, lic_error* e) {
         return lic_on_change(
             m, [](void*, const lic_status*) {}, nullptr, e);
       },
       activate},
      {"refresh_every", [](lic_manager* m, lic_error* e) { return lic_refresh_every(m, 3600, e); }},
      {"request_activation",
       [=](lic_manager* m, lic_error* e) {
         char* text = nullptr;
         const int code = lic_request_activation(m, license_key.c_str(), 1, &text, e);
         return released(text, code);
       }},
      {"report_usage",
       [=](lic_manager* m, lic_error* e) {
         char* text = nullptr;
         const int code = lic_report_usage(m, license_key.c_str(), 0, &text, nullptr, e);
         return released(text, code);
       }},
  };
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  product_file = argv[1];
  document = read_all(argv[2]);
  state_dir = argv[3];
  activate();
  {
    const Manager manager;
    lic_status status{};
    status.size = sizeof status;
    expect(lic_get_status(manager.handle, &status, nullptr) == LIC_OK, "no status");
    license_key = status.license_key;
  }
  {
    const long before = news;
    const Manager manager;
    expect(news > before, "liblic does not use the operator new of the application");
  }
  {
    // An exception of the application's C++ runtime stays out of liblic's.
    auto manager = lic::LicenseManager::open({.product_file = product_file, .state_dir = state_dir});
    expect(manager && manager->on_change([](const lic::Status&) { throw std::runtime_error("mine"); }), "no listener");
    expect(manager->deactivate().value().changed && manager->activate(license_key).value().changed, "no change");
  }
  // Once, so that what the C library keeps for itself is there: for a thread, too.
  check_state();
  std::thread([] {}).join();
  for_every_allocation("open, close", refuse_opening);
  for (const Operation& operation : operations())
    for_every_allocation(operation.name,
                         [&](long k, bool from_there_on) { return refuse(operation, k, from_there_on); });
  activate();
  for_every_allocation("C++", refuse_cpp);
  return 0;
}
