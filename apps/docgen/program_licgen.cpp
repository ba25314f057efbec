#include <CLI/CLI.hpp>

#include "docgen/generators.hpp"
#include "licgen/commands.hpp"

namespace lic::app {
namespace {

Prose prose() {
  Prose out;
  out.description = {
      "licgen is the vendor's tool: it makes the keys and the product file, issues and manages licenses, and keeps "
      "the ledger in which every one of them and every change is recorded.",
      "Standard output carries the answer and nothing else, so that a script can use it; notes, warnings and errors "
      "go to standard error. With --json the answer, or the error, is one JSON document on standard output. A FILE "
      "named - is standard input or output. An existing output file is not replaced without --force. What follows -- "
      "is taken as it stands, even where it begins with -.",
      "Times are RFC 3339 in UTC; a date alone means 00:00:00Z. Durations are written 30d, 12mo, 1y or 6h.",
      "The passphrase of the signing keys is read from --passphrase-file, --passphrase-fd, LICGEN_PASSPHRASE, or "
      "asked for on the terminal; it is never an argument."};
  out.samples = {
      {"CATALOGUE",
       "The product and its plans, as JSON. Every member is in docs/formats.md, section 5, which is installed with "
       "these examples: docs/examples/ticketzero.json and docs/examples/tensorpack.json (see FILES). The least that "
       "init takes:",
       {R"({ "v": 1, "product": "my-app", "name": "My App", "app": "my-app",)", R"(  "key_prefix": "MA",)",
        R"(  "plans": [ { "id": "pro", "name": "Pro", "code": "PRO",)",
        R"(               "kind": "subscription", "months": 12 } ] })"}}};
  out.environment = {{"LICGEN_HOME", "The home, unless --home names one."},
                     {"LICGEN_PASSPHRASE", "The passphrase of the signing keys."},
                     {"LICGEN_NEW_PASSPHRASE", "The new one, for keys passphrase."},
                     {"LICGEN_ROOT_PASSPHRASE", "The passphrase of the root keys, where it is another."},
                     {"HOME", "Where .licgen is, unless --home or LICGEN_HOME names the home."},
                     {"NO_COLOR", "If set and not empty, --color auto means no colors."}};
  out.files = {{"~/.licgen/", "The home: signing keys and ledger. Private to its owner (mode 0700)."},
               {"~/.licgen/keys/", "The signing keys, PKCS#8 PEM, encrypted unless made with init --no-passphrase."},
               {"~/.licgen/ledger.db", "The ledger."},
               {"PREFIX/share/doc/lic/docs/",
                "The documents, below the prefix of the installation: cli.md (every command and its JSON), formats.md "
                "(catalogue, license, product file), security.md, ledger.md, embedding.md, machine-identity.md, and "
                "examples/."}};
  out.see_also = ".BR licctl (1),\n.BR openssl\\-pkey (1)";
  return out;
}

}  // namespace

Program documented_program() {
  GlobalOptions global;
  VendorOptions vendor;
  const auto commands = licgen_commands();
  CLI::App app("Issues and manages software licenses", "licgen");
  set_up_licgen(app, global, vendor, commands);
  return {describe(app), prose()};
}

}  // namespace lic::app
