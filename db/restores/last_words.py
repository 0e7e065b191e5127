"""Finds in the log of a private server why it ended: the last lines tell only that it did."""

import re
from pathlib import Path

from db.cluster.log_tail import log_tail

# What the restore command says of a file that it cannot give, and what PostgreSQL ends with.
REASONS = (
    re.compile(r"^(\S+ cannot be restored from .+)$", re.MULTILINE),
    re.compile(r"(?:FATAL|PANIC):  (.+)$", re.MULTILINE),
)
BYTES = 64 * 1024


def last_words(log: Path) -> str:
    """Return the last line that has a reason in it, or where none has the end of the log."""
    try:
        text = log.read_bytes()[-BYTES:].decode("utf-8", errors="replace")
    except FileNotFoundError:
        return log_tail(log.parent)
    for reason in REASONS:
        if found := reason.findall(text):
            return found[-1].strip()
    return log_tail(log.parent)
