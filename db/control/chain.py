"""The chain of the audit log: each entry's hash covers the entry and the hash before it.

Whoever changes, removes or slips in an entry has to make all hashes after it anew, and so changes the newest one,
which is what to keep a copy of elsewhere.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# What stands before the first entry.
GENESIS = "0" * 64

# What a hash covers of an entry.
MEMBERS = ("number", "at", "who", "action", "subject", "result", "details", "address", "token")


def hash_of(entry: Mapping[str, Any], previous: str) -> str:
    """Return the SHA-256, in hexadecimal, of an entry's canonical JSON and the hash before it.

    Canonical is: members in the order of their names, no white space, letters beyond ASCII escaped, the moment as
    ISO 8601 in UTC to the microsecond.

    Args:
        entry: its MEMBERS, as JSON has them but for the moment.
        previous: the hash of the entry before, GENESIS for the first.
    """
    at: datetime = entry["at"]
    members = {key: value for key, value in entry.items() if key != "at"} | {
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "previous": previous,
    }
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
