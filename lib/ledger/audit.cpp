#include "ledger/audit.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/bulk_hash.hpp"
#include "ledger/audit_made.hpp"
#include "ledger/audit_products.hpp"
#include "ledger/history_chain.hpp"
#include "trust/verify.hpp"

namespace lic {
namespace {

using Json = nlohmann::json;

bool begins(const HistoryEntry& entry) { return entry.action == "create" || entry.action == "import"; }

/// What the history says of an answered request.
struct ToldActivation {
  std::string digest;
  std::optional<Time> ended_at;
  std::string ended_by;
};

/// What the history of one license says that the license is now.
struct Told {
  bool begun = false;
  Time begun_at{};
  std::int64_t serial = 0;
  std::string document;  ///< SHA-256 of the newest document, hex; empty: not told
  bool suspended = false;
  std::optional<Time> revoked_at;
  std::string revoke_reason;
  std::map<std::string, ToldActivation> activations;  ///< by id of the request
  std::map<std::string, std::string> usage;           ///< by digest of the record: a name for it
};

class Auditor {
 public:
  Auditor(Ledger& ledger, const ProductFile& product, Time now, AuditScope scope)
      : ledger_(ledger), product_(product), now_(now), scope_(scope) {}

  Result<AuditReport> run() {
    LIC_TRY_ASSIGN(report_.unchained, ledger_.unchained_history());
    LIC_TRY(check_numbers());
    LIC_TRY(check_places());
    LIC_TRY(ledger_.history_by_license([&](const HistoryRow& row) { return check_row(row); }));
    LIC_TRY(end_of_license());
    LIC_TRY(check_licenses_without_history());
    LIC_TRY(check_activation_count());
    if (scope_ == AuditScope::whole) LIC_TRY(check_machine_index_rows());
    LIC_TRY(check_usage_count());
    const auto find_of_none = [&](std::string message) { find(0, "", std::move(message)); };
    LIC_TRY(told_products_.check(ledger_, find_of_none));
    LIC_TRY(told_made_.check(ledger_, find_of_none));
    return std::move(report_);
  }

 private:
  void find(std::int64_t number, std::string_view key, std::string message) {
    ++report_.faults;
    if (report_.findings.size() < kMostFindings)
      report_.findings.push_back({number, std::string(key), std::move(message)});
  }

  /// In the order of numbers: none is missing, and the tree over all.
  Result<void> check_numbers() {
    MerkleTree tree;
    std::int64_t expected = 1;
    LIC_TRY(ledger_.history_by_number([&](const HistoryRow& row) -> Result<void> {
      if (row.number != expected)
        find(expected, "",
             row.number == expected + 1
                 ? concat("entry ", expected, " of the history was removed")
                 : concat("entries ", expected, " to ", row.number - 1, " of the history were removed"));
      expected = row.number + 1;
      tree.add(history_text(row.number, row.entry));
      return {};
    }));
    LIC_TRY_ASSIGN(const std::int64_t newest, ledger_.newest_history_number());
    if (newest >= expected)
      find(expected, "",
           expected == newest
               ? concat("the last entry of the history, ", newest, ", was removed")
               : concat("the last entries of the history, ", expected, " to ", newest, ", were removed"));
    if (newest < expected - 1)
      find(newest + 1, "", concat("entries were added to the history by hand, from ", newest + 1));
    if (tree.size() == 0) find(0, "", "the history is empty: not even the making of the ledger is in it");
    report_.entries = tree.size();
    report_.root = hex_encode(tree.root());
    return {};
  }

  /// Entries that stand where licgen puts none.
  Result<void> check_places() {
    return ledger_.misplaced_history([&](std::int64_t number) -> Result<void> {
      find(number, "", concat("entry ", number, " was inserted by hand, or counted to another license"));
      return {};
    });
  }

  Result<void> check_row(const HistoryRow& row) {
    if (row.entry.key != key_ || !any_) {
      LIC_TRY(end_of_license());
      key_ = row.entry.key;
      any_ = true;
      link_.clear();
      told_ = {};
    }
    const std::string right = history_link(link_, history_text(row.number, row.entry));
    if (row.number <= report_.unchained) {
      if (!row.link.empty())
        find(row.number, key_, concat("entry ", row.number, " is told to be from before the chain, but is part of it"));
      link_ = row.link;
    } else {
      if (row.link != right)
        find(row.number, key_,
             concat("entry ", row.number, " (", printable(row.entry.action),
                    ") was altered, or inserted, moved or preceded by one that was removed"));
      link_ = row.link;
    }
    take(row);
    return {};
  }

