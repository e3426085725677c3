"""What every page promises: open to all, at any width, in both themes, without scripts, light."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Response

from linkpro import demo
from linkpro.demo import Demo
from linkpro.world import SITES, World
from tests.browser.places import PLACES, WIDTHS, Place
from tests.sending import rebuild_all, send

pytestmark = pytest.mark.django_db(transaction=True)

MOST_BYTES = 150_000
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
    """Somebody who looks at every page, and all that is wrong with them."""

    context: BrowserContext
    live: str
    scripts: bool = True
    wrong: list[str] = field(default_factory=list)
    bytes: int = 0
    files: dict[str, int] = field(default_factory=dict)  # what the same file weighs everywhere

    def open(self, place: Place) -> Page:
        """The page, with what it complains about written down."""
        page = self.context.new_page()
        self.bytes = 0
        page.on("pageerror", lambda error: self.note(place, f"raised {error}"))
        page.on("console", lambda line: self.note(place, line.text) if self._bad(line) else None)
        page.on("response", self._weigh)
        answer = page.goto(self.live + place.path)
        if place.then:
            path, self.bytes = page.locator(place.then).first.get_attribute("href"), 0
            answer = page.goto(f"{self.live}{path}")
        if self.scripts:  # they may fetch more: a page that is measured waits for it
            page.wait_for_selector(".htmx-request", state="detached")
        assert answer is not None
        if answer.status != place.status:
            self.note(place, f"answered {answer.status}")
        return page

    def note(self, place: Place, complaint: str) -> None:
        self.wrong.append(f"{place.name}: {complaint}")

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
        page = self.context.new_page()
        page.goto(f"{self.live}/accounts/login/")
        page.fill("input[name=login]", "owner@demo.localhost")
        page.fill("input[name=password]", demo.PASSWORD)
        page.click("main button")
        page.wait_for_load_state()
        page.goto(f"{self.live}/sites")  # the greeting is shown once
        page.close()


@pytest.fixture
def reader_of(chromium: Browser, live: str, company: Demo) -> Iterator:
    """Make a reader: `reader_of(390, "dark", signed_in=True)`."""
    contexts = []

    def make(width: int, scheme: Any, *, signed_in: bool = True, scripts: bool = True) -> Reader:
        context = chromium.new_context(
            viewport={"width": width, "height": WIDTHS[width]},
            color_scheme=scheme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        reader = Reader(context, live, scripts)
        if signed_in:
            reader.sign_in()
        return reader

    yield make
    for context in contexts:
        context.close()


def overflows(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


# The most in halves, so that two processes may look at them.
@pytest.mark.parametrize(
    ("width", "scheme", "places"),
    [(1440, "light", PLACES[::2]), (1440, "light", PLACES[1::2]), (390, "dark", PLACES)],
    ids=["1440-light", "1440-light-too", "390-dark"],
)
def test_every_page_is_accessible_light_and_within_its_width(width, scheme, places, reader_of):
    axe, wrong = Axe(), []
    for signed_in in (True, False):
        reader = reader_of(width, scheme, signed_in=signed_in)
        for place in places:
            if place.signed_in is not signed_in or (width == 390 and not place.pictured):
                continue
            page = reader.open(place)
            if overflows(page) > 0:
                reader.note(place, f"{overflows(page)} pixels too wide")
            if reader.bytes > MOST_BYTES and place.name != "components":
                reader.note(place, f"weighs {reader.bytes} bytes")
            if page.locator("h1").count() != 1 and place.name != "components":
                reader.note(place, f"has {page.locator('h1').count()} first headings")
            for violation in axe.run(page).response["violations"]:
                where = [node["target"] for node in violation["nodes"]][:3]
                reader.note(place, f"axe: {violation['id']} at {where}")
            page.close()
        wrong += reader.wrong
    assert wrong == []


def test_every_page_is_there_without_scripts(reader_of):
    wrong = []
    for signed_in in (True, False):
        reader = reader_of(768, "light", signed_in=signed_in, scripts=False)
        for place in PLACES:
            if place.signed_in is signed_in:
                page = reader.open(place)
                if not page.locator("main").inner_text().strip():
                    reader.note(place, "is empty")
                if overflows(page) > 0:
                    reader.note(place, f"{overflows(page)} pixels too wide")
                page.close()
        wrong += reader.wrong
    assert wrong == []
