#include "common/qr_code.hpp"

#include <dlfcn.h>
#include <qrencode.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <zlib.h>

#include <memory>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/options.hpp"
#include "common/output_file.hpp"
#include "protocol/carried_text.hpp"

namespace lic::app {
namespace {

constexpr std::ptrdiff_t kQuiet = 4;  // light squares around a code, by its standard
constexpr std::size_t kPixels = 6;    // of a square, in a PNG

/// libqrencode, loaded when the first code is made: a program that makes none does
/// not pay for it at its start.
struct Encoder {
  decltype(&QRcode_encodeData) encode = nullptr;
  decltype(&QRcode_free) free = nullptr;
};

Result<Encoder> load_encoder() {
#ifdef LIC_STATIC_PROGRAM
  return error(Errc::failure, "this program was linked statically and makes no QR codes", "carry the text itself");
#else
  constexpr const char* kLibrary = "libqrencode.so.4";
  static void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return error(Errc::failure, concat("QR codes need ", kLibrary, ", which cannot be loaded"),
                 "install it (Debian: libqrencode4), or carry the text itself");
  Encoder encoder;
  encoder.encode = reinterpret_cast<decltype(&QRcode_encodeData)>(::dlsym(library, "QRcode_encodeData"));
  encoder.free = reinterpret_cast<decltype(&QRcode_free)>(::dlsym(library, "QRcode_free"));
  if (encoder.encode == nullptr || encoder.free == nullptr)
    return error(Errc::failure, concat(kLibrary, " is not the library that QR codes need"));
  return encoder;
#endif
}

void add_number(Bytes& bytes, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(number >> shift));
}

/// A chunk of a PNG: length, type, content, CRC of the last two.
void add_chunk(Bytes& png, std::string_view type, ByteView content) {
  add_number(png, static_cast<std::uint32_t>(content.size()));
  const std::size_t begin = png.size();
  png.insert(png.end(), type.begin(), type.end());
  png.insert(png.end(), content.begin(), content.end());
  add_number(png, static_cast<std::uint32_t>(::crc32(0, png.data() + begin, static_cast<uInt>(png.size() - begin))));
}

/// The lines of pixels, a bit each (1 is white), every line behind a filter byte of 0.
Bytes pixel_lines(const QrCode& code, std::size_t side) {
  Bytes lines;
  for (std::size_t y = 0; y < side; ++y) {
    lines.push_back(0);
    Bytes line((side + 7) / 8, 0);
    const auto row = static_cast<std::ptrdiff_t>(y / kPixels) - kQuiet;
    for (std::size_t x = 0; x < side; ++x)
      if (!code.is_dark(static_cast<std::ptrdiff_t>(x / kPixels) - kQuiet, row))
        line[x / 8] = static_cast<std::uint8_t>(line[x / 8] | 0x80U >> x % 8);
    lines.insert(lines.end(), line.begin(), line.end());
  }
  return lines;
}

/// The name of the n-th of so many codes.
std::string file_name(const std::string& target, std::size_t number, std::size_t count) {
  if (count == 1) return target;
  const std::size_t stem = target.size() - std::string_view(".png").size();
  return concat(target.substr(0, stem), '-', number, ".png");
}

void warn_if_too_wide(const QrCode& code, Output& output) {
  struct winsize window {};
  const std::size_t needed = code.width + 2 * kQuiet;
  if (!output.to_terminal() || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0) return;
  if (window.ws_col != 0 && window.ws_col < needed)
    output.warn(concat("the code takes ", needed, " columns, this terminal has ", window.ws_col,
                       ": make it wider, or give --qr the name of a PNG file"));
}

void print_code(const QrCode& code, bool invert, Output& output) {
  warn_if_too_wide(code, output);
  const QrInk plain = invert ? QrInk::light_on_dark : QrInk::dark_on_light;
  output.answer(qr_lines(code, output.colors() && !invert ? QrInk::colors : plain));
}

}  // namespace

bool QrCode::is_dark(std::ptrdiff_t column, std::ptrdiff_t row) const {
  const auto side = static_cast<std::ptrdiff_t>(width);
  if (column < 0 || row < 0 || column >= side || row >= side) return false;
  return dark[static_cast<std::size_t>(row * side + column)];
}

