#include "common/input.hpp"

#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace lic::app {

Result<Bytes> read_input(const std::string& file, std::string_view what, std::size_t limit) {
  if (file == "-") return read_stream(STDIN_FILENO, input_name(file, what), limit);
  ReadOptions options;
  options.limit = limit;
  return read_file(file, what, options);
}

std::string input_name(const std::string& file, std::string_view what) {
  return file == "-" ? concat("the ", what, " on standard input") : concat(what, " ", in_quotes(file));
}

}  // namespace lic::app
