"""What the endpoint remembers of the database, and how often it asks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import at
from tests.sending import arrival_at, run_steps
from tracking.ingest import committer, directory, exchange, fields, wire
from tracking.ingest.directory import NotLoaded, Remembered

pytestmark = pytest.mark.django_db(transaction=True)


def ask_for(keys: list[str]) -> int:
    """How many queries the keys take, missed at the same time on the endpoint."""
    asked = []

    def ask(some):
        asked.append(len(some))
        return directory._sites_by_key(some)

    remembered = Remembered(ask, absent=30)

    async def load() -> None:
        loader = committer.committer().loader
        waits = [loader.load(NotLoaded(remembered, key)) for key in keys]
        await asyncio.gather(*waits)
        await committer.shut_down()

    asyncio.run(load())
    assert sum(asked) == len(set(keys))
    return len(asked)


def test_what_many_requests_miss_is_one_question(site):
    assert ask_for([f"unknown{n}" for n in range(900)] * 2) <= 2


def test_an_unknown_key_is_not_asked_for_again_and_again(site):
    (hit,) = wire.decode(b'{"site": "nobody"}', at("2026-03-02 10:00"))
    came = arrival_at(at("2026-03-02 10:00"))
    for _time in range(2):
        with pytest.raises(fields.Dropped, match="site_unknown"):
            run_steps(hit, came)
    with CaptureQueriesContext(connection) as queries, pytest.raises(fields.Dropped):
        run_steps(hit, came)
    assert len(queries) == 0


def test_a_database_that_is_away_is_told_as_such(site):
    def away(keys):
        raise OSError("away")

    async def load() -> None:
        loader = committer.committer().loader
        try:
            with pytest.raises(exchange.Unavailable):
                await loader.load(NotLoaded(Remembered(away), "key"))
        finally:
            await committer.shut_down()

    asyncio.run(load())


def test_sites_of_many_hosts_are_found_by_one_query(site, rival_site):
    rival_site.domains = ["rival.test", "both.test"]
    rival_site.save()
    site.domains.append("www.both.test")
    site.save()
    hosts = ["shop.acme.test", "www.shop.acme.test", "rival.test", "both.test", "nobody.test"]
    with CaptureQueriesContext(connection) as queries:
        directory.site_by_host.load(hosts)
    assert len(queries) == 1
    found = {host: directory.site_by_host.get(host) for host in hosts}
    ids = {host: facts and facts.id for host, facts in found.items()}
    assert ids == {
        "shop.acme.test": site.pk,
        "www.shop.acme.test": site.pk,
        "rival.test": rival_site.pk,
        "both.test": None,  # two claim it
        "nobody.test": None,
    }


def test_a_machine_whose_clock_is_wrong_tells_the_time_of_the_database(time_machine):
    right = datetime.now(UTC)
    time_machine.move_to(right + timedelta(days=3), tick=True)
    directory.clock_skew.load([None])
    assert abs(directory.now() - right) < timedelta(seconds=30)
