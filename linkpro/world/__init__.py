"""The world of the demo and of the trial: two web sites and the link page of a company
that does not exist.

Pure and seeded: the same seed and days give the same events. It knows who is one person and what
is one visit because it made them, not by recognising them; `truth.py` tells what is true of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from linkpro.world.events import Event
from linkpro.world.odds import Odds
from linkpro.world.people import Person
from linkpro.world.sites import BIO, JOURNAL, LAUNCH, SHOP, SITES, SiteSpec, Source
from linkpro.world.truth import Truth
from linkpro.world.visits import Dice, Visit, Walk

__all__ = ["BIO", "JOURNAL", "SHOP", "SITES", "Event", "SiteSpec", "Truth", "World"]

HOURS = (
    0.30, 0.18, 0.11, 0.08, 0.09, 0.17, 0.42, 0.78, 1.05, 1.22, 1.32, 1.30,
    1.36, 1.28, 1.22, 1.22, 1.25, 1.30, 1.42, 1.62, 1.84, 1.72, 1.18, 0.65,
)  # fmt: skip
_HOUR = Odds(dict(enumerate(HOURS)))
BOT_SHARE = 0.042
BACK_AGAIN = 0.13  # visits of somebody who was there before on the day
GROWTH = 0.35  # over the whole period
# Less silence than this would not end a visit.
SHORTEST_BREAK = timedelta(minutes=31)


class World:
    """What happens on the `days` days that end with `last`."""

    def __init__(self, seed: int, last: date, days: int) -> None:
        self.seed, self.days = seed, days
        self.dates = [last - timedelta(days=back) for back in range(days - 1, -1, -1)]

    def events(self, site: SiteSpec, day: date) -> list[Event]:
        """What begins on a day of the site's clock, in order; a late visit may end on the next."""
        found = [event for visit in self.visits(site, day) for event in visit]
        return sorted(found, key=lambda event: (event.at, event.id))

    def all_events(self) -> Iterator[Event]:
        """Everything, site by site and day by day."""
        for site in SITES:
            for day in self.dates:
                yield from self.events(site, day)

    def live_visit(self, site: SiteSpec, now: datetime) -> list[Event]:
        """A visit that begins now, as the hour has them."""
        dice = Dice(self.seed, site.slug, "live", now.isoformat())
        source = dice.pick(site.sources)
        person = dice.bot() if dice.happens(BOT_SHARE) else dice.person(site, source)
        start = now.replace(microsecond=0)
        return Walk(Visit(site, f"live {now}", person, source, start), dice).go()

    def rate(self, site: SiteSpec, now: datetime) -> float:
        """Visits an hour at the moment `now`, on an average day."""
        local = now.astimezone(site.clock)
        share = HOURS[local.hour] / sum(HOURS)
        return site.visits * site.week[local.weekday()] * share

    def _launch(self, site: SiteSpec, day: date) -> float:
        """How much of the site's visits a campaign adds on the day."""
        if site.launch_at is None:
            return 0.0
        since = self.dates.index(day) - round(site.launch_at * (self.days - 1))
        return {0: 1.5, 1: 0.7, 2: 0.3, 3: 0.1}.get(since, 0.0)

    def visits(self, site: SiteSpec, day: date) -> Iterator[list[Event]]:
        """The visits that begin on a day of the site's clock, in order."""
        dice = Dice(self.seed, site.slug, day)
        share = (self.dates.index(day) + 1) / self.days
        growth = (1 + GROWTH * share) / (1 + GROWTH)
        noise = dice.random.gauss(1, 0.05)
        usual = site.visits * site.week[day.weekday()] * growth * noise
        launch = self._launch(site, day)
        people: dict[Person, datetime] = {}  # who was there today, and until when
        starts = sorted(self._start(site, day, dice) for _n in range(round(usual * (1 + launch))))
        for number, start in enumerate(starts):
            source = LAUNCH if dice.happens(launch / (1 + launch)) else dice.pick(site.sources)
            person = self._who(site, source, people, start, dice)
            walk = Walk(Visit(site, f"{day} {number}", person, source, start), dice).go()
            people[person] = walk[-1].at
            yield walk

    def _start(self, site: SiteSpec, day: date, dice: Dice) -> datetime:
        hour = dice.pick(_HOUR)
        wall = datetime.combine(day, time(hour), site.clock)
        wall = wall.replace(fold=dice.random.getrandbits(1))  # an hour that comes twice
        return wall.astimezone(UTC) + timedelta(seconds=dice.random.randrange(3600))

    def _who(
        self,
        site: SiteSpec,
        source: Source,
        people: dict[Person, datetime],
        start: datetime,
        dice: Dice,
    ) -> Person:
        if dice.happens(BOT_SHARE):
            return dice.bot()
        if people and dice.happens(BACK_AGAIN):
            known = dice.random.choice(list(people))
            if not known.bot and start - people[known] > SHORTEST_BREAK:
                return known
        while (person := dice.person(site, source)) in people:
            pass
        return person
