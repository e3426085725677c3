"""The API's pages in a browser, under the policy of all pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def test_people_read_the_api_and_try_it_with_a_token(live, chromium: Browser, owner, token):
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(30_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    page.goto(f"{live}/docs", wait_until="networkidle")
    expect(page.locator("#operations-website-get_v1_metrics")).to_be_visible(timeout=30_000)
    page.click("button.authorize")
    bearer = page.locator(".auth-container", has_text="Bearer").last
    bearer.locator("input").fill(token(owner))
    bearer.locator("button.authorize").click()
    page.locator("button.close-modal").click()
    operation = page.locator("#operations-system-get_v1_system_info")
    operation.locator("button.opblock-summary-control").click()
    operation.locator("button.try-out__btn").click()
    operation.locator("button.execute").click()
    expect(operation.locator(".live-responses-table").first).to_contain_text(
        "PostgreSQL", timeout=30_000
    )
    assert wrong == []
    context.close()


def test_people_change_and_delete_on_the_api_s_pages(live, chromium: Browser, owner, site):
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{live}/accounts/login/?next=/api/v1/sites/{site.pk}")
    page.fill("input[name=login]", owner.user.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button")
    page.click("#send-put > summary")
    page.fill("#put-name", "")
    page.click("#send-put .fields + .actions button")
    expect(page.locator("#put-name-error")).to_be_visible()
    page.fill("#put-name", "Renamed")
    page.click("#send-put .fields + .actions button")
    expect(page.locator(".json")).to_contain_text('"Renamed"')
    expect(page.locator("#answer-title")).to_be_focused()
    page.click("#send-patch > summary")
    page.click("#send-patch .disclosure summary >> nth=0")
    page.fill("#send-patch-json", '{"name": "As JSON"}')
    page.click("#send-patch [data-json] button")
    expect(page.locator(".json")).to_contain_text('"As JSON"')
    page.click("#send-delete > summary")
    page.click("#send-delete form button")
    assert page.locator(".method").first.inner_text() == "PATCH", "nobody has confirmed it"
    page.check("#delete-sure")
    page.click("#send-delete form button")
    expect(page.locator("#answer-title")).to_have_text("202 Accepted")
    site.refresh_from_db()
    assert (site.name, site.delete_at is None) == ("As JSON", False)
    context.close()
