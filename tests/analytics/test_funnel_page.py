"""The page of the funnel of a site's pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Site
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(signed_in, owner):
    return signed_in(owner)


@pytest.fixture
def busy(site) -> Site:
    """Four on the homepage, two on the prices, one conversion; yesterday."""
    today = site.clock.date_of(timezone.now())
    noon = site.clock.bounds(today)[0] - timedelta(hours=12)
    for number in range(4):
        pages = ["/", "/pricing"] if number < 2 else ["/"]
        send(site, visit(noon, pages, ip=f"84.160.1.{number}"))
    send(site, [{"at": noon, "type": "event", "category": "conversion", "path": "/end"}])
    rebuild_all()
    return site


def test_the_page_shows_the_five_steps(client, busy):
    context = client.get(f"/sites/{busy.key}/funnel").context
    assert [step["count"] for step in context["steps"]] == ["4", "0", "2", "0", "1"]
    assert context["steps"][2]["rate"] == "50.0\u202f%"
    assert context["steps"][0]["share"] == 100


def test_a_period_without_visits_says_so(client, busy):
    page = client.get(f"/sites/{busy.key}/funnel?period=today").content.decode()
    assert "Nobody came in this period" in page


def test_without_pages_it_leads_to_the_settings(client, signed_in, member, busy):
    Site.plain.update(funnel_pages={})
    page = client.get(f"/sites/{busy.key}/funnel").content.decode()
    assert f"/sites/{busy.key}/settings/funnel" in page
    viewers = signed_in(member("viewer")).get(f"/sites/{busy.key}/funnel").content.decode()
    assert f"/sites/{busy.key}/settings/funnel" not in viewers
    assert "A manager of your organisation" in viewers


def test_a_step_without_pages_says_so(client, busy):
    Site.plain.update(funnel_pages={"homepage": ["/"], "demo": []})
    context = client.get(f"/sites/{busy.key}/funnel").context
    assert context["steps"][3]["count"] is None
    assert context["steps"][3]["reason"] == "No pages belong to this step yet"


def test_another_tenants_funnel_does_not_exist(client, rival_site):
    assert client.get(f"/sites/{rival_site.key}/funnel").status_code == 404


def test_the_page_takes_ten_queries(client, busy, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        client.get(f"/sites/{busy.key}/funnel")
