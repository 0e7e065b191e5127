"""Slack, by an incoming webhook: Block Kit, with a plain text for notifications."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from db.control import AlertEventKind, Severity
from jobs.alerts.channels.channel import Told
from jobs.alerts.channels.posting import post
from jobs.alerts.notice import Notice
from jobs.alerts.wording import Wording
from jobs.alerts.wording.wording import one_line

COLOURS = {Severity.CRITICAL: "#c62828", Severity.WARNING: "#ef8f00", Severity.INFO: "#1565c0"}
OVER = "#2e7d32"
# Slack's limits: characters of a header and of a section.
LONGEST_HEADER, LONGEST_SECTION = 150, 3000
# The message stays readable, and below 50 blocks.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Slack:
    name: ClassVar[str] = "slack"
    together: ClassVar[bool] = True
    kinds: ClassVar[frozenset[AlertEventKind]] = frozenset(AlertEventKind)

    # A secret: whoever knows it can write.
    webhook_url: str = field(repr=False)
    wording: Wording = field(default=Wording())
    link: str | None = None

    async def tell(self, notices: Sequence[Notice]) -> Told:
        await post(self.webhook_url, self.message(notices), secret=urlsplit(self.webhook_url).path)
        return Told()

    def message(self, notices: Sequence[Notice]) -> dict[str, Any]:
        headline = self.wording.headline(notices)
        first = notices[0]
        colour = OVER if self.wording.is_over(first) else COLOURS[first.severity]
        return {
            "text": escaped(headline),
            "attachments": [{"color": colour, "blocks": list(self._blocks(headline, notices))}],
        }

    def _blocks(self, headline: str, notices: Sequence[Notice]) -> Sequence[dict[str, Any]]:
        blocks = [_block("header", {"type": "plain_text", "text": one_line(headline, longest=LONGEST_HEADER)})]
        blocks += [_section(self._told(notice)) for notice in notices[:SHOWN]]
        if len(notices) > SHOWN:
            blocks.append(_section(self.wording.label("more", count=len(notices) - SHOWN)))
        if not self.wording.is_over(notices[0]):
            blocks.append(_section(f"*{self.wording.label('action')}*: {escaped(self.wording.action(notices[0]))}"))
        if self.link:
            blocks.append(_section(f"<{self.link}|{self.wording.label('open')}>"))
        return blocks

    def _told(self, notice: Notice) -> str:
        wording = self.wording
        lines = [
            f"*{escaped(wording.subject(notice))}*: {escaped(notice.summary)}",
            f"{escaped(wording.kind(notice))} · {wording.label('since')}: {wording.moment(notice.since)}",
        ]
        if wording.is_over(notice):
            lines.append(f"{wording.label('lasted')}: {wording.span(notice.at - notice.since)}")
        elif amounts := wording.amounts(notice):
            lines.append(f"{wording.label('value')}: {escaped(amounts)}")
        return "\n".join(lines)


def escaped(text: str) -> str:
    """Return a text in which Slack sees no link, channel or person."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, Any]:
    shown = text if len(text) <= LONGEST_SECTION else f"{text[: LONGEST_SECTION - 1]}…"
    return _block("section", {"type": "mrkdwn", "text": shown})


def _block(kind: str, text: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "text": text}
