#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/installation.hpp"
#include "license/envelope.hpp"
#include "policy/decide.hpp"

// Lists of revocations (docs/formats.md, 7): what was seen of them counts from the sealed state;
// the list itself stays beside it, to look up what is activated later.

namespace lic {
namespace {

enum class Order { newer, same, older, rival };

/// Where `list` stands to what is known.
Order order_of(const RevocationList& list, const std::optional<KnownList>& known) {
  if (!known || list.seq > known->seq) return Order::newer;
  if (list.seq < known->seq) return Order::older;
  return list.digest == known->digest ? Order::same : Order::rival;
}

Result<RevocationList> open_list(const Path& path, const ProductFile& product, std::string_view what) {
  ReadOptions options;
  options.limit = kMaxRevocations;
  LIC_TRY_ASSIGN(const Bytes bytes, read_file(path, "revocation list", options));
  return RevocationList::open(bytes, product, what);
}

RevocationListInfo info_of(const RevocationList& list) { return {list.seq, list.issued_at, list.next_update}; }

std::string name_of_file(const Path& path) { return concat("revocation list ", in_quotes(path.native())); }

std::string older_than(std::string_view what, const RevocationList& list, const KnownList& known) {
  return concat(what, " has number ", list.seq, ", older than number ", known.seq, " of ", format_date(known.issued_at),
                " that is known here");
}

std::string rival_of(std::string_view what, const RevocationList& list) {
  return concat("ALARM: ", what, " is another list of number ", list.seq,
                " than the one known here, and both are signed: one of them is forged, or the vendor has given the "
                "number twice");
}

constexpr std::string_view kTellVendor = "keep both files and tell the vendor; a list with a higher number is taken";

}  // namespace

/// The ids of all licenses that this machine has had to do with.
std::vector<std::string> Installation::known_ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, serial] : loaded_.state.seen) ids.push_back(id);
  for (const auto& exchange : loaded_.state.exchanges) ids.push_back(exchange.license);
  if (standing_.license) ids.push_back(standing_.license->terms().id);
  return ids;
}

/// From now on `list`, which lies in the state directory, is the newest known. Whether
/// anything was learned from it.
bool Installation::take_list(const RevocationList& list, std::string stamp) {
  ClientState& state = loaded_.state;
  bool learned = !state.list || state.list->seq != list.seq || state.list->stamp != stamp;
  state.list = KnownList{list.seq, list.digest, list.issued_at, list.next_update, std::move(stamp)};
  list_at_hand_ = true;
  for (const auto& id : known_ids())
    if (const Revocation* entry = list.find(id)) learned = state.revoked.emplace(id, *entry).second || learned;
  return learned;
}

/// The file in the state directory, which anyone may have put there, replaced or taken away.
void Installation::look_at_list() {
  list_at_hand_ = false;
  if (judges_file()) return;
  const Path path = store_.revocations_file();
  const auto& known = loaded_.state.list;
  const std::string stamp = file_stamp(path);
  if (known && known->stamp == stamp && !stamp.empty()) {
    list_at_hand_ = true;
    return;
  }
  auto& warnings = standing_.warnings;
  if (stamp.empty()) {
    if (known)
      warnings.push_back(concat("list ", known->seq, " of revocations, known here, is gone from ",
                                in_quotes(state_dir_),
                                "; what it said of this license counts; import it again with --import-revocations"));
    return;
  }
  const std::string what = name_of_file(path);
  const auto list = open_list(path, standing_.product, what);
  const std::string instead = known ? concat("; list ", known->seq, " counts") : "; it does not count";
  if (!list) {
    warnings.push_back(list.error().message + instead);
    return;
  }
  switch (order_of(*list, known)) {
    case Order::newer:
    case Order::same:
      adopted_ = take_list(*list, stamp) || adopted_;
      break;
    case Order::older:
      warnings.push_back(older_than(what, *list, *known) + instead);
      break;
    case Order::rival:
      warnings.push_back(concat(rival_of(what, *list), instead, "; ", kTellVendor));
      break;
  }
}

/// Of a license file that is judged in place of the state: the list beside it, and nothing else.
void Installation::judge_by_list_beside() {
  standing_.list.reset();
  standing_.revoked.reset();
  if (beginning_.license_file.empty() || !standing_.license) return;
  const Path path = beginning_.license_path.parent_path() / kRevocationsFile;
  const std::string what = name_of_file(path);
  const auto list = open_list(path, standing_.product, what);
  if (!list) {
    if (list.error().code != Errc::not_found)
      standing_.warnings.push_back(list.error().message + "; it does not count");
    return;
  }
  standing_.list = info_of(*list);
  if (const Revocation* entry = list->find(standing_.license->terms().id)) standing_.revoked = *entry;
}

/// What the state knows of revocations, of the license that was taken.
void Installation::settle_revocations() {
  if (judges_file()) return;
  const ClientState& state = loaded_.state;
  standing_.list.reset();
  standing_.revoked.reset();
  if (state.list) standing_.list = RevocationListInfo{state.list->seq, state.list->issued_at, state.list->next_update};
  if (!standing_.license) return;
  const auto found = state.revoked.find(standing_.license->terms().id);
  if (found != state.revoked.end()) standing_.revoked = found->second;
}

