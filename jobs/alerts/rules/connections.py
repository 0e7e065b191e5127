"""Rules about connections, and the transactions and locks that are held on them."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from db.control import Severity
from db.monitoring.snapshot import Server, Session, Statistics
from jobs.alerts.rule import Measure, Reading, Rule
from jobs.alerts.rules.looking import each_server, shortened
from jobs.monitoring.interval import Interval


def _used(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, statistics: Statistics) -> Iterable[Reading]:
        found = statistics.connections
        percent = 100 * found.total / max(1, found.maximum)
        summary = (
            f"{found.total} of {found.maximum} connections to {server.name} are taken: {found.active} at work, "
            f"{found.idle} idle, {found.idle_in_transaction} idle in a transaction."
        )
        yield Reading(server.name, percent, summary)

    return each_server(interval.now.servers, read)


def _waiting(interval: Interval) -> Iterable[Reading]:
    for pool in interval.now.pools:
        if pool.in_use >= pool.maximum:
            summary = (
                f"All {pool.maximum} connections of the process {pool.process} to {pool.node} are in use, and "
                f"{pool.waiting} reads wait for one."
            )
            yield Reading(f"{pool.node}: {pool.process}", pool.waiting, summary)


def _longest(seconds_of: Callable[[Session], float | None], sentence: str) -> Measure:
    """Return what measures, on each server, the session for which something has lasted longest."""

    def read(server: Server, statistics: Statistics) -> Iterable[Reading]:
        lasting = [(seconds, each) for each in statistics.sessions if (seconds := seconds_of(each)) is not None]
        if lasting:
            seconds, session = max(lasting, key=lambda pair: pair[0])
            yield Reading(server.name, seconds, f"{_who(server, session)} {sentence.format(seconds)}: {_what(session)}")

    return lambda interval: each_server(interval.now.servers, read)


def _at_work(session: Session) -> float | None:
    """Return how long a transaction has lasted that does something."""
    return None if session.idle_in_transaction_seconds is not None else session.transaction_seconds


def _who(server: Server, session: Session) -> str:
    name = session.application or "without a name"
    return f"Process {session.pid} on {server.name} (user {session.user}, application {name})"


def _what(session: Session) -> str:
    blockers = ", ".join(str(pid) for pid in session.blocked_by)
    return shortened(session.query) + (f" (waits for process {blockers})" if blockers else "")


CONNECTIONS_HIGH = Rule(
    key="connections-high",
    title="Few connections are left",
    description="When none is left, nobody new gets in: no API process, no tool.",
    severity=Severity.WARNING,
    threshold=80,
    unit="percent",
    for_=timedelta(minutes=2),
    action="Look who holds them in pg_stat_activity. Run fewer processes or smaller pools, or raise max_connections.",
    source="Each API process holds a pool to each server; a fifth is left for one more process and for people.",
    measure=_used,
)

CONNECTIONS_EXHAUSTED = Rule(
    key="connections-exhausted",
    title="Connections are used up",
    description="New connections are refused; API processes that start or reconnect cannot work.",
    severity=Severity.CRITICAL,
    threshold=95,
    unit="percent",
    for_=timedelta(seconds=30),
    action=(
        "Connect as a superuser, for whom some are kept, and end what is not needed with pg_terminate_backend: those "
        "idle in a transaction first. Then see who opened so many."
    ),
    source="PostgreSQL refuses at 100 percent.",
    measure=_used,
    explains=frozenset({"connections-high", "pool-exhausted"}),
)

POOL_EXHAUSTED = Rule(
    key="pool-exhausted",
    title="Reads wait for a connection",
    description="An API process has all its connections to a server in use; answers take longer by the wait.",
    severity=Severity.WARNING,
    threshold=0,
    unit="reads",
    for_=timedelta(minutes=1),
    action="Look for slow queries with `yukyu monitor report`; where there are none, run another API process.",
    source="A burst is over in seconds; what waits for a minute is load.",
    measure=_waiting,
)

IDLE_IN_TRANSACTION = Rule(
    key="idle-in-transaction",
    title="A session does nothing in a transaction",
    description="It holds locks, and keeps VACUUM from removing dead rows anywhere in the database.",
    severity=Severity.WARNING,
    threshold=300,
    unit="seconds",
    for_=timedelta(0),
    action="Ask whoever it is to commit or roll back, or end it with pg_terminate_backend(PID).",
    source="No transaction of the API waits for anything outside; people at psql get five minutes.",
    measure=_longest(
        lambda session: session.idle_in_transaction_seconds, "has been idle in a transaction for {:.0f} s"
    ),
)

LONG_TRANSACTION = Rule(
    key="long-transaction",
    title="A transaction lasts long",
    description="It keeps VACUUM from removing dead rows; on a replica it may hold up replay.",
    severity=Severity.WARNING,
    threshold=900,
    unit="seconds",
    for_=timedelta(0),
    action="See whether it is meant: a dump, an index, a report. If not, stop it with pg_cancel_backend(PID).",
    source="An operation of the API ends after 15 s; a quarter of an hour is for people and their tools.",
    measure=_longest(_at_work, "has been in a transaction for {:.0f} s"),
)

LOCK_WAITS = Rule(
    key="lock-waits",
    title="A session waits for a lock",
    description="Whoever waits holds others up in turn; users see operations that time out.",
    severity=Severity.WARNING,
    threshold=30,
    unit="seconds",
    for_=timedelta(0),
    action="Look at what the process it waits for does; end that with pg_cancel_backend(PID) where it can be repeated.",
    source="Twice as long as an operation of the API may take.",
    measure=_longest(lambda session: session.lock_wait_seconds, "has waited for a lock for {:.0f} s"),
)

RULES = (
    CONNECTIONS_EXHAUSTED,
    CONNECTIONS_HIGH,
    POOL_EXHAUSTED,
    IDLE_IN_TRANSACTION,
    LONG_TRANSACTION,
    LOCK_WAITS,
)
