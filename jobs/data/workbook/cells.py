"""The one place that knows openpyxl: a workbook's sheets as rows of plain values."""

import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile
from zlib import error as zlib_error

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from jobs.data.sources import NotReadableError

MOST_COLUMNS = 300
# Rows that are not empty.
MOST_ROWS = 200_000

Cells = tuple[Any, ...]

# What openpyxl lets through of a part that is missing, or says what no workbook would.
_UNUSABLE = (
    InvalidFileException, BadZipFile, ParseError, zlib_error, KeyError, ValueError, TypeError, IndexError,
    AttributeError, EOFError, OSError, OverflowError, RecursionError, NotImplementedError, AssertionError,
)  # fmt: skip


class Workbook:
    def __init__(self, file: Path, results: Any, formulas: Any) -> None:  # noqa: ANN401 - openpyxl has no types
        self._file = file
        self._results = results
        self._formulas = formulas

    @property
    def sheets(self) -> list[str]:
        """The sheets' names, those of hidden ones too."""
        return [sheet.title for sheet in self._results.worksheets]

    def rows(self, sheet: str) -> Iterator[tuple[int, Cells]]:
        """Yield the rows that are not empty, hidden ones too, with their numbers from 1; of formulas, the results."""
        seen = 0
        for number, cells in self._read(self._results, sheet):
            if any(cell is not None and cell != "" for cell in cells):
                seen += 1
                if seen > MOST_ROWS:
                    raise NotReadableError(self._file, f"has more than {MOST_ROWS:,} rows in the sheet {sheet}")
                yield number, cells

    def lacks_results(self, sheet: str) -> bool:
        """Return whether the sheet has formulas, none of which was ever worked out."""
        formulas = False
        for (_, written), (_, worked_out) in zip(
            self._read(self._formulas, sheet), self._read(self._results, sheet), strict=False
        ):
            for text, result in zip(written, worked_out, strict=False):
                if _is_formula(text):
                    formulas = True
                    if result is not None:
                        return False
        return formulas

    def _read(self, workbook: Any, sheet: str) -> Iterator[tuple[int, Cells]]:  # noqa: ANN401 - openpyxl has no types
        try:
            found = workbook[sheet]
            found.reset_dimensions()  # what a sheet says of its own size is often wrong
            yield from enumerate(found.iter_rows(max_col=MOST_COLUMNS, values_only=True), start=1)
        except _UNUSABLE as error:
            raise _damaged(self._file, error) from error


def _is_formula(value: object) -> bool:
    return (isinstance(value, str) and value.startswith("=")) or type(value).__name__ in {
        "ArrayFormula",
        "DataTableFormula",
    }


@contextmanager
def opened(file: Path) -> Generator[Workbook]:
    """Open a workbook for reading; nothing of it is carried out.

    Raises:
        NotReadableError: it is damaged.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts that are of no interest here: drop-down lists, print settings
        try:
            results = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            formulas = load_workbook(file, read_only=True, keep_links=False)
        except _UNUSABLE as error:
            raise _damaged(file, error) from error
        with closing(results), closing(formulas):
            yield Workbook(file, results, formulas)


def _damaged(file: Path, error: BaseException) -> NotReadableError:
    return NotReadableError(
        file, f"is damaged, or no workbook that Excel would open: {error}", hint="Open it in Excel and save it again."
    )
