#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/encoding.hpp"
#include "issue/key_file.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace lic;
using namespace lic::test;

namespace {

SecretBytes secret(std::string_view text) { return SecretBytes(view_bytes(text)); }

PassphraseSource answer(std::string text) {
  return [text = std::move(text)]() -> Result<SecretBytes> { return secret(text); };
}

Result<SecretBytes> must_not_ask() {
  FAIL_CHECK("asked for a passphrase of a file that is not encrypted");
  return Error{Errc::denied, "asked", ""};
}

/// Whether a shell command ends with status 0; what it prints goes to `out`.
bool shell(const std::string& command, const Path& out) {
  return std::system((command + " > " + out.native() + " 2>&1 < /dev/null").c_str()) == 0;
}

struct Fixture {
  TemporaryDirectory directory;
  Path path = directory / "root.pem";
  SigningKey key = SigningKey::generate();

  void write_text(std::string_view text) const { REQUIRE(write_file(path, view_bytes(text))); }
  [[nodiscard]] std::string text() const { return to_text(read_file(path, "key file").value()); }

  /// The error of reading; fails when there is none.
  [[nodiscard]] Error reading(const PassphraseSource& passphrase = answer("pass")) const {
    auto read = read_key_file(path, passphrase, {});
    REQUIRE(!read);
    return read.error();
  }

