#include "ledger/postgres_errors.hpp"

#include <algorithm>

namespace lic::postgres {
namespace {

constexpr Meaning kMeanings[] = {
    {kSerializationFailure, Errc::unavailable, kTryAgain},
    {kDeadlock, Errc::unavailable, kTryAgain},
    {"57P", Errc::unavailable, kTryAgain},    // it shuts down, or starts
    {"57014", Errc::unavailable, kTryAgain},  // it took too long
    {"25P03", Errc::unavailable, kTryAgain},  // idle for too long within a transaction
    {"53300", Errc::unavailable, "let it take more connections (max_connections)"},
    {"08", Errc::unavailable, kTryAgain},
    {"53", Errc::failure, "the ledger is as it was: look at the server's free space and memory, then try again"},
    {"28", Errc::denied, "look at the user and at where libpq finds the password: PGPASSFILE, ~/.pgpass, PGPASSWORD"},
    {"42501", Errc::denied,
     "let that user read and write the tables of the ledger (GRANT); whose tables they are brings them up to date"},
    {kReadOnly, Errc::denied, "name the server that takes changes: target_session_attrs=read-write"},
    {"3D000", Errc::not_found, "make it: createdb"},
    {"3F000", Errc::not_found, "make it: CREATE SCHEMA"},
    {"42P01", Errc::invalid_input, "restore the newest backup of it"},
    {"42703", Errc::invalid_input, "restore the newest backup of it"},
    {"42710", Errc::conflict, "give the ledger a schema of its own: ?options=-csearch_path%3DNAME"},
    {"42723", Errc::conflict, "give the ledger a schema of its own: ?options=-csearch_path%3DNAME"},
    {"42P07", Errc::conflict, "give the ledger a schema of its own: ?options=-csearch_path%3DNAME"},
    {"XX00", Errc::invalid_input, "restore the newest backup of it"},  // damaged
    {"22", Errc::invalid_input, ""},
    {"23", Errc::conflict, ""},
};

}  // namespace

const Meaning* meaning_of(std::string_view state) noexcept {
  for (const Meaning& meaning : kMeanings)
    if (state.starts_with(meaning.begins)) return &meaning;
  return nullptr;
}

Refusal refusal_in(std::string_view message) {
  constexpr std::size_t kState = 5;
  const auto is_state = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
  for (std::size_t at = 0; at + kState + 6 < message.size(); ++at) {
    if (message.substr(at, 3) != ":  " || message.substr(at + 3 + kState, 2) != ": ") continue;
    const std::string_view state = message.substr(at + 3, kState);
    if (!std::all_of(state.begin(), state.end(), is_state)) continue;
    const std::string_view said = message.substr(at + 3 + kState + 2);
    return {std::string(state), std::string(said.substr(0, said.find('\n')))};
  }
  return {};
}

}  // namespace lic::postgres
