"""PagerDuty, by its Events API v2: an alert triggers an incident, which is acknowledged and resolved with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from socket import gethostname
from typing import Any, ClassVar

from db.control import AlertEventKind
from jobs.alerts.channels.channel import Told
from jobs.alerts.channels.posting import post
from jobs.alerts.notice import Notice
from jobs.alerts.wording import Wording

URL = "https://events.pagerduty.com/v2/enqueue"
# A repeated trigger of an open incident is noted there and calls nobody again.
ACTIONS = {
    AlertEventKind.FIRED: "trigger",
    AlertEventKind.REPEATED: "trigger",
    AlertEventKind.ACKNOWLEDGED: "acknowledge",
    AlertEventKind.RESOLVED: "resolve",
}
LONGEST_SUMMARY = 1024
CLIENT = "YuKyuDATA"


@dataclass(frozen=True, slots=True)
class PagerDuty:
    name: ClassVar[str] = "pagerduty"
    together: ClassVar[bool] = False
    kinds: ClassVar[frozenset[AlertEventKind]] = frozenset(ACTIONS)

    routing_key: str = field(repr=False)
    url: str = URL
    wording: Wording = field(default=Wording())
    link: str | None = None

    async def tell(self, notices: Sequence[Notice]) -> Told:
        for notice in notices:
            await post(self.url, self.event(notice), secret=self.routing_key)
        return Told()

    def event(self, notice: Notice) -> dict[str, Any]:
        action = ACTIONS[notice.kind]
        event: dict[str, Any] = {
            "routing_key": self.routing_key,
            "event_action": action,
            "dedup_key": notice.fingerprint,
        }
        if action == "trigger":
            event |= {"payload": self._payload(notice), "client": CLIENT}
            if self.link:
                event |= {"client_url": self.link, "links": [{"href": self.link, "text": self.wording.label("open")}]}
        return event

    def _payload(self, notice: Notice) -> dict[str, Any]:
        return {
            "summary": f"{self.wording.title(notice)} ({self.wording.subject(notice)})"[:LONGEST_SUMMARY],
            "source": self.link or gethostname(),
            "severity": notice.severity.value.lower(),
            "timestamp": notice.since.isoformat(),
            "component": self.wording.subject(notice),
            "group": notice.rule_key,
            "class": notice.rule_key,
            "custom_details": {
                "summary": notice.summary,
                "value": self.wording.amounts(notice) or None,
                "action": self.wording.action(notice),
            },
        }
