"""The picture that counts pages without scripts: it always comes, and is counted like the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from urllib.parse import urlencode

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client
from PIL import Image

from accounts.models import Site
from linkpro.asgi import application
from tests.conftest import CHROME, GOOGLEBOT
from tracking import pixel
from tracking.ingest import committer, writer
from tracking.models import Event, Rejected

pytestmark = pytest.mark.django_db(transaction=True)

Ask = Callable[..., tuple[int, dict[str, str], bytes]]


async def _talk(method: str, path: str, query: str, headers: dict[str, str]):
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("latin-1"),
        "client": ("203.0.113.7", 40_000),
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in headers.items()],
    }
    client = ApplicationCommunicator(application, scope)
    await client.send_input({"type": "http.request", "body": b""})
    start = await client.receive_output(timeout=10)
    end = await client.receive_output(timeout=10)
    await client.wait()
    await committer.shut_down()
    told = {name.decode(): text.decode() for name, text in start["headers"]}
    return start["status"], told, end["body"]


def through_endpoint(method: str, path: str, query: str, headers: dict[str, str]):
    return asyncio.run(_talk(method, path, query, headers))


def through_view(method: str, path: str, query: str, headers: dict[str, str]):
    answer = Client().generic(
        method, path, headers=headers, QUERY_STRING=query, REMOTE_ADDR="203.0.113.7"
    )
    told = {name.lower(): text for name, text in answer.headers.items()}
    return answer.status_code, told, answer.content


@pytest.fixture(params=[through_endpoint, through_view], ids=["endpoint", "view"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Ask for the picture through one of the doors: `ask(site=…, url=…)`."""

    def get(path: str = "/api/pixel.gif", method: str = "GET", headers=None, **said: str):
        given = {"host": "localhost", "user-agent": CHROME} | (headers or {})
        return request.param(method, path, urlencode(said), given)

    return get


def test_the_picture_is_one_transparent_dot_that_nobody_keeps(site: Site, ask: Ask) -> None:
    status, headers, body = ask(site=site.key)
    assert (status, headers["content-type"], len(body)) == (200, "image/gif", 43)
    with Image.open(BytesIO(body)) as picture:
        assert (picture.size, picture.convert("RGBA").tobytes()[3]) == ((1, 1), 0)
    assert (headers["cache-control"], headers["x-event"]) == ("no-store", "accepted")
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in headers


def test_it_counts_the_page_that_shows_it(site: Site, ask: Ask) -> None:
    page = "https://shop.acme.test/prices?utm_source=mail&token=1"
    ask(site=site.key, title="Prices", headers={"referer": page, "accept-language": "de-DE"})
    view = Event.plain.get()
    assert (view.name, view.host, view.path) == ("page_view", "shop.acme.test", "/prices")
    assert (view.title, view.source, view.language) == ("Prices", "mail", "de-DE")
    assert (view.browser, view.device) == ("Chrome", "desktop")
    assert view.visitor is not None


def test_what_its_address_says_goes_before_the_referer(site: Site, ask: Ask) -> None:
    said = {"url": "https://shop.acme.test/amp", "referrer": "https://www.google.com/"}
    ask(site=site.key, **said, headers={"referer": "https://cdn.ampproject.org/"})
    view = Event.plain.get()
    assert (view.host, view.path, view.channel) == ("shop.acme.test", "/amp", "organic_search")


def test_a_view_by_picture_and_one_by_script_are_of_one_visitor(site: Site, ask: Ask, send) -> None:
    ask(site=site.key)
    send({"site": site.key, "url": "https://shop.acme.test/"})
    assert len({event.visitor for event in Event.plain.all()}) == 1


def test_without_a_key_the_page_s_host_says_whose_it_is(site: Site, ask: Ask) -> None:
    ask(headers={"referer": "https://shop.acme.test/"})
    assert Event.plain.get().site_id == site.pk


def test_under_the_site_s_name_it_needs_no_key(site: Site, ask: Ask) -> None:
    site.script_name = "pebble"
    site.save()
    ask("/js/pebble.gif", url="/bare")
    assert (Event.plain.get().site_id, Event.plain.get().path) == (site.pk, "/bare")


def test_a_program_and_a_prefetch_are_told_from_people(site: Site, ask: Ask) -> None:
    _status, headers, _body = ask(site=site.key, headers={"user-agent": GOOGLEBOT})
    assert headers["x-event"] == "accepted; bot"
    _status, headers, _body = ask(site=site.key, headers={"sec-purpose": "prefetch"})
    assert headers["x-event"] == "accepted; bot"


def test_looking_without_loading_counts_nothing(site: Site, ask: Ask) -> None:
    status, headers, body = ask(site=site.key, method="HEAD")
    assert (status, headers["content-type"], body) == (200, "image/gif", b"")
    assert not Event.plain.exists()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, "site_unknown"),
        ({"site": "nobody"}, "site_unknown"),
        ({"site": "\ud800\0".encode("utf-8", "surrogatepass")}, "site_unknown"),
        ({f"n{number}": "x" for number in range(200)}, "site_unknown"),
    ],
)
def test_what_cannot_be_counted_is_a_picture_all_the_same(
    site: Site, said: dict, reason: str
) -> None:
    headers = {"host": "localhost", "user-agent": CHROME}
    answer = through_endpoint("GET", "/api/pixel.gif", urlencode(said), headers)
    assert (answer[0], answer[2]) == (200, pixel.GIF)
    assert answer[1]["x-event"] == f"rejected; {reason}"
    assert not Event.plain.exists()


def test_a_refused_view_is_in_the_books(site: Site, ask: Ask) -> None:
    site.excluded_paths = ["/private*"]
    site.save()
    ask(site=site.key, url="https://shop.acme.test/private/1")
    assert Rejected.plain.get().reason == "path_excluded"


def test_a_sender_of_too_many_gets_the_picture_and_is_not_counted(
    site: Site, ask: Ask, settings
) -> None:
    settings.INGEST_EVENTS_PER_SECOND, settings.INGEST_BURST = 0.1, 1
    assert ask(site=site.key)[1]["x-event"] == "accepted"
    status, headers, body = ask(site=site.key)
    assert (status, body, headers["x-event"]) == (200, pixel.GIF, "rejected; rate_limited")
    assert Event.plain.count() == 1


def test_a_database_that_is_away_breaks_no_picture(site: Site, ask: Ask, monkeypatch) -> None:
    def away(**_given):
        raise OSError("away")

    monkeypatch.setattr(writer, "connect", away)
    monkeypatch.setattr(writer, "connected", away)
    status, headers, body = ask(site=site.key)
    assert (status, body, headers["x-event"]) == (200, pixel.GIF, "rejected; unavailable")


def test_a_foreign_host_is_no_door(site: Site) -> None:
    asked = f"site={site.key}"
    answer = through_endpoint("GET", "/api/pixel.gif", asked, {"host": "evil.test"})
    assert (answer[0], answer[1]["x-event"]) == (200, "rejected; host_unknown")
