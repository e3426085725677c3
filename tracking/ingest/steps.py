"""The way of an event, as a list: each step adds what it finds out, or drops the event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from django.conf import settings

from accounts.addresses import plain_address
from accounts.zones import Clock
from privacy import pseudonyms
from tracking import agents, enrich, pages
from tracking.addresses import kept
from tracking.ingest import directory, links
from tracking.ingest.directory import SiteFacts, TokenFacts
from tracking.ingest.fields import Dropped, cut
from tracking.ingest.links import LinkFacts, ProfileFacts
from tracking.ingest.wire import Hit
from tracking.models.events import EventFlag

OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
PAST = timedelta(days=7)
FUTURE = timedelta(minutes=5)
MAX_HOSTS = 10
# A clock that is off by less than the network takes is not corrected.
TOLERATED_SKEW = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a request besides its body."""

    received_at: datetime
    address: str
    agent: str
    language: str = ""
    origin: str = ""
    referer: str = ""
    token: TokenFacts | None = None
    ahead: bool = False  # a prefetch or a preview: nobody looks at it, perhaps nobody ever will
    opted_out: bool = False  # whoever it is does not want to be recognised, whatever a page says
    script: str = ""  # the name of the script that sends it, where a site has chosen one
    host: str = ""  # the host that it came to, unless that is LinkPro's own
    # The page or link of ours that was asked for: then the sender speaks for nobody else.
    visited: LinkFacts | ProfileFacts | None = None
    hosts: set[str] = field(default_factory=set)

    def may_ask_for(self, host: str) -> bool:
        """Whether the site of a host is looked up: the events of a request come from few hosts."""
        if len(self.hosts) < MAX_HOSTS:
            self.hosts.add(host)
        return host in self.hosts

    @property
    def page(self) -> str:
        """The host of the page that sent it."""
        return pages.page_of((self.origin or self.referer)[: pages.MAX_URL]).host or ""

    @property
    def trusted(self) -> bool:
        """Whether the sender may speak for others: their addresses, agents and times."""
        return self.token is not None


def site_of(key: str | None, url: str, arrival: Arrival) -> SiteFacts | None:
    """Whose event it is, by its key, its page or the request, for those who may speak of it."""
    found = _site_of(key, url, arrival)
    allowed = found and (arrival.token is None or found.id in arrival.token.site_ids)
    return found if allowed else None


def _site_of(key: str | None, url: str, arrival: Arrival) -> SiteFacts | None:
    if key:
        return directory.site_by_key.get(key)
    if arrival.script and (named := directory.site_by_script.get(arrival.script)):
        return named
    for page in (arrival.origin, url, arrival.referer, f"//{arrival.host}"):
        host = cut(pages.page_of(page[: pages.MAX_URL]).host, 253)
        if host is None or not arrival.may_ask_for(host.lower()):
            continue
        found = directory.site_by_host.get(host.lower())
        if found is not None:
            return found
    return directory.default_site.get(settings.DEFAULT_SITE) if settings.DEFAULT_SITE else None


def site(hit: Hit, arrival: Arrival) -> SiteFacts:
    """Whose event it is, and which link or profile of it is meant, if any.

    A token sends only to the sites it may see; a link of another site than the key's is none.
    """
    names_it = hit.link is not None or hit.profile is not None
    about, found = arrival.visited, None
    if hit.site_key or not (about or names_it):
        found = site_of(hit.site_key, hit.url or "", arrival)
        if found is None:
            raise Dropped("site_unknown")
        hit.site_id = found.id
    if about is None and names_it:
        about = links.named(hit.link, hit.profile, arrival.received_at)
    if about is None:
        assert found is not None
        return found
    foreign = found is not None and found.id != about.site.id
    if foreign or (arrival.token is not None and about.site.id not in arrival.token.site_ids):
        raise Dropped(about.unknown)
    hit.about, hit.site_id = about, about.site.id
    return about.site


def address(hit: Hit, arrival: Arrival, facts: SiteFacts) -> None:
    """Whose address counts: the client's, or the one that a trusted sender names."""
    hit.received_at = arrival.received_at
    hit.address = arrival.address
    if arrival.trusted:
        hit.address = plain_address(hit.given_ip) if hit.given_ip else ""
    hit.ip = kept(hit.address, facts.addresses)


def country(hit: Hit, arrival: Arrival, facts: SiteFacts) -> None:
    """Where the address lies."""
    hit.country = enrich.country_of(hit.address)


def moved(at: datetime, by: timedelta) -> datetime:
    """A time moved by a difference. Raises `Dropped` where the calendar ends."""
    try:
        return at + by
    except OverflowError:
        raise Dropped("timestamp_impossible") from None


_QUARTER = 900  # seconds: every day of every zone has begun at one since 2000


@lru_cache(maxsize=8_192)
def _day(clock: Clock, quarter: int) -> date:
    """The day of the clock in which a quarter of an hour lies."""
    return clock.date_of(datetime.fromtimestamp(quarter * _QUARTER, UTC))


