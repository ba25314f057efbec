/// Runs every fuzz target once over its seed corpus, without libFuzzer: the
/// targets stay true to the code in every build, and the seeds stay good.
/// usage: fuzz_corpus CORPUS-DIRECTORY

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/bytes.hpp"

// LIC_FUZZ_TARGETS is X(fuzz_key) X(fuzz_json) ...: the build renames each file's
// LLVMFuzzerTestOneInput() to its own name.
#define X(target) extern "C" int target(const std::uint8_t* data, std::size_t size);
LIC_FUZZ_TARGETS
#undef X

namespace {

using Target = int (*)(const std::uint8_t*, std::size_t);

/// How many files were run.
std::size_t run(Target target, const std::filesystem::path& directory) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    const lic::ByteView bytes = lic::view_bytes(content);
    target(bytes.data(), bytes.size());
    ++count;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fuzz_corpus CORPUS-DIRECTORY\n", stderr);
    return 2;
  }
  const std::filesystem::path corpus = argv[1];
  bool all_seeded = true;
#define X(target)                                            \
  {                                                          \
    const std::size_t count = run(target, corpus / #target); \
    std::printf("%s: %zu seeds\n", #target, count);          \
    std::fflush(stdout);                                     \
    all_seeded = all_seeded && count > 0;                    \
  }
  LIC_FUZZ_TARGETS
#undef X
  return all_seeded ? 0 : 1;
}
