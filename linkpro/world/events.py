"""What happened there, and what is true of it."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from linkpro.world.people import Person
from linkpro.world.sites import SiteSpec


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `source` is the visit's, on its first event only."""

    site: SiteSpec
    id: uuid.UUID
    at: datetime
    person: Person
    visit: str
    name: str
    path: str
    query: str = ""
    title: str = ""
    referrer: str = ""
    source: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def date(self) -> date:
        """The day of the site's clock."""
        return self.at.astimezone(self.site.clock).date()

    def payload(self) -> dict[str, Any]:
        """The event as the endpoint takes it from a trusted sender."""
        return {
            "id": str(self.id),
            "name": self.name,
            "timestamp": self.at.isoformat(),
            "url": f"{self.site.address}{self.path}{self.query}",
            "title": self.title,
            "referrer": self.referrer,
            "ip": self.person.address,
            "user_agent": self.person.agent,
            "language": self.person.language,
            "screen": self.person.screen,
            **self.more,
        }


@dataclass(slots=True)
class Totals:
    """What is true of a site's day. Bots are in `bots` and nowhere else."""

    visitors: int = 0
    visits: int = 0
    page_views: int = 0
    events: int = 0
    clicks: int = 0
    clickers: int = 0
    conversions: int = 0
    bounces: int = 0
    duration_seconds: int = 0
    bots: int = 0
    pages: Counter[str] = field(default_factory=Counter)  # page views
    sources: Counter[str] = field(default_factory=Counter)  # visits
    countries: Counter[str] = field(default_factory=Counter)  # visits

    def add(self, visit: Sequence[Event]) -> None:
        """Count one visit (what of it falls on the day), in the order of its events."""
        names = Counter(event.name for event in visit)
        self.visits += 1
        self.events += len(visit)
        self.page_views += names["page_view"]
        self.clicks += names["click"]
        self.conversions += names["conversion"]
        self.bounces += len(visit) == 1 and names["page_view"] == 1
        self.duration_seconds += int((visit[-1].at - visit[0].at).total_seconds())
        self.pages.update(event.path for event in visit if event.name == "page_view")
        self.sources[visit[0].source] += 1
        self.countries[visit[0].person.country] += 1


def _identities(visits: Iterable[Sequence[Event]]) -> int:
    """How many visitors there are: an address with a browser is one."""
    return len({(visit[0].person.address, visit[0].person.agent) for visit in visits})


def truth(events: Iterable[Event]) -> dict[tuple[str, date], Totals]:
    """The true totals by site (its slug) and day of its clock."""
    days: dict[tuple[str, date], dict[str, list[Event]]] = {}
    found: dict[tuple[str, date], Totals] = defaultdict(Totals)
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        key = (event.site.slug, event.date)
        if event.person.bot:
            found[key].bots += 1
        else:
            days.setdefault(key, {}).setdefault(event.visit, []).append(event)
    for key, of_day in days.items():
        visits, totals = list(of_day.values()), found[key]
        for visit in visits:
            totals.add(visit)
        clicked = [visit for visit in visits if any(event.name == "click" for event in visit)]
        totals.visitors, totals.clickers = _identities(visits), _identities(clicked)
    return dict(found)
