"""The public page in a real browser, with JavaScript switched off: it needs none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from accounts.models import Site
from tests.browser.conftest import Pages, until
from tests.conftest import CHROME
from tracking.models import Event, Link, LinkProfile

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = (320, 390, 1440)
MIN_TARGET = 44  # CSS pixels
MAX_BYTES = 30_000


@pytest.fixture
def profile(site: Site) -> LinkProfile:
    own = Site.objects.create(tenant=site.tenant, kind=Site.Kind.BIO, name="Ada's links")
    return LinkProfile.objects.create(
        site=own, username="ada", title="Ada Lovelace", bio="Engines, poetry.\nNo tea."
    )


@pytest.fixture
def offer(profile: LinkProfile, pages: Pages) -> Link:
    for position, title in enumerate(("Pictures", "A very long title " * 5)):
        Link.objects.create(
            profile=profile, title=title, url=pages.url("/else"), position=position + 1
        )
    return Link.objects.create(profile=profile, title="Our offer", url=pages.url("/offer"))


@pytest.fixture
def reader(chromium: Browser) -> Iterator[Page]:
    """Somebody without JavaScript; `complaints` of the console are errors."""
    context = chromium.new_context(user_agent=CHROME, java_script_enabled=False, locale="de-DE")
    yield context.new_page()
    assert context.cookies() == []
    context.close()


def stored(name: str) -> list[Event]:
    return list(Event.plain.filter(name=name).order_by("occurred_at"))


def test_a_click_on_the_page_is_a_click_without_any_javascript(
    live: str, reader: Page, offer: Link
) -> None:
    complaints: list[str] = []
    reader.on("console", lambda line: complaints.append(line.text))
    reader.goto(f"{live}/@ada?utm_source=newsletter", referer="https://www.instagram.com/")
    assert reader.title() == "Ada Lovelace (@ada)"
    with reader.expect_request("**/offer") as told:
        reader.click("text=Our offer")
    reader.wait_for_url("**/offer")
    # Where it leads to learns the host it came from and nothing more.
    assert told.value.all_headers().get("referer", "") in ("", f"{live}/")
    (click,) = until(lambda: stored("click"))
    (view,) = stored("page_view")
    assert (click.link_id, click.path, click.source) == (offer.pk, "/@ada", "newsletter")
    assert (view.path, view.source, view.language) == ("/@ada", "newsletter", "de-DE")
    assert view.visitor == click.visitor
    assert complaints == []


@pytest.mark.parametrize("theme", LinkProfile.Theme.values)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_and_reach_everything(
    live: str, chromium: Browser, offer: Link, theme: str, scheme: str
) -> None:
    LinkProfile.plain.update(theme=theme)
    context = chromium.new_context(user_agent=CHROME, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{live}/@ada")
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
        for box in [link.bounding_box() for link in page.query_selector_all("a")]:
            assert box is not None
            assert min(box["height"], box["width"]) >= MIN_TARGET
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Our offer"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    assert complaints == []
    context.close()


@pytest.mark.parametrize("path", ["/@nobody", "/l/nothing", "/l/off"])
def test_a_page_that_is_not_there_can_be_read_by_everybody(
    live: str, chromium: Browser, offer: Link, path: str
) -> None:
    Link.objects.create(
        profile=offer.profile, title="Off", url="https://x.test/", slug="off", is_active=False
    )
    context = chromium.new_context(user_agent=CHROME)
    page = context.new_page()
    page.goto(live + path)
    assert Axe().run(page).response["violations"] == []
    if path == "/l/off":
        page.click("text=All links of @ada")
        assert page.title() == "Ada Lovelace (@ada)"
    context.close()


def test_the_whole_page_is_small(live: str, reader: Page, offer: Link, tmp_path: Path) -> None:
    """With its style, its picture, and the headers of all."""
    offer.profile.avatar = b"\0" * 18_000
    offer.profile.avatar_digest = "0123456789abcdef"
    offer.profile.save()
    sizes: list[int] = []

    def weigh(response: object) -> None:
        told = response.request.sizes()  # type: ignore[attr-defined]
        sizes.append(told["responseBodySize"] + told["responseHeadersSize"])

    reader.on("requestfinished", lambda request: weigh(request.response()))
    reader.goto(f"{live}/@ada", wait_until="networkidle")
    assert len(sizes) >= 3
    assert sum(sizes) < MAX_BYTES
