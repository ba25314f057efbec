#pragma once

/// What the licensing server answers (docs/protocol.md), without sockets and without a clock of its own.
///
/// Requests are decided in rounds: all of a round in one transaction of the ledger, so that many
/// are made durable at once. An outcome is sealed, signed that is, only after that.

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "crypto/random.hpp"
#include "crypto/signing.hpp"
#include "ledger/ledger.hpp"
#include "lic/result.hpp"
#include "server/service_request.hpp"
#include "trust/product.hpp"

namespace lic {

/// How long a machine may go without asking.
struct LeasePolicy {
  std::chrono::seconds lease{std::chrono::hours{14 * 24}};
  std::chrono::seconds refresh{std::chrono::hours{24}};  ///< after which it should ask; never more than `lease`
};

/// Why a request gets no signed answer (docs/protocol.md, "Answers").
struct ServiceFault {
  int status = 500;
  std::string_view code = "failure";
  std::string message;
  std::string cause{};  ///< what went wrong here, for the log; empty: nothing did
};

/// What a server signs with and gives out. Replaced as a whole.
class ServiceDocuments {
 public:
  /// `revocations`: the newest list, signed; empty: none is published.
  /// `license_key`: for the vendor API; absent: no licenses are signed here.
  /// Errors: conflict (a key has not its role in the product file, or is not in force at `now`);
  /// those of ProductFile::open() and RevocationList::open().
  static Result<std::shared_ptr<const ServiceDocuments>> make(std::string product, std::string revocations,
                                                              SigningKey key, Time now,
                                                              std::optional<SigningKey> license_key = std::nullopt);

  [[nodiscard]] const ProductFile& product() const noexcept { return product_; }
  [[nodiscard]] const std::string& product_text() const noexcept { return product_text_; }
  [[nodiscard]] const std::string& revocations() const noexcept { return revocations_; }
  [[nodiscard]] const SigningKey& key() const noexcept { return key_; }
  /// Null: there is none.
  [[nodiscard]] const SigningKey* license_key() const noexcept { return license_key_ ? &*license_key_ : nullptr; }

 private:
  ServiceDocuments(ProductFile product, std::string text, std::string revocations, SigningKey key,
                   std::optional<SigningKey> license_key)
      : product_(std::move(product)),
        product_text_(std::move(text)),
        revocations_(std::move(revocations)),
        key_(std::move(key)),
        license_key_(std::move(license_key)) {}

  ProductFile product_;
  std::string product_text_;
  std::string revocations_;
  SigningKey key_;
  std::optional<SigningKey> license_key_;
};

/// Whether a request with this action may change the ledger.
[[nodiscard]] constexpr bool may_write(OnlineAction action) noexcept { return action != OnlineAction::validate; }

/// A signed document of a license, and what it says.
struct KnownLicense {
  Terms terms;
  std::string document;
};

/// What came of one request: an answer to be signed, or a fault.
struct Outcome {
  ServerAnswer answer;
  std::shared_ptr<const KnownLicense> license;  ///< whose document goes with a lease; else null
  std::optional<ServiceFault> fault;
};

/// The licenses that were asked for: what a document says never changes. For one thread at a time.
class KnownLicenses {
 public:
  /// Of the newest document that is known of the license with that key; 0: none is.
  [[nodiscard]] std::int64_t serial_of(const std::string& key) const;
  /// `document`: that of the license with that key and serial; it may be empty where it is known.
  /// Errors: those of Envelope::parse() and Terms::parse().
  [[nodiscard]] Result<std::shared_ptr<const KnownLicense>> of(const std::string& key, std::int64_t serial,
                                                               std::string document);

  static constexpr std::size_t kMost = 2048;  ///< beyond that all are forgotten

 private:
  std::unordered_map<std::string, std::shared_ptr<const KnownLicense>> licenses_;
};

/// Ids that nobody had before and nobody can guess, 16 bytes in hex. For one thread at a time.
class FreshIds {
 public:
  [[nodiscard]] std::string random();
  /// Greater than those before, so that an index of them grows at its end and a round changes few of its pages.
  [[nodiscard]] std::string growing(Time now);

 private:
  std::uint32_t count_ = 0;
  ManyRandomBytes chance_;
};

/// For one thread at a time.
class Service {
 public:
  /// The ledger outlives the service.
  Service(Ledger& ledger, LeasePolicy policy) : ledger_(ledger), policy_(policy) {}

  /// One outcome for each asked, in their order. What they change is committed when this returns; where that
  /// cannot be, none of those that write has happened and each of them has the fault 503 or 500. One that
  /// fails by itself leaves the others alone.
  [[nodiscard]] std::vector<Outcome> decide(std::span<const ServiceRequest> requests, const ServiceDocuments& documents,
                                            Time now);

 private:
  /// With `once_more` a round that was lost half-way is begun again.
  [[nodiscard]] std::vector<Outcome> decide_round(std::span<const ServiceRequest> requests,
                                                  const ServiceDocuments& documents, Time now, bool once_more);
  [[nodiscard]] std::vector<Outcome> decide_singly(std::span<const ServiceRequest> requests,
                                                   const ServiceDocuments& documents, Time now);

  Ledger& ledger_;
  LeasePolicy policy_;
  KnownLicenses known_;
  FreshIds ids_;
};

/// The body of the reply with status 200: the answer signed, and the license.
/// Precondition: no fault. From any thread.
[[nodiscard]] std::string seal(const Outcome& outcome, const SigningKey& key);

/// The body of a reply that is none: {"error": {"code", "message"}}.
[[nodiscard]] std::string fault_body(std::string_view code, std::string_view message);

/// What a failure of the ledger means to who asked: 503 where it may pass, else 500.
[[nodiscard]] ServiceFault fault_of(const Error& error);
[[nodiscard]] Outcome failed(const Error& error);

}  // namespace lic
