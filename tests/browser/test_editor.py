"""The editor of link pages in a real browser: by hand, by key, without scripts, at any width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import Membership
from tests.browser.conftest import until
from tests.conftest import CHROME
from tracking import links, profiles
from tracking.models import Event, LinkProfile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def profile(owner: Membership) -> LinkProfile:
    """Ada's page with the links a to e."""
    made = profiles.make(owner.tenant, owner.user, {"username": "ada", "title": "Ada"})
    for name in "abcde":
        links.add(made, owner.user, {"title": name, "url": f"https://{name}.test/"})
    return made


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, live: str, signed_in: Callable[..., Client]) -> Iterator[Open]:
    """Open a page of LinkPro as a member; the console must stay free of errors."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(
        member: Membership, path: str, width: int = 1440, scripts: bool = True, **options: str
    ) -> Page:
        context = chromium.new_context(
            user_agent=CHROME,
            viewport={"width": width, "height": 1500},
            java_script_enabled=scripts,
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.set_default_timeout(20_000)
        cookie = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complain(line.type, line.text))
        page.goto(live + path, wait_until="networkidle")
        return page

    def complain(kind: str, text: str) -> None:
        # A test that cuts the line knows that the browser says so.
        cut = ("net::ERR_FAILED", "htmx:afterRequest", "htmx:sendError")
        if kind == "error" and not any(word in text for word in cut):
            complaints.append(text)

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def home(profile: LinkProfile) -> str:
    return f"/sites/{profile.site.key}/links"


def shown(page: Page) -> str:
    """The titles of the links in the order of the page."""
    return "".join(page.locator(".link-title bdi").all_inner_texts())


def stored(profile: LinkProfile) -> str:
    return "".join(link.title for link in links.living(profile))


def row(page: Page, title: str) -> str:
    """The id of a link's row."""
    found = page.locator(".link", has=page.locator(f".link-title bdi:text-is('{title}')"))
    return found.get_attribute("id") or ""


def told(page: Page, text: str) -> None:
    """Wait until those who listen have been told."""
    expect(page.locator("#announcer")).to_have_text(text)


def focused(page: Page, ident: str) -> None:
    """Wait until the element is the one that keys go to."""
    expect(page.locator(f"#{ident}")).to_be_focused()


# --- Moving -----------------------------------------------------------------------------------


def drag(page: Page, title: str, over: str, *, drop: bool = True) -> None:
    """Take a link by its handle and bring it just past the middle of another one."""
    start = page.locator(f"#{row(page, title)}-grip").bounding_box()
    goal = page.locator(f"#{row(page, over)}").bounding_box()
    assert start
    assert goal
    down = goal["y"] > start["y"]
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    past = goal["y"] + goal["height"] * (0.7 if down else 0.3)
    for step in range(1, 11):
        page.mouse.move(start["x"] + 10, start["y"] + 10 + (past - start["y"] - 10) * step / 10)
    if drop:
        page.mouse.up()


def test_a_link_is_dragged_to_where_it_is_dropped(open_page, owner, profile):
    page = open_page(owner, home(profile))
    drag(page, "a", over="c")
    told(page, "Link moved to position 3 of 5.")
    assert shown(page) == stored(profile) == "bcade"
    drag(page, "e", over="b")
    told(page, "Link moved to position 1 of 5.")
    assert shown(page) == stored(profile) == "ebcad"


def test_escape_puts_a_dragged_link_back(open_page, owner, profile):
    page = open_page(owner, home(profile))
    drag(page, "a", over="d", drop=False)
    assert shown(page) == "bcdae"
    page.keyboard.press("Escape")
    page.mouse.up()
    assert shown(page) == stored(profile) == "abcde"


def test_a_link_is_moved_by_keys_and_keeps_the_focus(open_page, owner, profile):
    page = open_page(owner, home(profile))
    grip = f"{row(page, 'b')}-grip"
    page.focus(f"#{grip}")
    page.keyboard.press("Alt+ArrowDown")
    told(page, "Link moved to position 3 of 5.")
    focused(page, grip)
    page.keyboard.press("Alt+ArrowUp")
    told(page, "Link moved to position 2 of 5.")
    assert shown(page) == stored(profile) == "abcde"


