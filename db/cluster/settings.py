"""The text of postgresql.conf and pg_hba.conf: what suits a small office's server."""

from collections.abc import Mapping
from pathlib import Path

import psutil

from db.cluster.desired import ServerSpec

MEBIBYTE = 1024 * 1024

HEADER = "# Written by YuKyuDATA at every start. Settings of your own go in the file that is included last.\n"

FIXED = {
    # Connections: scram only, and nobody who has gone away stays.
    "unix_socket_directories": "",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "tcp_keepalives_idle": "60",
    "idle_in_transaction_session_timeout": "5min",
    # Replication. A replica that is away may hold this much WAL back, and is cloned anew if it needs more.
    "wal_level": "replica",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "max_slot_wal_keep_size": "4GB",
    "hot_standby": "on",
    "hot_standby_feedback": "on",
    "wal_retrieve_retry_interval": "1s",
    "wal_receiver_status_interval": "1s",
    "wal_sender_timeout": "30s",
    "wal_receiver_timeout": "30s",
    # Writing.
    "wal_compression": "on",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",
    # Planning: small queries on solid-state disks.
    "random_page_cost": "1.1",
    "jit": "off",
    "work_mem": "8MB",
    # Knowing what goes on.
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "5000",
    "track_io_timing": "on",
    "logging_collector": "on",
    "log_filename": "%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_min_duration_statement": "1s",
    "log_checkpoints": "on",
    "log_lock_waits": "on",
    "log_temp_files": "16MB",
    "log_autovacuum_min_duration": "10s",
    # The same everywhere, whatever the machine is set to.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "iso, ymd",
    "lc_messages": "C",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "default_text_search_config": "pg_catalog.simple",
}


def for_memory(total_bytes: int) -> dict[str, str]:
    """Return the sizes that depend on the machine; two servers and the application share it."""
    total = total_bytes // MEBIBYTE
    return {
        "shared_buffers": f"{_within(64, total // 8, 1024)}MB",
        "effective_cache_size": f"{_within(128, total // 2, 16384)}MB",
        "maintenance_work_mem": f"{_within(32, total // 32, 256)}MB",
    }


def machine_memory() -> int:
    """Return the bytes of memory this process may use: the container's limit where there is one."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def postgresql_conf(spec: ServerSpec, *, name: str, logs: Path, own: Path, following: Mapping[str, str]) -> str:
    settings = {
        "cluster_name": name,
        "listen_addresses": spec.listen,
        "port": str(spec.port),
        **FIXED,
        **for_memory(machine_memory()),
        "log_directory": str(logs),
        **following,
        **spec.settings,
    }
    lines = [f"{key} = {quoted(value)}\n" for key, value in settings.items()]
    return HEADER + "".join(lines) + f"include {quoted(str(own))}\n"


def pg_hba_conf(spec: ServerSpec) -> str:
    lines = ["local all all scram-sha-256\n", "local replication all scram-sha-256\n"]
    for network in spec.networks:
        lines += [f"host all all {network} scram-sha-256\n", f"host replication all {network} scram-sha-256\n"]
    return HEADER.splitlines()[0].split(" Settings")[0] + "\n" + "".join(lines)


def conninfo(parameters: Mapping[str, object]) -> str:
    """Return libpq's keyword/value form."""
    return " ".join(f"{key}={_conninfo_value(str(value))}" for key, value in parameters.items())


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _conninfo_value(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _within(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))
