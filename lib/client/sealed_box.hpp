#pragma once

/// What a state file keeps to itself (docs/formats.md, 6, "The box"): opens with its
/// secret on the machine that sealed it, and tells when the readable part beside it was
/// changed by hand. The secret is that of the 0600 file state.key, or one in the user's keyring.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "crypto/secret.hpp"
#include "lic/result.hpp"
#include "machine/identity.hpp"

namespace lic {

/// What a box is made for and opened with, its secret aside.
struct BoxKeys {
  const MachineIdentity& machine;
  std::string_view product;
  std::string_view context;  ///< "lic-state-box-v1": no box of one file opens as another's
};

/// Gives the secret of that name in the keyring, or, where the name is empty, that of state.key.
/// Errors: not_found (the keyring has it no more); others, where it cannot be had now.
using SecretSource = std::function<Result<SecretBytes>(const std::string& keyring_name)>;

/// One that gives `secret` whatever it is asked for. For tests, which know it.
[[nodiscard]] SecretSource always(const SecretBytes& secret);

/// `readable` with the member "sealed": `content` with the members "machine" and "summary"
/// added, in a box. As the text of the file. `keyring_name`: of the secret; empty: it is in state.key.
[[nodiscard]] std::string seal_document(json::Value readable, json::Value content, const SecretBytes& secret,
                                        std::string_view keyring_name, const BoxKeys& keys);

enum class BoxCondition {
  intact,
  edited,   ///< it opens, but the readable part was changed by hand
  foreign,  ///< sealed on another machine
  damaged,  ///< does not open: cut off, overwritten, its key lost
  newer,    ///< of a newer version of this program
  keyless,  ///< the keyring is open and has its secret no more
  locked,   ///< its secret cannot be had now
};

struct OpenedDocument {
  BoxCondition condition = BoxCondition::damaged;
  std::optional<json::Document> content = {};  ///< when intact or edited
  std::string keyring_name = {};               ///< where its secret is, when intact or edited; empty: in state.key
  bool machine_changed = false;                ///< this machine shows facts that it was not sealed to
  /// When foreign, and a strong fact of the machine agrees: MachineIdentity::near_miss().
  std::string near_miss = {};
  std::optional<Error> fault = {};  ///< when locked
};

/// The text of a state file, read no further than is needed: where it is still as
/// seal_document() wrote it, what people read of it is known by its digest.
class SealedText {
 public:
  /// `what` names it in messages. The text outlives this.
  SealedText(std::string_view text, std::string_view what);

  /// The value of the member "sealed", or null when there is none. Errors: invalid_input (it is no JSON).
  [[nodiscard]] Result<const json::Value*> sealed();
  /// The whole document. Errors: invalid_input.
  [[nodiscard]] Result<const json::Value*> document();
  /// Whether the whole document was asked for, by one of these or another.
  [[nodiscard]] bool was_read() const noexcept { return document_.has_value(); }

  /// The digest of what stands before the line of "sealed", in hex; empty where that line is not
  /// the last of the document.
  [[nodiscard]] std::string digest() const;

 private:
  std::string_view text_;
  std::string_view what_;
  std::string_view before_;                         ///< what digest() is of
  std::string_view box_;                            ///< the text of the value of "sealed"
  std::optional<Result<json::Document>> document_;  ///< once it was asked for
  std::optional<Result<json::Document>> sealed_;    ///< of box_, once it was asked for
};

/// Opens the box. Which of damage and a copied directory it is that keeps a box closed, the
/// readable member "machine_id" tells. Damaged, too, is what is no JSON.
[[nodiscard]] OpenedDocument open_document(SealedText& file, const SecretSource& secret_of, const BoxKeys& keys);

}  // namespace lic
