"""The pages about sites in a browser: what one does on them, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page

from accounts.models import Membership, Site
from accounts.sites import lifecycle
from tests.conftest import GOOGLEBOT, PASSWORD
from tests.sending import rebuild_all, send, visit
from tracking.ingest import writer
from tracking.ingest.samples import Refusal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(site: Site, owner: Membership, rival_site: Site) -> Site:
    """A site with visits, bots, refused events and foreign hosts; others that wait or leave."""
    now = timezone.now()
    send(site, visit(now - timedelta(days=1), ["/", "/pricing"]))
    send(site, visit(now, ["/"], user_agent=GOOGLEBOT))
    send(site, [{"url": "https://blog.acme.test/"}])
    refused = [Refusal(site.pk, "host_foreign", b'{"url": "https://copy.test/"}', "copy.test")]
    refused += [Refusal(site.pk, "path_excluded", b'{"url": "https://shop.acme.test/admin"}')]
    with writer.connect() as connection:
        writer.write(connection, [], refused)
    rebuild_all()
    leaving = Site.objects.create(tenant=site.tenant, owner=site.owner, name="Leaving")
    lifecycle.schedule_deletion(leaving, owner, now)
    giver = Membership.objects.for_tenant(rival_site.tenant).get()
    lifecycle.offer(rival_site, owner.user.email, giver, now)
    return site


Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, live: str, owner: Membership) -> Iterator[Open]:
    """Open a page signed in as Ada: `opened("/sites", width=390, scripts=False)`."""
    contexts: dict[tuple, BrowserContext] = {}
    complaints: list[str] = []

    def context_of(width: int, scheme: Any, scripts: bool) -> BrowserContext:
        made = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        made.set_default_timeout(20_000)
        page = made.new_page()
        page.goto(f"{live}/accounts/login/")
        page.fill("input[name=login]", owner.user.email)
        page.fill("input[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_load_state()
        page.close()
        return made

    def note(path: str, line: Any) -> None:
        if line.type == "error":
            complaints.append(f"{path}: {line.text}")

    def open_page(
        path: str, width: int = 1440, scheme: str = "light", scripts: bool = True
    ) -> Page:
        key = (width, scheme, scripts)
        if key not in contexts:
            contexts[key] = context_of(*key)
        page = contexts[key].new_page()
        page.on("pageerror", lambda error: complaints.append(f"{path}: {error}"))
        page.on("console", lambda line: note(path, line))
        page.goto(live + path)
        return page

    yield open_page
    for context in contexts.values():
        context.close()
    assert complaints == []


def test_settings_are_changed_without_scripts(opened, busy):
    page = opened(f"/sites/{busy.key}/settings", 390, scripts=False)
    page.fill("#id_name", "Renamed")
    page.get_by_role("button", name="Save").click()
    assert page.locator("h1").inner_text() == "Renamed"
    page.locator(".settings-nav summary").click()
    page.get_by_role("link", name="Exclusions").click()
    page.fill("#id_excluded_paths", "/admin/*")
    page.get_by_role("button", name="Save").click()
    page.fill("#try-path", "/admin/x")
    page.get_by_role("button", name="Try it").click()
    assert "Not counted" in page.locator("#tried").inner_text()
    page.locator(".settings-nav summary").click()
    page.get_by_role("link", name="Domains", exact=True).click()
    page.get_by_role("button", name="Add blog.acme.test").click()
    assert "blog.acme.test" in page.locator("#id_domains").input_value()


def test_a_path_is_tried_while_one_types(opened, busy):
    Site.plain.filter(pk=busy.pk).update(excluded_paths=["/admin/*"])
    page = opened(f"/sites/{busy.key}/settings/exclusions")
    page.locator("#try-path").press_sequentially("/admin/y")
    page.get_by_text("fits the rule").wait_for()
    assert "/exclusions" in page.url
    assert "path=" not in page.url


def test_a_site_is_deleted_and_kept_without_scripts(opened, busy):
    page = opened(f"/sites/{busy.key}/settings/danger", 390, scripts=False)
    page.fill("#id_delete-name", "wrong")
    page.get_by_role("button", name="Delete this site").click()
    assert page.locator("#id_delete-name").input_value() == "wrong"
    assert "not the name" in page.locator("main").inner_text()
    page.fill("#id_delete-name", "Acme shop")
    page.get_by_role("button", name="Delete this site").click()
    assert "will be deleted on" in page.locator("main").inner_text()
    page.get_by_role("link", name="Acme shop").click()
    page.get_by_role("button", name="Keep this site").click()
    assert "Acme shop stays" in page.locator("main").inner_text()
    assert Site.plain.get(pk=busy.pk).delete_at is None


def test_the_list_is_searched_and_sorted_with_and_without_scripts(opened, busy):
    for scripts in (True, False):
        page = opened("/sites", scripts=scripts)
        page.fill("#sites-q", "leav")
        page.get_by_role("button", name="Show").click()
        page.wait_for_load_state()
        assert page.locator(".site-name").all_inner_texts() == ["Leaving"]
        page = opened("/sites", scripts=scripts)
        page.locator("#sort-web-visitors").click()
        page.wait_for_url("**sort=visitors**")
        page.locator("[aria-sort=descending]").wait_for()
        assert page.locator(".site-name").all_inner_texts() == ["Acme shop", "Leaving"]
        page.close()


def test_events_appear_by_themselves_until_one_pauses(opened, busy):
    page = opened(f"/sites/{busy.key}/outcomes")
    send(busy, visit(timezone.now(), ["/while-looking"]))
    page.get_by_text("/while-looking").wait_for()
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(500)
    send(busy, visit(timezone.now(), ["/while-paused"]))
    page.wait_for_timeout(4_000)
    assert page.get_by_text("/while-paused").count() == 0
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("/while-paused").wait_for()


def test_an_offered_site_is_taken_without_scripts(opened, busy, rival_site):
    page = opened("/sites", 390, scripts=False)
    page.get_by_role("button", name="Take the site").click()
    assert "belongs to Acme now" in page.locator("main").inner_text()
    assert Site.plain.get(pk=rival_site.pk).tenant == busy.tenant
