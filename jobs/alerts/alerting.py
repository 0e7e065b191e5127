"""Who is told of alerts."""

from dataclasses import dataclass
from typing import Final

from jobs.alerts.channels.channel import Channel
from jobs.alerts.channels.log import Log

# Every channel there is, and what configures it.
KNOWN: Final = {
    "log": "nothing",
    "email": "YUKYU_SMTP_HOST, YUKYU_ALERT_EMAIL_FROM and YUKYU_ALERT_EMAIL_TO",
    "slack": "YUKYU_SLACK_WEBHOOK_URL",
    "pagerduty": "YUKYU_PAGERDUTY_ROUTING_KEY",
}


@dataclass(frozen=True)
class Alerting:
    """The channels that are configured."""

    told: tuple[Channel, ...] = (Log(),)

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(channel.name for channel in self.told)

    def channel(self, name: str) -> Channel | None:
        return next((channel for channel in self.told if channel.name == name), None)
