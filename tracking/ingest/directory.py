"""What the steps must know of the database, remembered for a few seconds.

The event loop never waits for the database: a step that asks for something unknown raises
`NotLoaded`; whoever runs the steps loads it (in a thread, on the endpoint) and runs them again.
What many requests miss at the same time is loaded by one query.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID
from weakref import WeakSet

import structlog
from django.conf import settings
from django.db import connection

from accounts import vault
from accounts.authentication import find_tokens, note_use
from accounts.models import ApiToken, Site
from accounts.roles import TokenScope
from accounts.zones import Clock
from privacy.models import Salt, VisitorSecret
from privacy.pseudonyms import new_secret, opened, sealed_secret
from tracking.enrich import bare

log = structlog.get_logger()

# How long a change of a site or a token may take to be noticed here.
LIFETIME_SECONDS = 5.0
# A key that is none today is hardly one in half a minute: nobody makes us ask for it all the time.
UNKNOWN_KEY_SECONDS = 30.0
# How long an old answer serves before the database is asked again, while it is away.
BRIDGED_SECONDS = 1.0
MAX_REMEMBERED = 20_000
MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the steps need to know of a site."""

    id: int
    tenant: UUID
    key: str
    clock: Clock
    domains: frozenset[str]
    addresses: str
    excluded_networks: tuple[IPv4Network | IPv6Network, ...]
    excluded_paths: re.Pattern[str] | None
    own_hosts_only: bool


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """Whether a token may send events, and to which sites."""

    may_ingest: bool
    site_ids: frozenset[int]


class NotLoaded(Exception):
    """Something is not known yet; `load` finds it out and may wait for the database."""

    def __init__(self, remembered: Remembered, key: Any) -> None:
        super().__init__("load it, then run the step again")
        self.remembered, self.key = remembered, key

    @property
    def has_last_answer(self) -> bool:
        """Whether an older answer may serve instead."""
        return self.key in getattr(self.remembered, "last", ())

    def load(self) -> None:
        """Find it out, here and now."""
        self.remembered.load([self.key])


class Remembered:
    """Answers of one question by key, the absent ones too, each for a short time.

    `ask` is given some keys and answers those it knows; what it leaves out is None.
    """

    everything: ClassVar[WeakSet[Remembered]] = WeakSet()

    def __init__(
        self,
        ask: Callable[[list[Any]], Mapping[Any, Any]],
        lifetime: float = LIFETIME_SECONDS,
        absent: float = LIFETIME_SECONDS,
    ) -> None:
        self.ask, self.lifetime, self.absent = ask, lifetime, absent
        self.answers: OrderedDict[Any, tuple[float, Any]] = OrderedDict()
        self.everything.add(self)

    def get(self, key: Any) -> Any:
        """The remembered answer; raises `NotLoaded` when there is none or it is too old."""
        found = self.answers.get(key)
        if found is None or found[0] < time.monotonic():
            raise NotLoaded(self, key)
        return found[1]

    def _is_fresh(self, key: Any) -> bool:
        found = self.answers.get(key)
        return found is not None and found[0] >= time.monotonic()

    def load(self, keys: Iterable[Any]) -> None:
        """Ask for all of these keys that are still not known."""
        missing = [key for key in dict.fromkeys(keys) if not self._is_fresh(key)]
        for start in range(0, len(missing), MOST_AT_ONCE):
            some = missing[start : start + MOST_AT_ONCE]
            answers = self.ask(some)
            for key in some:
                self._remember(key, answers.get(key))

    def _remember(self, key: Any, answer: Any) -> None:
        now = time.monotonic()
        self.answers.pop(key, None)
        self.answers[key] = (now + (self.absent if answer is None else self.lifetime), answer)
        # The oldest stand first: what has expired is not kept, a secret least of all.
        while self.answers:
            oldest, (until, _answer) = next(iter(self.answers.items()))
            if until >= now and len(self.answers) <= MAX_REMEMBERED:
                break
            del self.answers[oldest]

    def forget(self) -> None:
        """Forget all answers, as a new process would."""
        self.answers.clear()


class LastingAnswers(Remembered):
    """Keeps the last answer to a key, too, for the time when the database is away.

    Only what there was: whoever asks for what never was pushes nothing out.
    """

    def __init__(
        self,
        ask: Callable[[list[Any]], Mapping[Any, Any]],
        lifetime: float = LIFETIME_SECONDS,
        most: int = MAX_REMEMBERED,
    ) -> None:
        super().__init__(ask, lifetime)
        self.most = most
        self.last: OrderedDict[Any, Any] = OrderedDict()

    def _remember(self, key: Any, answer: Any) -> None:
        super()._remember(key, answer)
        self.last.pop(key, None)
        if answer is not None:
            self.last[key] = answer
            if len(self.last) > self.most:
                self.last.popitem(last=False)

    def last_answer(self, key: Any) -> Any:
        """What was answered last, however long ago; None where there was nothing.

        For a moment it counts as fresh: not everybody has to find out that nobody answers.
        """
        answer = self.last.get(key)
        if answer is not None:
            self.answers[key] = (time.monotonic() + BRIDGED_SECONDS, answer)
        return answer

    def forget(self) -> None:
        super().forget()
        self.last.clear()


def _matching(paths: Iterable[str]) -> re.Pattern[str] | None:
    """What matches whole paths of which `*` stands for anything."""
    parts = [".*".join(map(re.escape, path.split("*"))) for path in paths if path]
    return re.compile("|".join(parts), re.DOTALL) if parts else None


