"""Help in the product: every number has its words, and the pieces of code really work."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from analytics import help as product_help
from analytics.counting import DIMENSIONS
from analytics.metrics import METRICS
from tracking.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def stranger() -> Client:
    return Client()


def test_every_number_and_every_list_is_explained_at_its_anchor(stranger):
    content = stranger.get("/help").content.decode()
    for key, metric in METRICS.items():
        assert f'id="metric-{key}"' in content
        assert html.escape(str(metric.help)) in content
    shown = set(re.findall(r'id="dimension-(\w+)"', content))
    assert set(DIMENSIONS) - shown <= {"hour"}


@pytest.mark.parametrize("slug", list(product_help.GUIDES))
def test_every_guide_is_readable_without_signing_in(stranger, slug):
    answer = stranger.get(f"/help/{slug}")
    assert answer.status_code == 200
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_there_is_no_other_guide(stranger):
    for path in ("/help/drupal", "/help/..", "/help/index", "/help/page"):
        assert stranger.get(path).status_code == 404


def test_a_guide_shows_the_readers_own_line_and_nobody_elses(
    stranger, signed_in, owner, site, rival_site
):
    own = signed_in(owner)
    address = f"/help/html?site={site.key}"
    assert site.key in own.get(address).content.decode()
    for client, key in ((stranger, site.key), (own, rival_site.key), (own, "nonsense"), (own, "")):
        content = client.get(f"/help/html?site={key}").content.decode()
        assert product_help.EXAMPLE_KEY in content
        assert not key or f"data-site=&quot;{key}" not in content


def test_a_script_name_of_its_own_stands_in_the_guides(signed_in, owner, site):
    site.script_name = "harbour"
    site.save()
    client = signed_in(owner)
    for slug in ("html", "tag-manager", "frameworks", "proxy", "wordpress"):
        assert "/js/harbour.js" in client.get(f"/help/{slug}?site={site.key}").content.decode()


def code(client: Client, address: str, name: str) -> str:
    """A piece of code as somebody copies it out of the page."""
    content = client.get(address).content.decode()
    (found,) = re.findall(rf'<code id="{name}">(.*?)</code>', content, re.DOTALL)
    return html.unescape(found)


@pytest.fixture
def running(live_server, settings, transactional_db) -> None:
    settings.BASE_URL = live_server.url


@pytest.mark.django_db(transaction=True)
def test_the_curl_of_the_guide_stores_an_event(running, signed_in, owner, site):
    script = code(signed_in(owner), f"/help/server?site={site.key}", "curl")
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60)
    assert '"accepted"' in done.stdout, done
    assert Event.plain.get(site=site).path == "/pricing"


@pytest.mark.django_db(transaction=True)
def test_the_python_of_the_guide_stores_an_event_of_last_month(
    running, signed_in, owner, site, token
):
    script = code(signed_in(owner), f"/help/server?site={site.key}", "python")
    environment = {"LINKPRO_TOKEN": token(owner, ["ingest"]), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert "accepted" in done.stdout, done
    event = Event.plain.get(site=site)
    assert (event.name, str(event.value.normalize()), event.currency) == ("purchase", "49.9", "EUR")
    assert timezone.now() - event.occurred_at > timedelta(days=29)


def test_empty_pages_lead_to_the_guide(signed_in, owner, site):
    client = signed_in(owner)
    for address in (f"/sites/{site.key}/outcomes", f"/sites/{site.key}/settings/installation"):
        assert f"/help/html?site={site.key}" in client.get(address).content.decode()
