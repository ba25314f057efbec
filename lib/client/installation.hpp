#pragma once

/// The license of one product as this user has it on this machine: what LicenseManager
/// works on, one thread at a time.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/function_ref.hpp"
#include "client/environment.hpp"
#include "client/grant_marks.hpp"
#include "client/standing.hpp"
#include "client/state.hpp"
#include "crypto/device_key.hpp"
#include "license/key.hpp"
#include "machine/identity.hpp"
#include "protocol/question.hpp"
#include "protocol/usage_statement.hpp"
#include "trust/clock_reset.hpp"

namespace lic {

/// The contracts of the changing members are those of LicenseManager. Each reads what is on
/// disk first, so that whatever cut the last one short does no harm to the next.
class Installation {
 public:
  static Result<std::unique_ptr<Installation>> open(const OpenOptions& options, Environment environment);
  /// Opened anew from what it was opened with. Reads nothing that a change may be at.
  [[nodiscard]] Result<std::unique_ptr<Installation>> again() const;

  [[nodiscard]] const Standing& standing() const noexcept { return standing_; }
  [[nodiscard]] const Environment& environment() const noexcept { return environment_; }
  [[nodiscard]] const std::string& state_dir() const noexcept { return state_dir_; }
  [[nodiscard]] std::vector<FactInfo> explain_machine() const;
  [[nodiscard]] std::vector<VirtualLayer> virtual_layers() const;

  Result<Change> keep_state_key(KeyPlace place);

  /// What was used, as of the last reading.
  [[nodiscard]] const UsageBook& book() const noexcept { return book_; }
  /// The license that was activated from the vendor's file, whether it holds or not; absent: there is none.
  [[nodiscard]] std::optional<LicenseName> signed_license() const;
  /// Reads what was used again, and nothing else.
  Result<void> refresh_usage();
  /// Lets `change` work on what was used, under the lock and as it is on disk. It is given
  /// the time that counts, to which every counter has moved on, and says whether it changed
  /// anything; then usage_data.json and its mark in the state are written.
  /// Errors: usage (a file is judged in place of the state), denied, unavailable, failure.
  /// With an error nothing is changed, unless `counted`: then usage_data.json was written, and
  /// neither its mark nor the book of before could be. The message says so.
  Result<void> change_usage(FunctionRef<bool(UsageBook&, Time now)> change, bool& counted);

  /// A time that this process has seen: as good as one in the state, until it ends or the
  /// vendor sets the clock back. Never written.
  void witness(Time time) noexcept;

  Result<void> refresh();

  Result<Change> activate(std::string_view license_key);
  Result<Change> activate_document(ByteView document, std::string_view name, std::string_view license_key);
  Result<Change> activate_file(const std::string& path, std::string_view license_key);
  Result<ImportedRevocations> import_revocations(ByteView document, std::string_view name);
  Result<ClockCodeInfo> clock_code();
  Result<Change> apply_clock_reset(ByteView document, std::string_view name);
  [[nodiscard]] Result<std::vector<InstalledLicense>> license_files();
  /// `asked`: what the server said, if it was asked.
  Result<Change> start_trial(std::string_view email, const Asked* asked = nullptr);
  Result<Change> deactivate(const Asked* asked = nullptr);

  // online.cpp. What to ask the licensing server; absent: there is none to ask. What comes of it is
  // given to the members below, or to those that work without a server.
  [[nodiscard]] Result<Question> question_to_activate(std::string_view license_key) const;
  [[nodiscard]] Result<Question> question_to_activate(ByteView document, std::string_view name,
                                                      std::string_view license_key) const;
  /// Imports the list of revocations beside the file, as activate_file() does.
  Result<Question> question_to_activate_file(const std::string& path, std::string_view license_key);
  /// `borrow_until`: and to have the seat until then.
  Result<Question> question_to_confirm(std::optional<Time> borrow_until = std::nullopt);
  Result<Question> question_to_borrow(Time until);
  [[nodiscard]] Result<Question> question_to_check_in() const;
  [[nodiscard]] Result<Question> question_of_trial(std::string_view email) const;
  [[nodiscard]] Result<Question> question_to_leave() const;
  /// Of the statement `seq`; 0: the newest, whose number it then is.
  [[nodiscard]] Result<Question> question_of_usage(std::int64_t& seq, std::string_view license_key) const;
  Result<Change> take_activation(const ServerQuestion& asked, const ServerWord& word);
  /// The server has the seat back, whatever it said.
  Result<Change> check_in(const Question& question, const Asked* asked);
  Result<Confirmation> take_confirmation(const ServerQuestion& question, const Asked& asked);
  /// Whether it is time to refresh a lease by itself.
  [[nodiscard]] bool is_lease_due() const;
  /// In how long that may be the case; absent: no lease is there to refresh.
  [[nodiscard]] std::optional<std::chrono::seconds> time_to_refresh() const;
  [[nodiscard]] std::string server_asked() const;