  /// Follows the license through one entry.
  void take(const HistoryRow& row) {
    const HistoryEntry& entry = row.entry;
    const Json detail = entry.detail.empty() ? Json::object() : Json::parse(entry.detail, nullptr, false);
    if (!detail.is_object()) {
      find(row.number, key_, concat("entry ", row.number, " has a detail that is no JSON object"));
      return;
    }
    if (key_.empty()) told_products_.take(entry), told_made_.take(entry);
    if (begins(entry)) told_.begun = true, told_.begun_at = entry.at;
    if (detail.contains("serial") && detail["serial"].is_number_integer()) {
      told_.serial = detail["serial"].get<std::int64_t>();
      told_.document = detail.contains("sha256") && detail["sha256"].is_string() ? detail["sha256"].get<std::string>()
                                                                                 : std::string();
    }
    if (entry.action == "suspend") told_.suspended = true;
    if (entry.action == "reinstate") told_.suspended = false;
    take_activations(entry, detail);
    take_usage(entry, detail);
    if (entry.action == "revoke") told_.revoked_at = entry.at, told_.revoke_reason = entry.reason;
  }

  /// What an entry says of seats taken and given back.
  void take_activations(const HistoryEntry& entry, const Json& detail) {
    const auto text = [&](const char* name) {
      return detail.contains(name) && detail[name].is_string() ? detail[name].get<std::string>() : std::string();
    };
    if (detail.contains("ended") && detail["ended"].is_array())
      for (const Json& request : detail["ended"])
        if (request.is_string()) {
          ToldActivation& told = told_.activations[request.get<std::string>()];
          told.ended_at = entry.at;
          told.ended_by = text("ended_by");
        }
    if (!text("request").empty() && !text("activation").empty())
      told_.activations[text("request")].digest = text("activation");
  }

  /// Compares the answered requests of a license with what was told of them.
  Result<void> check_activations() {
    LIC_TRY_ASSIGN(const auto stored, ledger_.activations(key_));
    activations_ += std::ssize(stored);
    const auto wrong = [&](std::string_view request, std::string_view what) {
      find(0, key_, concat("license ", key_, ": its activation by request ", printable(request), ' ', what));
    };
    std::set<std::string> holders;
    for (const Activation& activation : stored) {
      if (activation.lease && !holders.insert(activation.holder()).second)
        wrong(activation.request, "is a second one of its machine");
      const auto told = told_.activations.find(activation.request);
      if (told == told_.activations.end()) {
        wrong(activation.request, "is not in the history");
        continue;
      }
      if (told->second.digest != activation_digest(activation)) wrong(activation.request, "was altered");
      if (told->second.ended_at != activation.ended_at || told->second.ended_by != activation.ended_by)
        wrong(activation.request, "has not the end that the history tells");
      if (activation.lease.has_value() != (activation.online() && activation.live()))
        wrong(activation.request, activation.lease ? "has a lease that is not its own" : "has lost its lease");
      told_.activations.erase(told);
    }
    for (const auto& missing : told_.activations) wrong(missing.first, "is in the history, but not in the ledger");
    if (scope_ == AuditScope::whole && !holders.empty()) return check_machine_index();
    return {};
  }

  /// Whether the machines of a license are found by what they are to be found by.
  Result<void> check_machine_index() {
    LIC_TRY_ASSIGN(const MachineIndex index, ledger_.machine_index(key_));
    machine_rows_ += index.rows;
    if (!index.is_right)
      find(0, key_,
           concat("license ", key_,
                  ": its machines are not found by what their leases say, so that one may take a second ",
                  "seat, or none; ledger copy makes it anew"));
    return {};
  }

  /// Whether machines are found that have no lease.
  Result<void> check_machine_index_rows() {
    LIC_TRY_ASSIGN(const std::int64_t all, ledger_.machine_index_rows());
    if (all != machine_rows_)
      find(0, "",
           concat("rows that find machines of licenses without leases: ", all - machine_rows_,
                  "; ledger copy leaves them out"));
    return {};
  }

  /// What an entry says of an imported usage statement.
  void take_usage(const HistoryEntry& entry, const Json& detail) {
    if (entry.action != kUsageImport || !detail.contains("usage") || !detail["usage"].is_string()) return;
    const bool numbered = detail.contains("statement") && detail["statement"].is_number_integer();
    told_.usage[detail["usage"].get<std::string>()] =
        numbered ? concat("usage statement ", detail["statement"].get<std::int64_t>()) : "a usage statement";
  }

  /// Compares the usage statements of a license with what was told of them.
  Result<void> check_usage() {
    LIC_TRY(ledger_.usage_of(key_, [&](const UsageRecord& stored) -> Result<void> {
      ++usage_;
      if (told_.usage.erase(usage_record_digest(stored)) == 0)
        find(0, key_,
             concat("license ", key_, ": usage statement ", stored.seq, " of a device was altered, or is not ",
                    "in the history"));
      return {};
    }));
    for (const auto& missing : told_.usage)
      find(0, key_, concat("license ", key_, ": ", missing.second, " is in the history, but not in the ledger"));
    return {};
  }

  /// Whether there are usage statements of no license.
  Result<void> check_usage_count() {
    LIC_TRY_ASSIGN(const std::int64_t all, ledger_.usage_count());
    if (all != usage_) find(0, "", concat(all - usage_, " usage statements are of no license that the history knows"));
    return {};
  }

  /// Whether there are activations of no license.
  Result<void> check_activation_count() {
    LIC_TRY_ASSIGN(const std::int64_t all, ledger_.activation_count());
    if (all != activations_)
      find(0, "",
           concat(all - activations_, all - activations_ == 1 ? " activation is" : " activations are",
                  " of no license that the history knows"));
    return {};
  }

