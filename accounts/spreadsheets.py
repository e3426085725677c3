"""Tables for spreadsheets, in which no cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# A spreadsheet takes a cell that begins with one of these for a formula, and runs it (OWASP).
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
BYTE_ORDER_MARK = "\ufeff"


def safe(cell: Any) -> Any:
    """The cell as it may stand in a sheet: text that looks like a formula gets an apostrophe."""
    if isinstance(cell, str) and cell.startswith(_BEGINS_FORMULA):
        return f"'{cell}"
    return cell


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A CSV file (RFC 4180) in pieces, for a streamed answer; None is an empty cell.

    Begins with a byte order mark, without which spreadsheets take UTF-8 for something else.
    """
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow([safe(cell) for cell in header])
    yield BYTE_ORDER_MARK + line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        writer.writerow([safe(cell) for cell in row])
        yield line.getvalue()
