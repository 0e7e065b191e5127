"""Passwords: what they have to be, and their hashes (Argon2id)."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from db.errors import AppError
from jobs.accounts import names
from jobs.accounts.errors import PasswordError

T = TypeVar("T")

SHORTEST, LONGEST = 12, 1024
# OWASP's first choice of parameters ('Password Storage Cheat Sheet'): 46 MiB, one pass, one lane.
HASHING = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=46 * 1024, parallelism=1),))
# So that sign-ins take neither all processors nor, at 46 MiB each, all memory.
AT_A_TIME, MOST_WAITING = 2, 16


class BusyError(AppError):
    """More people sign in at once than this server takes."""

    code = "RATE_LIMITED"

    def __init__(self) -> None:
        super().__init__("Too many people are signing in at this moment.", hint="Try again in a few seconds.")


def check(password: str, *, name: str) -> None:
    """See that a password keeps the rules.

    Raises:
        PasswordError: it does not.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"A password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}.")
    if names.folded(password) == names.folded(name):
        raise PasswordError("The password is the name itself.", hint="Choose one that nobody can guess from the name.")
    if len(set(password)) == 1:
        raise PasswordError("The password is one character over and over.", hint="Choose one that nobody can guess.")


class Passwords:
    """Makes and compares hashes in threads of its own, a few at a time; more than can soon be done are refused."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="passwords")
        self._under_way = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Return a hash in the PHC format.

        Raises:
            BusyError: too many wait.
        """
        return await self._do(lambda: HASHING.hash(_bytes(password)))

    async def verify(self, password: str, password_hash: str | None) -> tuple[bool, str | None]:
        """Return whether the password is the right one, and a new hash where the present one is of an older kind.

        Without a hash, for nobody has that name, it takes as long and is wrong.

        Raises:
            BusyError: too many wait.
        """
        given = _bytes(password[: LONGEST + 1])
        if password_hash is None:
            await self._do(lambda: HASHING.verify(given, self._hash_of_nobody()))
            return False, None
        return await self._do(lambda: HASHING.verify_and_update(given, password_hash))

    async def prepare(self) -> None:
        """Make what the first comparison would otherwise take longer for."""
        await self._do(self._hash_of_nobody)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hash_of_nobody(self) -> str:
        if self._nobodys is None:
            self._nobodys = HASHING.hash(secrets.token_urlsafe(32))
        return self._nobodys

    async def _do(self, work: Callable[[], T]) -> T:
        if self._under_way >= AT_A_TIME + MOST_WAITING:
            raise BusyError
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._under_way -= 1


def _bytes(password: str) -> bytes:
    """Return what is hashed: the same for the same characters, whichever keyboard has made them."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
