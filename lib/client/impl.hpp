#pragma once

/// What stands behind LicenseManager.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/environment.hpp"
#include "client/grant_marks.hpp"
#include "client/state.hpp"
#include "lic/lic.hpp"
#include "machine/identity.hpp"
#include "policy/decide.hpp"
#include "trust/verify.hpp"

namespace lic {

/// The error of `rest`, told as what failed after `done` was done; success stays success.
[[nodiscard]] Result<void> done_but(Result<void> rest, std::string_view done);

class LicenseManager::Impl {
 public:
  static Result<std::unique_ptr<Impl>> open(const OpenOptions& options, Environment environment);

  Result<void> refresh();

  [[nodiscard]] Decision decision() const noexcept { return decision_at(environment_.now()); }
  [[nodiscard]] Status status() const { return status_at(environment_.now()); }
  /// What `decision` lets be used, which was just made.
  [[nodiscard]] const Features& features_under(const Decision& decision) const noexcept;
  [[nodiscard]] const Limits& limits_under(const Decision& decision) const noexcept;

  Result<Change> activate(std::string_view license_key);
  Result<Change> activate_document(ByteView document, std::string_view name, std::string_view license_key);
  Result<Change> start_trial(std::string_view email);
  Result<Change> deactivate();
  Result<RequestedActivation> request_activation(std::string_view license_key, bool anew);
  [[nodiscard]] Result<std::string> pending_request(std::string_view license_key) const;
  Result<Change> apply_activation(ByteView document, std::string_view name);
  Result<ReturnedSeat> return_seat(std::string_view license_key);
  [[nodiscard]] Result<std::string> returned_receipt(std::string_view license_key) const;

  [[nodiscard]] const ProductInfo& info() const noexcept { return info_; }
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }
  [[nodiscard]] std::vector<FactInfo> explain_machine() const;
  [[nodiscard]] const std::string& state_dir() const noexcept { return state_dir_; }

 private:
  Impl(ProductFile base, Environment environment, Path state_dir, const OpenOptions& options);

  // manager.cpp: reading
  Result<void> read_state();
  Result<void> choose_product();
  [[nodiscard]] bool judges_file() const noexcept { return !license_file_.empty() || !license_document_.empty(); }
  Result<void> judge_file();
  void tell_condition();
  void take_license();
  void adopt_dropped_file();
  void set_aside_damage();
  void keep_time();
  [[nodiscard]] Decision decision_at(Time now) const noexcept;
  [[nodiscard]] bool is_for_this_machine(const VerifiedLicense& license) const;
  [[nodiscard]] Context context_for(const VerifiedLicense& license, bool machine_matches, Time now) const noexcept;
  [[nodiscard]] const Plan* plan_of(const VerifiedLicense& license) const noexcept;

  // status.cpp: telling
  [[nodiscard]] Status status_at(Time now) const;
  [[nodiscard]] NextStep next_step(const Decision& decision, const VerifiedLicense* license) const;
  [[nodiscard]] std::string summary_json(Time now) const;
  [[nodiscard]] Change refusal(const VerifiedLicense& license, const Decision& decision) const;

  // changes.cpp: changing
  [[nodiscard]] Result<void> check_changeable() const;
  [[nodiscard]] Result<FileLock> lock_and_read();
  /// Writes the state, and takes what is on disk then, also where it could not be written.
  Result<void> save(Time now);
  Result<void> write_state(Time now);
  enum class Wanted { any, answer };  ///< any license, or only the answer to a request
  Result<Change> activate_bytes(ByteView document, std::string_view what, const std::optional<LicenseKey>& key,
                                Wanted wanted = Wanted::any);
  [[nodiscard]] Result<LicenseKey> key_of_product(std::string_view typed) const;
  [[nodiscard]] Result<ProductFile> product_for(ByteView document, std::string_view what) const;
  [[nodiscard]] Result<void> check_may_replace(const VerifiedLicense& license, Time now) const;
  [[nodiscard]] Result<Change> finish_trial(const std::string& name, const std::string& note, Time now) const;
  [[nodiscard]] Result<const Plan*> plan_to_grant(std::string_view email, std::string& note) const;

  // exchange.cpp: requests, answers and receipts
  /// Whether the seat that `terms` speak of was given back on this machine.
  [[nodiscard]] bool is_given_back(const Terms& terms) const;
  void drop_given_back();
  [[nodiscard]] bool knows_exchange(const Terms& terms) const;
  /// Whether a file may be activated here: no answer to another request, nothing given back.
  [[nodiscard]] Result<void> check_exchange(const Terms& terms, std::string_view what) const;
  void take_exchange(const Terms& terms);
  /// The exchange whose seat is to be given back: of that key, else of the active
  /// license, else the last one. Null where there is none.
  [[nodiscard]] Result<const Exchange*> exchange_to_return(std::string_view typed_key) const;

  Environment environment_;
  ProductFile base_;     ///< as embedded or given
  ProductFile product_;  ///< base_, or its successor known here
  ProductInfo info_;
  std::string state_dir_;
  std::string license_file_;  ///< judged in place of the state; usually absent, as is:
  Bytes license_document_;
  std::optional<Time> release_date_;
  std::vector<MachineFact> facts_;
  MachineIdentity machine_;
  std::string fingerprint_;
  StateStore store_;
  GrantMarks marks_;

  LoadedState loaded_;
  std::vector<std::string> warnings_;
  std::optional<Reason> forced_;              ///< the state itself is why there is no license
  std::optional<VerifiedLicense> license_;    ///< what was activated or granted
  std::string given_back_;                    ///< id of the license that would be, had its seat not been given back
  std::optional<VerifiedLicense> free_plan_;  ///< what holds when nothing was
  bool machine_matches_ = false;              ///< of license_
  bool adopted_ = false;                      ///< license_ is newer than the saved state
  Time verified_at_{};                        ///< when license_ was last verified
};

/// "a trial", "the license": for sentences about `license`.
[[nodiscard]] std::string name_of(const VerifiedLicense& license);

}  // namespace lic
