#pragma once

/// Every change of the product file: its next version is put together, signed by the
/// roots, and takes its place in the ledger together with its history; or it is written
/// out as a proposal, which others sign.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/signing.hpp"
#include "licgen/product_document.hpp"
#include "licgen/vendor.hpp"
#include "trust/product.hpp"

namespace CLI {
class App;
}

namespace lic::app {

/// Where root keys come from that are not in the home.
struct RootKeyOptions {
  std::vector<std::string> files;
  std::optional<std::string> passphrase_file;
};

struct RootOptions {
  RootKeyOptions keys;
  std::optional<std::string> propose;
  bool force = false;
};

/// --root-key and --root-passphrase-file.
void add_root_keys(CLI::App& app, RootKeyOptions& options);
/// These, --propose and --force.
void add_root_options(CLI::App& app, RootOptions& options);

/// The key in a file that --root-key names. Its passphrase is that of
/// --root-passphrase-file, else $LICGEN_ROOT_PASSPHRASE, else what is given for the keys
/// of the home, else asked for.
/// Errors: those of read_key_file(); denied.
[[nodiscard]] Result<SigningKey> read_root_key(const std::string& file, const RootKeyOptions& options, Vendor& vendor);

/// A change that is wanted.
struct ProductChange {
  std::string action;  ///< of the history
  /// What the next product file says, by the one in force; absent: nothing is to be done.
  /// Called again where another change came first.
  std::function<Result<std::optional<ProductTerms>>(const ProductFile& now)> next;
  /// Members of the history entry, beside `version` and `sha256`.
  std::function<void(nlohmann::ordered_json& detail)> tell = nullptr;
  /// Roots that are unlocked already.
  std::vector<const SigningKey*> signers = {};
};

struct ProductChanged {
  bool changed = false;      ///< false: it is so already
  std::int64_t version = 0;  ///< of the product file now, or of the proposal
  std::string proposal;      ///< the file it was written to, in place of the change; else empty
};

/// Makes the change. The roots are those of the options, and as many of those in keys/ as
/// are needed.
/// Errors: not_found (signatures of roots are lacking: names them, and the way out);
/// conflict (a --root-key that is none of the roots); those of `next`; those of output.
[[nodiscard]] Result<ProductChanged> change_product(const ProductChange& change, const RootOptions& options,
                                                    Vendor& vendor);

/// Takes a proposal that is complete, or a published product file that this ledger has lost,
/// as the next product file. False: it is that already.
/// Errors: untrusted (signatures are lacking; not a rightful successor), conflict (not a
/// newer version; product, key prefix or app are others), invalid_input.
[[nodiscard]] Result<bool> import_product(const ProductProposal& proposal, std::string_view what, Vendor& vendor);

/// Takes over the product files that `living` has and `restored`, an older copy of it, has
/// not: clients have them, and never go back. The version then in force; nothing is taken
/// that is not a rightful successor.
[[nodiscard]] Result<std::int64_t> keep_products(Ledger& restored, Ledger& living, Time now);

/// Who has signed, and who must still sign, in lines for people. `now`: the product file
/// in force; null where it is not known.
[[nodiscard]] std::vector<std::string> signature_lines(const ProductProposal& proposal, const ProductFile* now);

}  // namespace lic::app