/// The list itself, where it is at hand; opened once, until settle(). Null: it is not.
const RevocationList* Installation::known_list() {
  if (opened_list_) return &*opened_list_;
  if (!list_at_hand_) return nullptr;
  const Path path = store_.revocations_file();
  auto list = open_list(path, standing_.product, name_of_file(path));
  if (!list || order_of(*list, loaded_.state.list) != Order::same) return nullptr;
  return &opened_list_.emplace(std::move(list).value());
}

/// Whether a license that is to be activated is revoked. What is newly learned goes into the state.
Installation::Checked Installation::check_revoked(const Terms& terms) {
  ClientState& state = loaded_.state;
  Checked checked;
  const auto learned = state.revoked.find(terms.id);
  if (learned != state.revoked.end()) checked.revocation = learned->second;
  // Each list was compared with all that was seen when it came.
  checked.by_list = state.seen.count(terms.id) > 0;
  if (checked.revocation || checked.by_list) return checked;
  const RevocationList* list = known_list();
  checked.by_list = list != nullptr;
  if (!checked.by_list) return checked;
  if (const Revocation* entry = list->find(terms.id)) {
    checked.revocation = *entry;
    checked.is_new = state.revoked.emplace(terms.id, *entry).second;
  }
  return checked;
}

/// The decision on a license that is to be activated, and what revokes it.
Decision Installation::judge_candidate(const VerifiedLicense& license, const MachineFit& fit, Time now,
                                       const Checked& checked) const {
  Context context = standing_.context_for(license, fit, now, standing_.high_water);
  context.revoked = checked.revocation.has_value();
  if (!checked.by_list) context.revocations_until.reset();
  std::optional<LeaseInfo> lease;
  std::optional<DenialInfo> denied;
  context.lease_from = judge_by_seat(license.terms(), lease, denied);
  context.lease_until = lease ? std::optional(lease->expires_at) : std::nullopt;
  context.denied = denied ? std::optional(denied->reason) : std::nullopt;
  return decide(license, context);
}

Result<ImportedRevocations> Installation::import_revocations(ByteView document, std::string_view name) {
  const std::string what = concat("revocation list ", in_quotes(name));
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  LIC_TRY(check_untouched());
  LIC_TRY_ASSIGN(const RevocationList list, RevocationList::open(document, standing_.product, what));
  const auto& known = loaded_.state.list;
  const Order order = order_of(list, known);
  if (order == Order::older)
    return error(Errc::conflict, older_than(what, list, *known), "get the newest list from the vendor");
  if (order == Order::rival) return error(Errc::untrusted, rival_of(what, list), std::string(kTellVendor));
  const bool is_there = order == Order::same && list_at_hand_;
  if (!is_there) LIC_TRY(write_file(store_.revocations_file(), document));
  const bool learned = take_list(list, file_stamp(store_.revocations_file()));
  const Time now = environment_.now();
  const std::string of_number = concat("list ", list.seq, " of revocations, of ", format_date(list.issued_at));
  // The list itself is there, and counts as long as it is.
  if (learned || adopted_) LIC_TRY(done_but(save(now), concat("took ", of_number)));
  LIC_TRY(read_state());  // what was wrong with the list before is so no more
  return ImportedRevocations{
      {order == Order::newer,
       standing_.decision_at(now),
       order == Order::newer ? concat("took ", of_number, ": ", list.entries.size(),
                                      list.entries.size() == 1 ? " license is on it" : " licenses are on it")
                             : concat(of_number, ", is known already"),
       {}},
      info_of(list),
      list.entries.size()};
}

/// The list beside a license file that is to be activated, if it is newer than what is known.
/// Gives what is wrong with it, in words. Errors: untrusted (an alarm), and those of writing.
Result<std::string> Installation::import_list_beside(const Path& license_file) {
  const Path path = license_file.parent_path() / kRevocationsFile;
  const std::string stamp = file_stamp(path);
  if (!stamp.empty() && stamp == file_stamp(store_.revocations_file())) return std::string();  // the very one
  ReadOptions options;
  options.limit = kMaxRevocations;
  const auto bytes = read_file(path, "revocation list", options);
  if (!bytes && bytes.error().code == Errc::not_found) return std::string();
  const auto list = bytes ? RevocationList::open(*bytes, standing_.product, name_of_file(path))
                          : Result<RevocationList>(Error(bytes.error()));
  if (!list) return list.error().message + "; it does not count";
  const auto imported = import_revocations(*bytes, path.native());
  if (imported || imported.error().code == Errc::conflict) return std::string();  // an older one is no news
  return Error(imported.error());
}

Result<Question> Installation::question_to_activate_file(const std::string& path, std::string_view license_key) {
  LIC_TRY(check_changeable());
  if (server_of(nullptr).empty()) return Question();
  LIC_TRY_ASSIGN(const Bytes document, read_file(path, "license file"));
  LIC_TRY(import_list_beside(path));
  return question_to_activate(document, path, license_key);
}

Result<Change> Installation::activate_file(const std::string& path, std::string_view license_key) {
  LIC_TRY(check_changeable());
  LIC_TRY_ASSIGN(const Bytes document, read_file(path, "license file"));
  LIC_TRY_ASSIGN(std::string problem, import_list_beside(path));
  auto change = activate_document(document, path, license_key);
  if (!problem.empty()) standing_.warnings.push_back(std::move(problem));
  return change;
}

}  // namespace lic
