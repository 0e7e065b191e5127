"""What decides who may come in, and remembers who did; one a process."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from db.control import Control
from jobs.accounts.errors import NoControlStoreError
from jobs.accounts.passwords import Passwords
from jobs.accounts.revoked import Revoked
from jobs.accounts.signing_in import Mint, SigningIn
from jobs.accounts.throttle import Throttle
from jobs.audit.journal import Journal
from jobs.site import now


@dataclass(frozen=True)
class Access:
    """Without a control store there are no accounts, nothing is revoked, and the audit log goes to the server's log."""

    journal: Journal
    revoked: Revoked
    clock: Callable[[], datetime]
    control: Control | None = None
    signing_in: SigningIn | None = None

    @classmethod
    def of(
        cls, control: Control | None, mint: Mint, *, clock: Callable[[], datetime] = now, workers: int = 1
    ) -> "Access":
        """Return what one of so many processes knows, which answer for one another."""
        journal, revoked = Journal(control, clock=clock), Revoked()
        signing_in = (
            SigningIn(control, mint, Passwords(), Throttle(workers), revoked, journal, clock) if control else None
        )
        return cls(journal, revoked, clock, control, signing_in)

    def store(self) -> Control:
        """Return the control store.

        Raises:
            NoControlStoreError: this server has none.
        """
        if self.control is None:
            raise NoControlStoreError
        return self.control

    def accounts(self) -> SigningIn:
        """Return what signs people in.

        Raises:
            NoControlStoreError: this server keeps no accounts.
        """
        if self.signing_in is None:
            raise NoControlStoreError
        return self.signing_in

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None]:
        """Write the audit log and read what is revoked meanwhile; at the end nothing is left to write."""
        tasks = [asyncio.create_task(self.journal.keep_writing(), name="journal")]
        if self.signing_in is not None:  # or the first name that nobody has would take twice as long as the others
            tasks.append(asyncio.create_task(self.signing_in.passwords.prepare(), name="passwords"))
        if self.control is not None:
            await self.revoked.read(self.control, now=self.clock())
            tasks.append(asyncio.create_task(self.revoked.keep_reading(self.control, clock=self.clock), name="revoked"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.signing_in is not None:
                self.signing_in.passwords.close()
