"""Small scenes of which the end is known: one for each rule that the statistics must keep.

An act is a function that lets visits happen on a day of a site's clock. Those of `ACTS` are told by
a server and may be of any day; those of `BROWSER_ACTS` are told by browsers, and happen now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from linkpro.world.events import BY_BROWSER, Telling
from linkpro.world.people import NOBODY, RARE_BOTS, Person
from linkpro.world.sites import DIRECT, RARE_SOURCES, SOURCES, SiteSpec
from linkpro.world.visits import Dice, Visit, Walk

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@dataclass(slots=True)
class Scene:
    """A day of a site's clock, and the moment that is now."""

    site: SiteSpec
    day: date
    now: datetime
    dice: Dice
    visits: int = 0

    def at(self, hours: float) -> datetime:
        """So many hours after the day's midnight."""
        midnight = datetime.combine(self.day, time(), self.site.clock).astimezone(UTC)
        return midnight + timedelta(hours=hours)

    @property
    def end(self) -> datetime:
        """The midnight after the day."""
        following = self.day + timedelta(days=1)
        return datetime.combine(following, time(), self.site.clock).astimezone(UTC)

    def person(self) -> Person:
        """Somebody new."""
        return self.dice.person(self.site, DIRECT)

    def come(self, start: datetime, **values: Any) -> Walk:
        """Somebody comes; what happens then is up to the act."""
        self.visits += 1
        given = {"person": None, "source": DIRECT} | values
        person = given.pop("person") or self.person()
        key = f"act {self.day} {self.visits}"
        return Walk(Visit(self.site, key, person, start=start, **given), self.dice)


Act = Callable[[Scene], Iterator[Walk]]


def see(walk: Walk, *pages: str, every: timedelta = MINUTE) -> Walk:
    """Pages are seen one after the other; the last one lasts as long as the others."""
    for path in pages:
        walk.happen("page_view", path)
        walk.at += every
    return walk


# --- Of any day ---------------------------------------------------------------------------------


def over_midnight(scene: Scene) -> Iterator[Walk]:
    """A visit ends at midnight, and another one begins: its source is not told again."""
    walk = scene.come(scene.end - 13 * MINUTE, source=SOURCES.things[1])
    yield see(walk, "/", "/about", "/contact", "/archive", every=6 * MINUTE)


def half_an_hour(scene: Scene) -> Iterator[Walk]:
    """Silence of 30 minutes goes on, a second more ends the visit."""
    walk = scene.come(scene.at(9))
    yield see(walk, "/", "/about", every=30 * MINUTE)
    yield see(scene.come(walk.at + SECOND, person=walk.visit.person), "/contact")


def own_session(scene: Scene) -> Iterator[Walk]:
    """A client's own session is believed, over two hours of silence."""
    walk = scene.come(scene.at(10), session=f"tab-{scene.dice.random.random()}")
    yield see(walk, "/", "/about", "/archive", every=125 * MINUTE)


def two_tabs(scene: Scene) -> Iterator[Walk]:
    """Two sessions of one person at the same time are two visits of one visitor."""
    person = scene.person()
    for number in range(2):
        walk = scene.come(
            scene.at(14) + number * 20 * SECOND, person=person, session=f"tab-{number}"
        )
        yield see(walk, "/", "/about")


def nobody(scene: Scene) -> Iterator[Walk]:
    """A server that does not say for whom: events of no visitor."""
    walk = see(scene.come(scene.at(11), person=NOBODY, source=RARE_SOURCES[1]), "/vouchers")
    walk.happen("conversion", "/vouchers", more={"value": 25, "currency": "EUR"})
    walk.happen("renewal", "/vouchers")
    yield walk


def every_hour(scene: Scene) -> Iterator[Walk]:
    """Somebody comes in each of the 23 to 25 hours."""
    hours = int((scene.end - scene.at(0)) / timedelta(hours=1))
    for hour in range(hours):
        yield see(scene.come(scene.at(hour + 0.5)), "/")


def no_page(scene: Scene) -> Iterator[Walk]:
    """A visit without a page view is no bounce and has no entry page."""
    walk = scene.come(scene.at(15))
    walk.happen("download", "/about", more={"category": "file", "label": "catalogue.pdf"})
    walk.happen("form_submit", "/about", more={"label": "Newsletter"})
    walk.happen("form_submit", "/about")
    yield walk
    yield lone_click(scene)


