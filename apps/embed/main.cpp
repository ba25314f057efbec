/// lic-embed: checks a product file and writes it as C, to be compiled into an application
/// (docs/embedding.md). lic_embed_product() of CMake runs it.

#include <getopt.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include "base/codes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/start.hpp"
#include "embed/c_source.hpp"
#include "embed/product_check.hpp"

namespace {

constexpr const char* kUsage =
    "usage: lic-embed [--symbol NAME] --header OUT.h --source OUT.c PRODUCT_FILE\n"
    "\n"
    "Checks a signed product file and writes it as C, to be compiled into an application,\n"
    "as C or as C++. A file that should not be trusted for years is refused: one that is\n"
    "not signed by its roots, and one with keys that others could sign for.\n"
    "\n"
    "  --symbol NAME    name of the array (default: lic_product); NAME_size is its size\n"
    "  --header OUT.h   where to write the declarations\n"
    "  --source OUT.c   where to write the definitions\n"
    "  --version, --help\n";

struct Options {
  std::string symbol = "lic_product";
  std::string header;
  std::string source;
  std::string product_file;
};

lic::Result<void> embed(const Options& options) {
  LIC_TRY(lic::start_crypto());
  const std::string what = lic::concat("product file ", lic::in_quotes(options.product_file));
  LIC_TRY_ASSIGN(const auto bytes, lic::read_file(options.product_file, "product file"));
  LIC_TRY_ASSIGN(const auto product, lic::embed::open_to_embed(bytes, what));
  constexpr mode_t kForAll = 0644;
  const std::string header = lic::embed::c_header(product, options.symbol);
  LIC_TRY(lic::write_file(options.header, lic::view_bytes(header), kForAll));
  return lic::write_file(options.source, lic::view_bytes(lic::embed::c_source(product, options.symbol)), kForAll);
}

int say(const lic::Error& error) {
  std::fprintf(stderr, "lic-embed: error: %s\n", error.message.c_str());
  if (!error.hint.empty()) std::fprintf(stderr, "lic-embed: hint: %s\n", error.hint.c_str());
  return lic::code_of(error.code);
}

lic::Error misuse(std::string message) { return {lic::Errc::usage, std::move(message), "see lic-embed --help"}; }

enum Option { kSymbol = 1, kHeader, kSource, kVersion, kHelp };

/// What is to be done; or nothing, and `status` is the exit code.
std::optional<Options> read_options(int argc, char** argv, int& status) {
  constexpr option kKnown[] = {
      {"symbol", required_argument, nullptr, kSymbol}, {"header", required_argument, nullptr, kHeader},
      {"source", required_argument, nullptr, kSource}, {"version", no_argument, nullptr, kVersion},
      {"help", no_argument, nullptr, kHelp},           {nullptr, 0, nullptr, 0}};
  Options options;
  opterr = 0;
  for (int found = 0; (found = getopt_long(argc, argv, "", kKnown, nullptr)) != -1;) {
    switch (found) {
      case kSymbol:
        options.symbol = optarg;
        break;
      case kHeader:
        options.header = optarg;
        break;
      case kSource:
        options.source = optarg;
        break;
      case kVersion:
        std::puts("lic-embed " LIC_VERSION);
        return std::nullopt;
      case kHelp:
        std::fputs(kUsage, stdout);
        return std::nullopt;
      default:
        status = say(misuse(lic::concat("unknown or without a value: ", lic::in_quotes(argv[optind - 1]))));
        return std::nullopt;
    }
  }
  if (argc - optind != 1 || options.header.empty() || options.source.empty()) {
    status = say(misuse("wanted are --header, --source and one product file"));
    return std::nullopt;
  }
  if (!lic::embed::is_symbol(options.symbol)) {
    status = say(misuse(lic::concat("--symbol: ", lic::in_quotes(options.symbol), " cannot name anything in C")));
    return std::nullopt;
  }
  options.product_file = argv[optind];
  return options;
}

int run(int argc, char** argv) {
  int status = 0;
  const auto options = read_options(argc, argv, status);
  if (!options) return status;
  const auto done = embed(*options);
  return done ? status : say(done.error());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& fault) {
    return say({lic::Errc::failure, lic::concat("internal fault: ", lic::printable(fault.what())), {}});
  }
}
