"""What every page promises: open to all, at any width, in both themes, without scripts, light."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Response

from linkpro import demo
from linkpro.demo import Demo
from linkpro.world import SITES, World
from tests.browser.places import PLACES, WIDTHS, Place
from tests.sending import rebuild_all, send

pytestmark = pytest.mark.django_db(transaction=True)

MOST_BYTES = 150_000
# Rows, entries and choices after the first few look like these, and take axe most of its time.
ALIKE = {
    "exclude": [["tbody tr:nth-child(n+5)"], ["main li:nth-child(n+6)"], ["option:nth-child(n+5)"]]
}
OF_LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]
TEXT = ("text/", "application/json", "application/javascript", "image/svg+xml")


@pytest.fixture
def company() -> Demo:
    """The demo's company, with what happened today and yesterday."""
    made = demo.found()
    now = datetime.now(UTC)
    world = World(5, now.date(), 2)
    for spec in SITES:
        events = [event for event in world.all_events() if event.site is spec and event.at <= now]
        send(made.sites[spec.slug], [event.payload() for event in events])
    rebuild_all()
    return made


@dataclass
class Reader:
    """Somebody who looks at one page after the other, and all that is wrong with them."""

    context: BrowserContext
    live: str
    scripts: bool = True
    place: Place = PLACES[0]
    wrong: list[str] = field(default_factory=list)
    bytes: int = 0
    files: dict[str, int] = field(default_factory=dict)  # what the same file weighs everywhere

    def __post_init__(self) -> None:
        self.page = self.context.new_page()

    def open(self, place: Place, width: int, scheme: Any) -> None:
        """The page in a tab of its own; what it complains about is written down."""
        self.page.close()
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.note(f"raised {error}"))
        self.page.on("console", lambda line: self.note(line.text) if self._bad(line) else None)
        self.page.on("response", self._weigh)
        self.place, self.bytes = place, 0
        self._resize(width, scheme)
        answer = self.page.goto(self.live + place.path)
        if place.then:
            path, self.bytes = self.page.locator(place.then).first.get_attribute("href"), 0
            answer = self.page.goto(f"{self.live}{path}")
        if self.scripts:  # they may fetch more: a page that is measured waits for it
            self.page.wait_for_selector(".htmx-request", state="detached")
        assert answer is not None
        if answer.status != place.status:
            self.note(f"answered {answer.status}")

        self._measure()

    def look(self, width: int, scheme: Any) -> None:
        """See the same page in a window of another width."""
        self._resize(width, scheme)
        self._measure()

    def _resize(self, width: int, scheme: Any) -> None:
        self.page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def _measure(self) -> None:
        over = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            self.note(f"{over} pixels too wide at {self.page.viewport_size}")

    def read_with_axe(self, **options: Any) -> None:
        found = Axe().run(self.page, ALIKE, {"resultTypes": ["violations"], **options})
        for violation in found.response["violations"]:
            where = [node["target"] for node in violation["nodes"]][:3]
            self.note(f"axe: {violation['id']} at {where}")

    def note(self, complaint: str) -> None:
        self.wrong.append(f"{self.place.name}: {complaint}")

    def _bad(self, line: object) -> bool:
        return line.type in ("error", "warning") and "404" not in line.text  # type: ignore[attr-defined]

    def _weigh(self, response: Response) -> None:
        if response.status in (204, 301, 302, 304):
            return
        size = self.files.get(response.url)
        if size is None:
            body, kind = response.body(), response.headers.get("content-type", "")
            size = len(gzip.compress(body)) if kind.startswith(TEXT) else len(body)
            if "/static/" in response.url:
                self.files[response.url] = size
        self.bytes += size

    def sign_in(self) -> None:
        self.page.goto(f"{self.live}/accounts/login/")
        self.page.fill("input[name=login]", "owner@demo.localhost")
        self.page.fill("input[name=password]", demo.PASSWORD)
        self.page.click("main button")
        self.page.wait_for_load_state()
        self.page.goto(f"{self.live}/sites")  # the greeting is shown once


@pytest.fixture
def reader_of(chromium: Browser, live: str, company: Demo) -> Iterator:
    """Make a reader: `reader_of(signed_in=True)`."""
    contexts = []

    def make(*, signed_in: bool = True, scripts: bool = True) -> Reader:
        context = chromium.new_context(java_script_enabled=scripts)
        context.set_default_timeout(20_000)
        contexts.append(context)
        reader = Reader(context, live, scripts)
        if signed_in:
            reader.sign_in()
        return reader

    yield make
    for context in contexts:
        context.close()


# In halves, so that two processes may look at them.
@pytest.mark.parametrize("places", [PLACES[::2], PLACES[1::2]], ids=["one-half", "other-half"])
def test_every_page_is_accessible_light_and_within_its_width(places, reader_of):
    wrong = []
    for signed_in in (True, False):
        reader = reader_of(signed_in=signed_in)
        for place in places:
            if place.signed_in is not signed_in:
                continue
            reader.open(place, 1440, "light")
            if reader.bytes > MOST_BYTES and place.name != "components":
                reader.note(f"weighs {reader.bytes} bytes")
            if reader.page.locator("h1").count() != 1 and place.name != "components":
                reader.note(f"has {reader.page.locator('h1').count()} first headings")
            reader.read_with_axe()
            reader.look(768, "light")
            reader.look(390, "dark")
            if place.pictured:
                reader.read_with_axe(runOnly=OF_LOOKS)
        wrong += reader.wrong
    assert wrong == []


def test_every_page_is_there_without_scripts(reader_of):
    wrong = []
    for signed_in in (True, False):
        reader = reader_of(signed_in=signed_in, scripts=False)
        for place in PLACES:
            if place.signed_in is signed_in and (place.pictured or not signed_in):
                reader.open(place, 768, "light")
                if not reader.page.locator("main").inner_text().strip():
                    reader.note("is empty")
        wrong += reader.wrong
    assert wrong == []
