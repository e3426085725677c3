"""Send events as the endpoint does, without a server: through the steps and the writer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from accounts.models import Site
from analytics import rollup
from analytics.models import SiteDay
from tests.conftest import CHROME
from tracking.ingest import steps, wire, writer
from tracking.ingest.directory import NotLoaded, TokenFacts
from tracking.ingest.fields import Dropped
from tracking.ingest.samples import Refusal
from tracking.ingest.steps import Arrival
from tracking.ingest.wire import Hit


def run_steps(hit: Hit, arrival: Arrival) -> Hit:
    """The steps, with what they need loaded at once."""
    while True:
        try:
            return steps.run(hit, arrival)
        except NotLoaded as missing:
            missing.load()


def arrival_at(when: datetime, **values: Any) -> Arrival:
    given = {"address": "84.160.1.1", "agent": CHROME} | values
    return Arrival(received_at=when, **given)


def send(
    site: Site, events: Iterable[dict[str, Any]], now: datetime | None = None, **arrival: Any
) -> list[str]:
    """Store events given as payloads; `at` is their moment, `ip` and `user_agent` their visitor's.

    They come by a trusted token, so any day is believed. Returns an outcome for each.
    """
    received = now or datetime.now(UTC)
    facts = TokenFacts(may_ingest=True, site_ids=frozenset({site.pk}))
    hits, outcomes, refused = [], [], []
    for event in events:
        event = {"ip": "84.160.1.1", "user_agent": CHROME} | event
        if when := event.pop("at", None):
            event["timestamp"] = when.isoformat()
        body = msgspec.json.encode({"site": site.key, **event})
        (item,) = wire.decode(body, received)
        try:
            if isinstance(item, Dropped):
                raise item
            hits.append(run_steps(item, arrival_at(received, token=facts, **arrival)))
            outcomes.append("")
        except Dropped as dropped:
            refused.append(Refusal(None, dropped.reason))
            outcomes.append(dropped.reason)
    with writer.connect() as connection:
        results = iter(writer.write(connection, hits, refused))
    return [outcome or next(results) for outcome in outcomes]


def visit(
    start: datetime, pages: Iterable[str], *, gap: timedelta = timedelta(minutes=1), **values: Any
) -> list[dict[str, Any]]:
    """The page views of one visit, `gap` apart."""
    return [
        {"url": f"https://shop.acme.test{page}", "at": start + number * gap, **values}
        for number, page in enumerate(pages)
    ]


def rebuild_all() -> list[SiteDay]:
    """Rebuild every marked day now, however recently it was rebuilt."""
    far = datetime.now(UTC) + timedelta(days=1)
    while rollup.rebuild_due(far):
        pass
    return list(SiteDay.plain.order_by("site_id", "date"))
