#include "licgen/product_change.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/passphrase.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

bool is_among(const PublicKey& key, const std::vector<PublicKey>& keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// The passphrase that is given for roots alone; absent: none is.
Result<std::optional<SecretBytes>> root_passphrase(const RootKeyOptions& options) {
  if (!options.passphrase_file) return passphrase_from_environment("LICGEN_ROOT_PASSPHRASE");
  if (options.passphrase_file == "-")  // it can be read once, and there may be several roots
    return error(Errc::usage, "--root-passphrase-file names a file: it cannot be standard input",
                 "name a file, or set $LICGEN_ROOT_PASSPHRASE");
  LIC_TRY_ASSIGN(SecretBytes given, passphrase_from_file(*options.passphrase_file));
  return std::optional<SecretBytes>(std::move(given));
}

/// Root keys that are unlocked, or need not be.
class Signers {
 public:
  explicit Signers(std::vector<const SigningKey*> given) : given_(std::move(given)) {}

  /// Of those, the roots of one or the other file.
  [[nodiscard]] std::vector<const SigningKey*> for_files(const ProductFile& now, const ProductTerms& next) const {
    std::vector<const SigningKey*> chosen;
    const auto choose = [&](const SigningKey& key) {
      const PublicKey& id = key.public_key();
      const auto same = [&](const SigningKey* other) { return other->public_key() == id; };
      const bool wanted = is_among(id, now.roots()) || is_among(id, next.roots);
      if (wanted && std::none_of(chosen.begin(), chosen.end(), same)) chosen.push_back(&key);
    };
    for (const SigningKey* key : given_) choose(*key);
    for (const SigningKey& key : unlocked_) choose(key);
    return chosen;
  }

  /// Those of --root-key; each must be of use.
  Result<void> take_files(const RootKeyOptions& options, const ProductFile& now, const ProductTerms& next,
                          Vendor& vendor) {
    for (const std::string& file : options.files) {
      LIC_TRY_ASSIGN(SigningKey key, read_root_key(file, options, vendor));
      const PublicKey& id = key.public_key();
      if (!is_among(id, now.roots()) && !is_among(id, next.roots))
        return error(Errc::conflict,
                     concat("key file ", in_quotes(file), " holds the key ", short_id(id.id()),
                            "…, which is no root key of this product"),
                     "licgen keys list names the root keys");
      unlocked_.push_back(std::move(key));
    }
    return {};
  }

  /// Those in keys/, as long as more are needed.
  Result<void> take_from_home(const RootKeyOptions& options, const ProductFile& now, const ProductTerms& next,
                              Vendor& vendor) {
    LIC_TRY_ASSIGN(const auto passphrase, root_passphrase(options));
    const SecretBytes* given = passphrase ? &*passphrase : nullptr;
    LIC_TRY(take_from_home(now.roots(), now.threshold(), given, now, next, vendor));
    return take_from_home(next.roots, next.threshold, given, now, next, vendor);
  }

 private:
  Result<void> take_from_home(const std::vector<PublicKey>& roots, std::int64_t threshold,
                              const SecretBytes* passphrase, const ProductFile& now, const ProductTerms& next,
                              Vendor& vendor) {
    for (const PublicKey& root : roots) {
      const auto have = for_files(now, next);
      const auto is_root = [&](const SigningKey* key) { return is_among(key->public_key(), roots); };
      if (std::count_if(have.begin(), have.end(), is_root) >= threshold) return {};
      const auto same = [&](const SigningKey* key) { return key->public_key() == root; };
      if (std::any_of(have.begin(), have.end(), same)) continue;
      auto key = vendor.signing_key({"root", {root, {}, std::nullopt, std::nullopt}, {}}, passphrase);
      if (!key && key.error().code == Errc::not_found) continue;  // kept offline
      if (!key) return key.error();
      unlocked_.push_back(std::move(key).value());
    }
    return {};
  }

  std::vector<const SigningKey*> given_;
  std::vector<SigningKey> unlocked_;
};

std::string lacking_words(const ProductProposal& proposal, const std::vector<PublicKey>& roots, std::int64_t threshold,
                          std::string_view whose) {
  const std::int64_t lacking = proposal.lacking(roots, threshold);
  if (lacking == 0) return {};
  std::string ids;
  for (const PublicKey& root : roots)
    if (!proposal.is_signed_by(root)) ids += concat(ids.empty() ? "" : ", ", short_id(root.id()), "…");
  return concat("the signature", lacking == 1 ? "" : "s", " of ", lacking, " more root key", lacking == 1 ? "" : "s",
                " ", whose, lacking == 1 ? " is" : " are", " needed (", ids, ")");
}

/// What is lacking, in words; empty: nothing.
std::vector<std::string> lacking_lines(const ProductProposal& proposal, const ProductFile* now) {
  const ProductFile& next = proposal.content();
  std::vector<std::string> lines;
  const bool same = now != nullptr && now->roots() == next.roots() && now->threshold() == next.threshold();
  if (now != nullptr)
    lines.push_back(lacking_words(proposal, now->roots(), now->threshold(), same ? "of the product" : "in force"));
  if (!same) lines.push_back(lacking_words(proposal, next.roots(), next.threshold(), "of the next product file"));
  std::erase(lines, std::string());
  return lines;
}

Error signatures_lacking(const ProductProposal& proposal, const ProductFile& now) {
  std::string words;
  for (const std::string& line : lacking_lines(proposal, &now)) words += concat(words.empty() ? "" : "; ", line);
  const bool one = now.roots().size() == 1 && proposal.content().roots() == now.roots();
  const std::string id = short_id(now.roots().front().id());
  return error(Errc::not_found,
               one ? concat("the root key ", id, "… is kept offline: it is neither in keys/root.pem nor in keys/root-",
                            id, ".pem")
                   : concat("root keys that are kept offline must sign: ", words),
               one ? "give --root-key FILE, or --propose FILE to have it signed elsewhere"
                   : "give --root-key FILE for each, or --propose FILE to have it signed in turns");
}

/// The document with the files in it by which a client with older roots gets over to the
/// newer ones, as many of the newest as a product file has room for.
Result<std::string> with_steps(const Envelope& envelope, const ProductFile& now, Ledger& ledger, Vendor& vendor) {
  std::vector<std::string> steps = now.before();
  LIC_TRY_ASSIGN(const std::vector<std::int64_t> versions, ledger.product_versions());
  const auto later = std::lower_bound(versions.begin(), versions.end(), now.version());
  if (later != versions.begin()) {
    LIC_TRY_ASSIGN(const std::string previous, ledger.product_file_of(*(later - 1)));
    LIC_TRY_ASSIGN(const ProductFile before, ProductFile::open(view_bytes(previous), "the ledger's product file"));
    LIC_TRY_ASSIGN(const Envelope step, Envelope::parse(now.bytes(), "the ledger's product file"));
    const bool same = before.roots() == now.roots() && before.threshold() == now.threshold();
    if (!same) steps.push_back(step.bare().to_json());
  }
  if (!envelope.before().empty()) steps = envelope.before();  // published before, with its own
  const std::size_t wanted = steps.size();
  Envelope whole = envelope.bare();
  std::string document = whole.to_json();
  while (!steps.empty()) {
    whole.set_before(steps);
    const std::string with = whole.to_json();
    if (steps.size() <= kMaxBefore && with.size() <= kMaxDocument) {
      document = with;
      break;
    }
    steps.erase(steps.begin());
  }
  if (steps.size() < wanted)
    vendor.output().warn(concat("no room in the product file for ", wanted - steps.size(),
                                " earlier changes of the roots: clients from before them need those files too, one "
                                "after the other (licgen product export --file-version N)"));
  return document;
}

/// Keys that the ledger does not know yet.
Result<void> add_new_keys(Transaction& transaction, const ProductFile& next, Ledger& ledger, Time now) {
  LIC_TRY_ASSIGN(const std::vector<KeyRecord> known, ledger.keys());
  const auto add = [&](std::string_view purpose, const TrustedKey& key) -> Result<void> {
    const auto same = [&](const KeyRecord& record) { return record.key.key == key.key; };
    if (std::any_of(known.begin(), known.end(), same)) return {};
    return transaction.add_key({std::string(purpose), key, now});
  };
  for (const PublicKey& root : next.roots()) LIC_TRY(add("root", {root, {}, std::nullopt, std::nullopt}));
  for (const TrustedKey& key : next.keys())
    LIC_TRY(add(key.may(Role::license) || key.roles.empty() ? "license" : token(key.roles.front()), key));
  return {};
}

/// Puts the next product file into the ledger. Precondition: `proposal` is complete.
Result<void> publish(const ProductProposal& proposal, const ProductFile& now, const std::string& catalog,
                     const std::string& action, Json detail, Transaction& transaction, Ledger& ledger, Vendor& vendor) {
  LIC_TRY_ASSIGN(const std::string document, with_steps(proposal.envelope(), now, ledger, vendor));
  LIC_TRY_ASSIGN(const ProductFile next, ProductFile::open(view_bytes(document), "the new product file"));
  LIC_TRY(now.accepts(next));
  LIC_TRY(transaction.put_product(next.version(), catalog, document, vendor.now()));
  LIC_TRY(add_new_keys(transaction, next, ledger, vendor.now()));
  detail["version"] = next.version();
  detail["sha256"] = digest_of(proposal.envelope());
  return transaction.record({vendor.now(), vendor.actor(), action, "", "", json_text(detail)});
}

/// The catalogue that a product file holds: its payload without what is not the vendor's to say.
/// Where it says the same as `current`, that, as it was laid out.
std::string catalog_in(const Envelope& envelope, const std::string& current) {
  const Bytes& payload = envelope.payload();
  Json catalog = parse_json(view_text(payload));
  for (const char* member : {"id", "issued_at", "crit", "version", "roots", "threshold", "keys"}) catalog.erase(member);
  const Json known = json_if_any(current);
  return nlohmann::json(catalog) == nlohmann::json(known) ? current : catalog.dump(2) + "\n";
}

Result<ProductProposal> propose(const ProductTerms& terms, const ProductFile& now, const Signers& signers,
                                const Vendor& vendor) {
  LIC_TRY_ASSIGN(const Envelope envelope,
                 sign_product(terms, now.version() + 1, signers.for_files(now, terms), vendor.now()));
  return ProductProposal::parse(view_bytes(envelope.to_json()), "the new product file");
}

Result<ProductChanged> write_proposal(const ProductProposal& proposal, const ProductFile& now,
                                      const RootOptions& options, Vendor& vendor) {
  const std::string& file = *options.propose;
  const auto existing = options.force ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse;
  LIC_TRY(write_file(file, view_bytes(proposal.envelope().to_json() + '\n'), kDocumentMode, existing));
  for (const std::string& line : signature_lines(proposal, &now)) vendor.output().note(line);
  vendor.output().note(
      "nothing is changed yet: licgen keys sign-product adds signatures, licgen product import takes the file back");
  return ProductChanged{true, proposal.content().version(), file};
}

}  // namespace

