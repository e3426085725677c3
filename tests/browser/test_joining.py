"""How one begins, in a browser: by an invitation's link, or with an organisation of one's own."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Browser

from accounts.members import invitations
from accounts.members.people import Rights
from accounts.models import Membership, User
from tests.accounts.test_invitations import link
from tests.browser.conftest import Visitor
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_is_invited_signs_in_and_joins_and_tells_nobody_the_link(
    visitor: Visitor, live: str, owner: Membership
):
    nina = User.objects.create_user("nina@acme.test", PASSWORD, name="Nina")
    now = timezone.now()
    invitations.invite(owner.tenant, [nina.email], Rights("viewer", "own"), now, by=owner.user)
    page, referrers = visitor.page, set()
    page.on("request", lambda request: referrers.add(request.headers.get("referer", "")))
    page.goto(live + link())
    page.get_by_role("link", name="Sign in").click()
    page.fill("[name=login]", nina.email)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Join").click()
    page.wait_for_url(re.compile("/sites"))
    assert "Welcome to Acme." in page.inner_text("main")
    assert not [told for told in referrers if "/invitations/" in told and "opened" not in told]
    assert visitor.complaints == []


@pytest.mark.usefixtures("db")
def test_the_first_site_begins_on_the_clock_of_the_browser(chromium: Browser, live: str):
    context = chromium.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(f"{live}/welcome")
    assert page.locator("[name=time_zone]").input_value() == "Asia/Tokyo"
    context.close()
