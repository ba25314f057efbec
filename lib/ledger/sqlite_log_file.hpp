#pragma once

/// How SQLite writes a write-ahead log. For lib/ledger/sqlite_*.cpp alone.

namespace lic::sqlite {

/// The name of a VFS that is SQLite's own, but for this: SQLite writes each frame of a log by two calls (24 bytes, then
/// a page), of which a transaction may have a hundred, and this one has all of a transaction written by one. What a
/// commit rests on is written before the commit ends, as ever, and a write that fails fails the commit. Made with
/// the first call; null: SQLite had no memory for it, and its own is the one to use.
[[nodiscard]] const char* log_vfs() noexcept;

}  // namespace lic::sqlite
