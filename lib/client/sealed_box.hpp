#pragma once

/// What a state file keeps to itself (docs/formats.md, 6, "The box"): opens with the 0600
/// secret on the machine that sealed it, and tells when the readable part beside it was
/// changed by hand.

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "crypto/secret.hpp"
#include "machine/identity.hpp"

namespace lic {

/// What a box is made for and opened with.
struct BoxKeys {
  const SecretBytes& secret;  ///< state.key
  const MachineIdentity& machine;
  std::string_view product;
  std::string_view context;  ///< "lic-state-box-v1": no box of one file opens as another's
};

/// `readable` with the member "sealed": `content` with the members "machine" and "summary"
/// added, in a box. As the text of the file.
[[nodiscard]] std::string seal_document(json::Object readable, json::Object content, const BoxKeys& keys);

enum class BoxCondition {
  intact,
  edited,   ///< it opens, but the readable part was changed by hand
  foreign,  ///< sealed on another machine
  damaged,  ///< does not open: cut off, overwritten, its key lost
  newer,    ///< of a newer version of this program
};

struct OpenedDocument {
  BoxCondition condition = BoxCondition::damaged;
  std::optional<json::Value> content;  ///< when intact or edited
};

/// Of a document as json::parse() read it. Which of damage and a copied directory it is
/// that keeps a box closed, its readable member "machine_id" tells.
[[nodiscard]] OpenedDocument open_document(const json::Value& document, const BoxKeys& keys);

}  // namespace lic
