"""What must be refused, and why: single events, and requests of which nothing can be used."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from linkpro.world.sites import DIRECT, SiteSpec
from linkpro.world.visits import Dice

# What each site does not want to be told or to keep, in the words of its settings.
RULES: dict[str, dict[str, Any]] = {
    "shop": {
        "addresses": "truncated",
        "excluded_networks": ["198.51.100.0/24", "2001:db8:5::/48"],
        "excluded_paths": ["/staff/*", "*.php"],
    },
    "journal": {"addresses": "full", "own_hosts_only": True},
    "bio": {"addresses": "none"},
}
NO_SITE = "no-such-site"


@dataclass(frozen=True, slots=True)
class Stray:
    """An event that is refused for a reason, which stands in the books of its site.

    `text` is its JSON. A `homeless` one names a site that is none, and stands in nobody's books.
    """

    site: SiteSpec
    reason: str
    text: str
    by_browser: bool = True
    homeless: bool = False


def strays(site: SiteSpec, now: datetime, dice: Dice) -> Iterator[Stray]:
    """One of each kind."""
    person = dice.person(site, DIRECT)

    def event(**values: Any) -> str:
        given: dict[str, Any] = {
            "id": str(dice.event_id(now)),
            "name": "page_view",
            "url": f"{site.address}/",
            "ip": person.address,
            "user_agent": person.agent,
        }
        return json.dumps(given | values)

    deep: Any = 1
    for _level in range(6):
        deep = {"deep": deep}
    broken = {
        "event_invalid": [event(name=5), event(value="much"), "[]", '"text"', "null", "7"],
        "event_too_large": [event(title="x" * 70_000)],
        "props_too_large": [event(props={"text": "x" * 9_000})],
        "props_invalid": [event(props=deep), event(props={"n": 1e300})],
        "value_invalid": [event(value=1e15)],
        "timestamp_invalid": [event(timestamp="yesterday"), event(timestamp="2026-02-31")],
    }
    for reason, texts in broken.items():
        for number, text in enumerate(texts):
            yield Stray(site, reason, text, by_browser=number % 2 == 0)
    for at in ("1999-12-31T23:59:59Z", (now + timedelta(days=1)).isoformat()):
        yield Stray(site, "timestamp_impossible", event(timestamp=at), by_browser=False)
    for by_browser in (True, False):
        yield Stray(site, "site_unknown", event(), by_browser, homeless=True)
    yield from _unwanted(site, event)


def _unwanted(site: SiteSpec, event: Any) -> Iterator[Stray]:
    """What the site's own rules keep out."""
    rules = RULES[site.slug]
    if "excluded_networks" in rules:
        for ip in ("198.51.100.7", "2001:db8:5::1"):
            yield Stray(site, "own_traffic", event(ip=ip), by_browser=False)
    if "excluded_paths" in rules:
        for path in ("/staff/rota?week=1", "/wp-login.php"):
            yield Stray(site, "path_excluded", event(url=f"{site.address}{path}"))
    if "own_hosts_only" in rules:
        yield Stray(site, "host_foreign", event(url="https://copy.example/"))


@dataclass(frozen=True, slots=True)
class Misfit:
    """A request that is refused as a whole, and stands once in nobody's books."""

    status: int
    code: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    reading_token: bool = False  # it comes with a token that may read, not send


_GZIP = {"Content-Encoding": "gzip"}
_EVENT = b'{"site": "no-such-site"}'

MISFITS = (
    Misfit(400, "body_empty", b"  "),
    Misfit(400, "json_invalid", b'{"name": '),
    Misfit(400, "batch_empty", b'{"events": []}'),
    Misfit(413, "batch_too_long", json.dumps({"events": [{}] * 501}).encode()),
    Misfit(413, "body_too_large", gzip.compress(b" " * 5_000_000), _GZIP),
    Misfit(415, "encoding_unknown", _EVENT, {"Content-Encoding": "br"}),
    Misfit(400, "encoding_invalid", _EVENT, _GZIP),
    Misfit(400, "encoding_invalid", gzip.compress(_EVENT)[:-4], _GZIP),
    Misfit(401, "token_invalid", _EVENT, {"Authorization": "Bearer lp_" + "x" * 43}),
    Misfit(403, "token_scope", _EVENT, reading_token=True),
    Misfit(400, "host_unknown", _EVENT, {"Host": "elsewhere.example"}),
)
