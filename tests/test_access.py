"""Nobody sees a neighbour's row: every address, everybody, and whose row it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from tests.access import actors as people
from tests.access import world as places
from tests.access.probes import Stage
from tests.access.routes import all_routes
from tests.access.table import TABLE, line_for
from tests.access.walk import walk
from tests.conftest import emptying

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker) -> Iterator[Stage]:
    """Both tenants, committed, since events are stored and found by connections of their own."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        for name in ("API_RATE_TOKEN", "API_RATE_PERSON", "API_RATE_ADDRESS"):
            patch.setattr(settings, name, 0)
        try:
            world = places.build()
            yield Stage(world, people.cast(world))
        finally:
            with connection.cursor() as cursor:
                cursor.execute(emptying())


def test_every_address_is_in_the_table():
    """Add the line to `tests/access/table.py`."""
    unknown = [
        f"{route.pattern!r}: line({route.method}=...)  # {route.callback.__module__}"
        for route in all_routes()
        if (found := line_for(route)) is None or not found.policy_for(route.method)
    ]
    assert unknown == []


def test_every_line_of_the_table_is_an_address():
    here = {route.key for route in all_routes()}
    here |= {(pattern, "ANY") for pattern, _method in here}
    told = {(pattern, method) for pattern, line in TABLE.items() for method in line.policies}
    assert told - here == set()


@pytest.mark.parametrize("actor", people.NAMES)
def test_everybody_gets_what_is_theirs_and_nothing_of_others(stage, actor):
    assert walk(stage, actor) == []