def clock(hit: Hit, arrival: Arrival, facts: SiteFacts) -> None:
    """When it happened: corrected by the sender's clock, and within what is believed."""
    now = arrival.received_at
    at = hit.timestamp or now
    if hit.timestamp and hit.sent_at:
        skew = now - hit.sent_at
        if abs(skew) > TOLERATED_SKEW:
            hit.flags |= EventFlag.CLOCK_CORRECTED
            at = moved(at, skew)
    if arrival.trusted:
        if not OLDEST <= at <= now + FUTURE:
            raise Dropped("timestamp_impossible")
    elif not now - PAST <= at <= now + FUTURE:
        hit.flags |= EventFlag.CLOCK_CLAMPED
        at = now
    hit.occurred_at = at
    hit.day = _day(facts.clock, int(at.timestamp()) // _QUARTER)


@lru_cache(maxsize=8_192)
def _agent(text: str) -> tuple[str, str | None, str | None, str | None, str]:
    """A user agent as it is kept, with its browser, system, device and class of bots."""
    kept_text = cut(text) or ""
    found = agents.agent_facts(kept_text)
    return kept_text, found.browser or None, found.os or None, found.device or None, found.bot


def _says_for_whom(hit: Hit, arrival: Arrival) -> bool:
    """Whether a program speaks for somebody: it names a session, a link or a profile."""
    return arrival.visited is None and bool(hit.client_session or hit.about)


def device(hit: Hit, arrival: Arrival, facts: SiteFacts) -> None:
    """What it was done with."""
    agent = hit.given_agent or "" if arrival.trusted else arrival.agent
    hit.agent, hit.browser, hit.os, hit.device, hit.bot = _agent(agent[: agents.MAX_AGENT])
    if hit.bot == agents.PROGRAM and _says_for_whom(hit, arrival):
        hit.bot = ""
        hit.flags |= EventFlag.SPEAKS_FOR
    if arrival.ahead and not arrival.trusted:
        hit.bot = hit.bot or "prefetch"
        hit.flags |= EventFlag.AUTOMATED
    hit.screen = enrich.screen_of(hit.screen)
    hit.language = enrich.language_of((hit.language or arrival.language)[:64])


def pseudonym(hit: Hit, arrival: Arrival, facts: SiteFacts) -> None:
    """Who it was, under the secret of the day; without an address or a secret it is nobody.

    A person who agreed stands under the site's lasting secret, and is the same on every day.
    """
    if hit.user_id is not None and not arrival.opted_out:
        lasting = directory.visitor_secret.get(facts.id)
        if lasting is not None:
            hit.visitor = pseudonyms.person_id(lasting, hit.user_id)
            if hit.client_session:
                hit.session = pseudonyms.session_id(lasting, hit.client_session[:256])
            return
    if not hit.address and not hit.agent:
        return
    assert hit.day is not None
    secret = directory.salt.get((facts.id, hit.day))
    if secret is None:
        return
    who = hit.agent
    if hit.client_session and hit.flags & EventFlag.SPEAKS_FOR:
        who = f"{who}\0{hit.client_session[:256]}"  # the program is one, its people are many
    hit.visitor = pseudonyms.visitor_id(secret, hit.address, who)
    if hit.client_session:
        hit.session = pseudonyms.session_id(secret, hit.client_session[:256])


class Place(NamedTuple):
    """What a page's URL and its referrer tell, each of a size that can be stored."""

    host: str | None
    path: str | None
    source: str | None
    medium: str | None
    campaign: str | None
    term: str | None
    content: str | None
    channel: str
    click_id: str | None
    referrer_host: str | None


@lru_cache(maxsize=8_192)
def _place(url: str, referrer: str, domains: frozenset[str]) -> Place:
    found = pages.page_of(url)
    own = domains | {enrich.bare(found.host)}
    source = enrich.source_of(referrer, found.query, own)
    return Place(
        host=cut(found.host, 253),
        path=cut(found.path),
        source=cut(source.source),
        medium=cut(source.medium),
        campaign=cut(source.campaign),
        term=cut(source.term),
        content=cut(source.content),
        channel=source.channel,
        click_id=source.click_id,
        referrer_host=cut(source.referrer_host, 253),
    )


def page(hit: Hit, arrival: Arrival, facts: SiteFacts) -> None:
    """Which page it was, and where the visitor came from."""
    url, referrer = hit.url or "", hit.referrer or ""
    (
        hit.host,
        hit.path,
        hit.source,
        hit.medium,
        hit.campaign,
        hit.term,
        hit.content,
        hit.channel,
        hit.click_id,
        hit.referrer_host,
    ) = _place(url[: pages.MAX_URL], referrer[: pages.MAX_URL], facts.domains)


def subject(hit: Hit, arrival: Arrival, facts: SiteFacts) -> None:
    """What is known of the link or profile that the event is about."""
    if hit.about is not None:
        hit.about.complete(hit)


def own_traffic(hit: Hit, arrival: Arrival, facts: SiteFacts) -> None:
    """Whether the site wants it counted, by its own rules."""
    foreign = facts.own_hosts_only and hit.host and enrich.bare(hit.host) not in facts.domains
    if foreign and arrival.visited is None:
        raise Dropped("host_foreign")
    if facts.excluded_paths and hit.path and facts.excluded_paths.fullmatch(hit.path):
        raise Dropped("path_excluded")
    if facts.excluded_networks and hit.address:
        address = ip_address(hit.address)
        if any(address in network for network in facts.excluded_networks):
            raise Dropped("own_traffic")


Step = Callable[[Hit, Arrival, SiteFacts], None]
STEPS: list[Step] = [address, page, subject, own_traffic, country, clock, device, pseudonym]


def run(hit: Hit, arrival: Arrival) -> Hit:
    """All steps in order. Raises `Dropped`, or `NotLoaded` to be run again from the start."""
    facts = site(hit, arrival)
    for step in STEPS:
        step(hit, arrival, facts)
    return hit
