"""The trial's world: three sites, a few days, and everything that statistics can get wrong.

Ordinary visits as the demo has them, the acts, and what must be refused. It is made of a seed and
a moment, and knows what is true of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain

from linkpro.world import SITES, World
from linkpro.world.acts import ACTS, BROWSER_ACTS, Act, Scene
from linkpro.world.events import BY_BROWSER, Event
from linkpro.world.people import Person, numbered
from linkpro.world.sites import SiteSpec
from linkpro.world.strays import Stray, strays
from linkpro.world.truth import Truth
from linkpro.world.visits import Dice

# The days on which the clocks changed: of 23 hours and of 25.
CLOCK_CHANGES = {
    "Europe/Berlin": (date(2025, 3, 30), date(2025, 10, 26)),
    "America/New_York": (date(2025, 3, 9), date(2025, 11, 2)),
}
# The secret of this day is gone before its events arrive: nobody can be told from another.
NAMELESS = date(2025, 6, 15)
BY_BROWSERS = 0.5  # of the people of the last days
OWN_SESSIONS = 0.15  # of the visits
# Browsers are believed a week; their visits keep away from its beginning.
BELIEVED = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Size:
    """How much happens: ordinary visits of a site's day, and how many days until today."""

    visits: int = 60
    days: int = 3


def _apart(spec: SiteSpec, name: str, size: Size) -> SiteSpec:
    """The site under names that no other one has."""
    username = f"{spec.slug}-{name}" if spec.username else ""
    return replace(
        spec,
        pages={f"/@{username}": title for title in spec.pages.values()} if username else spec.pages,
        domains=(f"{spec.slug}-{name}.example", f"www.{spec.slug}-{name}.example"),
        visits=size.visits,
        username=username,
        links=tuple(replace(link, slug=f"{link.slug}-{name}") for link in spec.links),
    )


class Trial:
    """Everything that happens until `now`, and what is true of it.

    `name` keeps its sites' domains apart from others. `one_address` is what the endpoint sees of
    every browser where it cannot tell their addresses: then they differ by their user agents, and
    no country is known.
    """

    def __init__(
        self, seed: int, now: datetime, size: Size, *, name: str, one_address: str = ""
    ) -> None:
        self.seed, self.now, self.size = seed, now.replace(microsecond=0), size
        self.one_address = one_address
        self.sites = tuple(_apart(spec, name, size) for spec in SITES)
        self.nameless = {(self.sites[0].slug, NAMELESS)}
        self.renamed: dict[Person, Person] = {}
        self.visits = [visit for spec in self.sites for visit in self._of_site(spec)]
        self.strays: list[Stray] = [
            stray
            for spec in self.sites
            for stray in strays(spec, self.now, Dice(seed, spec.slug, "strays"))
        ]

    @property
    def events(self) -> list[Event]:
        """Everything that happens."""
        return list(chain.from_iterable(self.visits))

    def truth(self) -> Truth:
        """What is true of it."""
        return Truth(self.events, self.nameless)

    # --- What happens -----------------------------------------------------------------------------

    def recent_days(self, spec: SiteSpec) -> list[date]:
        """The last days of a site's clock, with today."""
        today = self.now.astimezone(spec.clock).date()
        return [today - timedelta(days=back) for back in range(self.size.days)]

    def past_days(self, spec: SiteSpec) -> list[date]:
        """Days of long ago, for each of which there is a reason."""
        nameless = [day for slug, day in self.nameless if slug == spec.slug]
        return [*CLOCK_CHANGES[spec.zone], *nameless]

    def _of_site(self, spec: SiteSpec) -> Iterator[list[Event]]:
        for day in self.recent_days(spec):
            yield from self._until_now(chain(self._usual(spec, day), self._acts(spec, day, ACTS)))
        for day in self.past_days(spec):
            yield from chain(self._usual(spec, day), self._acts(spec, day, ACTS))
        today = self.now.astimezone(spec.clock).date()
        for visit in self._acts(spec, today, BROWSER_ACTS):
            yield [self._by_browser(event) for event in visit]

    def _usual(self, spec: SiteSpec, day: date) -> Iterator[list[Event]]:
        """Ordinary visits; some have a session of their client's, some are told by browsers."""
        dice = Dice(self.seed, spec.slug, day, "ways")
        tellers: dict[Person, bool] = {}
        for visit in World(self.seed, day, 1).visits(spec, day):
            person = visit[0].person
            recent = self.now - visit[0].at < BELIEVED
            by_browser = tellers.setdefault(person, recent and dice.happens(BY_BROWSERS))
            if dice.happens(OWN_SESSIONS):
                visit = [replace(event, session=event.visit) for event in visit]
            if by_browser:
                told = (replace(event, told=BY_BROWSER) for event in visit)
                visit = [self._by_browser(event) for event in told]
            yield visit

    def _acts(self, spec: SiteSpec, day: date, acts: Iterable[Act]) -> Iterator[list[Event]]:
        for act in acts:
            dice = Dice(self.seed, spec.slug, day, act.__name__)
            scene = Scene(spec, day, self.now, dice)
            for walk in act(scene):
                yield [
                    replace(event, visit=f"{act.__name__} {event.visit}") for event in walk.events
                ]

    def _until_now(self, visits: Iterable[list[Event]]) -> Iterator[list[Event]]:
        """What has happened already."""
        for visit in visits:
            if happened := [event for event in visit if event.at <= self.now]:
                yield happened

    def _by_browser(self, event: Event) -> Event:
        """The event as its own browser tells it: by the address that the endpoint sees."""
        if not self.one_address:
            return event
        if event.person not in self.renamed:
            browser = event.person.browser
            if not browser.bot:
                browser = numbered(browser, len(self.renamed))
            self.renamed[event.person] = replace(
                event.person, browser=browser, address=self.one_address, country=""
            )
        return replace(event, person=self.renamed[event.person])