  Result<RequestedActivation> request_activation(std::string_view license_key, bool anew);
  [[nodiscard]] Result<std::string> pending_request(std::string_view license_key) const;
  Result<Change> apply_activation(ByteView document, std::string_view name);
  Result<ReturnedSeat> return_seat(std::string_view license_key);
  [[nodiscard]] Result<std::string> returned_receipt(std::string_view license_key) const;
  Result<UsageReport> report_usage(std::string_view license_key, bool new_key);
  [[nodiscard]] Result<UsageReport> reported_usage(std::int64_t seq, std::string_view license_key) const;

 private:
  /// What it is opened with; never changed.
  struct Beginning {
    Environment environment;
    ProductFile base;            ///< as embedded or given; choose_product() checks its signatures
    std::string product_name{};  ///< of `base`, for messages
    bool built_in = false;  ///< the application brings a product file in itself: `base`, or one that `base` succeeds
    Path state_dir{};       ///< empty: a file is judged in place of the state
    std::string license_file{};  ///< as it was named, for messages
    Path license_path{};
    Bytes license_document{};
    std::optional<Time> release_date{};
    struct Server {
      std::string url;  ///< empty: as the product file says
      std::string ca_file;
      std::chrono::milliseconds patience{};
      bool offline = false;
    } server{};
  };

  explicit Installation(std::shared_ptr<const Beginning> beginning);
  static Result<std::unique_ptr<Installation>> start(std::shared_ptr<const Beginning> beginning);

  // installation.cpp: reading
  Result<void> read_state();
  Result<void> choose_product();
  [[nodiscard]] bool judges_file() const noexcept {
    return !beginning_.license_file.empty() || !beginning_.license_document.empty();
  }
  Result<void> judge_file();
  void tell_condition();
  void take_license();
  void adopt_dropped_file();
  Result<std::string> read_usage();  ///< what is wrong with it, in words
  void set_aside_damage();
  void keep_time();
  void settle();

  // machine_fit.cpp
  /// Looks for a virtual machine where the license asks, once.
  [[nodiscard]] MachineFit fit_of(const VerifiedLicense& license);
  /// Takes back a free plan that is not for virtual machines, in one.
  void drop_forbidden_free_plan();
  const std::vector<VirtualLayer>& layers();

  // key_place.cpp
  Result<Change> move_key_to_keyring();
  Result<Change> move_key_to_file();
  Error uncounted(UsageBook former, std::int64_t seq, Time now, Error fault, bool& counted);
  /// Writes usage_data.json, sealed with the secret of the state.
  Result<void> write_usage(const UsageBook& book, Time now);
  /// The same with what it has, where there is one.
  Result<void> seal_usage();

  [[nodiscard]] json::Value summary_json(Time now) const;  ///< summary.cpp

  // changes.cpp: changing
  [[nodiscard]] Result<void> check_changeable() const;
  [[nodiscard]] Result<FileLock> lock_and_read();
  /// Writes the state, and takes what is on disk then, also where it could not be written.
  Result<void> save(Time now);
  Result<void> write_state(Time now);
  enum class Wanted { any, answer };  ///< any license, or only the answer to a request
  /// A license that came with a lease.
  struct Granted {
    const ServerQuestion& asked;
    const ServerWord& word;
  };
  Result<Change> activate_bytes(ByteView document, std::string_view what, const std::optional<LicenseKey>& key,
                                Wanted wanted = Wanted::any, const Granted* granted = nullptr);
  [[nodiscard]] Result<void> take_product(const ServerWord& word);
  Result<void> take_seat_again(const Terms& terms);
  [[nodiscard]] Result<LicenseKey> key_of_product(std::string_view typed) const;
  [[nodiscard]] Result<ProductFile> product_for(ByteView document, std::string_view what) const;
  [[nodiscard]] Result<void> check_may_replace(const VerifiedLicense& license, Time now) const;
  [[nodiscard]] Result<Change> finish_trial(const std::string& name, const std::string& note, Time now) const;
  [[nodiscard]] Result<const Plan*> plan_to_grant(std::string_view email, std::string& note) const;
  Result<Change> begin_grant(const Plan& plan, const LocalGrant& begun, const std::string& note, Time now);
  Result<void> adopt_trial(const ServerAnswer& answer);

