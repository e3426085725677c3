"""A batch is one transaction, also when a row of it cannot be stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import pytest
from psycopg import OperationalError

from tests.conftest import at
from tests.sending import arrival_at, run_steps
from tracking import outcomes
from tracking.ingest import wire, writer
from tracking.ingest.samples import Refusal
from tracking.ingest.wire import Hit
from tracking.models import DirtyDay, Event, EventKey, Outcome

pytestmark = pytest.mark.django_db(transaction=True)

NOW = at("2026-03-02 10:00")
TOO_LONG = "x" * 600  # past the column's constraint; the wire would have cut it


def batch(site, count: int, poisoned: Collection[int] = ()) -> list[Hit]:
    """Hits as they leave the steps; the poisoned ones hold what no column takes."""
    hits = []
    for number in range(count):
        body = f'{{"site": "{site.key}", "id": "e{number}", "path": "/{number}"}}'
        (hit,) = wire.decode(body.encode(), NOW)
        assert isinstance(hit, Hit)
        hits.append(run_steps(hit, arrival_at(NOW)))
        if number in poisoned:
            hits[-1].title = TOO_LONG
    return hits


def books() -> dict[str, int]:
    return dict(Counter({row.reason: row.n for row in Outcome.plain.all()}))


@pytest.mark.parametrize("poisoned", [set(), {0}, {6}, {3, 4}, set(range(7))])
def test_rows_that_cannot_be_stored_cost_the_others_nothing(site, poisoned):
    with writer.connect() as connection:
        refused = [Refusal(None, "event_invalid")]
        results = writer.write(connection, batch(site, 7, poisoned), refused)
    bad = {number for number, result in enumerate(results) if result == "unstorable_23514"}
    assert bad == poisoned
    assert set(Event.plain.values_list("path", flat=True)) == {
        f"/{n}" for n in range(7) if n not in poisoned
    }
    assert EventKey.plain.count() == 7 - len(poisoned)
    outcomes.fold()
    expected = {"stored": 7 - len(poisoned), "unstorable_23514": len(poisoned), "event_invalid": 1}
    assert books() == {reason: n for reason, n in expected.items() if n}


def test_a_batch_with_a_bad_row_is_all_there_or_not_at_all(site, monkeypatch):
    """The books cannot be written: then no half of the batch stays either."""

    def fail(*args):
        raise OperationalError("gone")

    monkeypatch.setattr(writer, "count_outcomes", fail)
    with writer.connect() as connection, pytest.raises(OperationalError):
        writer.write(connection, batch(site, 7, {3}))
    for model in (Event, EventKey, DirtyDay, Outcome):
        assert not model.plain.exists(), model


def test_a_refused_row_may_come_again_mended(site):
    with writer.connect() as connection:
        assert writer.write(connection, batch(site, 1, {0})) == ["unstorable_23514"]
        assert writer.write(connection, batch(site, 1)) == ["stored"]
        assert writer.write(connection, batch(site, 1)) == ["duplicate"]


def test_the_same_id_twice_in_a_batch_is_stored_once(site):
    with writer.connect() as connection:
        results = writer.write(connection, batch(site, 2) + batch(site, 1))
    assert results == ["stored", "stored", "duplicate"]