def test_many_quick_keys_end_where_they_should(open_page, owner, profile):
    page = open_page(owner, home(profile))
    page.focus(f"#{row(page, 'a')}-grip")
    for _press in range(4):
        page.keyboard.press("Alt+ArrowDown")
    until(lambda: stored(profile) == "bcdea")
    told(page, "Link moved to position 5 of 5.")
    assert shown(page) == "bcdea"


def test_the_buttons_move_too_and_keep_the_focus(open_page, owner, profile):
    page = open_page(owner, home(profile))
    up = f"{row(page, 'b')}-up"
    page.click(f"#{up}")
    told(page, "Link moved to position 1 of 5.")
    assert shown(page) == "bacde"
    focused(page, up)
    expect(page.locator(f"#{up}")).to_have_attribute("aria-disabled", "true")


def test_what_could_not_be_saved_is_put_back_and_said(open_page, owner, profile):
    page = open_page(owner, home(profile))
    page.route("**/move", lambda route: route.abort())
    page.focus(f"#{row(page, 'a')}-grip")
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(".toast")).to_contain_text("Could not reach the server")
    assert shown(page) == stored(profile) == "abcde"


# --- Links ------------------------------------------------------------------------------------


def test_links_are_added_one_after_the_other_without_leaving_the_keys(open_page, owner, profile):
    page = open_page(owner, home(profile))
    page.focus("#id_new-title")
    for name in ("f", "g"):
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(f"{name}.test")
        page.keyboard.press("Enter")
        told(page, f"“{name}” was added.")
        focused(page, "id_new-title")
    assert shown(page) == stored(profile) == "abcdefg"
    preview = page.frame_locator("#preview")
    expect(preview.locator(".bio-link")).to_have_text(list("abcdefg"))


def test_a_wrong_address_is_said_where_it_was_typed(open_page, owner, profile):
    page = open_page(owner, home(profile))
    page.fill("#id_new-title", "x")
    page.fill("#id_new-url", "javascript:alert(1)")
    page.click("#add")
    expect(page.locator("#id_new-url_error")).to_contain_text("Links lead to https://")
    focused(page, "id_new-url")
    assert page.input_value("#id_new-title") == "x"
    assert stored(profile) == "abcde"


def test_a_link_is_edited_switched_off_deleted_and_brought_back(open_page, owner, profile):
    page = open_page(owner, home(profile))
    link = row(page, "b")
    page.click(f"#{link}-edit")
    focused(page, f"id_{link.replace('-', '')}-title")
    page.keyboard.press("Shift+Tab")
    page.click(f"#{link}-cancel")
    focused(page, f"{link}-edit")
    page.keyboard.press("Enter")
    page.fill(f"#{link} [name$=-title]", "B")
    page.click(f"#{link}-save")
    told(page, "“B” was saved.")
    assert shown(page) == stored(profile) == "aBcde"
    expect(page.locator(f"#{link} .link-change")).to_have_count(0)
    focused(page, f"{link}-edit")
    page.click(f"#{link}-active")
    told(page, "“B” is off the page.")
    expect(page.locator(f"#{link}-active")).to_have_attribute("aria-checked", "false")
    expect(page.frame_locator("#preview").locator(".bio-link")).to_have_text(list("acde"))
    page.click(f"#{link}-delete")
    told(page, "“B” was deleted.")
    focused(page, "undo")
    assert shown(page) == stored(profile) == "acde"
    page.keyboard.press("Enter")
    told(page, "“B” is back.")
    assert shown(page) == stored(profile) == "aBcde"


# --- The page's form, the preview -------------------------------------------------------------


