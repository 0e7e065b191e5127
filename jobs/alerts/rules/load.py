"""Rules about what the servers do: reads from disk, slow statements, failing transactions, temporary files."""

import re
from collections.abc import Iterable
from datetime import timedelta

from db.control import Severity
from db.monitoring.snapshot import Server, Statistics
from jobs.alerts.rule import Reading, Rule
from jobs.alerts.rules.looking import MIB, each_server, shortened
from jobs.monitoring import rates
from jobs.monitoring.interval import Interval

# Ratios of less say nothing: a quiet server reads a few blocks, and any may be cold.
LEAST_BLOCKS = 10_000
LEAST_BLOCKS_FROM_DISK = 1_000
LEAST_TRANSACTIONS = 100
LEAST_CALLS = 5
LEAST_CHECKPOINTS = 12

# Statements of monitoring, of the WAL archive and of the heartbeat.
OWN = re.compile(r"\b(pg_stat\w*|pg_class|pg_locks|pg_index|pg_database|pg_replication\w*|pg_logical_emit_message)\b")


def _cache_hits(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, _: Statistics) -> Iterable[Reading]:
        grown = rates.counters(interval, server)
        if grown is None:
            yield Reading(server.name, None)
        elif grown.blocks_read >= LEAST_BLOCKS_FROM_DISK and grown.blocks_hit + grown.blocks_read >= LEAST_BLOCKS:
            ratio = rates.cache_hit_ratio(grown) or 0
            summary = f"{server.name} found {ratio:.1%} of its blocks in memory, and read {grown.blocks_read:,} others."
            yield Reading(server.name, 100 * ratio, summary)

    return each_server(interval.now.servers, read)


def _slow_queries(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, _: Statistics) -> Iterable[Reading]:
        called = rates.statements(interval, server)
        if called is None:
            yield Reading(server.name, None)
        for each in called or ():
            if each.calls >= LEAST_CALLS and not OWN.search(each.statement.query):
                summary = (
                    f"{each.calls} calls on {server.name} took {each.mean_ms:,.0f} ms each: "
                    f"{shortened(each.statement.query)}"
                )
                yield Reading(f"{server.name}: {each.statement.query_id}", each.mean_ms, summary)

    return each_server(interval.now.servers, read)


def _deadlocks(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, _: Statistics) -> Iterable[Reading]:
        grown = rates.counters(interval, server)
        if grown is None:
            yield Reading(server.name, None)
        else:
            yield Reading(
                server.name, grown.deadlocks, f"{grown.deadlocks} deadlocks on {server.name} since the last look."
            )

    return each_server(interval.now.servers, read)


def _rollbacks(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, _: Statistics) -> Iterable[Reading]:
        grown = rates.counters(interval, server)
        if grown is None:
            yield Reading(server.name, None)
        elif (total := grown.commits + grown.rollbacks) >= LEAST_TRANSACTIONS:
            summary = f"{grown.rollbacks:,} of {total:,} transactions on {server.name} were rolled back."
            yield Reading(server.name, 100 * grown.rollbacks / total, summary)

    return each_server(interval.now.servers, read)


def _temporary_files(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, _: Statistics) -> Iterable[Reading]:
        grown, seconds = rates.counters(interval, server), interval.seconds
        if grown is None or not seconds:
            yield Reading(server.name, None)
        else:
            rate = grown.temp_bytes / MIB * 60 / seconds
            summary = f"{server.name} wrote {grown.temp_files} temporary files, {rate:,.0f} MiB a minute."
            yield Reading(server.name, rate, summary)

    return each_server(interval.now.servers, read)


def _forced_checkpoints(interval: Interval) -> Iterable[Reading] | None:
    leader = interval.now.primary
    since_a_day = Interval(interval.now, interval.day_before)
    counted = rates.checkpoints(since_a_day, leader) if leader else None
    if leader is None or counted is None:
        return None
    if counted.requested < LEAST_CHECKPOINTS:
        return []
    percent = 100 * (rates.forced_ratio(counted) or 0)
    total = counted.requested + counted.timed
    summary = f"{counted.requested} of {total} checkpoints in about a day did not wait for their time."
    return [Reading(leader.name, percent, summary)]