  /// Compares what was told of a license with what is stored.
  Result<void> end_of_license() {
    if (!any_ || key_.empty()) return {};
    const auto key = LicenseKey::parse(key_);
    const auto record = key ? ledger_.find(*key, now_) : Result<LicenseRecord>(Error(key.error()));
    if (!record && key && record.error().code == Errc::invalid_input) {
      find(0, key_, record.error().message);  // a row that nobody can read
      return {};
    }
    if (!record && key && record.error().code != Errc::not_found) return record.error();
    if (!record) {
      find(0, key_, concat("license ", printable(key_), " is in the history, but not in the ledger"));
      return {};
    }
    ++report_.licenses;
    const LicenseSummary& license = record->summary;
    const auto wrong = [&](std::string_view what) { find(0, key_, concat("license ", key_, ": ", what)); };
    if (!told_.begun) wrong("its issue is not in the history");
    if (told_.begun && license.created_at != told_.begun_at)
      wrong(concat("it is from ", format_time(license.created_at), ", by the history from ",
                   format_time(told_.begun_at)));
    if (license.serial != told_.serial)
      wrong(concat("its serial is ", license.serial, ", by the history it is ", told_.serial));
    if (license.revoked_at != told_.revoked_at || license.revoke_reason != told_.revoke_reason)
      wrong("its revocation is not that of the history");
    if (license.suspended_at.has_value() != told_.suspended) wrong("its suspension is not that of the history");
    check_document(*record);
    LIC_TRY(check_activations());
    return check_usage();
  }

  /// What a document says that a license key has signed. A key that was distrusted later
  /// takes nothing back of what the ledger is.
  Result<Terms> terms_of(std::string_view document) {
    constexpr std::string_view kWhat = "its document";
    const auto verified = verify(view_bytes(document), product_, kWhat);
    if (verified) return verified->terms();
    LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(view_bytes(document), kWhat));
    LIC_TRY(envelope.expect(DocumentKind::license, kWhat));
    LIC_TRY_ASSIGN(const KeyId signer, signer_of(envelope, product_, Role::license, kWhat));
    LIC_TRY_ASSIGN(Terms terms, Terms::parse(envelope.payload(), kWhat));
    if (check_in_force(product_, signer, terms.issued_at, kWhat)) return verified.error();  // it is something else
    ++report_.distrusted;
    return terms;
  }

  void check_document(const LicenseRecord& record) {
    const LicenseSummary& license = record.summary;
    const auto wrong = [&](std::string_view what) { find(0, key_, concat("license ", key_, ": ", what)); };
    if (!told_.document.empty() && hex_encode(bulk_sha256(view_bytes(record.document))) != told_.document)
      wrong("its document is not the one that was issued");
    const auto signed_terms = terms_of(record.document);
    if (!signed_terms) {
      wrong(signed_terms.error().message);
      return;
    }
    const Terms& terms = *signed_terms;
    const bool same = terms.key == license.key && terms.id == license.id && terms.serial == license.serial &&
                      terms.plan == license.plan && terms.kind == license.kind && terms.customer == license.customer &&
                      terms.starts_at == license.starts_at && terms.expires_at == license.expires_at &&
                      terms.maintenance_until == license.maintenance_until && terms.seats == license.seats &&
                      terms.grace_days == license.grace_days && terms.issued_at == license.issued_at &&
                      terms.suspended_at == license.suspended_at && terms.order == license.order;
    if (!same) wrong("its row was altered: the signed document says otherwise");
  }

  Result<void> check_licenses_without_history() {
    return ledger_.licenses_without_history([&](std::string_view key) -> Result<void> {
      find(0, key, concat("license ", printable(key), " has no history"));
      return {};
    });
  }

  Ledger& ledger_;
  const ProductFile& product_;
  Time now_;
  AuditScope scope_;
  AuditReport report_;
  std::int64_t activations_ = 0;
  std::int64_t machine_rows_ = 0;
  std::int64_t usage_ = 0;
  bool any_ = false;  // whether key_, link_ and told_ are of a license
  std::string key_;
  std::string link_;
  Told told_;
  ProductAudit told_products_;
  MadeAudits told_made_;
};

}  // namespace

Result<AuditReport> audit(Ledger& ledger, const ProductFile& product, Time now, AuditScope scope) {
  LIC_TRY_ASSIGN(const auto moment, ledger.snapshot());
  return Auditor(ledger, product, now, scope).run();
}

Result<std::string> history_root(Ledger& ledger, std::int64_t size) {
  MerkleTree tree;
  LIC_TRY(ledger.history_by_number([&](const HistoryRow& row) -> Result<void> {
    if (tree.size() < size) tree.add(history_text(row.number, row.entry));
    return {};
  }));
  if (tree.size() < size)
    return error(Errc::invalid_input, concat("the history has ", tree.size(), " entries, not ", size));
  return hex_encode(tree.root());
}

}  // namespace lic
