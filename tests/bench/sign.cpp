/// Signs messages on two threads and does nothing else: what issuing licenses in bulk is
/// measured against.
///
/// usage: bench_sign COUNT BYTES

#include <sodium.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

void sign(long count, std::size_t bytes) {
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_key{};
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_keypair(public_key.data(), secret_key.data());
  std::vector<unsigned char> message(bytes);
  for (long i = 0; i < count; ++i) {
    message[static_cast<std::size_t>(i) % bytes] ^= signature[0];
    crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_key.data());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const long count = argc == 3 ? std::atol(argv[1]) : 0;
  const long bytes = argc == 3 ? std::atol(argv[2]) : 0;
  if (count < 1 || bytes < 1 || sodium_init() < 0) {
    std::fputs("usage: bench_sign COUNT BYTES\n", stderr);
    return 2;
  }
  std::thread other(sign, count / 2, static_cast<std::size_t>(bytes));
  sign(count - count / 2, static_cast<std::size_t>(bytes));
  other.join();
  return 0;
}
