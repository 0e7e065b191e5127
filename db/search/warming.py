"""Takes what is slow the first time on a connection out of the first search of whoever gets it."""

import asyncpg

from db.search.request import SearchRequest
from db.search.searching import search
from db.search.suggesting import suggest

# One of each kind, so that every function has been planned: a name, kana, romaji, a number, a company, two words.
TYPICAL = ("佐藤", "さとう", "sato", "1000001", "株式会社", "佐藤 工場")


async def warm(connection: asyncpg.Connection) -> None:
    """Search once for each kind of text: PostgreSQL plans its functions anew in every session."""
    for text in TYPICAL:
        await search(connection, SearchRequest(query=text, count_total=True))
    await suggest(connection, TYPICAL[0], 1)