void add_root_keys(CLI::App& app, RootKeyOptions& options) {
  add_list(app, "--root-key", options.files, "File of a root key that is kept offline; repeatable").type_name("FILE");
  add_text(
      app, "--root-passphrase-file", options.passphrase_file, "FILE",
      "File with the passphrase of the root keys (default: $LICGEN_ROOT_PASSPHRASE, else that of the signing keys)");
}

void add_root_options(CLI::App& app, RootOptions& options) {
  add_root_keys(app, options.keys);
  add_text(app, "--propose", options.propose, "FILE",
           "Change nothing yet: write the new product file to FILE for other holders of root keys to sign");
  add_flag(app, "--force", options.force, "With --propose: replace FILE if it exists");
}

Result<SigningKey> read_root_key(const std::string& file, const RootKeyOptions& options, Vendor& vendor) {
  const auto source = [&]() -> Result<SecretBytes> {
    LIC_TRY_ASSIGN(auto given, root_passphrase(options));
    if (given) return *std::move(given);
    if (vendor.is_given_passphrase()) return vendor.passphrase("");
    auto asked = ask_passphrase(concat("passphrase of the root key ", in_quotes(file), ": "));
    if (asked) return asked;
    Error fault = asked.error();
    fault.hint = "give it with --root-passphrase-file FILE or $LICGEN_ROOT_PASSPHRASE, or run at a terminal";
    return fault;
  };
  return read_key_file(file, source, std::nullopt);
}

