#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "common/exit_codes.hpp"
#include "crypto/hash.hpp"
#include "license/catalog.hpp"
#include "license/key.hpp"
#include "machine/identity.hpp"
#include "policy/decide.hpp"
#include "protocol/usage_statement.hpp"
#include "support/catch.hpp"
#include "support/vendor.hpp"
#include "trust/checkpoint.hpp"
#include "trust/clock_reset.hpp"
#include "trust/inclusion_proof.hpp"
#include "trust/lease.hpp"
#include "trust/product.hpp"
#include "trust/revocations.hpp"
#include "trust/verify.hpp"

using namespace lic;

namespace {

/// One file of tests/vectors (its README says what stands in them).
struct Vector {
  std::string verdict;
  std::map<std::string, std::string> given;  ///< the names and values after it
  Bytes bytes;

  [[nodiscard]] std::string get(const std::string& name) const {
    const auto found = given.find(name);
    return found == given.end() ? std::string{} : found->second;
  }
};

Vector read_vector(const Path& file) {
  const std::string content = to_text(read_file(file, "vector", {.limit = 1 << 20}).value());
  const std::size_t line_end = content.find('\n');
  REQUIRE(line_end != std::string::npos);
  std::istringstream header(content.substr(0, line_end));
  Vector vector;
  std::string word;
  header >> word >> vector.verdict;
  REQUIRE(word == "verdict:");
  while (header >> word) {
    const std::size_t equals = word.find('=');
    REQUIRE(equals != std::string::npos);
    REQUIRE(vector.given.emplace(word.substr(0, equals), word.substr(equals + 1)).second);
  }
  const ByteView bytes = view_bytes(content).subspan(line_end + 1);
  vector.bytes.assign(bytes.begin(), bytes.end());
  return vector;
}

template <class T>
std::string verdict_of(const Result<T>& result) {
  return result ? "accept" : std::string(app::token(app::exit_code(result.error().code)));
}

/// The product file by which the others are judged.
const ProductFile& product() {
  static const ProductFile file =
      ProductFile::open(read_vector(Path(LIC_TEST_VECTORS) / "products" / "good.txt").bytes, "product file").value();
  return file;
}

std::string judge_key(const Vector& vector) {
  const auto key = LicenseKey::parse(view_text(vector.bytes));
  CHECK((key ? key->text() : std::string{}) == vector.get("normal"));
  const std::string hint = key ? std::string{} : key.error().hint;
  const std::string suggested = vector.get("suggest");
  if (suggested.empty()) {
    CHECK(hint.find("did you mean") == std::string::npos);
  } else {
    CHECK(hint == concat("did you mean ", suggested, "?"));
  }
  return verdict_of(key);
}

std::string judge_license(const Vector& vector) {
  const auto license = verify(vector.bytes, product(), "license");
  if (!license || vector.get("at").empty()) return verdict_of(license);
  Context context;
  context.now = test::at(vector.get("at"));
  // A client that has seen these two documents and no later time (docs/formats.md, 3).
  context.high_water = std::max(license->terms().issued_at, product().issued_at());
  if (const std::string machine = vector.get("machine"); !machine.empty())
    context.machine_matches = MachineIdentity::parse(machine).value().matches_any(license->terms().machines);
  context.is_virtual = vector.get("virtual") == "yes";
  return std::string(token(decide(*license, context).reason));
}

std::string judge_product(const Vector& vector) { return verdict_of(ProductFile::open(vector.bytes, "product file")); }

std::string judge_successor(const Vector& vector) {
  const auto next = ProductFile::open(vector.bytes, "product file");
  return next ? verdict_of(product().accepts(*next)) : verdict_of(next);
}

std::string judge_revocations(const Vector& vector) {
  const auto list = RevocationList::open(vector.bytes, product(), "revocation list");
  const std::string revoked = vector.get("revoked");
  if (list && !revoked.empty()) CHECK(list->find(revoked) != nullptr);
  return verdict_of(list);
}

const Checkpoint& checkpoint() {
  static const Checkpoint good =
      Checkpoint::open(read_vector(Path(LIC_TEST_VECTORS) / "checkpoints" / "good.txt").bytes, product(), "checkpoint")
          .value();
  return good;
}

std::string judge_checkpoint(const Vector& vector) {
  return verdict_of(Checkpoint::open(vector.bytes, product(), "checkpoint"));
}

/// Of the license licenses/good, by the checkpoint checkpoints/good.
std::string judge_proof(const Vector& vector) {
  const Bytes license = read_vector(Path(LIC_TEST_VECTORS) / "licenses" / "good.txt").bytes;
  const std::string digest = hex_encode(sha256(license));
  const auto proof = InclusionProof::parse(vector.bytes, "proof");
  return proof ? verdict_of(proof->check(checkpoint(), digest, "proof")) : verdict_of(proof);
}

std::string judge_clock_reset(const Vector& vector) {
  return verdict_of(ClockReset::open(vector.bytes, product(), "clock reset"));
}

/// By the product file products/with-lease-key.
std::string judge_lease(const Vector& vector) {
  static const ProductFile trusted =
      ProductFile::open(read_vector(Path(LIC_TEST_VECTORS) / "products" / "with-lease-key.txt").bytes, "product file")
          .value();
  return verdict_of(ServerAnswer::open(vector.bytes, trusted, "answer"));
}

std::string judge_usage(const Vector& vector) { return verdict_of(UsageStatement::open(vector.bytes, "statement")); }

std::string judge_catalog(const Vector& vector) {
  return verdict_of(Catalog::parse(view_text(vector.bytes), "catalogue"));
}

struct Directory {
  std::string name;
  std::set<std::string> given;  ///< what may stand after the verdict
  std::string (*judge)(const Vector&);
};

const std::vector<Directory>& directories() {
  static const std::vector<Directory> all = {
      {"keys", {"normal", "suggest"}, judge_key},
      {"licenses", {"at", "machine", "virtual"}, judge_license},
      {"products", {}, judge_product},
      {"successors", {}, judge_successor},
      {"revocations", {"revoked"}, judge_revocations},
      {"clock-resets", {}, judge_clock_reset},
      {"leases", {}, judge_lease},
      {"checkpoints", {}, judge_checkpoint},
      {"proofs", {}, judge_proof},
      {"usage", {}, judge_usage},
      {"catalogs", {}, judge_catalog},
  };
  return all;
}

/// What these documents can come to; a word that is none of these would never be met.
const std::set<std::string>& verdicts() {
  static const std::set<std::string> words = [] {
    std::set<std::string> all = {"accept", "invalid-input", "untrusted"};
    for (const Reason reason : {Reason::valid, Reason::expiring, Reason::grace, Reason::trial, Reason::free,
                                Reason::expired, Reason::wrong_machine, Reason::not_yet_valid, Reason::clock_moved_back,
                                Reason::revocations_stale, Reason::lease_expired})
      all.emplace(token(reason));
    return all;
  }();
  return words;
}

}  // namespace

TEST_CASE("vectors: every file has the verdict that its first line names", "[vectors]") {
  for (const Directory& directory : directories()) {
    CAPTURE(directory.name);
    std::set<std::string> met;
    for (const auto& file : std::filesystem::directory_iterator(Path(LIC_TEST_VECTORS) / directory.name)) {
      CAPTURE(file.path().filename().native());
      const Vector vector = read_vector(file.path());
      REQUIRE(verdicts().count(vector.verdict) == 1);
      for (const auto& [name, value] : vector.given) REQUIRE(directory.given.count(name) == 1);
      CHECK(directory.judge(vector) == vector.verdict);
      met.insert(vector.verdict);
    }
    CHECK(met.size() >= 2);  // something good and something bad
  }
}

TEST_CASE("vectors: no directory of them is left out", "[vectors]") {
  for (const auto& entry : std::filesystem::directory_iterator(LIC_TEST_VECTORS)) {
    if (!entry.is_directory()) continue;
    const std::string name = entry.path().filename().native();
    CAPTURE(name);
    CHECK(std::any_of(directories().begin(), directories().end(), [&](const Directory& d) { return d.name == name; }));
  }
}
