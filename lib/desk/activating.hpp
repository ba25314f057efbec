#pragma once

/// Seats for machines without a network, which ask by a document (docs/formats.md, 11).

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "desk/desk.hpp"
#include "desk/refusal.hpp"
#include "desk/signing.hpp"
#include "ledger/activation.hpp"
#include "machine/identity.hpp"
#include "protocol/offline_exchange.hpp"

namespace lic {

/// A request for a seat as it came, with what it says of the machine.
struct SeatRequest {
  ActivationRequest request;
  std::string digest;  ///< of the document, hex
  MachineIdentity machine;
  MachineBinding binding;
};

/// From the document, or from the pieces in which it was carried. `what` begins messages.
/// Errors: invalid_input (none, altered, or of no machine); untrusted (of another product).
[[nodiscard]] Result<SeatRequest> read_seat_request(ByteView text, std::string_view what, const ProductFile& product);

/// What a machine is answered with.
struct SeatAnswer {
  Activation activation;
  bool changed = false;  ///< false: it was answered so before
  bool was_unbound = false;
  std::size_t taken = 0;
  std::int64_t seats = 0;
};

using SeatOutcome = std::variant<SeatAnswer, Refusal>;

/// Where no key is needed: a no, or the answer that was given to this very request before. Absent: take_seat() is to
/// be asked. Precondition: a snapshot or a transaction, or what is said is not relied on.
/// Errors: not_found (no such license); conflict (the seat was freed since; another request of that id was answered).
[[nodiscard]] Result<std::optional<SeatOutcome>> answer_without_key(const Desk& desk, const SeatRequest& asked);

/// Gives the machine a seat, within a transaction of begin_signing(): what it depends on is read there, so that never
/// more are taken than there are. `ready` is called before anything changes; its error ends it.
/// Errors: those of answer_without_key(); conflict (the license floats); failure (the clock of this machine is wrong).
[[nodiscard]] Result<SeatOutcome> take_seat(Transaction& transaction, const Desk& desk, const SeatRequest& asked,
                                            const Signer& signer, const std::function<Result<void>()>& ready = {});

/// `{"key", "serial", "machine", "request", "changed", "seats", "taken", "answer"}`. `document`: the answer, as it is
/// given out.
[[nodiscard]] nlohmann::ordered_json seat_answer_json(const SeatAnswer& answer, std::string_view document);

}  // namespace lic