CACHE_HIT_LOW = Rule(
    key="cache-hit-low",
    title="Much is read from disk",
    description="The server finds fewer of the blocks it needs in its memory than it should; searches get slower.",
    severity=Severity.WARNING,
    threshold=90,
    unit="percent",
    for_=timedelta(minutes=10),
    below=True,
    action=(
        "`yukyu monitor report` shows which statements read most. Give them an index, or raise shared_buffers to a "
        "quarter of the machine's memory in postgresql.local.conf."
    ),
    source="A working set that fits hits above 99 percent; the search indexes are meant to fit.",
    measure=_cache_hits,
)

CACHE_HIT_CRITICAL = Rule(
    key="cache-hit-critical",
    title="Most is read from disk",
    description="The server works at the speed of its disk.",
    severity=Severity.CRITICAL,
    threshold=70,
    unit="percent",
    for_=timedelta(minutes=10),
    below=True,
    action=(
        "`yukyu monitor report` shows what reads so much: a new statement without an index, most often. Stop it if it "
        "is nobody's; then as for cache-hit-low."
    ),
    source="At 70 percent nearly every search waits for the disk several times.",
    measure=_cache_hits,
    explains=frozenset({"cache-hit-low"}),
)

SLOW_QUERY = Rule(
    key="slow-query",
    title="A query is slow",
    description="Calls of one statement take long on average, for minutes; whoever waits for them notices.",
    severity=Severity.WARNING,
    threshold=100,
    unit="ms",
    for_=timedelta(minutes=2),
    action="Ask `yukyu monitor explain` for its plan and advice, and `yukyu monitor suggest` for an index.",
    source="A search takes a few milliseconds; 100 ms is what this project calls slow.",
    measure=_slow_queries,
)

DEADLOCKS = Rule(
    key="deadlocks",
    title="Transactions got into a deadlock",
    description="PostgreSQL ended one of them; what it was to do is not done.",
    severity=Severity.WARNING,
    threshold=0,
    unit="deadlocks",
    for_=timedelta(0),
    action="The server's log names both statements. Let both take their rows in the same order.",
    source="This software's transactions take rows in one order, so there should be none.",
    measure=_deadlocks,
)

ROLLBACK_RATIO = Rule(
    key="rollback-ratio",
    title="Many transactions are rolled back",
    description="A part of what is tried fails: bad input in a loop, conflicts, or a program that gives up.",
    severity=Severity.WARNING,
    threshold=20,
    unit="percent",
    for_=timedelta(minutes=5),
    action="Look for the errors in the server's log and in that of the API; whoever sends them is named there.",
    source="In ordinary use less than one in a hundred fails.",
    measure=_rollbacks,
)

TEMP_FILES = Rule(
    key="temp-files",
    title="Queries spill to disk",
    description="Sorts and hashes do not fit into memory and go through temporary files.",
    severity=Severity.WARNING,
    threshold=256,
    unit="MiB per minute",
    for_=timedelta(minutes=5),
    action="Find the statement with log_temp_files = 0; give it an index for its order, or raise its role's work_mem.",
    source="No statement of this software needs any; 256 MiB a minute is a disk's worth of trouble for a small server.",
    measure=_temporary_files,
)

CHECKPOINTS_FORCED = Rule(
    key="checkpoints-forced",
    title="Most checkpoints are forced",
    description="More WAL is written between checkpoints than max_wal_size allows; pages are written again and again.",
    severity=Severity.INFO,
    threshold=50,
    unit="percent",
    for_=timedelta(0),
    action="Raise max_wal_size in postgresql.local.conf, unless there was an import, which is over.",
    source="PostgreSQL manual, 'WAL Configuration': checkpoints should come by checkpoint_timeout.",
    measure=_forced_checkpoints,
)

RULES = (
    CACHE_HIT_CRITICAL,
    CACHE_HIT_LOW,
    SLOW_QUERY,
    DEADLOCKS,
    ROLLBACK_RATIO,
    TEMP_FILES,
    CHECKPOINTS_FORCED,
)
