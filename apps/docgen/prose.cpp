#include "docgen/generators.hpp"

namespace lic::app {
namespace {

Prose::Item no_color() { return {"NO_COLOR", "If set and not empty, --color auto means no colors."}; }

}  // namespace

Prose licgen_prose() {
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
  out.environment = {{"LICGEN_HOME", "The home, unless --home names one."},
                     {"LICGEN_PASSPHRASE", "The passphrase of the signing keys."},
                     no_color()};
  out.files = {{"~/.licgen/", "The home: signing keys, ledger, product file. Private to its owner (mode 0700)."},
               {"~/.licgen/keys/", "The signing keys, PKCS#8 PEM, encrypted unless made with init --no-passphrase."},
               {"~/.licgen/ledger.db", "The ledger."}};
  out.see_also = ".BR licctl (1),\n.BR openssl\\-pkey (1)";
  return out;
}

Prose licctl_prose() {
  Prose out;
  out.description = {
      "licctl activates, shows and checks the license of an application on this machine. Exactly one action is "
      "given a call.",
      "Standard output carries the answer and nothing else, so that a script can use it; notes, warnings and errors "
      "go to standard error. With --json the answer, or the error, is one JSON document on standard output.",
      "The exit status of --license-info and --verify-license is the verdict: 0 where the license holds now, 10 and "
      "more where it does not, 1 to 7 where that could not be told.",
      "An activation that fails changes nothing: what was active before stays active."};
  out.environment = {{"HOME", "Where the state is kept, unless --state-dir names a directory."}, no_color()};
  out.files = {{"~/.PRODUCT/license/",
                "The state of the product of that name: its license, what was counted, and the "
                "last known time. Private to its owner (mode 0700)."}};
  out.see_also = ".BR licgen (1)";
  return out;
}

}  // namespace lic::app
