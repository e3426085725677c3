"""What each page asks of the database, so that no more is asked by mistake."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Site
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)

# Four of each are the session, the person, the member and the site.
MOST = {
    "/hours": 10,
    "/visits": 10,
    "/now": 9,
    "/by/page": 12,
    "/by/country": 13,
    "/funnel": 10,
    "/outcomes": 8,
    "/settings": 9,
    "/settings/installation": 8,
    "/settings/domains": 9,
    "/settings/addresses": 7,
    "/settings/exclusions": 7,
    "/settings/funnel": 12,
    "/settings/danger": 6,
}


@pytest.fixture
def busy(site: Site) -> Site:
    """Yesterday a dozen visits to some pages, and a click."""
    noon = site.clock.bounds(site.clock.date_of(timezone.now()))[0] - timedelta(hours=12)
    for number in range(12):
        pages = ["/", f"/page/{number}", "/pricing"]
        send(site, visit(noon + timedelta(minutes=number), pages, ip=f"84.160.1.{number}"))
    rebuild_all()
    return site


@pytest.mark.parametrize("page", MOST)
def test_a_page_asks_no_more_than_it_did(signed_in, owner, busy, page):
    client = signed_in(owner)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(f"/sites/{busy.key}{page}")
    assert answer.status_code == 200
    assert len(asked) <= MOST[page], "\n".join(query["sql"][:200] for query in asked)
