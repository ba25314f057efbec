#include "ledger/webhook_record.hpp"

namespace lic {

std::string_view token(DeliveryState state) noexcept {
  switch (state) {
    case DeliveryState::pending:
      return "pending";
    case DeliveryState::delivered:
      return "delivered";
    case DeliveryState::failed:
      return "failed";
  }
  return "failed";
}

}  // namespace lic