Result<ProductChanged> change_product(const ProductChange& change, const RootOptions& options, Vendor& vendor) {
  if (options.force && !options.propose) return error(Errc::usage, "--force goes with --propose");
  if (options.propose == "-") return error(Errc::usage, "--propose names a file: it cannot be standard output");
  if (options.propose) LIC_TRY(check_output_file(*options.propose, options.force));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const ProductFile first, vendor.product());
  LIC_TRY_ASSIGN(const auto wanted, change.next(first));
  if (!wanted) return ProductChanged{false, first.version(), {}};
  Signers signers(change.signers);
  LIC_TRY(signers.take_files(options.keys, first, *wanted, vendor));
  LIC_TRY(signers.take_from_home(options.keys, first, *wanted, vendor));
  if (options.propose) {
    LIC_TRY_ASSIGN(const ProductProposal proposal, propose(*wanted, first, signers, vendor));
    return write_proposal(proposal, first, options, vendor);
  }
  LIC_TRY_ASSIGN(const auto transaction, ledger->begin());
  // Read again within the transaction: another change may just have been made.
  LIC_TRY_ASSIGN(const ProductFile now, vendor.product());
  LIC_TRY_ASSIGN(const auto terms, change.next(now));
  if (!terms) return ProductChanged{false, now.version(), {}};
  LIC_TRY_ASSIGN(const ProductProposal proposal, propose(*terms, now, signers, vendor));
  if (!proposal.is_complete(now)) return signatures_lacking(proposal, now);
  Json detail;
  if (change.tell) change.tell(detail);
  LIC_TRY(publish(proposal, now, terms->catalog, change.action, std::move(detail), *transaction, *ledger, vendor));
  LIC_TRY(transaction->commit());
  return ProductChanged{true, proposal.content().version(), {}};
}

