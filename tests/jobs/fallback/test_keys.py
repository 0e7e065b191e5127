"""Keys, where the database is a file: values are encrypted as they come in, and that is all."""

import pytest

from db.fallback import NeedsPostgresError
from jobs.fallback.site import FileSite
from jobs.keys import standing


async def test_what_is_under_which_key_is_refused_in_a_sentence(site: FileSite) -> None:
    with pytest.raises(NeedsPostgresError, match="Counting what is under which key"):
        await standing.of(f"sqlite+aiosqlite:///{site.file}", None, site.repository)
