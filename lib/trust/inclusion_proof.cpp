#include "trust/inclusion_proof.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/merkle.hpp"
#include "license/terms.hpp"

namespace lic {
namespace {

constexpr std::string_view kType = "lic-inclusion-proof";
constexpr std::size_t kLongestPath = 53;  // of a history of 2^53 entries

std::vector<Digest> read_path(json::Reader& document) {
  std::vector<Digest> path;
  const json::Array& listed = document.array("path");
  if (listed.size() > kLongestPath) document.fault("path", concat("holds more than ", kLongestPath, " hashes"));
  for (std::size_t i = 0; i < std::min(listed.size(), kLongestPath); ++i) {
    const json::Text* text = listed[i].as_string();
    const auto bytes = text == nullptr ? std::nullopt : hex_decode(*text);
    Digest hash{};
    if (!bytes || bytes->size() != hash.size()) {
      document.fault("path", i, "is not a SHA-256 in hex");
      continue;
    }
    std::copy(bytes->begin(), bytes->end(), hash.begin());
    path.push_back(hash);
  }
  return path;
}

Error does_not_hold(std::string_view what, std::string_view why) {
  return error(Errc::untrusted, concat(what, " does not hold: ", why));
}

/// The detail of the entry that is numbered so; absent where the text is not such an entry.
std::optional<std::string> detail_of(const std::string& entry, std::int64_t number) {
  constexpr std::size_t kParts = 7;  // [number, at, actor, action, key, reason, detail]
  const auto value = json::parse(entry, "entry");
  const json::Array* parts = value ? value->as_array() : nullptr;
  if (parts == nullptr || parts->size() != kParts) return std::nullopt;
  const std::int64_t* numbered = parts->front().as_integer();
  if (numbered == nullptr || *numbered != number) return std::nullopt;
  const json::Text* detail = parts->back().as_string();
  return detail == nullptr ? std::string() : *detail;
}

}  // namespace

std::string InclusionProof::to_json() const {
  nlohmann::ordered_json out = {{"v", 1},       {"type", kType},    {"product", product},
                                {"size", size}, {"number", number}, {"entry", entry}};
  auto& hashes = out["path"] = nlohmann::ordered_json::array();
  for (const Digest& hash : path) hashes.push_back(hex_encode(hash));
  return out.dump();
}

Result<InclusionProof> InclusionProof::parse(ByteView bytes, std::string_view what) {
  if (bytes.size() > kMaxProof)
    return error(Errc::invalid_input, concat(what, " is larger than ", kMaxProof / 1024, " KiB"));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(bytes), what));
  json::Faults faults;
  json::Reader document(value, faults);
  read_version(document);
  InclusionProof proof;
  if (document.string("type") != kType) document.fault("type", concat("is not ", kType));
  proof.product = document.string("product");
  proof.size = document.integer("size", 1, json::kMaxInteger);
  proof.number = document.integer("number", 1, json::kMaxInteger);
  proof.entry = document.string("entry");
  proof.path = read_path(document);
  if (!faults.empty()) return faults.first(what);
  return proof;
}

Result<void> InclusionProof::check(const Checkpoint& checkpoint, std::string_view digest, std::string_view what) const {
  if (product != checkpoint.product) return does_not_hold(what, "it is for another product than the checkpoint");
  if (size != checkpoint.size)
    return does_not_hold(what, concat("it is for a checkpoint of ", size, " entries, not of ", checkpoint.size));
  const auto root = merkle_root(entry, number - 1, size, path);
  if (!root || hex_encode(*root) != checkpoint.root)
    return does_not_hold(what, "its entry is not in the history of the checkpoint");
  const auto detail = detail_of(entry, number);
  if (!detail) return does_not_hold(what, concat("what it proves is no entry ", number, " of a history"));
  if (!names_document(*detail, digest)) return does_not_hold(what, "its entry is of another document");
  return {};
}

bool names_document(std::string_view detail, std::string_view digest) {
  if (detail.find(digest) == std::string_view::npos) return false;
  const auto value = json::parse(detail, "detail");
  if (!value) return false;
  const auto names = [&](std::string_view member) {
    const json::Value* named = value->find(member);
    return named != nullptr && named->as_string() != nullptr && *named->as_string() == digest;
  };
  return names("sha256") || names("answer_sha256");
}

}  // namespace lic
