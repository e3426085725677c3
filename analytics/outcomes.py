"""What became of the events that a site was sent: the books, by reason and time, and samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, QuerySet, Sum

from accounts.models import Site
from accounts.tenancy import Scope
from analytics.charts import POINT_LABELS
from analytics.period import Interval, Period
from analytics.reasons import BOTS, Kind, Reason, reason_of
from tracking import rejects
from tracking.event_lists import events_of, with_bots
from tracking.models import Event, Outcome, Rejected

# Bots are told apart by their agents, which only raw events know: of so many days at most.
BOT_DAYS = 7
LIVE_EVENTS = 50
# What is no arrival: an event that was counted as one before.
NO_ARRIVAL = frozenset({Kind.TAKEN_BACK})


@dataclass(frozen=True, slots=True)
class Line:
    """One outcome of the period: its words, and how many events ended so."""

    reason: Reason
    n: int


@dataclass(frozen=True, slots=True)
class Books:
    """All outcomes of a period: `received` is the sum of those that are arrivals."""

    lines: list[Line]
    steps: list[tuple[str, Counter[Kind]]]

    @property
    def received(self) -> int:
        """How many events arrived."""
        return sum(line.n for line in self.lines if line.reason.kind not in NO_ARRIVAL)

    def of(self, *kinds: Kind) -> int:
        """How many events ended in one of these ways."""
        return sum(line.n for line in self.lines if line.reason.kind in kinds)


def books(scope: Scope, site: Site, period: Period) -> Books:
    """What became of the events that arrived in the period, by outcome and by hour or day.

    The books know whole hours. Where a site's day does not begin with one, the hour in which it
    begins belongs to the day before.
    """
    start = site.clock.bounds(period.first)[0]
    end = site.clock.bounds(period.last)[1]
    rows = Outcome.objects.visible_to(scope).filter(site=site, hour__gte=start, hour__lt=end)
    by_reason: Counter[str] = Counter()
    by_step: dict[Any, Counter[Kind]] = {step: Counter() for step in _steps(site, period)}
    for hour, code, n in rows.values_list("hour", "reason").annotate(sum=Sum("n")):
        reason = reason_of(code)
        by_reason[reason.code] += n
        if reason.kind not in NO_ARRIVAL:
            by_step.setdefault(_step_of(site, period, hour), Counter())[reason.kind] += n
    lines = [Line(reason_of(code), n) for code, n in by_reason.items()]
    order = list(Kind)
    lines.sort(key=lambda line: (order.index(line.reason.kind), -line.n, line.reason.code))
    return Books(lines, [(_label(period, step), counts) for step, counts in by_step.items()])


def _steps(site: Site, period: Period) -> list[Any]:
    """The hours of one day up to now, or the days of a longer period, in order."""
    if period.interval is not Interval.HOUR:
        return list(period.dates)
    start, end = site.clock.bounds(period.first)
    hours = int((end - start) / timedelta(hours=1))
    return [site.local(start + timedelta(hours=number)) for number in range(hours)]


def _step_of(site: Site, period: Period, hour: datetime) -> Any:
    if period.interval is not Interval.HOUR:
        return site.clock.date_of(hour)
    start = site.clock.bounds(period.first)[0]
    return site.local(start + (hour - start) // timedelta(hours=1) * timedelta(hours=1))


def _label(period: Period, step: Any) -> str:
    return POINT_LABELS[Interval.HOUR if period.interval is Interval.HOUR else Interval.DAY](step)


# --- Bots -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bots:
    """A class of bots: its name and how many events it sent."""

    label: str
    n: int


def bots(scope: Scope, site: Site, period: Period) -> list[Bots]:
    """The bots of the period's last `BOT_DAYS` days by class, the largest first."""
    first = max(period.first, period.last - timedelta(days=BOT_DAYS - 1))
    events = with_bots(events_of(scope, site), "only").filter(
        occurred_at__gte=site.clock.bounds(first)[0],
        occurred_at__lt=site.clock.bounds(period.last)[1],
    )
    rows = events.order_by().values_list("agent__bot").annotate(n=Count("event_id"))
    found: Counter[str] = Counter()
    for name, n in rows:
        found[str(BOTS.get(name or "", name))] += n
    return [Bots(label, n) for label, n in found.most_common()]


# --- Samples of what was refused --------------------------------------------------------------


def samples(scope: Scope, site: Site, code: str = "") -> QuerySet[Rejected]:
    """The samples that are kept of refused events, the newest first; of one reason, if named."""
    rows = Rejected.objects.visible_to(scope).filter(site=site).select_related("site")
    if site.reset_at:
        rows = rows.filter(received_at__gte=site.reset_at)
    return (rows.filter(reason=code) if code else rows).order_by("-received_at", "-pk")


def may_go_again(row: Rejected) -> bool:
    """Whether it makes sense to send a sample once more."""
    return row.outcome not in rejects.SETTLED and reason_of(row.reason).again


def send_again(rows: Iterable[Rejected]) -> Counter[str]:
    """Send the samples again for which that makes sense; how many ended how."""
    return rejects.replay(row for row in rows if may_go_again(row))


# --- Single events ----------------------------------------------------------------------------


def last_events(scope: Scope, site: Site, limit: int = LIVE_EVENTS) -> list[Event]:
    """The newest events of a site, those of bots too, without what could tell people apart."""
    newest = events_of(scope, site).order_by("-occurred_at")
    return list(
        newest.only(
            "site_id", "event_id", "occurred_at", "received_at", "name", "host", "path", "source",
            "country", "device", "browser", "os", "flags", "agent__bot",
        )[:limit]
    )  # fmt: skip


def kept_since(scope: Scope, site: Site) -> datetime | None:
    """Since when the books of the site tell; None before its first event."""
    rows = Outcome.objects.visible_to(scope).filter(site=site)
    return rows.aggregate(first=Min("hour"))["first"]
