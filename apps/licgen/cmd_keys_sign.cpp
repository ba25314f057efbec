#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "issue/key_file.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_change.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

// --- keys new

struct NewOptions {
  std::string file;
  bool no_passphrase = false;
};

void set_up_new(CLI::App& app, NewOptions& options) {
  add_option(app, "FILE", options.file, "The key file to make").required();
  add_flag(app, "--no-passphrase", options.no_passphrase, "Leave the key unencrypted, protected by file modes only");
}

Result<void> make_key(const NewOptions& options, Vendor& vendor) {
  if (options.file == "-") return error(Errc::usage, "a private key is not written to standard output", "name a file");
  if (options.no_passphrase && vendor.names_passphrase())
    return error(Errc::usage, "--no-passphrase goes without --passphrase-file and --passphrase-fd",
                 "leave one of them out");
  auto is_free = check_output_file(options.file, false);
  if (!is_free) {
    // A key that is overwritten is lost: there is no --force here.
    if (is_free.error().code == Errc::conflict)
      return error(Errc::conflict, is_free.error().message, "name a new file");
    return is_free;
  }
  std::optional<SecretBytes> passphrase;
  if (!options.no_passphrase) {
    LIC_TRY_ASSIGN(passphrase, vendor.new_passphrase("passphrase for the new root key: "));
  }
  const SigningKey key = SigningKey::generate();
  LIC_TRY(write_key_file(options.file, key, passphrase ? &*passphrase : nullptr));
  Output& output = vendor.output();
  const PublicKey& id = key.public_key();
  if (output.json()) {
    output.line(json_text(Json{{"keyid", id.id().hex()}, {"public", id.base64()}, {"file", options.file}}));
  } else {
    output.line(id.base64());
    output.note(concat("key ", id.id().hex(), " in ", in_quotes(options.file)));
  }
  output.note("it becomes a root by licgen keys root --add FILE, or --add with the public key above");
  if (!passphrase) output.warn("the key is not encrypted: who can read its file can sign");
  return {};
}

int run_new(const NewOptions& options, Vendor& vendor) { return conclude(vendor, make_key(options, vendor)); }

// --- keys sign-product

struct SignOptions {
  std::string file;
  RootKeyOptions root;
  std::optional<std::string> product_file;
  std::optional<std::string> out;
  bool force = false;
};

void set_up_sign(CLI::App& app, SignOptions& options) {
  add_option(app, "FILE", options.file, "A proposal, as --propose writes it; - is standard input").required();
  add_root_keys(app, options.root);
  add_text(app, "--product-file", options.product_file, "FILE",
           "The product file in force (default: that of the home, if there is one)");
  add_out_file(app, options.out, options.force);
}

/// The product file in force, where it is known: the holder of a root key need have no home.
Result<std::optional<ProductFile>> product_in_force(const SignOptions& options, Vendor& vendor) {
  if (options.product_file) {
    const std::string what = input_name(*options.product_file, "product file");
    LIC_TRY_ASSIGN(const Bytes bytes, read_input(*options.product_file, "product file", kMaxDocument));
    LIC_TRY_ASSIGN(ProductFile product, ProductFile::open(bytes, what));
    return std::optional(std::move(product));
  }
  const auto ledger = vendor.ledger();
  if (!ledger && (ledger.error().code == Errc::not_found || ledger.error().code == Errc::failure))
    return std::optional<ProductFile>();
  LIC_TRY_ASSIGN(ProductFile product, vendor.product());
  return std::optional(std::move(product));
}

/// What is about to be signed, for the eyes of who signs it.
void describe(const ProductProposal& proposal, Output& output) {
  const ProductFile& next = proposal.content();
  output.note(concat("product file of ", printable(next.catalog().name), " (", next.catalog().id, "), version ",
                     next.version(), ", of ", format_time(next.issued_at())));
  std::string plans;
  for (const Plan& plan : next.catalog().plans) plans += concat(plans.empty() ? "" : ", ", printable(plan.id));
  output.note(concat("  plans ", plans));
  for (const PublicKey& root : next.roots()) output.note(concat("  root key ", root.id().hex()));
  output.note(concat("  ", next.threshold(), " of them must sign"));
  for (const TrustedKey& key : next.keys()) {
    std::string roles;
    for (const Role role : key.roles) roles += concat(roles.empty() ? "" : ", ", token(role));
    output.note(concat("  key ", key.key.id().hex(), " signs ", roles,
                       key.not_after ? concat(", until ", format_time(*key.not_after)) : std::string()));
  }
}