Result<bool> import_product(const ProductProposal& proposal, std::string_view what, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto transaction, ledger->begin());
  LIC_TRY_ASSIGN(const ProductFile now, vendor.product());
  const ProductFile& next = proposal.content();
  if (next.version() == now.version() && next.digest() == now.digest()) return false;
  LIC_TRY(check_succession(now.catalog(), next.catalog(), what));
  if (next.version() <= now.version())
    return error(Errc::conflict,
                 concat(what, " is version ", next.version(), ", but version ", now.version(), " is in force here"),
                 "make the change again: another came first");
  std::string words;
  for (const std::string& line : lacking_lines(proposal, &now)) words += concat(words.empty() ? "" : "; ", line);
  const bool led_on = proposal.lacking(next.roots(), next.threshold()) == 0 && now.accepts(next);  // by its steps
  if (!words.empty() && !led_on)
    return error(Errc::untrusted, concat(what, " is not signed by enough roots: ", words),
                 "licgen keys sign-product adds a signature");
  LIC_TRY_ASSIGN(const std::string current, ledger->catalog());
  const std::string catalog = catalog_in(proposal.envelope(), current);
  LIC_TRY(Catalog::parse(catalog, what));
  LIC_TRY(publish(proposal, now, catalog, "product-import", Json::object(), *transaction, *ledger, vendor));
  LIC_TRY(transaction->commit());
  return true;
}

Result<std::int64_t> keep_products(Ledger& restored, Ledger& living, Time now) {
  constexpr std::string_view kWhat = "the product file of the ledger that is replaced";
  LIC_TRY_ASSIGN(const std::string text, restored.product_file());
  LIC_TRY_ASSIGN(ProductFile newest, ProductFile::open(view_bytes(text), "the backup's product file"));
  LIC_TRY_ASSIGN(const std::string current, living.catalog());
  LIC_TRY_ASSIGN(const std::vector<std::int64_t> versions, living.product_versions());
  LIC_TRY_ASSIGN(const auto transaction, restored.begin());
  for (const std::int64_t version : versions) {
    if (version <= newest.version()) continue;
    LIC_TRY_ASSIGN(const std::string document, living.product_file_of(version));
    const auto next = ProductFile::open(view_bytes(document), kWhat);
    if (!next || next->version() != version || !newest.accepts(*next)) break;  // altered by hand
    LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(view_bytes(document), kWhat));
    LIC_TRY(transaction->put_product(version, catalog_in(envelope, current), document, now));
    LIC_TRY(add_new_keys(*transaction, *next, restored, now));
    newest = *next;
  }
  LIC_TRY(transaction->commit());
  return newest.version();
}

std::vector<std::string> signature_lines(const ProductProposal& proposal, const ProductFile* now) {
  std::vector<std::string> lines;
  for (const auto& entry : proposal.envelope().signatures())
    lines.push_back(concat("it has a signature by ", printable(entry.claimed.hex().substr(0, 16)), "…"));
  std::vector<std::string> lacking = lacking_lines(proposal, now);
  if (lacking.empty() && now != nullptr) lacking.emplace_back("all signatures that are needed are there");
  lines.insert(lines.end(), lacking.begin(), lacking.end());
  return lines;
}

}  // namespace lic::app
