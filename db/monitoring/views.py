"""Statements of a quick reading, at every tick. They are the same on PostgreSQL 15 to 18 unless there are two."""

from typing import Final

# Connections that are kept for superusers, and from 16 on for whom an administrator likes, are not for us.
SERVER: Final = """
    SELECT current_setting('server_version')                                    AS version,
           pg_postmaster_start_time()                                           AS started_at,
           current_setting('max_connections')::int
               - current_setting('superuser_reserved_connections')::int
               - coalesce(current_setting('reserved_connections', true)::int, 0) AS maximum,
           pg_database_size(current_database())                                 AS database_bytes
"""

COUNTERS: Final = """
    SELECT stats_reset   AS reset_at,
           xact_commit   AS commits,
           xact_rollback AS rollbacks,
           blks_read     AS blocks_read,
           blks_hit      AS blocks_hit,
           deadlocks,
           temp_files,
           temp_bytes
    FROM   pg_stat_database
    WHERE  datname = current_database()
"""

CHECKPOINTS: Final = """
    SELECT stats_reset       AS reset_at,
           checkpoints_timed AS timed,
           checkpoints_req   AS requested
    FROM   pg_stat_bgwriter
"""
CHECKPOINTS_17: Final = """
    SELECT stats_reset   AS reset_at,
           num_timed     AS timed,
           num_requested AS requested
    FROM   pg_stat_checkpointer
"""

# Of all databases: they share the connections.
CONNECTIONS: Final = """
    SELECT count(*)                                                    AS total,
           count(*) FILTER (WHERE state = 'active')                    AS active,
           count(*) FILTER (WHERE state = 'idle')                      AS idle,
           count(*) FILTER (WHERE state LIKE 'idle in transaction%')   AS idle_in_transaction
    FROM   pg_stat_activity
    WHERE  backend_type = 'client backend'
"""

# Whoever has waited longest and whoever has been in a transaction longest take turns: where many wait, the one that
# they wait for is still among them. To ask who blocks whom stops everybody's locking for a moment, so it is asked only
# of those that wait.
SESSIONS: Final = """
    WITH waiting AS MATERIALIZED (
        SELECT pid, min(waitstart) AS since
        FROM   pg_locks
        WHERE  NOT granted
        GROUP  BY pid
    )
    SELECT pid,
           application_name                                                         AS application,
           coalesce(usename, '')                                                    AS user,
           coalesce(state, '')                                                      AS state,
           query,
           extract(epoch FROM clock_timestamp() - xact_start)::float8               AS transaction_seconds,
           CASE WHEN state LIKE 'idle in transaction%'
                THEN extract(epoch FROM clock_timestamp() - state_change)::float8
           END                                                                      AS idle_in_transaction_seconds,
           CASE WHEN state = 'active'
                THEN extract(epoch FROM clock_timestamp() - query_start)::float8
           END                                                                      AS query_seconds,
           CASE WHEN waiting.pid IS NOT NULL
                THEN coalesce(extract(epoch FROM clock_timestamp() - waiting.since)::float8, 0)
           END                                                                      AS lock_wait_seconds,
           CASE WHEN waiting.pid IS NOT NULL THEN pg_blocking_pids(pid) ELSE '{}' END AS blocked_by
    FROM   pg_stat_activity LEFT JOIN waiting USING (pid)
    WHERE  backend_type = 'client backend'
    AND    pid <> pg_backend_pid()
    AND    (waiting.pid IS NOT NULL OR xact_start < clock_timestamp() - interval '1 second')
    ORDER  BY row_number() OVER (PARTITION BY waiting.pid IS NULL ORDER BY waiting.since, xact_start),
              waiting.pid IS NULL
    LIMIT  50
"""

SENDERS: Final = """
    SELECT application_name                                      AS application,
           coalesce(state, '')                                   AS state,
           coalesce(sync_state, '')                              AS sync_state,
           pg_wal_lsn_diff(position, sent_lsn)::bigint           AS sent_lag_bytes,
           pg_wal_lsn_diff(position, replay_lsn)::bigint         AS replay_lag_bytes
    FROM   pg_stat_replication,
           (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END
                   AS position) AS here
    ORDER  BY application_name, pid
"""

SLOTS: Final = """
    SELECT slot_name                                             AS name,
           active,
           wal_status,
           pg_wal_lsn_diff(position, restart_lsn)::bigint        AS retained_bytes
    FROM   pg_replication_slots,
           (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END
                   AS position) AS here
    WHERE  NOT temporary
    ORDER  BY slot_name
"""

ARCHIVER: Final = """
    SELECT stats_reset       AS reset_at,
           archived_count    AS archived,
           failed_count      AS failed,
           last_archived_wal,
           last_archived_time AS last_archived_at,
           last_failed_wal,
           last_failed_time  AS last_failed_at
    FROM   pg_stat_archiver
"""

# The largest, should there be very many. To tell a size PostgreSQL locks the relation for a moment, and waits for
# whoever holds or awaits it exclusively: then `$1` is false, and sizes are those that the last VACUUM or ANALYZE saw.
# One that is dropped at that moment has none.
TABLES: Final = """
    SELECT relid::regclass::text                              AS name,
           n_live_tup                                         AS live_rows,
           n_dead_tup                                         AS dead_rows,
           CASE WHEN $1 THEN coalesce(pg_total_relation_size(relid), 0) ELSE block_size * (
                relpages
                + coalesce((SELECT sum(relpages) FROM pg_index JOIN pg_class ON oid = indexrelid
                            WHERE  indrelid = relid), 0)
                + coalesce((SELECT relpages FROM pg_class toast WHERE toast.oid = pg_class.reltoastrelid), 0)
           ) END::bigint                                      AS total_bytes,
           CASE WHEN $1 THEN coalesce(pg_relation_size(relid), 0) ELSE block_size * relpages END AS table_bytes,
           coalesce(seq_scan, 0)                              AS sequential_scans,
           coalesce(seq_tup_read, 0)                          AS sequential_rows,
           coalesce(idx_scan, 0)                              AS index_scans,
           n_tup_ins + n_tup_upd + n_tup_del                  AS rows_written,
           greatest(last_vacuum, last_autovacuum)             AS last_vacuum,
           greatest(last_analyze, last_autoanalyze)           AS last_analyze
    FROM   pg_stat_user_tables
           JOIN pg_class ON pg_class.oid = relid,
           (SELECT current_setting('block_size')::bigint AS block_size) AS server
    ORDER  BY relpages DESC, name
    LIMIT  500
"""

# Asked last: others' positions have been read by then, and a standby that is up to date is seen to be.
POSITION: Final = """
    SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END
"""
