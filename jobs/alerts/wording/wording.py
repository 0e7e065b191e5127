"""Puts what is told of an alert into words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from db.control import AlertEventKind, Severity
from jobs.alerts.notice import Notice
from jobs.alerts.wording.amounts import amount

HERE = Path(__file__).parent
# Line breaks of any kind and other control characters: a table may be called anything.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
LONGEST_LINE = 150
# From the mildest to the worst.
ORDER = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)
ENDINGS = (AlertEventKind.RESOLVED,)
NAMED = 3


class Language(StrEnum):
    ENGLISH = "en"
    JAPANESE = "ja"


@cache
def catalogue(language: Language) -> dict[str, Any]:
    """Return all words of a language."""
    return yaml.safe_load((HERE / f"{language.value}.yaml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Wording:
    """One language."""

    language: Language = Language.ENGLISH

    def label(self, name: str, **values: object) -> str:
        return self._words["labels"][name].format(**values)

    def title(self, notice: Notice) -> str:
        return one_line(self._words["rules"].get(notice.rule_key, {}).get("title", notice.title))

    def action(self, notice: Notice) -> str:
        return self._words["rules"].get(notice.rule_key, {}).get("action", notice.action)

    def kind(self, notice: Notice) -> str:
        """Say what happened: that it fired, that it is over."""
        return self._words["kinds"][notice.kind.value].format(by=one_line(notice.acknowledged_by or "?"))

    def severity(self, notice: Notice) -> str:
        return self._words["severities"][notice.severity.value]

    def subject(self, notice: Notice) -> str:
        """Name what it is about, in one line."""
        return one_line(self._words["subjects"].get(notice.subject, notice.subject))

    def headline(self, notices: Sequence[Notice]) -> str:
        """Say all in one line, as the subject of an e-mail: '[CRITICAL] The primary is down (database)'."""
        worst = max(notices, key=lambda each: ORDER.index(each.severity))
        mark = self._words["marks"][worst.kind.value].format(severity=self.severity(worst))
        about = ", ".join(self.subject(each) for each in notices[:NAMED])
        if len(notices) > NAMED:
            about = f"{about}, {self.label('more', count=len(notices) - NAMED)}"
        return one_line(f"[{mark}] {self.title(worst)} ({about})")

    def amounts(self, notice: Notice) -> str:
        """Say the value against the threshold; nothing where there is neither."""
        if not notice.unit:
            return ""
        unit = self._words["units"].get(notice.unit, notice.unit)
        value, threshold = (amount(each, notice.unit, unit) for each in (notice.value, notice.threshold))
        return f"{value} ({self.label('threshold')}: {threshold})"

    def moment(self, moment: datetime) -> str:
        """Say when, in the time of those who read it, with the offset."""
        local = moment.astimezone(ZoneInfo(self._words["zone"]))
        offset = f"{local:%z}"
        return self._words["moment"].format(moment=local, offset=f"{offset[:3]}:{offset[3:5]}")

    def span(self, span: timedelta) -> str:
        """Say how long, in the two largest units."""
        seconds = max(0, round(span.total_seconds()))
        parts = {
            "day": seconds // 86400,
            "hour": seconds // 3600 % 24,
            "minute": seconds // 60 % 60,
            "second": seconds % 60,
        }
        told = [self._words["spans"][unit].format(count) for unit, count in parts.items() if count][:2]
        return " ".join(told) or self._words["spans"]["second"].format(0)

    def is_over(self, notice: Notice) -> bool:
        return notice.kind in ENDINGS

    @property
    def _words(self) -> dict[str, Any]:
        return catalogue(self.language)


def one_line(text: str, *, longest: int = LONGEST_LINE) -> str:
    """Return a text without anything that could end a line, cut where it is longer than a line may be."""
    line = " ".join(CONTROLS.sub(" ", text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
