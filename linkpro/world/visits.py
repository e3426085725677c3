"""How they go: chance, and the way of one visit through a site."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar
from urllib.parse import urlencode

from linkpro.world.events import BY_SERVER, Event, Telling
from linkpro.world.odds import Odds
from linkpro.world.people import BOTS, COUNTRIES, DESKTOPS, PHONES, SCREENS, Person
from linkpro.world.sites import DIRECT, LinkSpec, SiteSpec, Source

Thing = TypeVar("Thing")

# A visit ends after half an hour of silence: pages of one are closer together than that.
LONGEST_GAP = timedelta(minutes=20)
VISIT_LENGTHS = Odds({1: 42, 2: 20, 3: 13, 4: 9, 5: 6, 6: 4.5, 7: 3, 8: 2.5})  # in pages
TAPS = Odds({0: 37, 1: 46, 2: 13, 3: 4})  # links that are followed
BUYS = 0.022  # of visits of two pages


class Dice:
    """Everything that is left to chance in one stretch of the world."""

    def __init__(self, *seed: object) -> None:
        self.random = random.Random(" ".join(map(str, seed)))  # noqa: S311  a game, no secret

    def pick(self, odds: Odds[Thing]) -> Thing:
        """One of them."""
        return odds.draw(self.random)

    def happens(self, chance: float) -> bool:
        """Whether something of this probability happens."""
        return self.random.random() < chance

    def seconds(self, median: float, spread: float, least: int, most: float) -> timedelta:
        """A log-normal stretch of whole seconds."""
        drawn = median * self.random.lognormvariate(0, spread)
        return timedelta(seconds=int(min(max(drawn, least), most)))

    def event_id(self, at: datetime) -> uuid.UUID:
        """A time-ordered id as the tracker makes them (UUIDv7)."""
        low = self.random.getrandbits(74)
        number = int(at.timestamp() * 1000) << 80 | 7 << 76 | (low >> 62) << 64
        return uuid.UUID(int=number | 2 << 62 | low & ((1 << 62) - 1))

    def person(self, site: SiteSpec, source: Source) -> Person:
        """Somebody of the site's audience."""
        kind = "phone" if self.happens(source.phones) else "desktop"
        country = self.pick(site.countries)
        language, blocks = COUNTRIES[country]
        return Person(
            address=self._address(blocks),
            browser=self.pick(PHONES if kind == "phone" else DESKTOPS),
            country=country,
            language="en-US" if self.happens(0.07) else language,
            screen=self.random.choice(SCREENS[kind]),
        )

    def bot(self) -> Person:
        """A machine that runs the page's scripts."""
        address = self._address(COUNTRIES["US"][1])
        return Person(address, self.pick(BOTS), "US", "en-US", "1024x768")

    def _address(self, blocks: Sequence[str]) -> str:
        block = self.random.choice(blocks)
        return f"{block}.{self.random.randrange(256)}.{self.random.randrange(1, 255)}"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes to which site, from where, and when."""

    site: SiteSpec
    key: str
    person: Person
    source: Source
    start: datetime
    session: str = ""  # the client's own name for it, if it has one
    told: Telling = BY_SERVER


class Walk:
    """The way of one visit through a site."""

    def __init__(self, visit: Visit, dice: Dice) -> None:
        self.visit, self.dice, self.at = visit, dice, visit.start
        self.events: list[Event] = []

    def happen(self, name: str, path: str, **values: Any) -> None:
        """Something happens now."""
        visit = self.visit
        first = not self.events
        if first:
            values.setdefault("referrer", visit.source.referrer)
        event = Event(
            visit.site, self.dice.event_id(self.at), self.at, visit.person, visit.key, name, path,
            title=visit.site.pages.get(path, "Checkout"),
            source=visit.source if first else DIRECT, session=visit.session, told=visit.told,
            query=f"?{urlencode(visit.source.query)}" if first and visit.source.query else "",
            **values,
        )  # fmt: skip
        self.events.append(event)

    def wait(self, median: float, spread: float = 0.9, least: int = 3) -> None:
        """Time goes by."""
        self.at += self.dice.seconds(median, spread, least, LONGEST_GAP.total_seconds())

    def paths(self) -> list[str]:
        """The pages in their order; who buys passes the cart and the checkout."""
        wanted = self.visit.site.wanted
        paths = [self.dice.pick(wanted)]
        while len(paths) < self.length:
            path = self.dice.pick(wanted)
            if path != paths[-1]:
                paths.append(path)
        if self.buys:
            paths += ["/cart", "/checkout", "/checkout/thanks"]
        return paths

    @cached_property
    def length(self) -> int:
        return self.dice.pick(VISIT_LENGTHS)

    @cached_property
    def buys(self) -> bool:
        chance = BUYS * self.length / 2
        human = not self.visit.person.bot
        return human and self.visit.site.sells and self.dice.happens(chance)

    def go(self) -> list[Event]:
        """The visit's events."""
        return self.tap() if self.visit.site.links else self.read()

    def tap(self) -> list[Event]:
        """A link page is looked at, and some of its links are followed."""
        path = self.dice.pick(self.visit.site.wanted)
        self.happen("page_view", path)
        if not self.visit.person.bot:
            for _n in range(self.dice.pick(TAPS)):
                self.wait(9, least=2)
                self.follow(path, self.dice.pick(self.visit.site.wanted_links))
        return self.events

    def follow(self, path: str, link: LinkSpec) -> None:
        """One of its links is followed."""
        props = {"href": link.url, "outbound": True}
        self.happen("click", path, more={"link_id": link.slug, "label": link.title, "props": props})

    def read(self) -> list[Event]:
        """Pages of a web site are read one after the other."""
        paths, site = self.paths(), self.visit.site
        self.happen("page_view", paths[0])
        for before, path in pairwise(paths):
            self.wait(2 if self.visit.person.bot else 38)
            if not self.visit.person.bot and self.dice.happens(0.3):
                label, href = site.pages.get(path, "Checkout"), f"{site.address}{path}"
                self.click(before, label, href)
                self.at += timedelta(seconds=1)
            self.happen("page_view", path, referrer=f"{site.address}{before}")
        self.end(paths[-1])
        return self.events

    def click(self, path: str, label: str, href: str) -> None:
        """A link is followed."""
        outbound = not href.startswith(self.visit.site.address)
        more = {"label": label, "props": {"href": href, "outbound": outbound}}
        self.happen("click", path, more=more)

    def end(self, path: str) -> None:
        """How it ends: with a purchase, with a way out, or with nothing."""
        if self.visit.person.bot:
            return
        if self.buys:
            self.at += timedelta(seconds=1)
            value = round(9 + 30 * self.dice.random.lognormvariate(0, 0.6), 2)
            more = {"label": "order", "value": value, "currency": self.visit.site.currency}
            self.happen("conversion", path, more=more)
        elif self.visit.site.outbound and self.dice.happens(0.06):
            self.wait(20)
            self.click(path, *self.dice.random.choice(self.visit.site.outbound))
        elif self.visit.site.files and self.dice.happens(0.015):
            self.wait(15)
            href = f"{self.visit.site.address}{self.dice.random.choice(self.visit.site.files)}"
            self.happen("download", path, more={"props": {"href": href}})
        elif self.visit.site.forms and self.dice.happens(0.02):
            self.wait(25)
            self.happen("form_submit", path, more={"label": self.visit.site.forms[0]})
