"""What was seen of a site, as its settings need it: hosts, paths, zones, single events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import FUNNEL_STEPS, Site
from accounts.sites import funnels
from accounts.tenancy import Scope
from analytics import queries
from analytics.period import preset
from analytics.reasons import BOTS
from tracking import pages
from tracking.enrich import bare
from tracking.event_lists import events_of
from tracking.models import Event, Rejected

# Of the newest events so many are looked through for hosts, whatever the traffic of a site.
NEWEST = 5_000
MOST_HOSTS = 20
REFUSED_DAYS = 30
MOST_PAGES = 10_000


# --- Hosts ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Host:
    """A host that events came from, how many of those looked at, and whether they were refused."""

    name: str
    n: int
    refused: bool


def foreign_hosts(scope: Scope, site: Site) -> list[Host]:
    """Hosts that are none of the site's domains, among the newest events and the refused ones."""
    newest = events_of(scope, site).order_by("-occurred_at").values_list("host", flat=True)
    stored = Counter(host for host in newest[:NEWEST] if host)
    samples = Rejected.objects.visible_to(scope).filter(site=site, reason="host_foreign")
    refused = Counter(samples.exclude(page="").values_list("page", flat=True))
    own = {bare(domain) for domain in site.domains}
    hosts = [Host(name, n, refused=True) for name, n in refused.most_common()]
    hosts += [Host(name, n, refused=False) for name, n in stored.most_common()]
    first = {host.name: host for host in reversed(hosts) if bare(host.name) not in own}
    return sorted(first.values(), key=lambda host: (-host.refused, -host.n))[:MOST_HOSTS]


# --- Exclusions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tried:
    """A path that somebody asked about, and the rule that excludes it, if one does."""

    path: str
    rule: str

    @property
    def counted(self) -> bool:
        """Whether a visit to the path would be counted."""
        return not self.rule


def tried(site: Site, text: str) -> Tried | None:
    """Whether a path, or the address of a page, would be counted; None where none was given."""
    text = text.strip()[: pages.MAX_URL]
    if not text:
        return None
    url = text if "://" in text or text.startswith("/") else f"/{text}"
    path = pages.page_of(url).path or "/"
    fitting = (rule for rule in site.excluded_paths if funnels.matches(path, [rule]))
    return Tried(path, next(fitting, ""))


def is_excluded(site: Site, address: str) -> bool:
    """Whether visits from an address are not counted."""
    if not address:
        return False
    found = ip_address(address)
    return any(found in ip_network(net, strict=False) for net in site.excluded_networks)


# --- Clocks -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Zones:
    """The clocks of a site: the one of today, what it had before, and what comes when."""

    today: str
    coming: str
    since: date | None
    earlier: list[tuple[date, str]]


def zones(site: Site, now: datetime) -> Zones:
    """How the site's days are cut today, were cut before, and will be."""
    clock = site.clock
    today = clock.date_of(now)
    current = clock.zone_on(today)
    waits = current != site.time_zone
    last = next((day for day, _zone in clock.earlier if day >= today), None)
    return Zones(
        today=current,
        coming=site.time_zone if waits else "",
        since=last + timedelta(days=1) if waits and last else None,
        earlier=[(day, zone) for day, zone in clock.earlier if day < today],
    )


# --- Funnel -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel: how many pages its rules fit, how often those were seen, some names."""

    key: str
    pages: int
    views: int
    examples: list[str]


def funnel_steps(scope: Scope, site: Site, now: datetime) -> list[Step]:
    """What the rules of each step fit among the pages of the last 30 days."""
    period = preset("30d", now, site.clock)
    found = queries.breakdown(scope, site, period, "page", ["page_views"], limit=MOST_PAGES)
    views = {row.value: int(row.numbers["page_views"] or 0) for row in found.rows}
    return [_step(key, site.funnel_pages.get(key, []), views) for key in FUNNEL_STEPS]


def _step(key: str, rules: Iterable[str], views: dict[str, int]) -> Step:
    rules = list(rules)
    fitting = sorted(
        (path for path in views if funnels.matches(path, rules)), key=lambda path: -views[path]
    )
    return Step(key, len(fitting), sum(views[path] for path in fitting), fitting[:5])


# --- Single events ----------------------------------------------------------------------------


def event(site: Site, found: Event) -> dict[str, Any]:
    """An event as people read it, on the site's clock; nothing of whose it was."""
    is_bot = bool(getattr(found, "is_bot", False))
    bot_class = found.agent.bot if found.agent_id and found.agent else ""
    return {
        # Without its zone, or a template would turn it to the zone of the installation.
        "at": site.local(found.occurred_at).replace(tzinfo=None),
        "received_at": site.local(found.received_at).replace(tzinfo=None),
        "name": found.name,
        "host": found.host or "",
        "path": found.path or "",
        "source": found.source or "",
        "country": found.country or "",
        "with": " · ".join(part for part in (found.browser, found.os) if part),
        "bot": str(BOTS.get(bot_class, bot_class) or _("Bot")) if is_bot else "",
    }
