#include "desk/revocation_list.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "desk/json_text.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "trust/revocations.hpp"

namespace lic {

Result<std::string> issue_revocation_list(Transaction& transaction, const Desk& desk, const Signer& signer,
                                          Time next_update) {
  UlidSource ids;
  RevocationList list;
  list.id = ids.next(desk.now);
  list.product = signer.product.catalog().id;
  LIC_TRY_ASSIGN(list.seq, transaction.next_revocation_seq());
  list.issued_at = desk.now;
  list.next_update = next_update;
  LIC_TRY_ASSIGN(list.entries, desk.ledger.revocations());
  std::string document = sign_document(DocumentKind::revocations, list.to_json(), signer.key).to_json();
  LIC_TRY(RevocationList::open(view_bytes(document), signer.product, "the new revocation list"));
  const nlohmann::ordered_json detail = {{"seq", list.seq}, {"entries", list.entries.size()}};
  LIC_TRY(transaction.record({desk.now, desk.actor, "revocations-export", "", "", compact_json(detail)}));
  return document;
}

}  // namespace lic
