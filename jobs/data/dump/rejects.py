"""Writes rows that could not be taken as they stand in their source, to be mended and imported."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from jobs.data.dump.manifest import Kind, Manifest, Part
from jobs.data.dump.reading import REMARK
from jobs.data.dump.values import encoded
from jobs.data.dump.writing import TableFile, make_directory
from jobs.data.legacy.reading import TableReading
from jobs.data.legacy.report import Problem

ROW, REASONS = f"{REMARK}row", f"{REMARK}reasons"


def write(directory: Path, source: Path, readings: Sequence[TableReading], *, now: datetime) -> None:
    """Write the rejected rows of each table, with their reasons, in the format that `yukyu data import` reads.

    Raises:
        BadInputError: the directory is not empty, or cannot be written to.
    """
    make_directory(directory)
    parts = {each.table.name: _write_table(directory, each) for each in readings if each.report.rejects}
    Manifest(kind=Kind.REJECTS, made_at=now, source=source.name, tables=parts).write(directory)


def _write_table(directory: Path, reading: TableReading) -> Part:
    reasons: defaultdict[int, list[Problem]] = defaultdict(list)
    for problem in reading.report.rejects:
        reasons[problem.row].append(problem)
    file: TableFile | None = None
    for number, raw in reading.raw(reasons.__contains__):
        file = file or TableFile(directory, reading.table.name, list(raw))
        values = {column: encoded(value) for column, value in raw.items()}
        file.add(values | {ROW: number, REASONS: [problem.sentence for problem in reasons[number]]})
    assert file is not None  # noqa: S101 - there are rejects, and the source has not changed
    return file.close()
