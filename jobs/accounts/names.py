"""How the names of accounts are written."""

import re
import unicodedata

from jobs.accounts.errors import AccountNameError

LONGEST = 100
# Letters and digits of any script, and what stands in e-mail addresses; no spaces and nothing invisible.
WRITTEN = re.compile(r"[\w.@+-]{1,100}")


def folded(name: str) -> str:
    """Return the one spelling of a name: case and width make no difference."""
    storable = name[: 2 * LONGEST].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    kept = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", storable).strip().casefold())
    return kept[: 2 * LONGEST]  # one letter may become eighteen, and what failed is remembered by name


def checked(name: str) -> str:
    """Return the name as it is kept.

    Raises:
        AccountNameError: nobody can be called so.
    """
    kept = folded(name)
    if WRITTEN.fullmatch(kept) is None:
        raise AccountNameError(
            f"A name has 1 to {LONGEST} letters, digits and . _ - + @, which {name[:LONGEST]!r} has not."
        )
    return kept