Result<QrCode> make_qr_code(std::string_view text) {
  LIC_TRY_ASSIGN(const Encoder encoder, load_encoder());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::unique_ptr<QRcode, decltype(encoder.free)> made(
      encoder.encode(static_cast<int>(text.size()), bytes, 0, QR_ECLEVEL_M), encoder.free);
  if (!made) return error(Errc::failure, concat("no QR code can hold ", text.size(), " bytes"));
  QrCode code;
  code.width = static_cast<std::size_t>(made->width);
  for (std::size_t i = 0; i < code.width * code.width; ++i) code.dark.push_back((made->data[i] & 1) != 0);
  return code;
}

std::string qr_lines(const QrCode& code, QrInk ink) {
  // By what is dark: neither, the upper, the lower, both.
  constexpr std::string_view kBlocks[] = {" ", "\u2580", "\u2584", "\u2588"};
  const auto end = static_cast<std::ptrdiff_t>(code.width) + kQuiet;
  std::string lines;
  for (std::ptrdiff_t row = -kQuiet; row < end; row += 2) {
    if (ink == QrInk::colors) lines += "\033[38;5;16;48;5;231m";  // black on white
    for (std::ptrdiff_t column = -kQuiet; column < end; ++column) {
      const std::size_t dark = (code.is_dark(column, row) ? 1U : 0U) + (code.is_dark(column, row + 1) ? 2U : 0U);
      lines += kBlocks[ink == QrInk::light_on_dark ? 3 - dark : dark];
    }
    lines += ink == QrInk::colors ? "\033[0m\n" : "\n";
  }
  return lines;
}

Bytes qr_png(const QrCode& code) {
  const std::size_t side = (code.width + 2 * kQuiet) * kPixels;
  const Bytes lines = pixel_lines(code, side);
  Bytes packed(::compressBound(lines.size()));
  uLongf size = packed.size();
  ::compress(packed.data(), &size, lines.data(), lines.size());  // with that much room it cannot fail
  packed.resize(size);

  constexpr std::uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  Bytes png(std::begin(kSignature), std::end(kSignature));
  Bytes header;
  add_number(header, static_cast<std::uint32_t>(side));
  add_number(header, static_cast<std::uint32_t>(side));
  constexpr std::uint8_t kOneBitGray[] = {1, 0, 0, 0, 0};  // and not interlaced
  header.insert(header.end(), std::begin(kOneBitGray), std::end(kOneBitGray));
  add_chunk(png, "IHDR", header);
  add_chunk(png, "IDAT", packed);
  add_chunk(png, "IEND", {});
  return png;
}

void add_qr_options(CLI::App& app, QrOptions& options) {
  const Option qr = add_option(app, "--qr", options.target,
                               "Also as a QR code, in a PNG file; - draws it on standard output in place of the text")
                        .type_name("FILE.png");
  add_flag(app, "--qr-invert", options.invert, "Draw it for light text on a dark ground, without colors").needs(qr);
}

Result<void> check_qr_options(const QrOptions& options, const Output& output) {
  if (!options.wanted()) return {};
  if (options.to_stdout() && output.json())
    return error(Errc::usage, "--qr - and --json both want standard output", "give --qr the name of a PNG file");
  if (!options.to_stdout() && !options.target.ends_with(".png"))
    return error(Errc::usage, concat("--qr ", in_quotes(options.target), " is no name of a PNG file"),
                 "let it end in .png, or give - to draw the code here");
  LIC_TRY(make_qr_code("?"));
  return {};
}

Result<std::vector<std::string>> write_qr_codes(const QrOptions& options, std::string_view document, bool force,
                                                Output& output) {
  std::vector<std::string> files;
  if (!options.wanted()) return files;
  const auto pieces = pieces_of(document);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    LIC_TRY_ASSIGN(const QrCode code, make_qr_code(pieces[i]));
    if (options.to_stdout()) {
      if (pieces.size() > 1) output.line(concat("code ", i + 1, " of ", pieces.size()));
      print_code(code, options.invert, output);
      continue;
    }
    files.push_back(file_name(options.target, i + 1, pieces.size()));
    LIC_TRY(write_output_file(files.back(), view_text(qr_png(code)), 0644, force));
  }
  if (pieces.size() > 1)
    output.note(concat("the text takes ", pieces.size(), " codes: scan them all, in any order, a line each"));
  return files;
}

}  // namespace lic::app
