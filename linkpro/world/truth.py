"""What is true of the events: the facts that the statistics are held against.

The world made the people and their visits, so nothing is recognised here; it is counted. Every
dimension and every metric that LinkPro can say has a line in one of the three tables below.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from linkpro.world.events import Event
from linkpro.world.people import Person
from linkpro.world.sites import SiteSpec

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Stay:
    """What of a visit falls on one day of the site's clock, in order.

    `person` is None where nobody can be told: the sender did not say who it was, or the secret of
    the day is gone. Then each event stands for itself.
    """

    site: SiteSpec
    date: date
    events: tuple[Event, ...]
    person: Person | None

    @property
    def first(self) -> Event:
        return self.events[0]

    @property
    def pages(self) -> list[str]:
        """The pages seen, in order."""
        return [event.path for event in self.events if event.name == "page_view"]

    @property
    def seconds(self) -> int:
        """From the first event to the last."""
        return int((self.events[-1].at - self.first.at).total_seconds())

    @property
    def bounced(self) -> bool:
        """Whether one page was seen and nothing else was done."""
        return len(self.events) == len(self.pages) == 1


def _hour(event: Event) -> str:
    """The hour of the day, which has 23 to 25 of them: `00` is the first."""
    midnight = datetime.combine(event.date, time(), event.site.clock).astimezone(UTC)
    return f"{int((event.at - midnight).total_seconds() // 3600):02d}"


def _currency(event: Event) -> str | None:
    return event.more.get("currency") if "value" in event.more else None


def _link(event: Event) -> str | None:
    link = event.more.get("link_id")
    return str(link) if event.name == "click" and link is not None else None


def _href(event: Event) -> str | None:
    return (event.more.get("props") or {}).get("href")


def _outbound(event: Event) -> str | None:
    outbound = (event.more.get("props") or {}).get("outbound") is True
    return _href(event) if event.name == "click" and outbound else None


# --- The facts ----------------------------------------------------------------------------------

# Dimensions of visits: the value of a stay, "" for none.
OF_STAYS: dict[str, Callable[[Stay], str]] = {
    "source": lambda stay: stay.first.source.name,
    "medium": lambda stay: stay.first.source.medium,
    "channel": lambda stay: stay.first.source.channel,
    "campaign": lambda stay: stay.first.source.tag("campaign"),
    "term": lambda stay: stay.first.source.tag("term"),
    "content": lambda stay: stay.first.source.tag("content"),
    "country": lambda stay: stay.first.person.country,
    "region": lambda stay: "",
    "city": lambda stay: "",
    "device": lambda stay: stay.first.person.browser.device,
    "browser": lambda stay: stay.first.person.browser.name,
    "os": lambda stay: stay.first.person.browser.system,
    "language": lambda stay: stay.first.person.language,
    "screen": lambda stay: stay.first.person.screen,
    "entry_page": lambda stay: stay.pages[0] if stay.pages else "",
    "exit_page": lambda stay: stay.pages[-1] if stay.pages else "",
}
# Dimensions of events: the value of an event, None where the dimension does not look at it.
OF_EVENTS: dict[str, Callable[[Event], str | None]] = {
    "page": lambda event: event.path if event.name == "page_view" else None,
    "event": lambda event: event.name,
    "link": _link,
    "outbound": _outbound,
    "download": lambda event: (_href(event) or "") if event.name == "download" else None,
    "form": lambda event: event.more.get("label", "") if event.name == "form_submit" else None,
    "hour": _hour,
    "currency": _currency,
}
DIMENSIONS = (*OF_STAYS, *OF_EVENTS)

# A stay, and those of its events that are asked about.
Part = tuple[Stay, Sequence[Event]]


@dataclass(frozen=True, slots=True)
class Picked:
    """What is asked about: parts of stays of a site; `whole` if nothing was left out of any.

    Money is counted in one `currency`, and never converted.
    """

    parts: list[Part]
    currency: str
    whole: bool = True

    @property
    def visits(self) -> list[Part]:
        """The parts of which it is known who came."""
        return [part for part in self.parts if part[0].person]

    def count(self, name: str = "") -> int:
        """Events, or those of one name."""
        return sum(not name or event.name == name for _stay, some in self.parts for event in some)

    def conversions(self) -> int:
        """Events of that name or category."""
        return sum(event.converts for _stay, some in self.parts for event in some)

    def people(self, name: str = "") -> int:
        """Visitors of each day, or those with an event of the name."""
        found = {
            (stay.date, stay.person)
            for stay, some in self.visits
            if not name or any(event.name == name for event in some)
        }
        return len({(day, person.address, person.agent) for day, person in found if person})

    def of_visits(self, of: Callable[[Stay], int]) -> int | None:
        """A sum over whole visits; None where only parts of them are asked about."""
        return sum(of(stay) for stay, _some in self.visits) if self.whole else None

    def revenue(self) -> Decimal:
        """The worth of the events in the currency."""
        events = (event for _stay, some in self.parts for event in some)
        values = (e.more["value"] for e in events if _currency(e) == self.currency)
        return sum((Decimal(str(value)) for value in values), Decimal())

    def __getitem__(self, metric: str) -> Number | None:
        return METRICS[metric](self)


def _ratio(over: str, under: str) -> Callable[[Picked], Number | None]:
    def of(picked: Picked) -> Number | None:
        part, whole = picked[over], picked[under]
        return None if part is None or not whole else part / whole  # type: ignore[operator]

    return of


METRICS: dict[str, Callable[[Picked], Number | None]] = {
    "visitors": lambda picked: picked.people(),
    "sessions": lambda picked: len(picked.visits),
    "page_views": lambda picked: picked.count("page_view"),
    "events": lambda picked: picked.count(),
    "clicks": lambda picked: picked.count("click"),
    "clickers": lambda picked: picked.people("click"),
    "click_rate": _ratio("clicks", "page_views"),
    "conversions": lambda picked: picked.conversions(),
    "bounces": lambda picked: picked.of_visits(lambda stay: stay.bounced),
    "duration_seconds": lambda picked: picked.of_visits(lambda stay: stay.seconds),
    "revenue": lambda picked: picked.revenue(),
    "revenue_per_visitor": _ratio("revenue", "visitors"),
    "views_per_session": _ratio("page_views", "sessions"),
    "bounce_rate": _ratio("bounces", "sessions"),
    "session_seconds": _ratio("duration_seconds", "sessions"),
    "conversion_rate": _ratio("conversions", "visitors"),
}


# --- Questions ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """A dimension compared with values: `is`, `is_not`, `contains`, `one_of`."""

    dimension: str
    operator: str
    values: tuple[str, ...]

    def holds(self, value: str) -> bool:
        """Whether a value passes."""
        if self.operator == "contains":
            return self.values[0].lower() in value.lower()
        return (value in self.values) != (self.operator == "is_not")

    def narrow(self, picked: Picked) -> Picked:
        """What is left: whole stays, or those of their events that pass."""
        if self.dimension in OF_STAYS:
            of = OF_STAYS[self.dimension]
            parts = [part for part in picked.parts if self.holds(of(part[0]))]
            return replace(picked, parts=parts)
        kept = [(stay, [e for e in some if self._keeps(e)]) for stay, some in picked.parts]
        return replace(picked, parts=[part for part in kept if part[1]], whole=False)

    def _keeps(self, event: Event) -> bool:
        value = OF_EVENTS[self.dimension](event)
        return value is not None and self.holds(value)


def _by_value(part: Part, dimension: str) -> dict[str, Sequence[Event]]:
    stay, some = part
    if dimension in OF_STAYS:
        return {OF_STAYS[dimension](stay): some}
    found: dict[str, list[Event]] = {}
    for event in some:
        value = OF_EVENTS[dimension](event)
        if value is not None:
            found.setdefault(value, []).append(event)
    return dict(found)


def split(picked: Picked, dimension: str) -> dict[str, Picked]:
    """What is asked about, by the value of a dimension."""
    parts: dict[str, list[Part]] = {}
    for part in picked.parts:
        for value, some in _by_value(part, dimension).items():
            parts.setdefault(value, []).append((part[0], some))
    whole = picked.whole and dimension in OF_STAYS
    found = {value: replace(picked, parts=of, whole=whole) for value, of in parts.items()}
    if dimension == "currency":  # each has a sum of its own
        found = {value: replace(part, currency=value) for value, part in found.items()}
    return found


class Truth:
    """What is true of events, by site (its slug) and day of its clock; bots are left out.

    On `nameless` days the secret that tells visitors apart is gone.
    """

    def __init__(
        self, events: Iterable[Event], nameless: Collection[tuple[str, date]] = ()
    ) -> None:
        self.stays: dict[tuple[str, date], list[Stay]] = {}
        by_visit: dict[tuple[str, date, str], list[Event]] = {}
        for event in sorted(events, key=lambda event: (event.at, event.id)):
            if not event.automated:
                slug, day = event.site.slug, event.date
                lone = not event.person.agent or (slug, day) in nameless
                key = f"lone {event.id}" if lone else event.visit
                by_visit.setdefault((slug, day, key), []).append(event)
        for (slug, day, key), of_visit in by_visit.items():
            first = of_visit[0]
            person = None if key.startswith("lone ") else first.person
            stay = Stay(first.site, day, tuple(of_visit), person)
            self.stays.setdefault((slug, day), []).append(stay)

    def __iter__(self) -> Iterator[tuple[str, date]]:
        return iter(sorted(self.stays))

    def pick(self, slug: str, *days: date, where: Iterable[Condition] = ()) -> Picked:
        """What passes the conditions on some days of a site.

        Visits are picked first, as they were whole; then events of them.
        """
        stays = [stay for day in days for stay in self.stays.get((slug, day), [])]
        currency = stays[0].site.currency if stays else ""
        picked = Picked([(stay, stay.events) for stay in stays], currency)
        for condition in sorted(where, key=lambda one: one.dimension in OF_EVENTS):
            picked = condition.narrow(picked)
        return picked
