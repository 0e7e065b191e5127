"""The file that says which sheet becomes which table. What cannot be meant is refused with its line."""

import unicodedata
from collections.abc import Mapping as Dictionary
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from db import transfer
from db.errors import SettingError
from jobs.alerts.marked_yaml import Marked, MarkedError, read

DEFAULT = Path(__file__).with_name("mapping.yaml")
HINT = f"docs/migration.md explains the file; the one that is used without --mapping is {DEFAULT}."
MOST_SHEETS = 50
MOST_NAMES = 20

# What every row needs, and a heading is recognised by.
KEY = "employee_num"


class MappingError(SettingError):
    """The file cannot be meant."""

    def __init__(self, file: Path, line: int | None, reason: str) -> None:
        place = f"{file}, line {line}" if line else str(file)
        super().__init__(f"{place}: {reason}", hint=HINT)


def folded(text: object) -> str:
    """Return a heading, or a sheet's name, as it is compared: of one width, without spaces, in one case."""
    return "".join(unicodedata.normalize("NFKC", str(text)).split()).casefold()


def _text(value: object) -> object:
    """Take 1 and "1" for the same heading."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Heading = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200)]
Headings = Annotated[list[Heading], Field(min_length=1, max_length=MOST_NAMES)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DaysTaken(_Shape):
    first: Heading
    last: Heading


class Sheet(_Shape):
    names: Headings
    table: str
    columns: Annotated[dict[str, Headings], Field(min_length=1)]
    days_taken: DaysTaken | None = None

    def is_called(self, name: str) -> bool:
        return folded(name) in {folded(each) for each in self.names}


class Mapping(_Shape):
    sheets: Annotated[list[Sheet], Field(min_length=1, max_length=MOST_SHEETS)]

    def sheet(self, name: str) -> Sheet | None:
        return next((sheet for sheet in self.sheets if sheet.is_called(name)), None)


def load(file: Path = DEFAULT) -> Mapping:
    """Return what a file says.

    Raises:
        MappingError: it cannot be read, or meant; it names the line and the reason.
    """
    try:
        marked = read(file)
    except MarkedError as error:
        raise MappingError(file, error.line, error.reason) from error
    try:
        mapping = Mapping.model_validate(marked.value or {})
    except ValidationError as error:
        raise _refused(file, marked, error) from error
    _require_known(file, marked, mapping)
    return mapping


def _require_known(file: Path, marked: Marked, mapping: Mapping) -> None:
    tables = {table.name: transfer.writable_columns(table) for table in transfer.TABLES}
    seen: dict[str, str] = {}
    for number, sheet in enumerate(mapping.sheets):
        place = ("sheets", number)
        if sheet.table not in tables:
            raise MappingError(
                file, marked.line((*place, "table")), f"There is no table {sheet.table!r}.{_meant(sheet.table, tables)}"
            )
        for column in sheet.columns:
            if column not in tables[sheet.table]:
                raise MappingError(
                    file,
                    marked.line((*place, "columns", column)),
                    f"{sheet.table} has no column {column!r}.{_meant(column, dict.fromkeys(tables[sheet.table]))}",
                )
        if KEY not in sheet.columns:
            raise MappingError(file, marked.line((*place, "columns")), f"It says nothing of {KEY}, which a row needs.")
        if sheet.days_taken is not None and sheet.table != "employees":
            raise MappingError(
                file, marked.line((*place, "days_taken")), "Days taken stand beside leave accounts: table: employees."
            )
        for name in sheet.names:
            if folded(name) in seen:
                raise MappingError(file, marked.line((*place, "names")), f"The sheet {name!r} is here twice.")
            seen[folded(name)] = name


def _meant(name: str, known: Dictionary[str, object]) -> str:
    like = get_close_matches(name, list(known), n=1)
    return f" Is {like[0]} meant?" if like else f" There are {', '.join(known)}."


def _refused(file: Path, marked: Marked, error: ValidationError) -> MappingError:
    # A key that is misspelled is missing too; where it stands helps more.
    first = min(error.errors(), key=lambda each: (each["type"] == "missing", marked.line(each["loc"]) or 0))
    where = ".".join(str(part) for part in first["loc"])
    what = _in_words(first)
    return MappingError(file, marked.line(first["loc"]), f"{where}: {what}." if where else f"{what}.")


def _in_words(problem: Any) -> str:  # noqa: ANN401 - pydantic's own dictionary
    if problem["type"] == "extra_forbidden":
        return "there is no such key"
    return str(problem["msg"]).removeprefix("Input should be ").rstrip(".")
