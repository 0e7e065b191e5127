"""Every rule there is. A new one: one constant in one of these modules, and its name in the module's `RULES`."""

from collections.abc import Sequence

from jobs.alerts.rule import Rule
from jobs.alerts.rules import (
    backups,
    baselines,
    connections,
    indexes,
    load,
    replication,
    room,
    servers,
    tables,
)

# Those that explain others come first, and are told first.
RULES: Sequence[Rule] = (
    *servers.RULES,
    *replication.RULES,
    *connections.RULES,
    *load.RULES,
    *tables.RULES,
    *indexes.RULES,
    *room.RULES,
    *backups.RULES,
    *baselines.RULES,
)
