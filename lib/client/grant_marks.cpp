#include "client/grant_marks.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"

namespace lic {
namespace {

struct TrialMark {
  std::string plan;
  Time at{};
  MachineBinding machine;
};

/// A license of which a seat was given back here.
struct ReturnMark {
  std::string license;
  std::vector<std::string> requests;  ///< whose seats were
  Time at{};                          ///< the last time
  bool closed = true;                 ///< no later request was answered and applied
  MachineBinding machine;
};

/// A clock reset that was used.
struct ResetMark {
  std::string code;
  Time at{};
};

struct Marks {
  std::vector<TrialMark> trials;
  std::vector<ReturnMark> returns;
  std::vector<ResetMark> resets;
};

/// Equal facts are the same machine too: one without strong facts matches nothing.
bool is_here(const MachineBinding& marked, const MachineIdentity& machine) {
  return machine.matches(marked) || machine.facts() == marked.facts;
}

MachineBinding read_machine(json::Reader& reader) {
  MachineBinding machine;
  for (const auto& [name, digests] : reader.object_or_empty("machine"))
    if (const auto* list = digests.as_array())
      for (const auto& digest : *list)
        if (const auto* text = digest.as_string()) machine.facts[name].push_back(*text);
  machine.match = MachineIdentity::match_for(machine.facts.size());
  return machine;
}

TrialMark read_trial(json::Reader& reader) { return {reader.string("plan"), reader.time("at"), read_machine(reader)}; }

ReturnMark read_return(json::Reader& reader) {
  return {reader.string("license"), reader.strings_or_empty("requests"), reader.time("at"),
          reader.boolean_or("closed", true), read_machine(reader)};
}

ResetMark read_reset(json::Reader& reader) { return {reader.string("code"), reader.time("at")}; }

/// Those of a list that can be read.
template <class Mark>
std::vector<Mark> read_list(const json::Array& listed, Mark (*read)(json::Reader&)) {
  std::vector<Mark> marks;
  for (const auto& entry : listed) {
    json::Faults faults;
    json::Reader reader(entry, faults);
    Mark mark = read(reader);
    if (faults.empty()) marks.push_back(std::move(mark));
  }
  return marks;
}

/// What can be read of the file; a damaged one holds no marks.
Marks read_marks(const Path& file) {
  ReadOptions options;
  options.limit = 1024 * 1024;
  options.follow_symlink = false;
  const auto bytes = read_file(file, "marks", options);
  if (!bytes) return {};
  const auto document = json::parse(view_text(*bytes), "marks");
  if (!document) return {};
  json::Faults faults;
  json::Reader reader(*document, faults);
  return {read_list(reader.array_or_empty("marks"), read_trial),
          read_list(reader.array_or_empty("returned"), read_return),
          read_list(reader.array_or_empty("clock_resets"), read_reset)};
}

json::Value facts_json(const MachineBinding& machine) {
  json::ObjectBuilder out;
  for (const auto& [name, digests] : machine.facts) out.strings(name, digests);
  return out.take();
}

json::Value trial_json(const TrialMark& mark) {
  json::ObjectBuilder out;
  out.string("plan", mark.plan).time("at", mark.at).value("machine", facts_json(mark.machine));
  return out.take();
}

json::Value reset_json(const ResetMark& mark) {
  json::ObjectBuilder out;
  out.string("code", mark.code).time("at", mark.at);
  return out.take();
}

json::Value return_json(const ReturnMark& mark) {
  json::ObjectBuilder out;
  out.string("license", mark.license).strings("requests", mark.requests).time("at", mark.at);
  out.boolean("closed", mark.closed).value("machine", facts_json(mark.machine));
  return out.take();
}

Result<void> write_marks(const Path& file, const Marks& marks) {
  json::Array trials;
  for (const auto& mark : marks.trials) trials.push_back(trial_json(mark));
  json::Array returns;
  for (const auto& mark : marks.returns) returns.push_back(return_json(mark));
  json::ObjectBuilder out;
  out.integer("v", 1).array("marks", std::move(trials));
  if (!returns.empty()) out.array("returned", std::move(returns));
  json::Array resets;
  for (const auto& mark : marks.resets) resets.push_back(reset_json(mark));
  if (!resets.empty()) out.array("clock_resets", std::move(resets));
  LIC_TRY(make_private_directory(file.parent_path()));
  remove_abandoned_temporaries_of(file);
  return write_file(file, view_bytes(json::dump(out.take()) + "\n"));
}

/// The mark of that license on this machine; end() where there is none.
auto find_return(std::vector<ReturnMark>& marks, std::string_view license, const MachineIdentity& machine) {
  return std::find_if(marks.begin(), marks.end(), [&](const ReturnMark& mark) {
    return mark.license == license && is_here(mark.machine, machine);
  });
}

bool names(const ReturnMark& mark, std::string_view request) {
  return std::find(mark.requests.begin(), mark.requests.end(), request) != mark.requests.end();
}

}  // namespace

Path GrantMarks::file() const {
  if (home_.empty()) return {};
  const Digest digest = hmac_sha256(view_bytes("lic-grant-marks-v1"), view_bytes(product_));
  return home_ / ".local" / "share" / "lic" / hex_encode(ByteView(digest).first(8));
}

std::optional<Time> GrantMarks::find(std::string_view plan, const MachineIdentity& machine) const {
  for (const auto& mark : read_marks(file()).trials)
    if (mark.plan == plan && is_here(mark.machine, machine)) return mark.at;
  return std::nullopt;
}

Result<void> GrantMarks::add(std::string_view plan, const MachineIdentity& machine, Time at) const {
  if (find(plan, machine)) return {};
  Marks marks = read_marks(file());
  marks.trials.push_back({std::string(plan), at, {0, machine.facts()}});
  return write_marks(file(), marks);
}

bool GrantMarks::is_given_back(const Terms& terms, const MachineIdentity& machine) const {
  if (home_.empty()) return false;
  Marks marks = read_marks(file());
  const auto mark = find_return(marks.returns, terms.id, machine);
  if (mark == marks.returns.end()) return false;
  return terms.activation ? names(*mark, terms.activation->request) : mark->closed;
}

Result<void> GrantMarks::give_back(std::string_view license, std::string_view request, const MachineIdentity& machine,
                                   Time at) const {
  if (home_.empty())
    return error(Errc::failure, "HOME is not set, and that a seat was given back is marked there",
                 "set HOME and try again");
  Marks marks = read_marks(file());
  auto mark = find_return(marks.returns, license, machine);
  if (mark == marks.returns.end())
    mark = marks.returns.insert(mark, {std::string(license), {}, at, true, {0, machine.facts()}});
  if (names(*mark, request) && mark->closed) return {};
  if (!names(*mark, request)) mark->requests.emplace_back(request);
  mark->at = at;
  mark->closed = true;
  return write_marks(file(), marks);
}

Result<void> GrantMarks::take_again(std::string_view license, const MachineIdentity& machine) const {
  if (home_.empty()) return {};
  Marks marks = read_marks(file());
  const auto mark = find_return(marks.returns, license, machine);
  if (mark == marks.returns.end() || !mark->closed) return {};
  mark->closed = false;
  return write_marks(file(), marks);
}

bool GrantMarks::is_used(std::string_view clock_code) const {
  if (home_.empty()) return false;
  const auto resets = read_marks(file()).resets;
  return std::any_of(resets.begin(), resets.end(), [&](const ResetMark& mark) { return mark.code == clock_code; });
}

Result<void> GrantMarks::use(std::string_view clock_code, Time at) const {
  if (home_.empty())
    return error(Errc::failure, "HOME is not set, and that a clock reset was used is marked there",
                 "set HOME and try again");
  Marks marks = read_marks(file());
  marks.resets.push_back({std::string(clock_code), at});
  return write_marks(file(), marks);
}

Result<void> GrantMarks::forget(std::string_view clock_code) const {
  Marks marks = read_marks(file());
  std::erase_if(marks.resets, [&](const ResetMark& mark) { return mark.code == clock_code; });
  return write_marks(file(), marks);
}

}  // namespace lic
