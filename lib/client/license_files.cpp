#include <dirent.h>

#include <algorithm>
#include <memory>
#include <tuple>

#include "base/free_with.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "client/installation.hpp"
#include "license/key.hpp"
#include "policy/decide.hpp"

// Several licenses in one state directory: which of them counts (docs/formats.md, 6).

namespace lic {
namespace {

/// No user has more; a directory that has is not read to its end.
constexpr std::size_t kMostFiles = 256;

/// The <KEY>.json of a directory, by name. Keys of other products and other files are left out.
std::vector<std::string> key_files(const std::string& directory, std::string_view prefix) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, FreeWith<closedir>> entries(::opendir(directory.c_str()));
  if (!entries) return names;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (!name.ends_with(".json")) continue;
    const std::string_view stem = name.substr(0, name.size() - 5);
    const auto key = LicenseKey::parse(stem);
    if (key && key->text() == stem && key->prefix() == prefix) names.emplace_back(name);
    if (names.size() == kMostFiles) break;
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Greater is better. Ends with the id, so that the order is the same everywhere.
auto rank(const VerifiedLicense& license, const Decision& decision) {
  const Terms& terms = license.terms();
  return std::tuple(decision.allowed(), is_paid(terms.kind), terms.expires_at.value_or(Time::max()), terms.issued_at,
                    terms.id);
}

InstalledLicense described(const VerifiedLicense& license, const Decision& decision) {
  const Terms& terms = license.terms();
  InstalledLicense file;
  file.license_key = terms.key;
  file.plan = terms.plan;
  file.kind = terms.kind;
  file.serial = terms.serial;
  file.starts = terms.starts_at;
  file.expires = terms.expires_at;
  file.decision = decision;
  return file;
}

}  // namespace

Result<Installation::Candidate> Installation::candidate(const Path& path) {
  const std::string what = concat("license file ", in_quotes(path.native()));
  LIC_TRY_ASSIGN(const Bytes bytes, read_file(path, "license file", {.follow_symlink = false}));
  LIC_TRY_ASSIGN(ProductFile product, product_for(bytes, what));
  LIC_TRY_ASSIGN(VerifiedLicense license, verify(bytes, product, what));
  const Terms& terms = license.terms();
  if (concat(terms.key, ".json") != path.filename().native())
    return error(Errc::invalid_input, concat(what, " is of the key ", terms.key));
  const ClientState& state = loaded_.state;
  if (std::find(state.given_up.begin(), state.given_up.end(), terms.id) != state.given_up.end())
    return error(Errc::conflict, "it was deactivated here");
  if (const auto seen = state.seen.find(terms.id); seen != state.seen.end() && seen->second > terms.serial)
    return error(Errc::conflict, concat("a newer file of it, serial ", seen->second, ", was seen here"));
  LIC_TRY(check_exchange(terms, what));
  if (terms.activation && !knows_exchange(terms))
    return error(Errc::conflict, "it answers an activation request: it counts when it is applied");
  const Checked checked = check_revoked(terms);
  if (checked.is_new) adopted_ = true;  // it stays revoked, whatever becomes of the list
  const Decision decision = judge_candidate(license, fit_of(license), environment_.now(), checked);
  return Candidate{path.native(), to_text(bytes), std::move(product), std::move(license), decision};
}

std::vector<Installation::Candidate> Installation::candidates(std::vector<InstalledLicense>* refused) {
  std::vector<Candidate> found;
  for (const auto& name : key_files(state_dir_, standing_.product.catalog().key_prefix)) {
    const Path path = Path(state_dir_) / name;
    auto one = candidate(path);
    if (one) {
      found.push_back(std::move(one).value());
    } else if (refused != nullptr) {
      InstalledLicense& file = refused->emplace_back();
      file.path = path.native();
      file.decision.reason = Reason::untrusted;
      file.problem = std::move(one).error().message;
    }
  }
  std::sort(found.begin(), found.end(), [](const Candidate& one, const Candidate& two) {
    return rank(one.license, one.decision) > rank(two.license, two.decision);
  });
  return found;
}

/// Where what is active does not hold, or is no paid license, the best file that holds takes
/// its place. A paid license that holds stays: it was chosen. Where nothing was activated, or
/// a seat is being given back, nothing is.
void Installation::adopt_better_license() {
  const ClientState& state = loaded_.state;
  if (standing_.forced || !given_back_.empty() || (!state.license && !state.grant)) return;
  const Decision now = standing_.decision_at(environment_.now());
  if (standing_.license && now.allowed() && is_paid(standing_.license->terms().kind)) return;
  std::vector<Candidate> others = candidates(nullptr);
  if (others.empty() || !others.front().decision.allowed()) return;
  Candidate& best = others.front();
  if (standing_.license && best.license.terms().id == standing_.license->terms().id) return;
  if (standing_.license && rank(best.license, best.decision) <= rank(*standing_.license, now)) return;
  const Terms& terms = best.license.terms();
  loaded_.state.license = ActiveLicense{best.document, environment_.now(), std::string(token(Source::offline))};
  loaded_.state.grant.reset();
  loaded_.state.seen[terms.id] = terms.serial;
  standing_.product = std::move(best.product);
  standing_.license = std::move(best.license);
  adopted_ = true;
}

Result<std::vector<InstalledLicense>> Installation::license_files() {
  std::vector<InstalledLicense> refused;
  std::vector<InstalledLicense> files;
  const std::string active = standing_.license ? standing_.license->terms().id : std::string();
  if (standing_.license) {
    InstalledLicense& file =
        files.emplace_back(described(*standing_.license, standing_.decision_at(environment_.now())));
    file.active = true;
  }
  for (const Candidate& one : judges_file() ? std::vector<Candidate>{} : candidates(&refused)) {
    if (one.license.terms().id == active) {
      files.front().path = one.path;
    } else {
      files.emplace_back(described(one.license, one.decision)).path = one.path;
    }
  }
  files.insert(files.end(), refused.begin(), refused.end());
  return files;
}

}  // namespace lic