  // online.cpp: the licensing server
  [[nodiscard]] std::string server_of(const OnlineSeat* seat) const;
  [[nodiscard]] const OnlineSeat* seat_of(std::string_view key) const;
  OnlineSeat& own_seat(const std::string& key);
  /// Of the license that was activated; empty: there is none.
  [[nodiscard]] const std::string& active_key() const;
  [[nodiscard]] bool floats() const noexcept { return standing_.license && standing_.license->terms().floating; }
  [[nodiscard]] bool is_leased(const OnlineSeat* seat) const;
  [[nodiscard]] bool is_refresh_due(const OnlineSeat& seat) const;
  [[nodiscard]] std::chrono::seconds patience_of(const OnlineSeat& seat) const;
  Time judge_by_seat(const Terms& terms, std::optional<LeaseInfo>& lease, std::optional<DenialInfo>& denied) const;
  void settle_seat();
  [[nodiscard]] std::shared_ptr<ServerQuestion> question(OnlineAction action, const std::string& key,
                                                         std::string server) const;
  [[nodiscard]] Question question_to_activate(const LicenseKey& key, bool with_list = false,
                                              std::optional<Time> borrow_until = std::nullopt) const;
  Result<void> add_secrets(ServerQuestion& asked);
  Result<std::optional<Change>> take_word(const ServerQuestion& asked, const ServerWord& word);
  void note_unanswered(const ServerQuestion& asked, const Unanswered& why);
  void take_lease(const ServerQuestion& asked, const ServerAnswer& answer, bool floating);
  Result<void> remember_denial(const ServerQuestion& asked, const ServerAnswer& answer);
  Result<Change> take_denial(const ServerQuestion& asked, const ServerAnswer& answer);
  std::string leave_seat(const std::string& key, const Asked* asked);
  Result<Change> leave_later(const Asked* asked);

  // revoking.cpp: lists of revocations
  /// What is known of a license that is to be activated.
  struct Checked {
    std::optional<Revocation> revocation;
    bool by_list = false;  ///< it was looked up in the newest list
    bool is_new = false;   ///< the state has learned of the revocation just now
  };
  [[nodiscard]] std::vector<std::string> known_ids() const;
  bool take_list(const RevocationList& list, std::string stamp);
  void look_at_list();
  void judge_by_list_beside();
  void settle_revocations();
  [[nodiscard]] Checked check_revoked(const Terms& terms);
  [[nodiscard]] Decision judge_candidate(const VerifiedLicense& license, const MachineFit& fit, Time now,
                                         const Checked& checked) const;
  [[nodiscard]] const RevocationList* known_list();
  Result<std::string> import_list_beside(const Path& license_file);

  // clock.cpp: times seen
  void look_at_file_times();
  [[nodiscard]] Result<void> check_untouched() const;
  [[nodiscard]] Result<Time> time_to_reset(Time now) const;
  [[nodiscard]] Result<Time> check_reset(const ClockReset& reset, std::string_view what, Time now) const;
  Result<bool> move_back(Time wrong, Time right);
  Error reset_failed(const std::string& code, Error fault);

  // license_files.cpp: the other licenses of the state directory
  /// A genuine file there that could count.
  struct Candidate {
    std::string path;
    std::string document;
    ProductFile product;
    VerifiedLicense license;
    Decision decision;
  };
  /// Those of <KEY>.json that could take the place of the active license, the best first.
  /// Into `refused`, unless null, go the others and why.
  [[nodiscard]] std::vector<Candidate> candidates(std::vector<InstalledLicense>* refused);
  [[nodiscard]] Result<Candidate> candidate(const Path& path);
  void adopt_better_license();

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

  // usage_report.cpp: statements of what was used
  /// What was counted under the license of that key, else the active one, else the only one.
  [[nodiscard]] Result<MeteredLicense> license_to_report(std::string_view typed_key) const;
  [[nodiscard]] UsageStatement next_statement(const MeteredLicense& metered, const DeviceKey& device, Time now) const;
  [[nodiscard]] Error not_surely_made(const UsageStatement& statement, std::string_view digest, Error fault) const;

  const std::shared_ptr<const Beginning> held_;
  const Beginning& beginning_;
  const Environment& environment_;
  const std::string state_dir_;
  const std::vector<MachineFact> facts_;
  const MachineIdentity machine_;
  StateStore store_;
  GrantMarks marks_;

  std::optional<std::vector<VirtualLayer>> layers_;  ///< absent: no license has asked yet

  LoadedState loaded_;
  Standing standing_;
  std::string kept_note_;      ///< of a state that was set aside for a change; a warning until refresh()
  std::string given_back_;     ///< id of the license that would be, had its seat not been given back
  bool base_checked_ = false;  ///< the signatures of the base product file
  bool adopted_ = false;       ///< the license, or the list of revocations, is newer than the saved state
  bool list_at_hand_ = false;  ///< revocations.json in the state directory is the newest list known
  std::optional<RevocationList> opened_list_;
  std::optional<Time> witnessed_;
  UsageBook book_;
  bool usage_damaged_ = false;         ///< usage_data.json does not open
  std::optional<Time> usage_written_;  ///< when it was written
};

/// The error of `rest`, told as what failed after `done` was done; success stays success.
[[nodiscard]] Result<void> done_but(Result<void> rest, std::string_view done);

}  // namespace lic
