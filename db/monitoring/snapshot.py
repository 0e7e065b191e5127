"""A snapshot: all that was measured at one moment. Counters are as the servers count them; two of them make a rate.

What could not be measured is None, which is not the same as nothing: no data never resolves an alert.
"""

from dataclasses import dataclass
from datetime import datetime

from db.engines import EngineRole


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseCounters:
    """Of pg_stat_database, of our database; they grow until `reset_at` changes."""

    reset_at: datetime | None
    commits: int
    rollbacks: int
    blocks_read: int
    blocks_hit: int
    deadlocks: int
    temp_files: int
    temp_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointCounters:
    """Checkpoints by the clock, and those forced by too much WAL or by request."""

    reset_at: datetime | None
    timed: int
    requested: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Client backends by what they do; `maximum` is without those that are reserved for superusers."""

    total: int
    active: int
    idle: int
    idle_in_transaction: int
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A client backend worth a look: in a transaction for a second or more, or waiting for a lock.

    None where it is in none of these. `query` is without its literals, which may be about people.
    """

    pid: int
    application: str
    user: str
    state: str
    query: str
    transaction_seconds: float | None
    idle_in_transaction_seconds: float | None
    query_seconds: float | None
    lock_wait_seconds: float | None
    blocked_by: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A standby or a receiver of WAL, as its sender sees it; bytes behind the server's own position."""

    application: str
    state: str
    sync_state: str
    sent_lag_bytes: int | None
    replay_lag_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A replication slot; `retained_bytes` of WAL are kept for it, `wal_status` is PostgreSQL's word."""

    name: str
    active: bool
    wal_status: str | None
    retained_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiver:
    """Of pg_stat_archiver; counters grow until `reset_at` changes."""

    reset_at: datetime | None
    archived: int
    failed: int
    last_archived_wal: str | None
    last_archived_at: datetime | None
    last_failed_wal: str | None
    last_failed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Of pg_stat_statements, per query id; counters and milliseconds grow until the statements' reset."""

    query_id: str
    query: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    rows: int
    blocks_hit: int
    blocks_read: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The statements that cost most; `reset_at` is when all were last forgotten, `evicted` how often some were.

    `complete` when these are all there are: one that was not among them before is new then.
    """

    reset_at: datetime | None
    evicted: int
    complete: bool
    entries: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of ours.

    `bloat_percent` is what its live rows do not fill of it, of the last survey: by pgstattuple_approx, or else from
    the planner's statistics and labelled an estimate. It is None on a standby, where it is the same as on the primary,
    and until the first survey. A table of a page or two is mostly empty, and well.
    """

    name: str
    live_rows: int
    dead_rows: int
    total_bytes: int
    table_bytes: int
    bloat_percent: float | None
    bloat_is_estimate: bool
    sequential_scans: int
    sequential_rows: int
    index_scans: int
    rows_written: int
    last_vacuum: datetime | None
    last_analyze: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index of ours; `constraint` when it stands for a primary key, a unique or an exclusion constraint."""

    name: str
    table: str
    definition: str
    scans: int
    size_bytes: int
    is_unique: bool
    is_valid: bool
    constraint: bool
    duplicate_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """How much of a sequence is used up, 0 to 100."""

    name: str
    used_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionAge:
    """How many transaction ids ago a database was last frozen."""

    database: str
    age: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What one server says of itself.

    Some is measured at every tick and some, which costs more, less often and
    carried over: bloat, indexes, sequences and ages are those of `surveyed_at`.
    Sequences and ages are empty on a standby, where they are the primary's.
    """

    version: str
    started_at: datetime
    in_recovery: bool
    latency_ms: float
    # Position in the WAL: written by a primary, replayed by a standby; bytes.
    lsn: int
    database_bytes: int
    counters: DatabaseCounters
    # None on a standby where it says nothing.
    checkpoints: CheckpointCounters | None
    connections: Connections
    sessions: tuple[Session, ...]
    senders: tuple[Sender, ...]
    slots: tuple[Slot, ...]
    archiver: Archiver | None
    # A standby's: whether WAL streams in, and how far its heartbeat and its position are behind the primary's.
    streaming: bool | None
    lag_seconds: float | None
    lag_bytes: int | None
    # None: pg_stat_statements is not loaded, or may not be read.
    statements: Statements | None
    surveyed_at: datetime | None
    tables: tuple[Table, ...]
    indexes: tuple[Index, ...]
    sequences: tuple[Sequence, ...]
    transaction_ages: tuple[TransactionAge, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server as it is configured; `fault` says why it could not be measured, and `statistics` is None then."""

    name: str
    role: EngineRole
    fault: str | None
    statistics: Statistics | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The connections that one API process holds to one node."""

    process: str
    node: str
    size: int
    in_use: int
    waiting: int
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The file system of a directory that this installation needs."""

    path: str
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """How backups are, as jobs.backups tells it; looked at less often than the servers, at `seen_at`."""

    seen_at: datetime
    first_seen_at: datetime
    last_backup_at: datetime | None
    # Of the last attempt, when it failed: its id and its reason.
    failed_backup: str | None
    failed_reason: str | None
    # Seconds of committed work that would be lost now, and as promised.
    rpo_seconds_now: float | None
    rpo_seconds: float
    archive_failures: int
    archive_failing_since: datetime | None
    pending_segments: int
    # Of each gap: 'timeline N, FROM to TO'.
    gaps: tuple[str, ...]
    last_drill_at: datetime | None
    # False where the primary could not be asked since when archiving fails.
    archiving_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFinding:
    """A metric that is worse than the newest baseline's by more than the regression threshold; times as bad.

    `query` is the text of a statement whose time it is.
    """

    metric: str
    before: float
    now: float
    ratio: float
    query: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baselines:
    """The newest baseline, and what is worse since; looked at less often than the servers."""

    newest_at: datetime | None
    regressions: tuple[BaselineFinding, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that was measured at `taken_at`; `backups` and `baselines` are None where nobody could tell."""

    taken_at: datetime
    servers: tuple[Server, ...]
    pools: tuple[Pool, ...]
    disks: tuple[Disk, ...]
    backups: Backups | None
    baselines: Baselines | None
    # Directories whose disk did not answer, or that are not there.
    missing_disks: tuple[str, ...] = ()

    @property
    def primary(self) -> Server | None:
        """The server that takes writes now; None when none does."""
        return next(
            (each for each in self.servers if each.statistics is not None and not each.statistics.in_recovery), None
        )

    @property
    def replicas(self) -> tuple[Server, ...]:
        """The servers that are not it."""
        leader = self.primary
        return tuple(
            each for each in self.servers if each is not leader and (leader or each.role is EngineRole.REPLICA)
        )
