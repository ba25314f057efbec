#pragma once

/// Machine identity: named facts of this machine, each as an HMAC under the
/// product, so that neither the vendor nor another product learns the serials.

#include <string>
#include <string_view>
#include <vector>

#include "base/export.hpp"
#include "base/file.hpp"
#include "lic/result.hpp"
#include "license/terms.hpp"

namespace lic {

/// Strong facts tell machines apart by themselves; weak ones are shared by many
/// machines or change often.
enum class Strength { strong, weak };

/// One property of a machine as the system gives it. Never leaves the machine.
struct MachineFact {
  std::string name;  ///< machine-id, product-uuid, board-serial, root-disk, mac, cpu
  Strength strength = Strength::weak;
  std::vector<std::string> values;  ///< normalised, in order, each once; empty: absent
  std::string source;               ///< the file it came from or was looked for in, for --machine-id --explain
  std::string note;                 ///< why it is absent: "cannot be read", "placeholder 'Default string'"
};

/// A fact has at most so many values (network cards, disks of an array): the
/// first in their order. Keeps fingerprints short.
inline constexpr std::size_t kMostFactValues = 4;

/// Strength of a fact by its name; unknown names are weak.
[[nodiscard]] LIC_INTERNAL Strength strength_of(std::string_view fact) noexcept;

/// Every fact that this version knows, in a fixed order, absent ones included.
/// Everything is read under `root` (the shipped programs pass "/"; there an x86
/// processor is asked its model itself, which /proc/cpuinfo repeats). Never fails:
/// what cannot be read is absent. Empty values and makers' placeholders
/// ("Default string", all zeros) count as absent. The facts, their files and the
/// rules for values: docs/machine-identity.md.
[[nodiscard]] std::vector<MachineFact> read_machine_facts(const Path& root);

/// Who this machine is, to one product.
class LIC_INTERNAL MachineIdentity {
 public:
  /// How many of so many facts make it the same machine, unless a license says otherwise: one
  /// may change where there are three, and all but three where there are more.
  [[nodiscard]] static constexpr int match_for(std::size_t facts) noexcept {
    constexpr std::size_t kMost = 3;
    if (facts < kMost) return static_cast<int>(facts);
    return facts == kMost ? kMost - 1 : kMost;
  }

  /// Facts that are absent, or of a name that read_machine_facts() does not give, are left out.
  static MachineIdentity of(const std::vector<MachineFact>& facts, std::string_view product);

  /// Reads what fingerprint() gave, with or without hyphens and spaces, in either
  /// case. Errors: invalid_input (mistyped, cut off, or of a newer version).
  static Result<MachineIdentity> parse(std::string_view fingerprint);

  /// Takes the digests as facts() gave them, from a document.
  /// Errors: invalid_input (a fact that this version does not know, no digest of ours,
  /// one twice or not in order, more than kMostFactValues of one fact).
  static Result<MachineIdentity> from_digests(FactDigests facts);

  /// The digests of the facts that are present: HMAC-SHA-256 under the product,
  /// cut to 64 bits, in hex, in order.
  [[nodiscard]] const FactDigests& facts() const noexcept { return facts_; }

  /// All of it in one word that a person can copy: "M1-" and base32 with a check.
  /// The same facts always give the same text.
  [[nodiscard]] std::string fingerprint() const;

  /// A binding of a license to this machine: match_for() of its facts.
  /// Errors: invalid_input (no strong fact: such a machine cannot be told from others).
  [[nodiscard]] Result<MachineBinding> binding() const;

  /// Whether this is the machine of `binding`: at least `match` facts agree (or
  /// all of the binding's facts, if it has fewer), one of them strong. Never for a
  /// binding without a strong fact, empty ones included.
  [[nodiscard]] bool matches(const MachineBinding& binding) const;
  [[nodiscard]] bool matches_any(const std::vector<MachineBinding>& bindings) const;

  /// Where none matches, but a strong fact of one agrees, so that it may be this machine,
  /// changed too much: "machine-id agrees; root-disk, mac and cpu do not; 3 must". Else empty.
  [[nodiscard]] std::string near_miss(const std::vector<MachineBinding>& bindings) const;

  /// Whether it shows a fact, or a value of one, that `known` has not.
  [[nodiscard]] bool has_more_than(const FactDigests& known) const;

 private:
  FactDigests facts_;
};

}  // namespace lic
