"""The servers of an installation, each with a connection that is kept."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from db.cluster import urls
from db.cluster.desired import Role
from db.cluster.installation import Installation
from db.engines import EngineRole, failures
from db.engines.observation import Observation
from db.lsn import Lsn
from db.monitoring.reading import Reading
from db.monitoring.snapshot import Server, Statistics
from db.monitoring.survey import Survey
from db.monitoring.watch import Watch
from jobs.health import lag
from jobs.monitoring.carried import Carried

SURVEY_EVERY: Final = timedelta(minutes=5)
SURVEY_PATIENCE_SECONDS: Final = 120
PAUSED: Final = "It is kept still while a restore moves the installation over."


@dataclass(frozen=True, slots=True)
class Target:
    """A server as it is meant to be now; `url` has a password in it."""

    name: str
    role: EngineRole
    url: str = field(repr=False)
    paused: bool = False


def targets(installation: Installation) -> list[Target]:
    """Return the servers that should run, as the desired state has them now: a restore moves them."""
    desired = installation.states.desired()
    return [
        Target(
            name,
            EngineRole.PRIMARY if spec.role is Role.PRIMARY else EngineRole.REPLICA,
            urls.application(spec, installation.passwords),
            paused=name in desired.paused,
        )
        for name, spec in desired.servers.items()
        if spec.running
    ]


class Servers:
    """Looks at servers at once, each in bounded time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._watched: dict[Target, _Watched] = {}

    async def read(self, wanted: Sequence[Target], *, now: datetime, until: float) -> tuple[Server, ...]:
        """Return how each is by `until`, on the event loop's clock."""
        self._keep(wanted)
        read = await asyncio.gather(*(self._watched[each].read(until=until) for each in wanted))
        found = [each for each in read if not isinstance(each, str)]
        leader = next((each.observation for each in found if not each.observation.in_recovery), None)
        surveyed = await asyncio.gather(
            *(self._watched[target].surveyed(each, until=until) for target, each in zip(wanted, read, strict=True))
        )
        return tuple(
            Server(name=target.name, role=target.role, fault=each, statistics=None)
            if isinstance(each, str)
            else Server(name=target.name, role=target.role, fault=None, statistics=_with_lag(each, leader, now=now))
            for target, each in zip(wanted, surveyed, strict=True)
        )

    def close(self) -> None:
        self._keep([])

    def _keep(self, wanted: Sequence[Target]) -> None:
        """Begin to watch what is new, and stop what is not wanted any more."""
        for target in [target for target in self._watched if target not in wanted]:
            self._watched.pop(target).close()
        for target in wanted:
            self._watched.setdefault(target, _Watched(target, self._clock))


class _Watched:
    def __init__(self, target: Target, clock: Callable[[], datetime]) -> None:
        self._target = target
        self._clock = clock
        self._watch = Watch(target.url)
        self._survey = Carried(f"survey of {target.name}", self._look_long, every=SURVEY_EVERY)
        self._identity: object = None

    async def read(self, *, until: float) -> Reading | str:
        """Return what was seen, or why nothing was."""
        if self._target.paused:
            return PAUSED
        try:
            async with asyncio.timeout_at(until):
                return await self._watch.read()
        except failures.UNREACHABLE as failure:
            return failures.sentence(failure)

    async def surveyed(self, reading: Reading | str, *, until: float) -> Reading | str:
        """Return a reading with the survey that is known by then."""
        if isinstance(reading, str):
            return reading
        seen = reading.observation
        identity = (seen.system_identifier, seen.timeline, seen.in_recovery)
        if self._identity not in {None, identity}:
            self._survey.renew()
        self._identity = identity
        found = await self._survey.get(until=until)
        if found is None:
            return reading
        return replace(reading, statistics=found[1].added_to(reading.statistics, surveyed_at=found[0]))

    async def _look_long(self) -> tuple[datetime, Survey]:
        began = self._clock()
        async with asyncio.timeout(SURVEY_PATIENCE_SECONDS):
            return began, await self._watch.survey()

    def close(self) -> None:
        self._survey.cancel()
        self._watch.close()


def _with_lag(reading: Reading, primary: Observation | None, *, now: datetime) -> Statistics:
    seen, statistics = reading.observation, reading.statistics
    if not seen.in_recovery:
        return statistics
    behind = lag.bytes_behind(primary, seen, replayed=Lsn(statistics.lsn))
    return replace(statistics, lag_bytes=behind, lag_seconds=lag.seconds_behind(primary, seen, behind=behind, now=now))
