#pragma once

/// What makes the history tamper-evident: each entry is bound to the one before it
/// of the same license, and all of them to one Merkle tree (docs/ledger.md).

#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/merkle.hpp"
#include "ledger/ledger.hpp"

namespace lic {

/// Adds a JSON string. Printable ASCII, which nearly all of it is, is written at once.
void append_json(std::string& out, std::string_view value);

/// The text that an entry is bound by: the compact JSON array
/// [number, at, actor, action, key, reason, detail], null where there is none.
[[nodiscard]] std::string history_text(std::int64_t number, const HistoryEntry& entry);

/// Lower-case hex of SHA-256("lic-history-v1" 0x00 previous 0x00 text). `previous` is
/// the link of the entry before it of the same license, as hex; empty for the first.
[[nodiscard]] std::string history_link(std::string_view previous, std::string_view text);

}  // namespace lic
