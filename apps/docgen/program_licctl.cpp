#include <CLI/CLI.hpp>

#include "docgen/generators.hpp"
#include "licctl/commands.hpp"

namespace lic::app {
namespace {

Prose prose() {
  Prose out;
  out.description = {
      "licctl activates, shows and checks the license of an application on this machine. Exactly one action is "
      "given a call.",
      "Standard output carries the answer and nothing else, so that a script can use it; notes, warnings and errors "
      "go to standard error. With --json the answer, or the error, is one JSON document on standard output.",
      "The exit status of --license-info and --verify-license is the verdict: 0 where the license holds now, 10 and "
      "more where it does not, 1 to 7 where that could not be told.",
      "An activation that fails changes nothing: what was active before stays active."};
  out.environment = {{"LICCTL_PRODUCT", "The product file, unless --product-file names one."},
                     {"HOME",
                      "Where the state is kept, unless --state-dir names a directory. Trials need it in any case, for "
                      "their marks. Without it and without --state-dir every action that opens the state exits 1, "
                      "--machine-id and --plans too; a file named by --license-file is judged without it."},
                     {"NO_COLOR", "If set and not empty, --color auto means no colors."}};
  out.files = {
      {"~/.PRODUCT/license/",
       "The state of the product of that name: license_data.json (the current state), state.key (its secret), "
       "<KEY>.json (signed license files), revocations.json (the newest list of revocations; a newer one may be "
       "put there). Private to its owner (mode 0700)."},
      {"~/.local/share/lic/", "Marks of trials used and of seats given back."},
      {"product.json", "The product file, looked for beside licctl where none was named or built in."},
      {"/etc/licctl/product.json", "The product file of this machine, looked for last."}};
  out.recovery = {
      {"Exit 15, the state was tampered with",
       "Activate the license again with its key; for a trial, call --generate-trial again, which goes on with it."},
      {"The state was damaged",
       "It is kept as license_data.json.corrupt-TIME. The signed file <KEY>.json still stands: activate its key "
       "again."},
      {"Exit 14 after the machine changed",
       "Activate the license again; one that is bound to the old machine is the vendor's to move. A trial of the other "
       "machine does not move: --generate-trial starts one anew here."},
      {"Exit 17, the clock",
       "Set the clock right. If it had run ahead when licctl was called, set it right, print a code with --clock-code, "
       "give it to the vendor, and take the answer with --apply-clock-reset."},
      {"Exit 23, revocations", "Get the newest list from the vendor and give it to --import-revocations."}};
  out.see_also = ".BR licgen (1)";
  return out;
}

}  // namespace

Program documented_program() {
  GlobalOptions global;
  ClientOptions options;
  CLI::App app("Activates and checks the license of a product on this machine", "licctl");
  set_up_licctl(app, global, options);
  return {describe(app), prose()};
}

}  // namespace lic::app
