"""Workbooks as offices keep them, and files that only look like one."""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from jobs.data import workbook
from jobs.data.legacy import Manner, NotReadableError, import_source
from jobs.data.legacy.reading import readings
from jobs.data.legacy.report import ImportReport
from jobs.data.legacy.secrets import Unsealer
from jobs.data.workbook.days import read_day_taken
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import rows_of

# As Excel has moments: without a zone.
APRIL, MAY = datetime(2025, 4, 1), datetime(2025, 5, 1)  # noqa: DTZ001 - see above
GONE = ["退社", 200806, 0, "#N/A", "二", None, "#REF!", 0, "R2.4.1", None]
STAFF = [["№", "社員№", "事務所", "氏名", "建物名", "〒"], ["在職中", 1, "名古屋", "VU THI SAU", 0, "460-0001"]]
GENZAI = ["現在", "社員№", "派遣先ID", "派遣先", "氏 名", "カナ", "生年月日", "時給", "入社日", "備考"]
LEDGER = ["社員№", "氏名", "派遣先", "有給発生", "付与数", "消化日数", "期末残高", "時効数", 1, 2, 3]
PERSON = [
    "在職中",
    200805,
    "0",
    "株式会社三河製作所",
    "山田　太郎",
    "ﾔﾏﾀﾞ ﾀﾛｳ",
    32394,
    "1,300",
    APRIL,
    "x",
]


def saved(path: Path, sheets: dict[str, Sequence[Sequence[Any]]], *, hidden: Sequence[str] = ()) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if name in hidden:
            sheet.sheet_state = "hidden"
    if len(hidden) == len(sheets):
        book.create_sheet("表紙")
    book.save(path)
    return path


def read(file: Path, *sheets: str) -> tuple[ImportReport, dict[str, list[dict[str, Any]]]]:
    with workbook.opened(file, workbook.load(), sheets) as source:
        report, tables = readings(source, Unsealer(None))
        found = {
            each.table.name: [dict(zip(("row", *each.columns), row, strict=True)) for row in each.rows()]
            for each in tables
        }
        return report, found


async def test_the_employee_ledger_comes_in_by_its_hidden_sheets(database: Database, tmp_path: Path) -> None:
    file = saved(
        tmp_path / "社員台帳.xlsx",
        {
            "DBGenzaiX": [GENZAI, PERSON, [None] * 10, GONE],
            "DBStaffX": STAFF,
        },
        hidden=["DBGenzaiX", "DBStaffX"],
    )  # fmt: skip
    with workbook.opened(file, workbook.load()) as source:
        report = await import_source(database.primary_url, source, "workbook", Manner(rejects=tmp_path / "rejects"))

    (row,) = await rows_of(database.primary_url, "SELECT * FROM genzai")
    expected = {
        "id": "genzai_200805", "employee_num": "200805", "dispatch_id": None, "dispatch_name": "株式会社三河製作所",
        "name": "山田　太郎", "kana": "ﾔﾏﾀﾞ ﾀﾛｳ", "birth_date": "1988-09-08", "hourly_wage": "1300",
        "hire_date": date(2025, 4, 1),
    }  # fmt: skip
    assert row | expected == row
    assert await rows_of(database.primary_url, "SELECT id, building, postal_code FROM staff") == [
        {"id": "staff_1", "building": None, "postal_code": "460-0001"}
    ]
    (problem,) = report.tables["genzai"].rejects
    assert problem.place == "DBGenzaiX row 4"
    assert problem.sentence == "birth_date is what a spreadsheet shows of a formula that failed: #REF!"
    assert report.tables["genzai"].unknown_columns == ["備考"]


def test_the_leave_ledger_is_accounts_and_the_days_taken_beside_them(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "作業者データ　有給"
    sheet.append(["有給休暇管理台帳"])
    sheet.append(["社員№", "氏名", "派遣先", "有給", None, None, None, None, "取得日", None, None])
    sheet.append([None, None, None, "有給発生", "付与数", "消化日数", "期末残高", "時効数", 1, 2, 3])
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("D2:H2")
    days = [MAY, "2025/5/2 半", "R7.5.3(2h)"]
    sheet.append([7, "七", "三河", APRIL, 10, "２.5", 7.5, 0, *days])
    sheet.append(["社員№", "氏名", "派遣先", "有給発生"])  # the headings of the next printed page
    sheet.append([8, "八", "三河", "2025年10月1日", 10, 0, 10, 0, "病欠", None, 0])
    book.save(tmp_path / "ledger.xlsx")

    report, tables = read(tmp_path / "ledger.xlsx", "作業者データ　有給")

    assert [(row["id"], row["year"], row["used"]) for row in tables["employees"]] == [
        ("7_2025", 2025, Decimal("2.500")),
        ("8_2025", 2025, Decimal(0)),
    ]
    assert [(row["use_date"], row["days_used"]) for row in tables["yukyu_usage_details"]] == [
        (date(2025, 5, 1), Decimal(1)),
        (date(2025, 5, 2), Decimal("0.5")),
        (date(2025, 5, 3), Decimal("0.25")),
    ]
    (problem,) = report.tables["yukyu_usage_details"].rejects
    assert (problem.place, problem.reason) == ("作業者データ　有給 row 6 column I", "is not a date")


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        ("2025/4/1", ("2025/4/1", 1)),
        ("2025/4/1 午前", ("2025/4/1", Decimal("0.5"))),
        ("２０２５年４月１日(半休)", ("2025年4月1日", Decimal("0.5"))),
        ("R7.4.1 3時間休", ("R7.4.1", Decimal("0.375"))),
        ("2025/4/1(火)", ("2025/4/1", 1)),
        ("2025/4/1～4/3", ("2025/4/1～4/3", 1)),
        ("2025/4/1 病欠", ("2025/4/1 病欠", 1)),
        (45748, (45748, 1)),
    ],
)
def test_a_day_taken_is_understood_as_a_whole_or_left_for_the_report(cell: object, meaning: object) -> None:
    assert read_day_taken(cell) == meaning


def bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/a.xml", "w", force_zip64=True) as stream,
    ):
        for _ in range(520):
            stream.write(bytes(1024**2))


def laughing(path: Path) -> None:
    """A workbook whose one sheet is a few lines that stand for a thousand million."""
    plain = io.BytesIO()
    book = Workbook()
    book.worksheets[0].title = "DBGenzaiX"
    book.worksheets[0].append(["社員№"])
    book.save(plain)
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name).decode()
            if name == "xl/worksheets/sheet1.xml":
                content = f"<!DOCTYPE w [{entities}]>" + re.sub(
                    r"<sheetData>.*</sheetData>",
                    "<sheetData><row><c t='inlineStr'><is><t>&a9;</t></is></c></row></sheetData>",
                    content,
                )
            new.writestr(name, content)


def formulas(path: Path) -> None:
    saved(path, {"DBGenzaiX": [["社員№", "氏名"], ["=1+1", "=A2"]]})


NO_WORKBOOKS = [
    (lambda path: path.write_bytes(b""), "is not an Excel workbook"),
    (lambda path: path.write_bytes(b"PK\x03\x04 and no more"), "is damaged"),
    (lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), r"is an old .xls workbook, or one protected"),
    (bomb, "unpacks to more than 512 MiB"),
    (laughing, "is damaged"),
    (formulas, "has formulas in the sheet DBGenzaiX that were never worked out"),
    (lambda path: saved(path, {"Sheet1": [["a"]]}), "has no sheet that the mapping knows, but Sheet1"),
    (lambda path: saved(path, {"DBGenzaiX": [["氏名"], ["一"]]}), "has no heading for the employee's number"),
    (lambda path: saved(path, {"DBGenzaiX": [["社員№"]] + [[n] for n in range(3)], "x": []}), None),
]


@pytest.mark.parametrize(("make", "sentence"), NO_WORKBOOKS)
def test_what_is_no_good_workbook_is_refused_with_its_reason(tmp_path: Path, make: Any, sentence: str | None) -> None:
    make(tmp_path / "book.xlsx")

    if sentence is None:
        assert read(tmp_path / "book.xlsx")[0].tables["genzai"].rejected == 2  # without names; a row of 0 is no row
        return
    with pytest.raises(NotReadableError, match=sentence):
        read(tmp_path / "book.xlsx")


def test_sheets_that_are_not_there_or_not_known_are_refused(tmp_path: Path) -> None:
    file = saved(tmp_path / "book.xlsx", {"DBGenzaiX": [GENZAI], "songs": [["a"]]})

    with pytest.raises(NotReadableError, match="has no sheet DBUkeoiX, but DBGenzaiX, songs"):
        read(file, "DBUkeoiX")
    with pytest.raises(NotReadableError, match="which the mapping says nothing of"):
        read(file, "songs")


A = "sheets:\n  - names: [A]\n    table: genzai\n"
SLIPS = [
    ("sheets: []\n", "line 1: sheets: List should have at least 1 item"),
    (A + "    colums: {}\n", "line 4: sheets.0.colums: there is no such key"),
    (A.replace("genzai", "gensai") + "    columns: {name: [x]}\n", "line 3: There is no table 'gensai'. Is genzai"),
    (
        A + "    columns:\n      employee_num: [№]\n      nam: [氏名]\n",
        "line 6: genzai has no column 'nam'. Is name meant?",
    ),
    (A + "    columns:\n      name: [x]\n", "line 4: It says nothing of employee_num"),
    ("sheets: &a\n  - *a\n", "Aliases are not understood"),
    ("{", "It is not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), SLIPS)
def test_a_slip_in_the_mapping_is_refused_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(text, "utf-8")

    with pytest.raises(workbook.MappingError, match=re.escape(sentence)):
        workbook.load(file)