def test_the_preview_follows_what_is_typed_and_counts_nothing(open_page, owner, profile):
    page = open_page(owner, home(profile))
    preview = page.frame_locator("#preview")
    page.fill("#id_title", "Countess")
    page.fill("#id_bio", "Engines")
    page.check("input[name=theme][value=night]")
    expect(preview.locator("h1")).to_have_text("Countess")
    expect(preview.locator("body")).to_have_class("bio bio-night")
    expect(page.locator("#bio-counter")).to_have_text("7 of 300 characters")
    page.fill("#id_username", "@Lovelace")
    expect(page.locator("[data-shows=id_username]")).to_have_text("lovelace")
    with page.context.expect_page() as opened:
        preview.locator(".bio-link").first.click()
    opened.value.close()
    profile.refresh_from_db()
    assert (profile.title, profile.username) == ("Ada", "ada")
    assert not Event.objects.unscoped("test").exists()


def test_a_picture_is_put_up_and_seen_in_the_preview(open_page, owner, profile, tmp_path: Path):
    file = BytesIO()
    Image.new("RGB", (300, 200), "teal").save(file, "PNG")
    (tmp_path / "me.png").write_bytes(file.getvalue())
    page = open_page(owner, home(profile))
    page.set_input_files("#id_picture", tmp_path / "me.png")
    page.click("text=Save the page")
    expect(page.locator(".banner")).to_contain_text("The page was saved.")
    picture = page.frame_locator("#preview").locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 256


def test_a_new_page_proposes_a_name_until_somebody_writes_one(open_page, owner, live):
    page = open_page(owner, "/profiles/new")
    page.fill("#id_title", "Ådä & Söns!")
    assert page.input_value("#id_username") == "ada-sons"
    page.fill("#id_username", "ada")
    page.fill("#id_title", "Ada & Sons")
    assert page.input_value("#id_username") == "ada"
    page.click("text=Make the page")
    expect(page.locator("#links")).to_contain_text("Three things to do")


# --- Without scripts, and for everybody -------------------------------------------------------


def test_everything_works_without_scripts(open_page, owner, profile):
    page = open_page(owner, home(profile), scripts=False)
    assert not page.locator("[data-grip]").first.is_visible()
    page.click(f"#{row(page, 'a')}-down")
    assert shown(page) == stored(profile) == "bacde"
    expect(page.locator(".banners")).to_contain_text("Link moved to position 2 of 5.")
    page.fill("#id_new-title", "f")
    page.fill("#id_new-url", "f.test")
    page.click("#add-more summary")
    page.check("#id_new-first")
    page.click("#add")
    assert shown(page) == stored(profile) == "fbacde"
    page.click(f"#{row(page, 'b')}-active")
    expect(page.locator(f"#{row(page, 'b')}-active")).to_have_attribute("aria-checked", "false")
    page.click(f"#{row(page, 'b')}-delete")
    assert stored(profile) == "facde"
    page.click("#undo")
    assert shown(page) == stored(profile) == "fbacde"
    page.click(f"#{row(page, 'c')}-edit")
    page.fill(f"#{row(page, 'c')} [name$=-title]", "C")
    page.click(f"#{row(page, 'c')}-save")
    assert shown(page) == stored(profile) == "fbaCde"
    page.fill("#id_title", "Countess")
    page.click("text=Save the page")
    expect(page.locator("h1")).to_have_text("Countess")


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']} at {[node['target'] for node in one['nodes']][:3]}" for one in found]


@pytest.mark.parametrize(("width", "scheme"), [(768, "dark"), (390, "light")])
def test_everybody_can_use_the_pages_at_any_width(open_page, owner, member, profile, width, scheme):
    links.delete(links.living(profile)[4], owner.user)
    links.add(profile, owner.user, {"title": "t" * 100, "url": "x.test/" + "u" * 1_000})
    path = home(profile)
    edited = f"{path}?edit={profile.links.get(title='a').pk}"
    page = open_page(owner, edited, width, color_scheme=scheme)
    for summary in page.locator("main summary").all():
        summary.click()
    pages = [
        page,
        open_page(owner, f"{path}?deleted={profile.links.get(title='e').pk}", width),
        open_page(member(), path, width, color_scheme=scheme),
        open_page(owner, "/profiles/new", width, color_scheme=scheme),
    ]
    for page in pages:
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert violations(page) == []