def lone_click(scene: Scene) -> Walk:
    walk = scene.come(scene.at(15.3))
    walk.click("/about", "Map", "https://maps.example/")
    return walk


def purchases(scene: Scene) -> Iterator[Walk]:
    """What is sold, in the site's currency, in another one, in none; and one taken back."""
    sales: list[dict[str, Any]] = [
        {"value": 19.9, "currency": "EUR"},
        {"value": 0.1, "currency": "EUR"},
        {"value": 0.2, "currency": "EUR"},
        {"value": 1234567.89, "currency": "USD"},
        {"value": 42},
        {"value": -19.9, "currency": "EUR"},
    ]
    for number, sale in enumerate(sales):
        walk = see(scene.come(scene.at(16 + number / 10)), "/cart", "/checkout")
        walk.happen("conversion", "/checkout", more={"label": "order", **sale})
        yield walk


def by_category(scene: Scene) -> Iterator[Walk]:
    """What its sender calls a conversion is one, whatever its name."""
    walk = see(scene.come(scene.at(16.6)), "/", "/about")
    walk.happen("signup", "/about", more={"category": "conversion", "action": "signup_submit"})
    walk.happen("signup", "/about", more={"category": "form"})
    yield walk


def links(scene: Scene) -> Iterator[Walk]:
    """Every link of a link page is followed, one of them twice."""
    walk = scene.come(scene.at(16.7))
    for link in (*scene.site.links, *scene.site.links[:1]):
        walk.follow("/", link)
        walk.at += SECOND
    if walk.events:
        yield walk


def every_source(scene: Scene) -> Iterator[Walk]:
    """One visit from each place that visits come from."""
    for number, source in enumerate((*SOURCES.things, *RARE_SOURCES)):
        yield see(scene.come(scene.at(17 + number / 20), source=source), "/", "/about")


def repeated_sales(scene: Scene) -> Iterator[Walk]:
    """Orders by their own numbers, which are no UUIDs."""
    walk = scene.come(scene.at(16.8))
    for number in range(3):
        name = f"order {scene.site.slug} {scene.day} {number}"
        more = {"id": name, "value": 10 + number, "currency": scene.site.currency}
        walk.happen("conversion", "/checkout", more=more)
    yield walk


def older_forms(scene: Scene) -> Iterator[Walk]:
    """What older clients send, in their own words."""
    walk = scene.come(scene.at(16.9), session="old")
    own = {"name": None, "session_id": None, "sessionId": "old"}
    for name, more in (
        ("page_view", {"name": "pageview"}),
        ("page_view", {"type": "page_view"}),
        ("conversion", {"type": "event", "category": "conversion", "action": "order"}),
        ("signup", {"type": "event", "category": "form", "action": "signup"}),
        ("page_view", {"name": "$pageview", "url": None, "path": "/about"}),
    ):
        walk.happen(name, "/about", more=own | more)
    yield walk


def personal_pages(scene: Scene) -> Iterator[Walk]:
    """Nobody's address or session is kept in the name of a page."""
    walk = scene.come(scene.at(17))
    for kept, said in (
        ("/unsubscribe/[e-mail]", "/unsubscribe/ada@post.example"),
        ("/unsubscribe/[e-mail]", "/unsubscribe/ben%40post.example?once=1"),
        ("/cart", "/cart;jsessionid=1A2B3C"),
    ):
        walk.happen("page_view", kept, more={"url": f"{scene.site.address}{said}"})
    yield walk


def spelled_addresses(scene: Scene) -> Iterator[Walk]:
    """One address in several spellings is one visitor."""
    newer = replace(scene.person(), address="2003:c0:1::5", country="DE")
    for number, person in enumerate((scene.person(), newer)):
        plain = person.address
        spellings = [plain, f"[{plain}]:443", plain.upper(), f"{plain}%eth0"]
        if "." in plain:
            spellings = [plain, f" {plain} ", f"::ffff:{plain}", f"{plain}:5123"]
        walk = scene.come(scene.at(18 + number / 10), person=person)
        for spelling in spellings:
            walk.happen("page_view", "/", more={"ip": spelling})
            walk.at += MINUTE
        yield walk


def odd_pages(scene: Scene) -> Iterator[Walk]:
    """Pages whose paths are not plain words."""
    yield see(scene.come(scene.at(18.5)), "/app#/settings", "/über uns", "/a%2Fb", "/x//y/")


