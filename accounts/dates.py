"""Days and moments as the person who reads them wants them: their format, and their clock.

Who reads is known from the request (`accounts.middleware.current_member`), or said by `read_by`
where there is none, as in mails. Days of a site are its own and know no other clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import is_aware

from accounts.models import Membership, Tenant, User

WORDS = Tenant.DateFormat.WORDS
DAYS = {
    Tenant.DateFormat.ISO: "Y-m-d",
    Tenant.DateFormat.DAY_FIRST: "d/m/Y",
    Tenant.DateFormat.MONTH_FIRST: "m/d/Y",
    Tenant.DateFormat.DOTTED: "d.m.Y",
    WORDS: "j F Y",
}
# Where the year is plain from what stands beside it.
SHORT_DAYS = {
    Tenant.DateFormat.ISO: "m-d",
    Tenant.DateFormat.DAY_FIRST: "d/m",
    Tenant.DateFormat.MONTH_FIRST: "m/d",
    Tenant.DateFormat.DOTTED: "d.m.",
    WORDS: "j M",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """How somebody reads dates: a `Tenant.DateFormat`, and the name of their zone."""

    format: str = WORDS
    zone: str = "UTC"


def reader_of(tenant: Tenant | None, user: User | None) -> Reader:
    """The tenant's format, and the person's zone if they have chosen one, else the tenant's."""
    if tenant is None:
        return Reader(zone=(user.time_zone if user else "") or "UTC")
    return Reader(tenant.date_format, (user.time_zone if user else "") or tenant.time_zone)


_reader: ContextVar[Callable[[], Reader]] = ContextVar("reader", default=Reader)


def reader() -> Reader:
    """Who reads now."""
    return _reader.get()()


@contextmanager
def _reading(who: Callable[[], Reader]) -> Iterator[None]:
    before = _reader.set(who)
    try:
        yield
    finally:
        _reader.reset(before)


@contextmanager
def read_by(tenant: Tenant | None, user: User | None = None) -> Iterator[None]:
    """Within it, dates are written for a person of the tenant; for mails and the like."""
    who = reader_of(tenant, user)
    with _reading(lambda: who):
        yield


@contextmanager
def read_on(request: HttpRequest) -> Iterator[None]:
    """Within it, dates are written for who asks; nothing is read before a date is written."""

    def who() -> Reader:
        member: Membership | None = getattr(request, "member", None)
        if member:
            return reader_of(member.tenant, member.user)
        user: Any = getattr(request, "user", None)
        return reader_of(None, user if isinstance(user, User) else None)

    with _reading(who):
        yield


# --- Written ----------------------------------------------------------------------------------


def local(at: datetime) -> datetime:
    """A moment on the reader's clock; one without a zone is on the clock that is meant."""
    return at.astimezone(ZoneInfo(reader().zone)) if is_aware(at) else at


def _own(value: date) -> date:
    return local(value) if isinstance(value, datetime) else value


def day(value: date) -> str:
    """`23 November 2026`, in the reader's format; of a moment the day on the reader's clock."""
    return date_format(_own(value), DAYS[Tenant.DateFormat(reader().format)])


def short_day(value: date) -> str:
    """`23 Nov`, in the reader's format."""
    return date_format(_own(value), SHORT_DAYS[Tenant.DateFormat(reader().format)])


def weekday(value: date) -> str:
    """`Mon 23 Nov`, in the reader's format."""
    own = _own(value)
    return f"{date_format(own, 'D')} {short_day(own)}"


def moment(at: datetime, clock: str = "H:i") -> str:
    """`23 November 2026, 14:05`, in the reader's format and on the reader's clock."""
    own = local(at)
    return f"{day(own)}, {date_format(own, clock)}"


def span(first: date, last: date) -> str:
    """`14–20 November 2026`, in the reader's format."""
    if first == last:
        return day(last)
    if reader().format != WORDS:
        return f"{day(first)} – {day(last)}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    if first.year == last.year:
        return f"{date_format(first, 'j F')} – {day(last)}"
    return f"{day(first)} – {day(last)}"
