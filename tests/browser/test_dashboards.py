"""The pages of numbers in a real browser: by clicks, by keys, without scripts, for everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Membership, Site
from tests.browser.conftest import Visitor
from tests.conftest import IPHONE
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(site) -> Site:
    """Visits of yesterday from two countries."""
    noon = site.clock.bounds(site.clock.date_of(timezone.now()))[0] - timedelta(hours=12)
    send(site, visit(noon, ["/", "/price"], referrer="https://www.google.com/"))
    send(site, visit(noon, ["/"], ip="8.8.8.8", user_agent=IPHONE))
    send(site, visit(noon - timedelta(days=1), ["/"]))
    rebuild_all()
    return site


def sign_in(visitor: Visitor, live: str, member: Membership) -> Page:
    """Ada's window, by the session that a sign-in would have made."""
    client = Client()
    client.force_login(member.user)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    name = settings.SESSION_COOKIE_NAME
    visitor.context.add_cookies([{"name": name, "value": value, "url": live}])
    return visitor.page


@pytest.fixture
def ada_page(visitor, live, owner, busy) -> Iterator[Page]:
    page = sign_in(visitor, live, owner)
    page.goto(f"{live}/sites/{busy.key}")
    yield page
    assert visitor.complaints == []


def test_a_click_on_a_value_filters_and_the_way_back_leads_back(ada_page):
    ada_page.get_by_role("link", name="Germany").click()
    chip = ada_page.get_by_role("link", name="Country is Germany")
    expect(chip).to_be_visible()
    assert "filter=country%3Ais%3ADE" in ada_page.url
    ada_page.go_back()
    expect(chip).to_have_count(0)
    ada_page.go_forward()
    chip.click()
    expect(chip).to_have_count(0)
    assert "filter" not in ada_page.url


def test_a_filter_is_added_by_its_name_with_suggestions(ada_page):
    ada_page.keyboard.press("f")
    expect(ada_page.locator("#filter-by")).to_be_focused()
    ada_page.select_option("#filter-by", "country")
    ada_page.fill("#filter-value", "ger")
    expect(ada_page.locator("#filter-values option")).to_have_count(1)
    expect(ada_page.locator("#filter-values option")).to_have_attribute("value", "Germany")
    ada_page.fill("#filter-value", "Germany")
    ada_page.keyboard.press("Enter")
    expect(ada_page.get_by_role("link", name="Country is Germany")).to_be_visible()
    assert "filter_by" not in ada_page.url


def test_single_keys_choose_search_and_clear(ada_page):
    ada_page.keyboard.press("m")
    expect(ada_page.locator("#period-30d")).to_have_attribute("aria-current", "true")
    ada_page.get_by_role("link", name="Germany").click()
    expect(ada_page.locator(".chip")).to_have_count(1)
    ada_page.keyboard.press("Escape")
    expect(ada_page.locator(".chip")).to_have_count(0)
    ada_page.keyboard.press("?")
    dialog = ada_page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Use single keys").uncheck()
    ada_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    ada_page.keyboard.press("d")
    expect(ada_page.locator("#period-30d")).to_have_attribute("aria-current", "true")
    ada_page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_label("Use single keys").check()
    dialog.get_by_role("button", name="Close").click()
    ada_page.keyboard.press("g")
    ada_page.keyboard.press("s")
    ada_page.wait_for_url("**/sites")


def test_keys_are_letters_while_somebody_writes(ada_page, live, busy):
    ada_page.goto(f"{live}/sites/{busy.key}/by/page")
    ada_page.keyboard.press("/")
    expect(ada_page.locator("#search")).to_be_focused()
    ada_page.keyboard.type("dwmy")
    expect(ada_page.locator("#search")).to_have_value("dwmy")
    assert "period" not in ada_page.url


def test_a_click_on_the_chart_leads_to_the_visits_of_that_day(ada_page):
    box = ada_page.locator(".chart-plot canvas").bounding_box()
    assert box is not None
    ada_page.mouse.click(box["x"] + box["width"] * 0.86, box["y"] + box["height"] / 2)
    ada_page.wait_for_url(re.compile("/visits"))
    expect(ada_page.get_by_role("heading", name="Visits")).to_be_visible()


def test_what_a_number_means_opens_by_the_keyboard(ada_page):
    ada_page.get_by_role("button", name="What “Visitors” means").first.focus()
    ada_page.keyboard.press("Enter")
    expect(ada_page.get_by_text("nobody is recognised from one day").last).to_be_visible()
    ada_page.keyboard.press("Escape")
    expect(ada_page.locator("#help-visitors")).to_be_hidden()


def test_visitors_now_come_by_themselves(ada_page):
    expect(ada_page.locator("#live")).to_contain_text("visitors now")
    expect(ada_page.locator("#live")).to_contain_text("0")


def test_the_pages_work_without_scripts(chromium: Browser, live, owner, busy):
    context = chromium.new_context(java_script_enabled=False)
    page = sign_in(Visitor(context, context.new_page()), live, owner)
    page.goto(f"{live}/sites/{busy.key}")
    page.get_by_role("link", name="Germany").click()
    expect(page.get_by_role("link", name="Country is Germany")).to_be_visible()
    page.locator("#add-filter").click()
    page.select_option("#filter-by", "device")
    page.fill("#filter-value", "Desktop")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".chip")).to_have_count(2)
    page.locator("#panel-pages").get_by_role("link", name="Show all").click()
    page.fill("#search", "price")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("table.details tbody tr")).to_have_count(1)
    context.close()
