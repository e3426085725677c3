"""Tables for spreadsheets, in which no cell is a formula: CSV line by line, XLSX as a file."""

from __future__ import annotations

import math
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

# A spreadsheet takes a cell that begins with one of these for a formula, and runs it (OWASP, ASVS
# 1.2.10): also full-width, and after spaces, quotes and characters that nobody sees.
_FORMULA = re.compile(
    r"[\t\r\n]|[\s\"'`\x00-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff]*"
    r"[=+\-@|%\uff1d\uff0b\uff0d\uff20\uff5c\uff05\u2212\ufe62\ufe63\ufe66\ufe6b]"
)
# A number in the form of text is no more than a number.
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
# Spreadsheets of many countries part by semicolons, whatever the file says: quotes stop them, too.
_QUOTED = re.compile(r"[\",;\t|\r\n]|^\s|\s$")
BYTE_ORDER_MARK = "\ufeff"


def safe(cell: Any) -> Any:
    """The cell as it may stand in a CSV: text that could be a formula gets an apostrophe."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _written(cell: Any) -> str:
    """A cell of a CSV file (RFC 4180). None and what is no number are empty."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    text = str(safe(cell)).replace("\0", "")
    text = text.encode("utf-8", "replace").decode()
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A CSV file (RFC 4180) in pieces, for a streamed answer; None is an empty cell.

    Begins with a byte order mark, without which spreadsheets take UTF-8 for something else.
    """
    yield BYTE_ORDER_MARK + ",".join(map(_written, header)) + "\r\n"
    for row in rows:
        yield ",".join(map(_written, row)) + "\r\n"


# --- XLSX -------------------------------------------------------------------------------------

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a sheet holds below its header, and what a cell and the name of a sheet hold.
MOST_ROWS = 1_048_575
MOST_CHARACTERS = 32_767
MOST_OF_A_NAME = 31
# A spreadsheet counts in doubles: longer numbers would lose digits, and stay text.
_MOST_EXACT = 10**15
_FIRST_DAY = date(1900, 3, 1)  # before it spreadsheets know a day that never was
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


class TooManyRows(Exception):
    """The rows do not fit into one sheet; a CSV file holds any number."""


def sheet_name(wanted: str, taken: Iterable[str] = ()) -> str:
    """A name that a sheet may have: legal, short, and none of those taken, whatever their case."""
    plain = _ILLEGAL.sub("", _NOT_IN_NAMES.sub(" ", wanted)).strip().strip("'").strip()
    plain = plain[:MOST_OF_A_NAME] or "Sheet"
    used = {name.casefold() for name in taken} | {"history"}  # Excel keeps that one for itself
    name, number = plain, 2
    while name.casefold() in used:
        end = f" {number}"
        name, number = plain[: MOST_OF_A_NAME - len(end)] + end, number + 1
    return name


def _put(sheet: Any, formats: dict[str, Any], row: int, column: int, cell: Any) -> None:
    """Write one cell as what it is; text is never a formula, an address, or a number."""
    if cell is None or (isinstance(cell, float | Decimal) and not math.isfinite(cell)):
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float | Decimal) and -_MOST_EXACT < cell < _MOST_EXACT:
        sheet.write_number(row, column, cell)
    elif isinstance(cell, datetime) and cell.date() >= _FIRST_DAY:
        sheet.write_datetime(row, column, cell.replace(tzinfo=None), formats["moment"])
    elif isinstance(cell, date) and not isinstance(cell, datetime) and cell >= _FIRST_DAY:
        sheet.write_datetime(row, column, cell, formats["day"])
    else:
        lines = str(cell).replace("\r\n", "\n").replace("\r", "\n")
        sheet.write_string(row, column, _ILLEGAL.sub("", lines)[:MOST_CHARACTERS])


Sheet = tuple[str, Sequence[str], Iterable[Sequence[Any]]]


def xlsx_file(sheets: Iterable[Sheet]) -> IO[bytes]:
    """A workbook of sheets (name, header, rows) as an open file that is gone once it is closed.

    Takes the memory of a row, however many there are; a moment keeps the clock it came with.
    Raises `TooManyRows`.
    """
    import xlsxwriter  # only those who ask for a sheet wait for it

    file = tempfile.TemporaryFile()  # noqa: SIM115  the reader closes it
    try:
        with xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": False}) as book:
            formats = {
                "head": book.add_format({"bold": True}),
                "day": book.add_format({"num_format": "yyyy-mm-dd"}),
                "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            }
            names: list[str] = []
            for wanted, header, rows in sheets:
                names.append(sheet_name(wanted, names))
                _fill(book.add_worksheet(names[-1]), formats, header, rows)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _fill(
    sheet: Any, formats: dict[str, Any], header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(header):
        sheet.write_string(0, column, _ILLEGAL.sub("", title)[:MOST_CHARACTERS], formats["head"])
        sheet.set_column(column, column, min(max(len(title) + 2, 10), 40))
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise TooManyRows
        for column, cell in enumerate(row):
            _put(sheet, formats, number, column, cell)


def pieces_of(file: IO[bytes], size: int = 64 * 1024) -> Iterator[bytes]:
    """The file piece by piece, for a streamed answer; closes it."""
    with file:
        while piece := file.read(size):
            yield piece


# --- Names of files ---------------------------------------------------------------------------

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_NOT_IN_FILES = re.compile(r"[/\\:*?\"<>|\s]+")
MOST_OF_A_FILE_NAME = 100  # bytes, far below what any file system takes


def file_name(wanted: str, ending: str) -> str:
    """A name under which anybody can save a file: `file_name("Ünits/May", "csv")`."""
    visible = "".join(
        " " if unicodedata.category(char)[0] == "C" else char
        for char in unicodedata.normalize("NFC", wanted)
    )
    plain = _NOT_IN_FILES.sub("-", visible).strip("-. ")
    plain = plain.encode()[:MOST_OF_A_FILE_NAME].decode(errors="ignore").strip("-. ") or "file"
    return f"_{plain}.{ending}" if _RESERVED.fullmatch(plain) else f"{plain}.{ending}"
