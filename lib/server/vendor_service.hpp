#pragma once

/// What the vendor API answers (docs/vendor-api.md), without sockets and without a clock of its own.

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "desk/desk.hpp"
#include "lic/result.hpp"
#include "server/service.hpp"
#include "server/vendor_request.hpp"

namespace lic {

struct VendorOutcome {
  int status = 200;
  std::string body{};
  std::string_view code = "ok";  ///< for the log: "ok", or the code of the fault
  std::string cause{};           ///< what went wrong here, for the operator; empty: nothing did
};

/// What a failure of the ledger means to who asked.
[[nodiscard]] VendorOutcome failed_for_vendor(const Error& error);

/// What came of a request that changes nothing.
struct Looked {
  VendorOutcome outcome;
  std::string token{};  ///< id of the one whose use is to be noted; empty: it was within the hour
};

/// For one thread at a time.
class VendorService {
 public:
  /// The ledger outlives the service.
  explicit VendorService(Ledger& ledger) : ledger_(ledger) {}

  /// Of a request that changes something. That is committed when this returns, with its history and with the answer
  /// under the Idempotency-Key, all in one transaction; of a status from 400 on nothing has changed.
  [[nodiscard]] VendorOutcome change(const VendorRequest& request, const ServiceDocuments& documents, Time now);

  /// Of one that changes nothing: reads alone, all of one moment unless the route is thorough. Once `ends` is true
  /// such a one is given up (503).
  [[nodiscard]] Looked look(const VendorRequest& request, const ServiceDocuments& documents, Time now,
                            const std::atomic<bool>& ends);

  /// The token of that id was used. Errors: those of the ledger.
  [[nodiscard]] Result<void> note_use(const std::string& token, Time now);

  static constexpr std::chrono::hours kRepliesKept{24};  ///< how long an answer is remembered

 private:
  /// Errors: those of the ledger, which is out of reach or fails.
  [[nodiscard]] Result<VendorOutcome> try_change(const VendorRequest& request, const ServiceDocuments& documents,
                                                 Time now);
  [[nodiscard]] Result<Looked> try_look(const VendorRequest& request, const ServiceDocuments& documents, Time now,
                                        const std::atomic<bool>& ends);

  Ledger& ledger_;
};

/// One request while it is decided. For lib/server/ alone.
struct VendorContext {
  const VendorRequest& request;
  const ServiceDocuments& documents;
  const TokenRecord& token;
  Desk desk;
  Transaction* transaction = nullptr;       ///< null: nothing is to be changed
  const std::atomic<bool>* ends = nullptr;  ///< null: nobody waits for it to end
};

/// What is done and answered (vendor_actions.cpp); after a status from 400 on nothing of it may be stored. Errors, with
/// the message for who asked: usage (the body is none of this request), invalid_input, not_found, conflict, denied (the
/// server has no license key that it may use); and those of the ledger.
[[nodiscard]] Result<VendorOutcome> act(const VendorContext& context);

}  // namespace lic
