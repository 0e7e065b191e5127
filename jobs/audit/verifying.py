"""Proves that the audit log is as it was written."""

from dataclasses import dataclass

from db.control import Control, audit, chain


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `broken` is the number of the first entry that is not as it was written, or not where it was."""

    entries: int
    broken: int | None
    reason: str | None
    # The newest hash, which a copy elsewhere can be compared with.
    head: str
    # Whether the hash that was asked about stands in the chain; None when none was.
    known: bool | None = None

    @property
    def intact(self) -> bool:
        return self.broken is None and self.known is not False


async def verify(control: Control, *, known_hash: str | None = None) -> Verdict:
    """Read the whole log, oldest first, and make every hash again.

    Args:
        control: the control store.
        known_hash: a hash that was the newest once. Where it is not in the chain, entries were removed from its end,
            or the whole chain was made anew.
    """
    entries, previous, expected = 0, chain.GENESIS, 1
    known = None if known_hash is None else known_hash == previous
    async with control.reading() as session:
        async for entry in audit.oldest_first(session):
            number = entry.number or 0
            # PostgreSQL gave numbers to transactions that came to nothing before there was a chain: a gap that the
            # chain goes across is none.
            if entry.hash != audit.hash_of(entry, previous):
                reason = "Its hash does not fit what it says."
                if number != expected:
                    reason = f"Entry {expected} is missing." if number > expected else f"Entry {number} was slipped in."
                return Verdict(entries, number, reason, previous, known)
            entries, previous, expected = entries + 1, entry.hash, number + 1
            known = known or (None if known_hash is None else entry.hash == known_hash)
    return Verdict(entries, None, None, previous, known)
