"""How long whoever failed to sign in has to wait before the next attempt counts."""

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

FORGOTTEN_AFTER = timedelta(hours=1)
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How many failures are free, and the longest wait that more of them lead to; each doubles it, from a second on."""

    free: int
    longest: timedelta

    def shared(self, workers: int) -> "Patience":
        return replace(self, free=max(1, self.free // workers))

    def delay(self, failures: int) -> timedelta:
        beyond = failures - self.free
        return timedelta(0) if beyond < 0 else min(self.longest, timedelta(seconds=2 ** min(beyond, 30)))


# One address at one name: a person who mistypes, or somebody who guesses.
WITH_PAIR = Patience(free=5, longest=timedelta(minutes=15))
# One address at whatever names: somebody who tries a few passwords on everybody. Not for those who have signed in
# from there: an office is one address, and who mistypes in it must not keep the others out.
WITH_ADDRESS = Patience(free=20, longest=timedelta(minutes=15))
# One name from whatever addresses. Short, and not for the addresses that its owner has signed in from: whoever
# guesses from many addresses must not be able to keep the owner out.
WITH_NAME = Patience(free=20, longest=timedelta(minutes=1))


class Failures:
    """Failures by key: the last used ones, so that memory is bounded whoever tries whatever."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._of: OrderedDict[Hashable, tuple[int, datetime]] = OrderedDict()

    def wait(self, key: Hashable, *, now: datetime) -> timedelta:
        failures, at = self._known(key, now)
        return max(timedelta(0), at + self._patience.delay(failures) - now)

    def add(self, key: Hashable, *, now: datetime) -> None:
        failures, _ = self._known(key, now)
        self._of[key] = (failures + 1, now)
        self._of.move_to_end(key)
        while len(self._of) > MOST_REMEMBERED:
            self._of.popitem(last=False)

    def take_back(self, key: Hashable) -> None:
        if key in self._of:
            failures, at = self._of[key]
            self._of[key] = (failures - 1, at)

    def forget(self, key: Hashable) -> None:
        self._of.pop(key, None)

    def __len__(self) -> int:
        return len(self._of)

    def _known(self, key: Hashable, now: datetime) -> tuple[int, datetime]:
        failures, at = self._of.get(key, (0, now))
        return (0, now) if now - at > FORGOTTEN_AFTER else (failures, at)


class Throttle:
    """The attempts of late, in this process's memory. Names that nobody has are treated as those that somebody has."""

    def __init__(self, workers: int = 1) -> None:
        """Forgive what is this process's share, where so many answer for one another and none knows of the others."""
        self._pairs = Failures(WITH_PAIR.shared(workers))
        self._addresses = Failures(WITH_ADDRESS.shared(workers))
        self._names = Failures(WITH_NAME.shared(workers))

    def begin(self, name: str, address: str, *, known: bool, now: datetime) -> int:
        """Count an attempt as failed until it has succeeded; return the seconds to wait where it may not be made.

        Args:
            name: the account's, folded.
            address: where the attempt comes from.
            known: whether the account's owner has signed in from there.
            now: the moment.
        """
        place = network_of(address)
        waits = [self._pairs.wait((name, place), now=now)]
        if not known:
            waits += [self._addresses.wait(place, now=now), self._names.wait(name, now=now)]
        if longest := max(waits):
            return ceil(longest.total_seconds())
        self._pairs.add((name, place), now=now)
        self._addresses.add(place, now=now)
        self._names.add(name, now=now)
        return 0

    def take_back(self, name: str, address: str) -> None:
        """Forget that an attempt was made: it was never decided."""
        place = network_of(address)
        self._pairs.take_back((name, place))
        self._addresses.take_back(place)
        self._names.take_back(name)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures; those of the address at other names stay."""
        place = network_of(address)
        self._pairs.forget((name, place))
        self._names.forget(name)
        self._addresses.take_back(place)

    def __len__(self) -> int:
        return max(map(len, (self._pairs, self._addresses, self._names)))


def network_of(address: str) -> str:
    """Return what stands for one customer of a provider: an IPv4 address, or the /64 network of an IPv6 one."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
