"""The public side while the database is away: links lead on, and every click is accounted for."""

from __future__ import annotations

import http.client
import time

from tests.faults.load import CHROME
from tests.faults.place import Place, until

OUTAGE_SECONDS = 6.0
# A page waits 0.25 s for an old answer to be renewed and as long for its visit to be stored; the
# rest is room for a busy machine.
MOST_SECONDS = 1.0
PERSON = {"User-Agent": CHROME, "X-Forwarded-For": "203.0.113.7"}


def _ask(place: Place, path: str) -> tuple[int, str, float]:
    """Status, where it leads, and how long it took."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=20)
    try:
        connection.request("GET", path, headers=PERSON)
        answer = connection.getresponse()
        answer.read()
        location = answer.getheader("Location", "")
        return answer.status, location, time.monotonic() - began
    finally:
        connection.close()


def _books(place: Place, site: int) -> dict[str, int]:
    query = "SELECT reason, sum(n)::int FROM tracking_outcome WHERE site_id = %s GROUP BY 1"
    return dict(place.ask(query, [site]))


def _accounted(place: Place, site: int) -> int:
    """Visits that are stored, or counted as lost."""
    books = _books(place, site)
    return sum(n for name, n in books.items() if name == "stored" or name.endswith("_unstored"))


def test_links_lead_on_while_the_database_is_away(trial, place):
    """F4: known links and pages, from every web process; each visit is stored once in the end."""
    profile = place.inside("profile")
    page, link, site = profile["page"], profile["link"], profile["site"]
    lived, looks, slowest = place.pids(), 0, 0.0
    for _n in range(20):  # both web processes come to know them
        looks += 2
        assert _ask(place, page)[0] == 200
        assert _ask(place, link)[:2] == (302, "https://shop.test/offer")
    place.cluster.kill_postgres()
    try:
        until_then = time.monotonic() + OUTAGE_SECONDS
        while time.monotonic() < until_then:
            looks += 2
            status, _location, took = _ask(place, page)
            again, location, longer = _ask(place, link)
            assert (status, again, location) == (200, 302, "https://shop.test/offer")
            slowest = max(slowest, took, longer)
            time.sleep(0.1)
        status, _location, _took = _ask(place, "/l/never-seen")
        assert status == 503
    finally:
        place.cluster.start_postgres()
    back = until(lambda: _accounted(place, site) >= looks, 60, "for every visit")
    stored = place.ask("SELECT count(*) FROM tracking_event WHERE site_id = %s", [site])[0][0]
    books = _books(place, site)
    lost = {name: n for name, n in books.items() if name.endswith("_unstored")}
    trial.figures |= {
        "visits": looks,
        "stored": stored,
        "lost": sum(lost.values()),
        "slowest answer s": round(slowest, 2),
        "all stored after s": round(back, 1),
    }
    assert stored + sum(lost.values()) == looks
    assert books.pop("stored") == stored
    books.pop("duplicate", None)  # given up, and committed after all
    assert books == lost
    assert slowest < MOST_SECONDS
    assert place.living() == lived


def test_links_lead_on_while_the_table_is_locked(trial, place):
    """F10: nobody can store anything, but reading goes on."""
    profile = place.inside("profile")
    link, site = profile["link"], profile["site"]
    assert _ask(place, link)[0] == 302
    looks, slowest = 1, 0.0
    with place.cluster.connect("linkpro") as connection:
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE tracking_eventkey IN ACCESS EXCLUSIVE MODE")
        until_then = time.monotonic() + OUTAGE_SECONDS
        while time.monotonic() < until_then:
            looks += 1
            status, _location, took = _ask(place, link)
            assert status == 302
            slowest = max(slowest, took)
            time.sleep(0.05)
        connection.execute("ROLLBACK")
    until(lambda: _books(place, site).get("stored", 0) >= looks, 60, "for every click")
    trial.figures |= {"clicks": looks, "slowest answer s": round(slowest, 2)}
    stored = place.ask("SELECT count(*) FROM tracking_event WHERE site_id = %s", [site])[0][0]
    assert stored == looks  # one that was given up and committed after all is a duplicate
    assert set(_books(place, site)) <= {"stored", "duplicate"}
    assert slowest < MOST_SECONDS