def rare_bots(scene: Scene) -> Iterator[Walk]:
    """Machines of every class."""
    for number, browser in enumerate(RARE_BOTS):
        person = replace(scene.dice.bot(), browser=browser)
        yield see(scene.come(scene.at(19 + number / 20), person=person), "/", "/about")


ACTS: tuple[Act, ...] = (
    over_midnight,
    half_an_hour,
    own_session,
    two_tabs,
    nobody,
    every_hour,
    no_page,
    purchases,
    by_category,
    links,
    repeated_sales,
    older_forms,
    personal_pages,
    every_source,
    spelled_addresses,
    odd_pages,
    rare_bots,
)


# --- By browsers, now ---------------------------------------------------------------------------


def wrong_clocks(scene: Scene) -> Iterator[Walk]:
    """Clocks that are ahead or behind, and say so: the middle of an hour stays in its hour."""
    hour = scene.now.replace(minute=0, second=0)
    ahead = (3 * SECOND, -40 * SECOND, 9 * MINUTE, -2 * 60 * MINUTE, 3 * 1440 * MINUTE)
    for number, off in enumerate((*ahead, -20 * 1440 * MINUTE), start=1):
        start = hour - timedelta(hours=11 * number) + 12 * MINUTE
        told = Telling(by_browser=True, ahead=off)
        yield see(scene.come(start, told=told, source=SOURCES.things[4]), "/", "/about", "/pens")


def unbelievable_times(scene: Scene) -> Iterator[Walk]:
    """What cannot have happened then, or says no time at all, is stored at its arrival."""
    far = (scene.now - timedelta(days=8), scene.now + timedelta(days=1))
    for says in ("", "1970-01-01T00:00:00Z", "2099-12-31", "0", *map(datetime.isoformat, far)):
        told = Telling(by_browser=True, says=says)
        yield see(scene.come(scene.now, told=told), "/", "/about", every=timedelta())
        yield see(scene.come(scene.now, told=told), "/")


def soon(scene: Scene) -> Iterator[Walk]:
    """A few minutes in the future are believed."""
    yield see(scene.come(scene.now + 2 * MINUTE, told=BY_BROWSER), "/")


def looking_ahead(scene: Scene) -> Iterator[Walk]:
    """A browser fetches a page that somebody might want to see, and then it is seen."""
    told = Telling(by_browser=True, prefetch=True)
    ahead = see(scene.come(scene.now - 30 * MINUTE, told=told), "/about")
    yield ahead
    seen = scene.come(scene.now - 25 * MINUTE, person=ahead.visit.person, told=BY_BROWSER)
    yield see(seen, "/about")


def without_ids(scene: Scene) -> Iterator[Walk]:
    """What has no id counts, once each time it is sent."""
    for _number in range(3):
        walk = scene.come(scene.now - 20 * MINUTE, told=BY_BROWSER)
        walk.happen("page_view", "/pens", more={"id": None})
        yield walk


def programs(scene: Scene) -> Iterator[Walk]:
    """A program that names a session speaks for somebody; without one it may be a crawler."""
    person = replace(scene.dice.bot(), browser=RARE_BOTS[0])
    told = {"person": person, "told": BY_BROWSER}
    yield see(scene.come(scene.now - 15 * MINUTE, session="desk", **told), "/", "/about")
    yield see(scene.come(scene.now - 5 * MINUTE, **told), "/")


def on_foot(scene: Scene) -> Iterator[Walk]:
    """The link page is opened and links are followed, as people do: no program tells of it."""
    if not scene.site.links:
        return
    told = Telling(by_browser=True, says="", by_going=True)
    path = next(iter(scene.site.pages))
    for number, source in enumerate((*scene.site.sources.things, RARE_SOURCES[1])):
        for ahead in (False, True):
            person = replace(scene.person(), screen="")
            teller = replace(told, prefetch=ahead)
            walk = scene.come(scene.now, person=person, told=teller, source=source)
            if number % 2:
                walk.follow(path, scene.dice.random.choice(scene.site.links))
            else:
                walk.happen("page_view", path)
            yield walk


BROWSER_ACTS: tuple[Act, ...] = (
    wrong_clocks,
    unbelievable_times,
    soon,
    looking_ahead,
    without_ids,
    programs,
    on_foot,
)
