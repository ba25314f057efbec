"""old_ledger.py LEDGER OLD: writes what LEDGER holds as the first version of licgen would have kept it.

The tables are those of version 1 in lib/ledger/sqlite_migrations.cpp, where what was released never changes.
"""

import pathlib
import re
import sqlite3
import sys

SOURCE = pathlib.Path(__file__).parents[2] / "lib/ledger/sqlite_migrations.cpp"


def main(ledger: str, old: str) -> None:
    tables = re.search(r'kVersion1 = R"sql\((.*?)\)sql"', SOURCE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    database = sqlite3.connect(old, isolation_level=None)
    database.execute("PRAGMA application_id = 0x4C494347")
    database.execute("BEGIN")
    for statement in re.split(r"(?<=;)\n(?=CREATE )", tables.replace("\n\n", "\n").strip()):
        database.execute(statement)
    database.execute("COMMIT")
    database.execute("ATTACH ? AS newer", (ledger,))
    database.execute("BEGIN")
    for table in "licenses", "documents", "history", "keys", "products", "batches", "counters":
        columns = ", ".join(row[1] for row in database.execute(f"PRAGMA main.table_info({table})"))
        known = "WHERE name = 'revocations'" if table == "counters" else ""
        database.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table} {known}")
    database.execute("PRAGMA user_version = 1")
    database.execute("COMMIT")


main(*sys.argv[1:])