  [[nodiscard]] bool openssl(const std::string& arguments) const {
    return shell("openssl " + arguments, directory / "out");
  }
  [[nodiscard]] std::string printed() const { return to_text(read_file(directory / "out", "output").value()); }
};

bool same(const SigningKey& a, const SigningKey& b) { return a.seed().equals(b.seed()); }

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a key file gives back the key, plain or encrypted", "[key_file]") {
  Fixture f;
  const bool encrypted = GENERATE(false, true);
  const SecretBytes passphrase = secret("p\xc3\xa4ss word'\"\x01\xff");
  REQUIRE(write_key_file(f.path, f.key, encrypted ? &passphrase : nullptr));
  struct stat info {};
  REQUIRE(::stat(f.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(is_key_file_encrypted(f.path).value() == encrypted);
  CHECK(f.text().starts_with(encrypted ? "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" : "-----BEGIN PRIVATE KEY-----\n"));
  const PassphraseSource source = encrypted ? answer("p\xc3\xa4ss word'\"\x01\xff") : PassphraseSource(must_not_ask);
  const auto read = read_key_file(f.path, source, f.key.public_key().id());
  REQUIRE(read);
  CHECK(same(*read, f.key));
  CHECK(read->public_key() == f.key.public_key());

  const std::string before = f.text();
  CHECK(write_key_file(f.path, SigningKey::generate(), nullptr).error().code == Errc::conflict);
  CHECK(f.text() == before);
  CHECK(write_key_file(f.directory / "none/root.pem", f.key, nullptr).error().code == Errc::not_found);
}

TEST_CASE("openssl reads our key files, and we read its", "[key_file]") {
  Fixture f;
  const SecretBytes passphrase = secret("correct horse");
  REQUIRE(write_key_file(f.path, f.key, &passphrase));
  REQUIRE(f.openssl("pkey -in " + f.path.native() + " -passin 'pass:correct horse' -pubout -outform DER"));
  CHECK(f.printed().ends_with(view_text(f.key.public_key().bytes())));
  CHECK_FALSE(f.openssl("pkey -in " + f.path.native() + " -passin pass:wrong -noout"));
  REQUIRE(f.openssl("asn1parse -in " + f.path.native()));
  CHECK(contains(f.printed(), "PBES2"));
  CHECK(contains(f.printed(), "scrypt"));
  CHECK(contains(f.printed(), "aes-256-cbc"));
  CHECK(contains(f.printed(), ":4000"));  // N, 16384

  REQUIRE(replace_key_file(f.path, f.key, nullptr));
  REQUIRE(f.openssl("pkey -in " + f.path.native() + " -pubout -outform DER"));
  CHECK(f.printed().ends_with(view_text(f.key.public_key().bytes())));

  std::filesystem::remove(f.path);
  REQUIRE(f.openssl("genpkey -algorithm ed25519 -out " + f.path.native()));
  std::filesystem::permissions(f.path, std::filesystem::perms(0600));
  const auto theirs = read_key_file(f.path, must_not_ask, {});
  REQUIRE(theirs);
  REQUIRE(f.openssl("pkcs8 -topk8 -v2 aes-128-cbc -in " + f.path.native() + " -out " + f.path.native() +
                    ".enc -passout pass:word"));
  std::filesystem::rename(f.path.native() + ".enc", f.path);
  CHECK(same(read_key_file(f.path, answer("word"), theirs->public_key().id()).value(), *theirs));
}

TEST_CASE("a key file is replaced whole", "[key_file]") {
  Fixture f;
  const SecretBytes first = secret("first");
  const SecretBytes second = secret("second");
  REQUIRE(write_key_file(f.path, f.key, &first));
  REQUIRE(replace_key_file(f.path, f.key, &second));
  CHECK(f.reading(answer("first")).code == Errc::denied);
  CHECK(same(read_key_file(f.path, answer("second"), {}).value(), f.key));
}

TEST_CASE("a wrong passphrase is told, and one that openssl could not use refused", "[key_file]") {
  Fixture f;
  const SecretBytes passphrase = secret("right");
  REQUIRE(write_key_file(f.path, f.key, &passphrase));
  for (const char* wrong : {"", "right "}) {
    CAPTURE(wrong);
    const Error refused = f.reading(answer(wrong));
    CHECK(refused.code == Errc::denied);
    CHECK(refused.message == "wrong passphrase for key file '" + f.path.native() + "'");
  }
  const auto given_up = f.reading([]() -> Result<SecretBytes> { return Error{Errc::usage, "nobody to ask", ""}; });
  CHECK(given_up.message == "nobody to ask");

  const Path other = f.directory / "other.pem";
  for (const std::string& bad : {std::string(), std::string(1001, 'x'), std::string("a\0b", 3)}) {
    const SecretBytes refused = secret(bad);
    CHECK(write_key_file(other, f.key, &refused).error().code == Errc::invalid_input);
    CHECK(!std::filesystem::exists(other));
  }
  const SecretBytes longest = secret(std::string(1000, 'x'));
  REQUIRE(write_key_file(other, f.key, &longest));
  CHECK(f.openssl("pkey -noout -in " + other.native() + " -passin pass:" + std::string(1000, 'x')));
}

TEST_CASE("a key file that others can reach is not read", "[key_file]") {
  Fixture f;
  REQUIRE(write_key_file(f.path, f.key, nullptr));
  for (const auto mode : {0640, 0604, 0620, 0601}) {
    CAPTURE(mode);
    std::filesystem::permissions(f.path, std::filesystem::perms(mode));
    CHECK(f.reading().code == Errc::denied);
    CHECK(is_key_file_encrypted(f.path).error().code == Errc::denied);
  }
  std::filesystem::permissions(f.path, std::filesystem::perms(0600));
  std::filesystem::rename(f.path, f.directory / "real.pem");
  CHECK(f.reading().code == Errc::not_found);
  std::filesystem::create_symlink(f.directory / "real.pem", f.path);
  CHECK(f.reading().code == Errc::denied);
  CHECK(read_key_file(f.directory.path(), must_not_ask, {}).error().code != Errc::not_found);
}

TEST_CASE("a key file with another key than expected is refused", "[key_file]") {
  Fixture f;
  REQUIRE(write_key_file(f.path, f.key, nullptr));
  const KeyId other = SigningKey::generate().public_key().id();
  const auto read = read_key_file(f.path, must_not_ask, other);
  REQUIRE(!read);
  CHECK(read.error().code == Errc::conflict);
  CHECK(contains(read.error().message, other.hex()));
  CHECK(contains(read.error().message, f.key.public_key().id().hex()));
}

TEST_CASE("what is no Ed25519 key in PKCS#8 is refused", "[key_file]") {
  Fixture f;
  const auto refused = [&] { return f.reading().code == Errc::invalid_input; };
  const auto made_by_openssl = [&](const std::string& arguments) {
    REQUIRE(f.openssl(arguments));
    std::filesystem::rename(f.directory / "out", f.path);
    std::filesystem::permissions(f.path, std::filesystem::perms(0600));
    return refused();
  };
  for (const char* text : {"", "\n", "not a key", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
                           "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                           "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"}) {
    CAPTURE(text);
    f.write_text(text);
    CHECK(refused());
  }
  CHECK(made_by_openssl("genrsa 1024"));
  CHECK(made_by_openssl("genrsa -traditional 1024"));
  CHECK(contains(f.reading().message, "RSA PRIVATE KEY"));
  CHECK(made_by_openssl("ecparam -genkey -noout -name prime256v1"));
  CHECK(made_by_openssl("genpkey -algorithm X25519"));
  CHECK(contains(f.reading().message, "X25519"));
  CHECK(made_by_openssl("genpkey -algorithm ED448"));
  REQUIRE(replace_key_file(f.path, f.key, nullptr));
  CHECK(f.openssl("pkey -in " + f.path.native() + " -pubout -out " + f.path.native() + ".pub"));
  std::filesystem::rename(f.path.native() + ".pub", f.path);
  std::filesystem::permissions(f.path, std::filesystem::perms(0600));
  CHECK(refused());
}

TEST_CASE("an encryption that is not known is no wrong passphrase", "[key_file]") {
  Fixture f;
  const SecretBytes passphrase = secret("pass");
  REQUIRE(write_key_file(f.path, f.key, &passphrase));
  REQUIRE(f.openssl("asn1parse -noout -in " + f.path.native() + " -out " + f.path.native() + ".der"));
  const Bytes der = read_file(f.path.native() + ".der", "DER").value();
  // The object identifiers of PBES2, scrypt and AES-256-CBC, each made another one.
  for (const Bytes& name : {Bytes{0x01, 0x05, 0x0d}, Bytes{0xda, 0x47, 0x04, 0x0b}, Bytes{0x03, 0x04, 0x01, 0x2a}}) {
    Bytes other = der;
    const auto found = std::search(other.begin(), other.end(), name.begin(), name.end());
    REQUIRE(found != other.end());
    found[static_cast<std::ptrdiff_t>(name.size()) - 1] = 0x7f;
    f.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64_encode(other) +
                 "\n-----END ENCRYPTED PRIVATE KEY-----\n");
    CHECK(f.reading().code == Errc::invalid_input);
  }
  f.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64_encode(der) +
               "\n-----END ENCRYPTED PRIVATE KEY-----\n");
  CHECK(same(read_key_file(f.path, answer("pass"), {}).value(), f.key));
}

TEST_CASE("a key file cut short at any length is refused", "[key_file]") {
  Fixture f;
  const bool encrypted = GENERATE(false, true);
  const SecretBytes passphrase = secret("pass");
  REQUIRE(write_key_file(f.path, f.key, encrypted ? &passphrase : nullptr));
  const std::string whole = f.text();
  const std::size_t last = whole.size() - 1;  // without the last newline it is still whole
  for (std::size_t size = 0; size < last; ++size) {
    CAPTURE(size);
    f.write_text(whole.substr(0, size));
    CHECK(f.reading().code == Errc::invalid_input);
  }
  f.write_text(whole.substr(0, last));
  CHECK(read_key_file(f.path, answer("pass"), {}));
}

TEST_CASE("a key file with a flipped bit never gives the key that was expected of another", "[key_file]") {
  Fixture f;
  REQUIRE(write_key_file(f.path, f.key, nullptr));
  const std::string whole = f.text();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CAPTURE(i);
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    f.write_text(flipped);
    const auto read = read_key_file(f.path, must_not_ask, f.key.public_key().id());
    if (read)
      CHECK(same(*read, f.key));
    else
      CHECK((read.error().code == Errc::invalid_input || read.error().code == Errc::conflict));
  }
}