/// The proposal with one more signature; unchanged where that root has signed already.
Result<ProductProposal> signed_by(const SigningKey& key, const ProductProposal& proposal, const std::string& file,
                                  const std::optional<ProductFile>& now, const std::string& what) {
  const PublicKey& root = key.public_key();
  const auto is_root_of = [&](const ProductFile& product) {
    return std::find(product.roots().begin(), product.roots().end(), root) != product.roots().end();
  };
  if (!is_root_of(proposal.content()) && !(now && is_root_of(*now)))
    return error(Errc::conflict,
                 concat("key file ", in_quotes(file), " holds the key ", short_id(root.id()),
                        "…, which is no root key of ", what),
                 now ? "licgen keys list names the root keys"
                     : "if it is a root that this file removes, give the product file in force by --product-file");
  if (proposal.is_signed_by(root)) return proposal;
  const Envelope& envelope = proposal.envelope();
  const Signature signature = key.sign(envelope.signed_bytes());
  auto signatures = envelope.signatures();
  std::erase_if(signatures, [&](const auto& entry) { return entry.claimed == root.id(); });  // one that does not hold
  signatures.push_back({root.id(), Bytes(signature.begin(), signature.end())});
  if (signatures.size() > kMaxSignatures)
    return error(Errc::conflict, concat(what, " has ", kMaxSignatures, " signatures already: it has room for no more"));
  const Envelope next = Envelope::of(DocumentKind::product, envelope.payload(), std::move(signatures));
  return ProductProposal::parse(view_bytes(next.to_json()), what);
}

void report(const ProductProposal& proposal, const std::optional<ProductFile>& now, const SignOptions& options,
            Output& output) {
  if (output.json() && options.out && *options.out != "-") {
    Json signatures = Json::array();
    for (const auto& entry : proposal.envelope().signatures()) signatures.push_back(entry.claimed.hex());
    output.line(json_text(Json{{"file", *options.out},
                               {"version", proposal.content().version()},
                               {"signatures", signatures},
                               {"complete", now ? Json(proposal.is_complete(*now)) : Json(nullptr)}}));
  }
  for (const std::string& line : signature_lines(proposal, now ? &*now : nullptr)) output.note(line);
}

Result<void> sign(const SignOptions& options, Vendor& vendor) {
  if (options.root.files.empty()) return error(Errc::usage, "no root key was named", "give --root-key FILE");
  const bool to_file = options.out && *options.out != "-";
  if (vendor.output().json() && !to_file)
    return error(Errc::usage, "--json and the product file both want standard output", "name a file with --out");
  if (to_file) LIC_TRY(check_output_file(*options.out, options.force));
  const std::string what = input_name(options.file, "product file");
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(options.file, "product file", kMaxDocument));
  LIC_TRY_ASSIGN(ProductProposal proposal, ProductProposal::parse(bytes, what));
  LIC_TRY_ASSIGN(const auto now, product_in_force(options, vendor));
  if (now && now->catalog().id != proposal.content().catalog().id)
    return error(Errc::conflict,
                 concat(what, " is for the product ", in_quotes(proposal.content().catalog().id), ", not for ",
                        in_quotes(now->catalog().id)),
                 "name the product file in force with --product-file");
  describe(proposal, vendor.output());
  for (const std::string& file : options.root.files) {
    LIC_TRY_ASSIGN(const SigningKey key, read_root_key(file, options.root, vendor));
    LIC_TRY_ASSIGN(proposal, signed_by(key, proposal, file, now, what));
  }
  const std::string document = proposal.envelope().bare().to_json();
  if (to_file) {
    const auto existing = options.force ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse;
    LIC_TRY(write_file(*options.out, view_bytes(document + '\n'), kDocumentMode, existing));
  } else {
    vendor.output().line(document);
  }
  report(proposal, now, options, vendor.output());
  return {};
}

int run_sign(const SignOptions& options, Vendor& vendor) { return conclude(vendor, sign(options, vendor)); }

}  // namespace

Command<Vendor> keys_new_command() {
  return make_command("keys new", "Make a key file for a new root, on any machine",
                      {"licgen keys new /media/stick/root.pem"}, set_up_new, run_new);
}

Command<Vendor> keys_sign_product_command() {
  return make_command("keys sign-product", "Add the signature of a root key to a proposed product file, on any machine",
                      {"licgen keys sign-product proposal.json --root-key /media/b/root.pem --out signed.json"},
                      set_up_sign, run_sign);
}

}  // namespace lic::app
