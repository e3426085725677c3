"""What the steps must know of the database, remembered for a few seconds.

The event loop never waits for the database: a step that asks for something unknown raises
`NotLoaded`; whoever runs the steps loads it (in a thread, on the endpoint) and runs them again.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from accounts.authentication import find_token, note_use
from accounts.models import Site
from accounts.roles import TokenScope
from accounts.zones import Clock
from privacy.models import Salt
from privacy.pseudonyms import new_secret
from tracking.enrich import bare

# How long a change of a site or a token may take to be noticed here.
LIFETIME_SECONDS = 5.0
MAX_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the steps need to know of a site."""

    id: int
    tenant: UUID
    key: str
    clock: Clock
    domains: frozenset[str]


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """Whether a token may send events, and to which sites."""

    may_ingest: bool
    site_ids: frozenset[int]


class NotLoaded(Exception):
    """Something is not known yet; `load` finds it out and may wait for the database."""

    def __init__(self, load: Callable[[], Any]) -> None:
        super().__init__("load it, then run the step again")
        self.load = load


class Remembered:
    """Answers of one question by key, the absent ones too, each for a short time."""

    def __init__(self, ask: Callable[..., Any], lifetime: float = LIFETIME_SECONDS) -> None:
        self.ask, self.lifetime = ask, lifetime
        self.answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def get(self, *key: Any) -> Any:
        """The remembered answer; raises `NotLoaded` when there is none or it is too old."""
        found = self._fresh(key)
        if found is None:
            raise NotLoaded(lambda: self._load(key))
        return found[1]

    def _fresh(self, key: tuple) -> tuple[float, Any] | None:
        found = self.answers.get(key)
        return found if found is not None and found[0] >= time.monotonic() else None

    def _load(self, key: tuple) -> None:
        if self._fresh(key):  # many requests miss an answer at once; the first load is for all
            return
        answer = self.ask(*key)
        now = time.monotonic()
        self.answers.pop(key, None)
        self.answers[key] = (now + self.lifetime, answer)
        # The oldest stand first: what has expired is not kept, a secret least of all.
        while self.answers:
            oldest, (until, _answer) = next(iter(self.answers.items()))
            if until >= now and len(self.answers) <= MAX_REMEMBERED:
                break
            del self.answers[oldest]


def _facts(site: Site | None) -> SiteFacts | None:
    if site is None:
        return None
    domains = frozenset(bare(domain) for domain in site.domains)
    return SiteFacts(site.pk, site.tenant_id, site.key, site.clock, domains)


def _site_by_key(key: str) -> SiteFacts | None:
    sites = Site.objects.unscoped("the key in an event says whose it is")
    return _facts(sites.filter(key=key).first())


def _site_by_host(host: str) -> SiteFacts | None:
    """The one site that lives at the host, with or without www; None where two claim it."""
    bare = host.removeprefix("www.")
    claimed = Q(domains__contains=[bare]) | Q(domains__contains=[f"www.{bare}"])
    found = list(Site.objects.unscoped("a page's host says whose it is").filter(claimed)[:2])
    return _facts(found[0]) if len(found) == 1 else None


def _default_site() -> SiteFacts | None:
    return _site_by_key(settings.DEFAULT_SITE) if settings.DEFAULT_SITE else None


def _token(text: str) -> TokenFacts | None:
    token = find_token(text)
    if token is None:
        return None
    note_use(token)
    visible = Site.objects.visible_to(token.scope()).values_list("pk", flat=True)
    return TokenFacts(TokenScope.INGEST in token.scopes, frozenset(visible))


def _salt(site_id: int, day: date) -> bytes | None:
    """The day's secret, made for its first event; None once it has been destroyed."""
    salt, _made = Salt.plain.get_or_create(
        site_id=site_id, date=day, defaults={"secret": new_secret()}
    )
    return None if salt.secret is None else bytes(salt.secret)


site_by_key = Remembered(_site_by_key)
site_by_host = Remembered(_site_by_host)
default_site = Remembered(_default_site)
token = Remembered(_token)
# A day's secret never changes; it only dies, long after its day.
salt = Remembered(_salt, lifetime=600)


def forget() -> None:
    """Forget everything, as a new process would (tests change sites under our feet)."""
    for remembered in (site_by_key, site_by_host, default_site, token, salt):
        remembered.answers.clear()
