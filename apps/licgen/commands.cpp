#include "licgen/commands.hpp"

#include "base/text.hpp"
#include "common/options.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

Option refuse_empty(Option option) {
  // `--home "$UNSET"` must not mean the default home.
  return option.check(
      [](const std::string& value) { return value.empty() ? std::string("the value is empty") : std::string(); });
}

}  // namespace

std::vector<Command<Vendor>> licgen_commands() {
  // clang-format off
  return {
      init_command(),
      catalog_import_command(),
      catalog_show_command(),
      catalog_export_command(),
      product_export_command(),
      product_import_command(),
      create_command(),
      list_command(),
      show_command(),
      renew_command(),
      change_command(),
      suspend_command(),
      reinstate_command(),
      revoke_command(),
      transfer_command(),
      sign_request_command(),
      activations_command(),
      release_command(),
      clock_reset_command(),
      check_command(),
      expiring_command(),
      usage_import_command(),
      usage_list_command(),
      usage_show_command(),
      import_command(),
      reissue_command(),
      report_command(),
      export_command(),
      revocations_export_command(),
      serve_command(),
      token_create_command(),
      token_list_command(),
      token_revoke_command(),
      webhooks_add_command(),
      webhooks_list_command(),
      webhooks_remove_command(),
      webhooks_deliveries_command(),
      webhooks_replay_command(),
      webhooks_test_command(),
      webhooks_deliver_command(),
      verify_command(),
      audit_command(),
      backup_command(),
      restore_command(),
      ledger_copy_command(),
      doctor_command(),
      keys_list_command(),
      keys_rotate_command(),
      keys_distrust_command(),
      keys_delegate_command(),
      keys_new_command(),
      keys_root_command(),
      keys_sign_product_command(),
      keys_passphrase_command(),
  };
  // clang-format on
}

void set_up_licgen(CLI::App& app, GlobalOptions& global, VendorOptions& vendor,
                   const std::vector<Command<Vendor>>& commands) {
  refuse_empty(add_option(app, "--home", vendor.home, "Directory of keys and ledger (default: $LICGEN_HOME, ~/.licgen)")
                   .type_name("DIR"));
  refuse_empty(add_option(app, "--ledger", vendor.ledger_url,
                          "Ledger, as sqlite:PATH or postgresql://USER@HOST/DATABASE (default: ledger.db in the home)")
                   .type_name("URL"));
  const Option file =
      refuse_empty(add_option(app, "--passphrase-file", vendor.passphrase_file,
                              "File with the passphrase of the signing keys (default: $LICGEN_PASSPHRASE, "
                              "or asked for at the terminal)")
                       .type_name("FILE"));
  add_number(app, "--passphrase-fd", vendor.passphrase_fd, 0, 1'000'000, "Open descriptor to read the passphrase from")
      .excludes(file);
  refuse_empty(
      add_option(app, "--as", vendor.as, "Who does this, for the history (default: the login name)").type_name("NAME"))
      .check([](const std::string& name) {
        const auto checked = check_text("--as", name);
        return checked ? std::string() : checked.error().message;
      });
  add_global_options(app, global, LIC_VERSION);
  set_examples(app, {"licgen init --catalog catalog.json", "licgen create --plan professional --customer 'ACME GmbH'",
                     "licgen list --expires-within 30d"});
  add_commands(app, commands);
}

int conclude(Vendor& vendor, const Result<void>& result) {
  return result ? static_cast<int>(ExitCode::ok) : vendor.output().fail(result.error());
}

}  // namespace lic::app
