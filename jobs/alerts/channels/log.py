"""The log: always there, and the last to be read where nothing else is configured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import structlog

from db.control import AlertEventKind
from jobs.alerts.channels.channel import Told
from jobs.alerts.notice import Notice

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Log:
    name: ClassVar[str] = "log"
    together: ClassVar[bool] = False
    kinds: ClassVar[frozenset[AlertEventKind]] = frozenset(AlertEventKind)

    async def tell(self, notices: Sequence[Notice]) -> Told:
        for notice in notices:
            log.warning(
                "alert",
                kind=notice.kind.value,
                severity=notice.severity.value,
                rule=notice.rule_key,
                subject=notice.subject,
                summary=notice.summary,
                value=notice.value,
                threshold=notice.threshold,
                unit=notice.unit,
                since=notice.since.isoformat(),
                alert=notice.alert_id,
            )
        return Told()
