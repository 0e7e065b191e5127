"""What `yukyu keys` prints."""

from rich.console import Console
from rich.table import Table

from db.keys import KeyRing
from jobs.keys.rotating import PLAIN, Rotation
from jobs.keys.standing import Standing


def print_keys(ring: KeyRing) -> None:
    table = Table("Key", "Made", "", box=None, padding=(0, 2, 0, 0))
    for key in ring:
        table.add_row(key.id, key.created, "current" if key.id == ring.current.id else "")
    Console(highlight=False).print(table)


def print_standing(found: Standing) -> None:
    table = Table("Column", "Key", "Values", box=None, padding=(0, 2, 0, 0))
    for column, keys in found.columns.items():
        for key_id, cells in sorted(keys.items()):
            table.add_row(column, key_id or "plain", f"{cells:,}")
    console = Console(highlight=False)
    console.print(table if found.columns else "There are no personal values.")
    for key_id in sorted(found.backups.keys() | found.wal.keys()):
        backups, files = found.backups.get(key_id, 0), found.wal.get(key_id, 0)
        console.print(f"{backups:,} backups and {files:,} files of WAL are encrypted with {key_id}.", markup=False)
    for key_id in found.missing:
        console.print(f"The key {key_id} is not in the key ring: what it has encrypted cannot be read.", markup=False)
    if found.to_rotate:
        console.print(f"{found.to_rotate:,} values are not under the current key; yukyu keys rotate brings them there.")


def print_rotation(done: Rotation) -> None:
    console = Console(highlight=False)
    what = f"under the key {done.key}" if done.key else "plain"
    ending = "" if done.remaining else f"; all is {what} now"
    console.print(f"{sum(done.rows.values()):,} rows were written{ending}.", markup=False)
    for key_id, cells in done.remaining.items():
        name = "plain" if key_id == PLAIN else f"under the key {key_id}"
        console.print(f"{cells:,} values are still {name}: somebody writes them so; do this again.", markup=False)
