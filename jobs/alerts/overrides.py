"""The file that YUKYU_ALERT_RULES names: other thresholds for rules, and maintenance windows.

What cannot be meant is refused with its line: a slip is found when a process starts, not when an alert is missing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from db.control import Severity
from db.errors import SettingError
from jobs.alerts.maintenance import DAYS, WEEK, Maintenance, Once, Weekly
from jobs.alerts.marked_yaml import Marked, MarkedError, read
from jobs.alerts.rule import Rule
from jobs.alerts.rulebook import Rulebook

HINT = "docs/alerts.md explains the file, and docs/alert-rules.example.yaml is one."
LONGEST_FOR = timedelta(days=90)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DURATION = re.compile(r"(\d{1,6})([smhd])")
MOST_WINDOWS = 100


class OverridesError(SettingError):
    """The file cannot be meant."""

    def __init__(self, file: Path, line: int | None, reason: str) -> None:
        place = f"{file}, line {line}" if line else str(file)
        super().__init__(f"{place}: {reason}", hint=HINT)


def _duration(value: object) -> timedelta:
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("is written like 90s, 2m, 1h or 7d")
    duration = timedelta(**{UNITS[found[2]]: int(found[1])})
    if duration > LONGEST_FOR:
        raise ValueError(f"is at most {LONGEST_FOR.days}d")
    return duration


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _with_offset(value: time) -> time:
    if value.tzinfo is None:
        raise ValueError("needs an offset, as in 02:00+09:00")
    return value


def _is_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("is a text")  # noqa: TRY004 - what pydantic understands
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Moment = Annotated[AwareDatetime, BeforeValidator(_is_text)]
Clock = Annotated[time, BeforeValidator(_is_text), AfterValidator(_with_offset)]
Day = Annotated[
    Literal["day", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    BeforeValidator(_lower),
]
Name = Annotated[str, Field(min_length=1, max_length=500)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class _Override(_Shape):
    threshold: Annotated[FiniteFloat, Field(strict=True, ge=0, le=1e15)] | None = None
    for_: Duration | None = Field(default=None, alias="for")
    severity: Annotated[Severity, BeforeValidator(_upper)] | None = None
    enabled: Annotated[bool, Field(strict=True)] | None = None

    def applied(self, rule: Rule) -> Rule:
        given = self.model_dump(exclude_none=True)
        return replace(rule, **given)


class _Window(_Shape):
    begin: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    every: Day | list[Day] | None = None
    at: Clock | None = None
    for_: Duration | None = Field(default=None, alias="for")
    rules: list[Name] = Field(default_factory=list[str], max_length=100)
    subjects: list[Name] = Field(default_factory=list[str], max_length=100)
    reason: Annotated[str, Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        once = self.begin is not None and self.end is not None
        weekly = self.every is not None and self.at is not None and self.for_ is not None
        any_once, any_weekly = any((self.begin, self.end)), any((self.every, self.at, self.for_ is not None))
        if not ((once and not any_weekly) or (weekly and not any_once)):
            raise ValueError("has either `from` and `to`, or `every`, `at` and `for`")
        if self.begin is not None and self.end is not None and self.begin >= self.end:
            raise ValueError("`to` comes after `from`")
        if self.for_ is not None and not timedelta(0) < self.for_ < WEEK:
            raise ValueError("`for` of a window is more than nothing and less than a week")
        return self

    def window(self) -> Maintenance:
        names = frozenset(self.rules), frozenset(self.subjects)
        if self.begin is not None and self.end is not None:
            return Maintenance(Once(self.begin, self.end), self.reason, *names)
        assert self.at is not None  # noqa: S101 - the model has seen to it
        assert self.for_ is not None  # noqa: S101 - the same
        every = self.every if isinstance(self.every, list) else [str(self.every)]
        days = range(len(DAYS)) if "day" in every else map(DAYS.index, every)
        return Maintenance(Weekly(frozenset(days), self.at, self.for_), self.reason, *names)


class _File(_Shape):
    rules: dict[str, _Override] = Field(default_factory=dict[str, _Override])
    maintenance: list[_Window] = Field(default_factory=list[_Window], max_length=MOST_WINDOWS)


def load(file: Path, rules: Sequence[Rule]) -> Rulebook:
    """Return the rules as the file has them, with its maintenance windows.

    Raises:
        OverridesError: it cannot be read, or meant; it names the line and the reason.
    """
    try:
        marked = read(file)
    except MarkedError as error:
        raise OverridesError(file, error.line, error.reason) from error
    try:
        found = _File.model_validate(marked.value or {})
    except ValidationError as error:
        raise _refused(file, marked, error) from error
    _require_known(file, marked, found, {rule.key for rule in rules})
    return Rulebook(
        rules=[found.rules[rule.key].applied(rule) if rule.key in found.rules else rule for rule in rules],
        maintenance=tuple(window.window() for window in found.maintenance),
    )


def _require_known(file: Path, marked: Marked, found: _File, known: Iterable[str]) -> None:
    named: list[tuple[tuple[str | int, ...], str]] = [(("rules", key), key) for key in found.rules]
    for number, window in enumerate(found.maintenance):
        named += [(("maintenance", number, "rules", place), key) for place, key in enumerate(window.rules)]
    for path, key in named:
        if key not in known:
            like = get_close_matches(key, list(known), n=1)
            meant = f" Is {like[0]} meant?" if like else " `yukyu alerts rules` lists them."
            raise OverridesError(file, marked.line(path), f"There is no rule {key[:80]!r}.{meant}")


def _refused(file: Path, marked: Marked, error: ValidationError) -> OverridesError:
    first = min(error.errors(), key=lambda each: marked.line(each["loc"]) or 0)
    path = tuple(part for part in first["loc"] if not str(part).startswith(("literal", "list[")))
    where = ".".join(str(part) for part in path)
    return OverridesError(file, marked.line(path), f"{where}: {_in_words(first)}." if where else f"{_in_words(first)}.")


def _in_words(problem: Mapping[str, Any]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return "there is no such key"
        case "value_error":
            return str(problem["ctx"]["error"])
        case _:
            return str(problem["msg"]).removeprefix("Input should be ").rstrip(".")
