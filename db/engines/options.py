from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Sizes, times and limits of the engines; the entry points fill it in from the settings.

    Sizes are connections per process and node. `patience` is how long a read goes on trying while a node hangs or
    starts. `max_lag` and `max_lag_bytes` are how far behind a replica may be and still answer; it comes back once it
    is within half of that. `probes_to_leave` is how many bad probes in a row take a node out of service, so that one
    slow answer does not.
    """

    application_name: str = "yukyu"
    read_connections: int = 10
    write_connections: int = 5
    idle_connection_lifetime: timedelta = timedelta(hours=1)

    connect_timeout: timedelta = timedelta(seconds=2)
    acquire_timeout: timedelta = timedelta(seconds=2)
    statement_timeout: timedelta = timedelta(seconds=15)
    patience: timedelta = timedelta(seconds=4)

    freshness_wait: timedelta = timedelta(milliseconds=100)

    probe_interval: timedelta = timedelta(seconds=1)
    probe_timeout: timedelta = timedelta(seconds=1)
    probes_to_leave: int = 2
    max_lag: timedelta = timedelta(seconds=30)
    max_lag_bytes: int = 64 * 1024 * 1024