def _own_domains(site: Site) -> frozenset[str]:
    """Hosts of the site's pages; profiles have theirs on our own."""
    domains = {bare(domain) for domain in site.domains}
    if site.kind == Site.Kind.BIO:
        domains.add(bare(urlsplit(settings.BASE_URL).hostname))
    return frozenset(domains)


def facts_of(site: Site) -> SiteFacts:
    """What the steps need to know of a site."""
    return SiteFacts(
        id=site.pk,
        tenant=site.tenant_id,
        key=site.key,
        clock=site.clock,
        domains=_own_domains(site),
        addresses=site.addresses,
        excluded_networks=tuple(ip_network(net, strict=False) for net in site.excluded_networks),
        excluded_paths=_matching(site.excluded_paths),
        own_hosts_only=site.own_hosts_only,
    )


def _sites_by_key(keys: list[str]) -> dict[str, SiteFacts]:
    sites = Site.objects.unscoped("the key in an event says whose it is").filter(key__in=keys)
    return {site.key: facts_of(site) for site in sites}


def _sites_by_script(names: list[str]) -> dict[str, SiteFacts]:
    sites = Site.objects.unscoped("the name of a script says whose it is")
    return {site.script_name or "": facts_of(site) for site in sites.filter(script_name__in=names)}


def _sites_by_host(hosts: list[str]) -> dict[str, SiteFacts]:
    """The one site that lives at each host, with or without www; none where two claim it."""
    wanted = {bare(host) for host in hosts}
    domains = [*wanted, *(f"www.{host}" for host in wanted)]
    sites = Site.objects.unscoped("a page's host says whose it is")
    claims: dict[str, list[Site]] = {}
    for site in sites.filter(domains__overlap=domains):
        for host in {bare(domain) for domain in site.domains} & wanted:
            claims.setdefault(host, []).append(site)
    alone = {host: facts_of(found[0]) for host, found in claims.items() if len(found) == 1}
    return {host: alone[bare(host)] for host in hosts if bare(host) in alone}


def _tokens(texts: list[str]) -> dict[str, TokenFacts]:
    found = find_tokens(texts)
    for token in found.values():
        note_use(token)
    return {text: _token_facts(token) for text, token in found.items()}


def _token_facts(token: ApiToken) -> TokenFacts:
    visible = Site.objects.visible_to(token.scope()).values_list("pk", flat=True)
    return TokenFacts(token.may(TokenScope.INGEST), frozenset(visible))


def _salts(days: list[tuple[int, date]]) -> dict[tuple[int, date], bytes]:
    """The days' secrets, made for their first events; none of those that were destroyed."""
    sites = Site.plain.filter(pk__in={site for site, _day in days}).values_list("pk", flat=True)
    living = set(sites)
    new = [
        Salt(site_id=site, date=day, secret=new_secret())
        for site, day in sorted(days)
        if site in living
    ]
    Salt.plain.bulk_create(new, ignore_conflicts=True)
    known = Salt.plain.filter(site__in=living, date__in={day for _site, day in days})
    rows = known.values_list("site_id", "date", "secret")
    return {(site, day): bytes(secret) for site, day, secret in rows if secret is not None}


def _visitor_secrets(sites: list[int]) -> dict[int, bytes]:
    """The lasting secrets of the sites, made for their first visitors who agreed."""
    living = Site.plain.filter(pk__in=sites).order_by("pk").values_list("pk", flat=True)
    known = VisitorSecret.plain.filter(site__in=sites)
    there = set(known.values_list("site_id", flat=True))
    new = [
        VisitorSecret(site_id=site, sealed=sealed_secret(site))
        for site in living
        if site not in there
    ]
    VisitorSecret.plain.bulk_create(new, ignore_conflicts=True)
    return dict(_opened(known.values_list("site_id", "sealed")))


def _opened(rows: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Those that open: where the vault's key is gone, events count as of who did not agree."""
    for site, sealed in rows:
        try:
            yield site, opened(site, sealed)
        except vault.Unreadable:
            log.error("visitor_secret_unreadable", site=site)


TOLERATED_SKEW = timedelta(seconds=1)


def _skews(keys: list[None]) -> dict[None, timedelta]:
    """By how much this machine's clock is behind the database's, which all processes share."""
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (shared,) = cursor.fetchone()
    skew = shared - (before + (datetime.now(UTC) - before) / 2)
    return {None: skew if abs(skew) > TOLERATED_SKEW else timedelta()}


def now() -> datetime:
    """The time by the database's clock. Raises `NotLoaded`."""
    return datetime.now(UTC) + clock_skew.get(None)


clock_skew = Remembered(_skews, lifetime=60)
site_by_key = Remembered(_sites_by_key, absent=UNKNOWN_KEY_SECONDS)
site_by_host = Remembered(_sites_by_host)
site_by_script = Remembered(_sites_by_script)
# Apart from the others: its key is known before the site is made.
default_site = Remembered(_sites_by_key)
token = Remembered(_tokens)
# A day's secret never changes; it only dies, long after its day.
salt = Remembered(_salts, lifetime=600, absent=600)
visitor_secret = Remembered(_visitor_secrets, lifetime=60)


def forget() -> None:
    """Forget everything, as a new process would (tests change sites under our feet)."""
    for remembered in list(Remembered.everything):
        remembered.forget()
