#include "client/grant_marks.hpp"

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"

namespace lic {
namespace {

struct Mark {
  std::string plan;
  Time at{};
  MachineBinding machine;
};

/// Equal facts are the same machine too: one without strong facts matches nothing.
bool is_here(const Mark& mark, const MachineIdentity& machine) {
  return machine.matches(mark.machine) || machine.facts() == mark.machine.facts;
}

Mark read_mark(const json::Value& value, json::Faults& faults) {
  json::Reader reader(value, faults);
  Mark mark{reader.string("plan"), reader.time("at"), {}};
  for (const auto& [name, digests] : reader.object_or_empty("machine"))
    if (const auto* list = digests.as_array())
      for (const auto& digest : *list)
        if (const auto* text = digest.as_string()) mark.machine.facts[name].push_back(*text);
  mark.machine.match = std::min<int>(MachineIdentity::kDefaultMatch, static_cast<int>(mark.machine.facts.size()));
  return mark;
}

/// What can be read of the file; a damaged one holds no marks.
std::vector<Mark> read_marks(const Path& file) {
  ReadOptions options;
  options.limit = 1024 * 1024;
  options.follow_symlink = false;
  const auto bytes = read_file(file, "marks", options);
  if (!bytes) return {};
  const auto document = json::parse(view_text(*bytes), "marks");
  if (!document) return {};
  json::Faults document_faults;
  json::Reader reader(*document, document_faults);
  std::vector<Mark> marks;
  for (const auto& entry : reader.array_or_empty("marks")) {
    json::Faults faults;
    Mark mark = read_mark(entry, faults);
    if (faults.empty()) marks.push_back(std::move(mark));
  }
  return marks;
}

std::string marks_json(const std::vector<Mark>& marks) {
  auto listed = nlohmann::ordered_json::array();
  for (const auto& mark : marks) {
    auto facts = nlohmann::ordered_json::object();
    for (const auto& [name, digests] : mark.machine.facts) facts[name] = digests;
    listed.push_back({{"plan", mark.plan}, {"at", format_time(mark.at)}, {"machine", std::move(facts)}});
  }
  return nlohmann::ordered_json{{"v", 1}, {"marks", std::move(listed)}}.dump() + "\n";
}

}  // namespace

GrantMarks::GrantMarks(const Path& home, std::string_view product) {
  const Digest digest = hmac_sha256(view_bytes("lic-grant-marks-v1"), view_bytes(product));
  file_ = home / ".local" / "share" / "lic" / hex_encode(ByteView(digest).first(8));
}

std::optional<Time> GrantMarks::find(std::string_view plan, const MachineIdentity& machine) const {
  for (const auto& mark : read_marks(file_))
    if (mark.plan == plan && is_here(mark, machine)) return mark.at;
  return std::nullopt;
}

Result<void> GrantMarks::add(std::string_view plan, const MachineIdentity& machine, Time at) const {
  if (find(plan, machine)) return {};
  LIC_TRY(make_private_directory(file_.parent_path()));
  std::vector<Mark> marks = read_marks(file_);
  marks.push_back({std::string(plan), at, {0, machine.facts()}});
  return write_file(file_, view_bytes(marks_json(marks)));
}

}  // namespace lic
