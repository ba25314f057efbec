#pragma once

/// The commands of licgen. Each is in the cmd_<name>.cpp of its first word; some of keys in cmd_keys_<what>.cpp.

#include <vector>

#include "common/command_line.hpp"
#include "licgen/vendor.hpp"

namespace lic::app {

[[nodiscard]] Command<Vendor> init_command();
[[nodiscard]] Command<Vendor> catalog_import_command();
[[nodiscard]] Command<Vendor> catalog_show_command();
[[nodiscard]] Command<Vendor> catalog_export_command();
[[nodiscard]] Command<Vendor> product_export_command();
[[nodiscard]] Command<Vendor> product_import_command();
[[nodiscard]] Command<Vendor> create_command();
[[nodiscard]] Command<Vendor> list_command();
[[nodiscard]] Command<Vendor> show_command();
[[nodiscard]] Command<Vendor> renew_command();
[[nodiscard]] Command<Vendor> change_command();
[[nodiscard]] Command<Vendor> suspend_command();
[[nodiscard]] Command<Vendor> reinstate_command();
[[nodiscard]] Command<Vendor> revoke_command();
[[nodiscard]] Command<Vendor> transfer_command();
[[nodiscard]] Command<Vendor> check_command();
[[nodiscard]] Command<Vendor> expiring_command();
[[nodiscard]] Command<Vendor> import_command();
[[nodiscard]] Command<Vendor> reissue_command();
[[nodiscard]] Command<Vendor> report_command();
[[nodiscard]] Command<Vendor> export_command();
[[nodiscard]] Command<Vendor> sign_request_command();
[[nodiscard]] Command<Vendor> activations_command();
[[nodiscard]] Command<Vendor> release_command();
[[nodiscard]] Command<Vendor> usage_import_command();
[[nodiscard]] Command<Vendor> usage_list_command();
[[nodiscard]] Command<Vendor> usage_show_command();
[[nodiscard]] Command<Vendor> audit_command();
[[nodiscard]] Command<Vendor> ledger_copy_command();
[[nodiscard]] Command<Vendor> backup_command();
[[nodiscard]] Command<Vendor> restore_command();
[[nodiscard]] Command<Vendor> doctor_command();
[[nodiscard]] Command<Vendor> clock_reset_command();
[[nodiscard]] Command<Vendor> revocations_export_command();
[[nodiscard]] Command<Vendor> serve_command();
[[nodiscard]] Command<Vendor> token_create_command();
[[nodiscard]] Command<Vendor> token_list_command();
[[nodiscard]] Command<Vendor> token_revoke_command();
[[nodiscard]] Command<Vendor> webhooks_add_command();
[[nodiscard]] Command<Vendor> webhooks_list_command();
[[nodiscard]] Command<Vendor> webhooks_remove_command();
[[nodiscard]] Command<Vendor> webhooks_deliveries_command();
[[nodiscard]] Command<Vendor> webhooks_replay_command();
[[nodiscard]] Command<Vendor> webhooks_test_command();
[[nodiscard]] Command<Vendor> webhooks_deliver_command();
[[nodiscard]] Command<Vendor> verify_command();
[[nodiscard]] Command<Vendor> keys_list_command();
[[nodiscard]] Command<Vendor> keys_new_command();
[[nodiscard]] Command<Vendor> keys_rotate_command();
[[nodiscard]] Command<Vendor> keys_distrust_command();
[[nodiscard]] Command<Vendor> keys_delegate_command();
[[nodiscard]] Command<Vendor> keys_root_command();
[[nodiscard]] Command<Vendor> keys_sign_product_command();
[[nodiscard]] Command<Vendor> keys_passphrase_command();

/// The table: every command, in the order in which help lists them.
[[nodiscard]] std::vector<Command<Vendor>> licgen_commands();

/// Adds the options that every command takes, and then the commands.
void set_up_licgen(CLI::App& app, GlobalOptions& global, VendorOptions& vendor,
                   const std::vector<Command<Vendor>>& commands);

/// The exit code of a command that ended with `result`; a failure is told.
[[nodiscard]] int conclude(Vendor& vendor, const Result<void>& result);

}  // namespace lic::app
