"""What old rows leave out, worked out from the rest of the row, the same way every time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from jobs.data.values.dates import JAPAN

Values = Mapping[str, Any]
Filler = Callable[[Values], Any]

# A moment that nobody noted: the same in every import, older than any that was.
UNKNOWN_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)

_NAMESPACE = UUID("6f2b9f0e-6b0b-5c57-9a51-0f6d7f1f2c11")


@dataclass(frozen=True)
class Gaps:
    """How to fill columns of one table.

    `derived` follow from other columns, and follow them again in the next import. `assumed` stand for
    what is not known: a row that is there already keeps what it has when the file lacks the column.
    """

    derived: Mapping[str, Filler] = field(default_factory=dict[str, Filler])
    assumed: Mapping[str, Filler] = field(default_factory=dict[str, Filler])


def _joined(*columns: str) -> Filler:
    """Return a filler that joins what the columns hold, when all of them hold something."""

    def fill(values: Values) -> str | None:
        parts = [values.get(column) for column in columns]
        return None if None in parts else "_".join(str(part) for part in parts)

    return fill


def _prefixed(prefix: str) -> Filler:
    return lambda values: f"{prefix}_{values['employee_num']}" if values.get("employee_num") else None


def _request_id(values: Values) -> str:
    """Return an id for a request that has none, from what does not change when it is answered."""
    asked = [values.get(column) for column in ("employee_num", "start_date", "end_date", "leave_type", "requested_at")]
    return str(uuid5(_NAMESPACE, json.dumps(asked, default=str)))


def _of_date(column: str, part: str) -> Filler:
    def fill(values: Values) -> int | None:
        day = values.get(column)
        return getattr(day, part) if isinstance(day, date) else None

    return fill


def _asked_at(values: Values) -> datetime | None:
    """Return when a request was entered, or else the day it is about."""
    start = values.get("start_date")
    known = values.get("requested_at") or values.get("created_at")
    return known or (datetime(start.year, start.month, start.day, tzinfo=JAPAN) if start else None)


def _unknown(_values: Values) -> datetime:
    return UNKNOWN_MOMENT


_TOUCHED: Mapping[str, Filler] = {"last_updated": _unknown}

GAPS: Mapping[str, Gaps] = {
    "employees": Gaps({"id": _joined("employee_num", "year")}, _TOUCHED),
    "genzai": Gaps({"id": _prefixed("genzai")}, _TOUCHED),
    "ukeoi": Gaps({"id": _prefixed("ukeoi")}, _TOUCHED),
    "staff": Gaps({"id": _prefixed("staff")}, _TOUCHED),
    "yukyu_usage_details": Gaps(
        {
            "id": _joined("employee_num", "use_date"),
            "year": _of_date("use_date", "year"),
            "month": _of_date("use_date", "month"),
        },
        _TOUCHED,
    ),
    "leave_requests": Gaps(
        {"id": _request_id, "year": _of_date("start_date", "year")},
        {"status": lambda _values: "PENDING", "requested_at": _asked_at, "created_at": _asked_at},
    ),
}
