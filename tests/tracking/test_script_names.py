"""The tracker under a name of the site's choice: one address for the script and its events."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Site
from tests.tracking.conftest import Send
from tracking.ingest import directory
from tracking.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def named(site: Site) -> Site:
    """Acme calls its script `pebble`."""
    site.script_name = "pebble"
    site.save()
    return site


def test_the_script_is_the_same_under_every_name(client: Client) -> None:
    own, chosen = client.get("/js/analytics.js"), client.get("/js/pebble.js")
    assert chosen.status_code == 200
    assert chosen.content == own.content
    for name in ("Content-Type", "Cache-Control", "ETag", "Access-Control-Allow-Origin"):
        assert chosen[name] == own[name]
    assert client.get("/js/pebble.js", headers={"if-none-match": own["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/js/Pebble.js", 200),  # people and proxies write names as they like
        ("/js/stone.js", 404),
        ("/js/pebble.css", 404),
        ("/js/p.js", 404),
        ("/js/peb/ble.js", 404),
    ],
)
def test_only_a_chosen_name_is_found(client: Client, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_a_name_is_looked_up_once_for_many_requests(client: Client) -> None:
    for name, status in (("pebble", 200), ("stone", 404)):
        assert client.get(f"/js/{name}.js").status_code == status
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/js/{name}.js").status_code == status
        assert len(queries) == 0


def test_a_new_name_is_soon_known_and_an_old_one_forgotten(client: Client, site: Site) -> None:
    assert client.get("/js/stone.js").status_code == 404
    site.script_name = "stone"
    site.save()
    assert directory.site_by_script.lifetime == directory.site_by_script.absent == 5
    directory.forget()
    assert client.get("/js/stone.js").status_code == 200
    assert client.get("/js/pebble.js").status_code == 404


def test_while_the_database_is_away_the_script_is_there(client: Client, monkeypatch) -> None:
    def away(names):
        raise OSError("away")

    monkeypatch.setattr(directory.site_by_script, "ask", away)
    assert client.get("/js/pebble.js").status_code == 200


@pytest.mark.parametrize("path", ["/js/pebble.js", "/js/pebble", "/js/PEBBLE.js"])
def test_events_come_to_the_script_s_own_address(send: Send, site: Site, path: str) -> None:
    answer = send({"id": "a", "url": "https://elsewhere.test/x"}, path)
    assert (answer.status, answer.results) == (202, {"a": "accepted"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert Event.plain.get().site_id == site.pk


def test_any_page_may_ask_for_leave_to_send_there(send: Send) -> None:
    assert send(b"", "/js/pebble.js", "OPTIONS").status == 204


def test_a_key_goes_before_the_name(send: Send, rival_site: Site) -> None:
    send({"site": rival_site.key}, "/js/pebble.js")
    assert Event.plain.get().site_id == rival_site.pk


def test_a_name_goes_before_the_page_s_host(send: Send, site: Site, rival_site: Site) -> None:
    send({"url": "https://rival.test/"}, "/js/pebble.js", origin="https://rival.test")
    assert Event.plain.get().site_id == site.pk


def test_a_page_that_still_has_the_old_name_is_counted(send: Send, site: Site) -> None:
    site.script_name = None
    site.save()
    assert send({"site": site.key}, "/js/pebble.js").status == 202
    assert send({}, "/js/pebble.js", origin="https://shop.acme.test").status == 202
    answer = send({}, "/js/pebble.js", origin="https://elsewhere.test")
    assert (answer.status, answer.body["code"]) == (400, "site_unknown")


def test_the_tracker_s_own_name_is_nobody_s(send: Send, site: Site) -> None:
    assert send({"site": site.key}, "/js/analytics.js").status == 202
    assert send({}, "/js/analytics.js").body["code"] == "site_unknown"


def test_a_proxy_s_host_says_whose_event_it_is(send: Send, site: Site, settings) -> None:
    site.domains = ["stats.acme.test"]
    site.save()
    settings.ALLOWED_HOSTS = ["stats.acme.test"]
    assert send({"id": "a"}, host="stats.acme.test:443").results == {"a": "accepted"}


def test_linkpro_s_own_host_says_nothing(send: Send, site: Site, settings) -> None:
    site.domains = ["localhost"]
    site.save()
    settings.BASE_URL = "https://localhost"
    assert send({}).body["code"] == "site_unknown"


def test_there_is_nothing_to_send_to_a_picture(client: Client) -> None:
    body = json.dumps({"name": "x"})
    assert client.post("/js/pebble.gif", body, content_type="text/plain").status_code == 405
