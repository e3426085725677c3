"""Bring statistics of the time before from another tool.

They fill the days before a site's first day here and are never added to days that were counted
here. The form of a file: `date,dimension,value` and any of the measures, a line for each value of a
dimension on a day; an empty dimension is the day's total, which every day needs. An empty number is
one that the tool does not tell. Revenue is in the site's currency.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice

from django.db import connection, transaction

from accounts.models import Site
from analytics.counting import DIMENSIONS
from analytics.metrics import MEASURES
from analytics.models import ImportedDay

TOTAL = ""
# Hours are not kept: a day that another tool counted has no hours here.
IMPORTED_DIMENSIONS = (TOTAL, *(name for name in DIMENSIONS if name != "hour"))
COLUMNS = ("date", "dimension", "value")
OLDEST = date(2000, 1, 1)
MOST_LINES = 1_000_000
LARGEST = 10**15
_NUMBER = (re.compile(r"[0-9]{1,18}"), re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,10})?"))
PIECE = 2_000


class InvalidImport(ValueError):
    """What is to be brought makes no sense; the message names the line and says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a dimension on a day, with its counts by measure, and where it was written."""

    number: int
    date: date
    dimension: str
    value: str
    counts: dict[str, int | Decimal | None] = field(default_factory=dict)


def read(lines: Iterable[str]) -> Iterator[Line]:
    """The lines of a file in our own CSV form. Raises `InvalidImport`."""
    reader = csv.DictReader(lines, strict=True)
    try:
        _check_header(reader.fieldnames or [])
        for row in reader:
            if None in row or None in row.values():
                raise InvalidImport(_at(reader.line_num, "has not as many fields as the header."))
            yield _line(reader.line_num, row)
    except csv.Error as error:
        raise InvalidImport(_at(reader.line_num, f"is no CSV: {error}.")) from None


def _at(number: int, what: str) -> str:
    return f"Line {number} {what}"


def _check_header(names: Iterable[str]) -> None:
    names = list(names)
    for name in COLUMNS:
        if name not in names:
            raise InvalidImport(f"The header lacks the column “{name}”.")
    for name in names:
        if name not in (*COLUMNS, *MEASURES) or names.count(name) > 1:
            raise InvalidImport(f"The header has an unknown or repeated column “{name[:64]}”.")
    if len(names) == len(COLUMNS):
        raise InvalidImport(f"The header names none of the measures: {', '.join(MEASURES)}.")


def _line(number: int, row: dict[str, str]) -> Line:
    try:
        day = date.fromisoformat(row["date"])
    except ValueError:
        raise InvalidImport(_at(number, "has no date such as 2026-11-01.")) from None
    counts = {name: _count(number, name, row[name]) for name in MEASURES if name in row}
    return Line(number, day, row["dimension"], row["value"], counts)


def _count(number: int, name: str, text: str) -> int | Decimal | None:
    if not text:
        return None
    if not _NUMBER[name == "revenue"].fullmatch(text):
        raise InvalidImport(_at(number, f"has no number in “{name}”."))
    return Decimal(text) if name == "revenue" else int(text)


def _problem(line: Line) -> str:
    """Why a line cannot be; empty where it can."""
    if not OLDEST <= line.date <= datetime.now(UTC).date():
        return "lies before the year 2000 or in the future."
    if line.dimension not in IMPORTED_DIMENSIONS:
        return f"has an unknown dimension “{line.dimension[:64]}”."
    if line.dimension == TOTAL and line.value:
        return "is a total (it has no dimension) and has a value."
    value = line.value.encode("utf-8", "ignore")
    if "\0" in line.value or len(value) > 512 or value.decode() != line.value:
        return "has a value of more than 512 bytes, or with a character that no value has."
    known = {name: count for name, count in line.counts.items() if count is not None}
    if not known or not known.keys() <= set(MEASURES):
        return "tells none of the measures, or one that there is not."
    for name, count in known.items():
        least = -LARGEST if name == "revenue" else -1
        if not least < count < LARGEST:
            return f"has a number in “{name}” that cannot be."
    return ""


def _checked(rows: Iterable[Line]) -> list[Line]:
    """All lines, each possible and none twice, every day with its total."""
    lines = list(islice(rows, MOST_LINES + 1))
    if not lines:
        raise InvalidImport("There are no lines.")
    if len(lines) > MOST_LINES:
        raise InvalidImport(f"There are more than {MOST_LINES:,} lines: bring fewer years.")
    first: dict[tuple[date, str, str], int] = {}
    for line in lines:
        if problem := _problem(line):
            raise InvalidImport(_at(line.number, problem))
        before = first.setdefault((line.date, line.dimension, line.value), line.number)
        if before != line.number:
            raise InvalidImport(_at(line.number, f"says again what line {before} says."))
    for line in lines:
        if (line.date, TOTAL, "") not in first:
            day = f"is of {line.date}, of which there is no total (a line without a dimension)."
            raise InvalidImport(_at(line.number, day))
    return lines


@transaction.atomic
def bring(site: Site, source: str, rows: Iterable[Line]) -> int:
    """Replace what was brought to a site from a source; returns the number of lines.

    All or nothing. Raises `InvalidImport`.
    """
    if not 1 <= len(source) <= 64 or "\0" in source:
        raise InvalidImport("Name the source with 1 to 64 characters, such as plausible.")
    lines = _checked(rows)
    dimensions: dict[date, set[str]] = {}
    for line in lines:
        dimensions.setdefault(line.date, set()).add(line.dimension)
    remove(site, source)
    now = datetime.now(UTC)
    made = (
        ImportedDay(
            site=site,
            source=source,
            imported_at=now,
            currency=site.currency,
            date=line.date,
            dimension=line.dimension,
            value=line.value,
            dimensions=[] if line.dimension else sorted(dimensions[line.date] - {TOTAL}),
            **line.counts,
        )
        for line in lines
    )
    table = ImportedDay.objects.for_tenant(site.tenant_id)
    while piece := list(islice(made, PIECE)):
        table.bulk_create(piece)
    return len(lines)


@transaction.atomic
def remove(site: Site, source: str) -> int:
    """Remove what was brought to a site from a source; returns how many lines there were."""
    with connection.cursor() as cursor:  # two who bring to one site wait for each other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('imported days'), %s)", [site.pk])
    rows = ImportedDay.objects.for_tenant(site.tenant_id).filter(site=site, source=source)
    return rows.delete()[0]
