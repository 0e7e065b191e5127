"""How much one address may ask, and one user's operations may cost, in a while."""

import time
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from limits import RateLimitItem, parse
from limits.strategies import SlidingWindowCounterRateLimiter

from api.limit_settings import OFF
from api.rate_counters import RateCounters
from jobs.accounts import throttle
from schema.errors import RateLimitedError
from schema.roles import ANONYMOUS, Identity

STANDING = "yukyu.rate"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands under a rate: what the RateLimit headers say (draft-ietf-httpapi-ratelimit-headers-06)."""

    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int
    refused: bool

    def headers(self) -> Iterator[tuple[str, str]]:
        yield "ratelimit-limit", str(self.limit)
        yield "ratelimit-remaining", str(self.remaining)
        yield "ratelimit-reset", str(self.reset_seconds)
        yield "ratelimit-policy", f"{self.limit};w={self.window_seconds}"


class Rate:
    """One rate, such as '12000/minute', over a window that slides."""

    def __init__(self, rate: str, counters: RateCounters, *, of: str) -> None:
        self._item: RateLimitItem = parse(rate)
        self._of = of
        self._limiter = SlidingWindowCounterRateLimiter(counters)

    def take(self, scope: MutableMapping[str, Any], name: str, amount: int = 1) -> None:
        """Count `amount` for somebody, and note in the request's scope where they then stand.

        Raises:
            RateLimitedError: it would be more than the rate; it was not counted.
        """
        taken = self._limiter.hit(self._item, self._of, name, cost=amount)
        scope[STANDING] = standing = self._standing(name, refused=not taken)
        if standing.refused:
            raise RateLimitedError(
                f"That is more than {self._item.amount:,} {self._of} in {self._item.get_expiry()} seconds.",
                hint=f"Try again in {standing.reset_seconds} seconds, or ask for less.",
            )

    def _standing(self, name: str, *, refused: bool) -> Standing:
        window = self._item.get_expiry()
        stats = self._limiter.get_window_stats(self._item, self._of, name)
        reset = max(1, ceil(stats.reset_time - time.time()))
        return Standing(self._item.amount, window, stats.remaining, min(reset, window), refused)


class Rates:
    """The rates that are limited: requests by address, and what operations cost by user; None or 'off' is no limit."""

    def __init__(self, *, by_address: str | None, by_user: str | None) -> None:
        counters = RateCounters()
        self._by_address = _rate(by_address, counters, of="requests from one address")
        self._by_user = _rate(by_user, counters, of="units of one user's cost")

    def visit(self, scope: MutableMapping[str, Any]) -> None:
        """Count a request.

        Raises:
            RateLimitedError: its address has made as many as it may.
        """
        if self._by_address is not None:
            self._by_address.take(scope, network_of(scope))

    def charge(self, scope: MutableMapping[str, Any], identity: Identity, cost: int) -> None:
        """Charge an operation to whoever asks for it, in the request or on the connection of this scope.

        Raises:
            RateLimitedError: it is more than they have left.
        """
        if self._by_user is not None:
            self._by_user.take(scope, caller(scope, identity), cost)


def caller(scope: MutableMapping[str, Any], identity: Identity) -> str:
    """Return whose limits a request counts towards: a user's, or those of the address of who has not signed in."""
    return f"anonymous at {network_of(scope)}" if identity is ANONYMOUS else identity.name


def network_of(scope: MutableMapping[str, Any]) -> str:
    """Return the client's address; of IPv6 the /64, since each client has as many addresses as it likes in one."""
    host: str = scope["client"][0] if scope.get("client") else "nowhere"
    return throttle.network_of(host)


def _rate(rate: str | None, counters: RateCounters, *, of: str) -> Rate | None:
    return None if rate in (None, OFF) else Rate(rate, counters, of=of)
