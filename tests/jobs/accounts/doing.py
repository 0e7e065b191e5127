"""A site's signing in with a clock that tests move, and the accounts they need."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from db.control import Control, audit
from db.control.audit import Origin
from jobs.accounts import administration
from jobs.accounts.passwords import Passwords
from jobs.accounts.revoked import Revoked
from jobs.accounts.signing_in import SigningIn
from jobs.accounts.throttle import Throttle
from jobs.audit.journal import Journal

PASSWORD = "correct horse battery"
HERE = "192.0.2.1"


@dataclass
class Clock:
    moment: datetime = datetime(2026, 11, 22, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def goes_on(self, **by: float) -> None:
        self.moment += timedelta(**by)


def mint(name: str, roles: Sequence[str], **_: Any) -> str:
    return f"access token of {name} as {', '.join(roles)}"


@dataclass(frozen=True)
class Doors:
    control: Control
    clock: Clock
    signing_in: SigningIn
    hashing: Passwords = field(default_factory=Passwords)

    async def account(self, name: str = "aiko", password: str = PASSWORD, roles: Sequence[str] = ("viewer",)) -> None:
        await administration.add(self.control, name, password, roles, hashing=self.hashing, by="ken", now=self.clock())

    async def sign_in(self, name: str = "aiko", password: str = PASSWORD, address: str = HERE) -> Any:
        return await self.signing_in.sign_in(name, password, origin=Origin(address))

    async def told(self) -> list[tuple[str, str, str, Any]]:
        """Return the audit log, oldest first: who, what, result and why."""
        await self.signing_in.journal.close()
        async with self.control.reading() as session:
            newest = await audit.newest(session, limit=1000)
        return [(each.who, each.action, each.result, each.details.get("reason")) for each in reversed(newest)]


@asynccontextmanager
async def opened(directory: Path) -> AsyncGenerator[Doors]:
    async with Control.open(directory) as control:
        clock = Clock()
        hashing = Passwords()
        signing_in = SigningIn(control, mint, hashing, Throttle(), Revoked(), Journal(control, clock=clock), clock)
        yield Doors(control, clock, signing_in, hashing)
        hashing.close()
