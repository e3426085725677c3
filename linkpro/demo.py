"""The demo's company: found it, find it again, and let its traffic come in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import Random

from django.db import DatabaseError, close_old_connections, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import ApiToken, Membership, Site, Tenant, User
from accounts.roles import Role, TokenScope
from accounts.tenants.onboarding import found_installation
from linkpro import company
from linkpro.picture import picture
from linkpro.sender import LONGEST_WAIT, Refused, Sender
from linkpro.settle import dress, make_site
from linkpro.world import BIO, JOURNAL, SHOP, SITES, Event, SiteSpec, World
from tracking import profiles

ORGANISATION = "Hollin & Reed"
PASSWORD = "linkpro-demo"  # noqa: S105  printed, and never made in production
PEOPLE = {
    Role.OWNER: "Ida Hollin",
    Role.ADMIN: "Jonas Reed",
    Role.MANAGER: "Mara Lindqvist",
    Role.ANALYST: "Tom Okafor",
    Role.VIEWER: "Elsa Brandt",
}
# `make run` names it as DEFAULT_SITE, so that an event without any site has a place to show up.
# The keys of the other sites begin with it.
KEY = "demo"
TOKEN_NAME = "Demo traffic"  # noqa: S105  a name
# The first load is unfinished as long as a token of this name is not revoked.
LOAD_NAME = "Demo's first load"
TOKEN_LIFETIME = timedelta(days=1)

BATCH = 500
CONNECTIONS = 3


def email_of(role: Role) -> str:
    """The demo's address of a role; mail to it goes nowhere (RFC 6761)."""
    return f"{role.value}@demo.localhost"


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's tenant and its sites by their slug."""

    tenant: Tenant
    sites: dict[str, Site]

    @property
    def owner(self) -> Membership:
        """The owner's membership."""
        return Membership.objects.for_tenant(self.tenant).get(user__email=email_of(Role.OWNER))

    def tokens(self, name: str) -> list[ApiToken]:
        """The tokens of a name that nobody has revoked."""
        rows = ApiToken.objects.for_tenant(self.tenant)
        return list(rows.filter(name=name, revoked_at=None))

    def issue(self, name: str) -> str:
        """The text of a new token that may send the traffic; older ones of the name are revoked."""
        with transaction.atomic():
            self.revoke(name)
            sites = [site.pk for site in self.sites.values()]
            scopes = [TokenScope.INGEST.value]
            token, text = ApiToken.issue(
                self.owner, name=name, scopes=scopes, lifetime=TOKEN_LIFETIME, site_ids=sites
            )
            audit.record("apitoken.created", token, tenant=self.tenant, actor=self.owner.user)
        return text

    def revoke(self, name: str) -> None:
        """Nothing can be sent any more with tokens of the name."""
        for token in self.tokens(name):
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            audit.record("apitoken.revoked", token, tenant=self.tenant, actor=self.owner.user)


# --- The company ----------------------------------------------------------------------------------


@transaction.atomic
def found() -> Demo:
    """Make the company in an empty installation. Raises `onboarding.AlreadyFounded`."""
    shop, *others = SITES
    first = found_installation(
        email=email_of(Role.OWNER),
        password=PASSWORD,
        person=PEOPLE[Role.OWNER],
        organisation=ORGANISATION,
        site_name=shop.name,
        domain=shop.domains[0],
        time_zone=shop.zone,
    )
    first.key = KEY
    dress(first, shop)
    for role, name in PEOPLE.items():
        if role != Role.OWNER:
            person = User.objects.create_user(email_of(role), PASSWORD, name=name)
            Membership.objects.create(user=person, tenant=first.tenant, role=role)
    owner = first.owner
    assert owner is not None
    for spec in others:
        make_site(first.tenant, owner, spec, key=f"{KEY}-{spec.slug}")
    demo = find()
    assert demo is not None
    company.gather(demo.owner, demo.sites[SHOP.slug], demo.sites[JOURNAL.slug], PASSWORD)
    profiles.set_picture(demo.sites[BIO.slug].profile, owner, picture())
    demo.issue(LOAD_NAME)
    return demo


def find() -> Demo | None:
    """The demo's company, if this installation has it."""
    members = Membership.objects.unscoped("whether the demo is here")
    owner = members.filter(
        user__email=email_of(Role.OWNER), role=Role.OWNER, tenant__name=ORGANISATION
    )
    member = owner.select_related("tenant").first()
    if member is None:
        return None
    sites = Site.objects.for_tenant(member.tenant)
    known = {spec.slug: sites.filter(domains__contains=[spec.domains[0]]).first() for spec in SITES}
    return Demo(member.tenant, {slug: site for slug, site in known.items() if site})


def unfinished(demo: Demo) -> bool:
    """Whether the first load was interrupted."""
    return bool(demo.tokens(LOAD_NAME))


def world_of(demo: Demo, seed: int, days: int) -> World:
    """The demo's world; it ends with the day on which the demo began, also for one that resumes."""
    return World(seed, demo.tenant.created_at.astimezone(UTC).date(), days)


# --- The first load -------------------------------------------------------------------------------

Batch = tuple[SiteSpec, list[Event]]


def batches(world: World, demo: Demo, now: datetime) -> Iterator[Batch]:
    """What happened until now, the newest days first: they are looked at first."""
    for day in reversed(world.dates):
        for spec in SITES:
            if spec.slug in demo.sites:
                events = [event for event in world.events(spec, day) if event.at <= now]
                for start in range(0, len(events), BATCH):
                    yield spec, events[start : start + BATCH]


class Loading:
    """Sends batches over several connections at once."""

    def __init__(self, waiting: Iterator[Batch], demo: Demo, stop: threading.Event) -> None:
        self.waiting, self.demo, self.stop = waiting, demo, stop
        self.lock = threading.Lock()
        self.count = 0
        self.failure: Exception | None = None

    def run(self, url: str, token: str, tell: Callable[[int], None]) -> None:
        """Returns when all is sent, when `stop` is set, or at the first failure."""
        threads = [
            threading.Thread(target=self._work, args=[url, token], daemon=True)
            for _number in range(CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) and not self.stop.wait(0.05):
            tell(self.count)

    def _work(self, url: str, token: str) -> None:
        try:
            with Sender(url, token, self.stop) as sender:
                while batch := self._next():
                    spec, events = batch
                    key = self.demo.sites[spec.slug].key
                    sender.send(key, [event.payload() for event in events])
                    with self.lock:
                        self.count += len(events)
        except Exception as error:  # noqa: BLE001  told by whoever waits for the threads
            self.failure = error

    def _next(self) -> Batch | None:
        if self.stop.is_set() or self.failure:
            return None
        with self.lock:
            return next(self.waiting, None)


def load(
    world: World, demo: Demo, url: str, stop: threading.Event, tell: Callable[[int], None]
) -> int | None:
    """Send the past through the endpoint; how many events there are, or None if it was stopped.

    `tell` hears now and then how many are in. Ids are the world's, so what was sent before counts
    once. Raises `Refused` when the endpoint will never take them.
    """
    loading = Loading(batches(world, demo, datetime.now(UTC)), demo, stop)
    loading.run(url, demo.issue(LOAD_NAME), tell)
    if loading.failure:
        raise loading.failure
    if stop.is_set():
        return None
    demo.revoke(LOAD_NAME)
    return loading.count


# --- Afterwards -----------------------------------------------------------------------------------

# At first somebody is probably watching: a visit every few seconds. Then it calms down to the
# hour's own rhythm, so that a demo left alone does not make a day out of all proportion.
EAGER_SECONDS = 6.0
EAGER_FOR = 1_200.0
LOOK_SECONDS = 0.5


def pause(world: World, now: datetime, since: float, random: Random) -> float:
    """How long until the next visit, `since` seconds after the beginning."""
    usual = 3600 / sum(world.rate(spec, now) for spec in SITES)
    eagerness = max(0.0, 1 - since / EAGER_FOR)
    rate = eagerness / EAGER_SECONDS + (1 - eagerness) / usual
    return min(random.expovariate(rate), 4 / rate)


class Trickle:
    """Live visits: their events wait for their time, and for a server that is away."""

    def __init__(self, world: World, demo: Demo, random: Random) -> None:
        self.world, self.demo, self.random = world, demo, random
        self.coming: list[Event] = []

    def begin_visit(self, now: datetime) -> None:
        """Somebody comes to one of the sites."""
        here = [spec for spec in SITES if spec.slug in self.demo.sites]
        spec = self.random.choices(here, [self.world.rate(spec, now) for spec in here])[0]
        self.coming += self.world.live_visit(spec, now)

    def due(self, now: datetime) -> list[Event]:
        """Events of one site whose time has come, at most a batch; they stay until `sent`."""
        ready = sorted((event for event in self.coming if event.at <= now), key=lambda e: e.at)
        return [event for event in ready if event.site is ready[0].site][:BATCH]

    def sent(self, events: list[Event]) -> None:
        """These need not be kept any longer."""
        gone = {event.id for event in events}
        self.coming = [event for event in self.coming if event.id not in gone]


def follow(world: World, demo: Demo, url: str, stop: threading.Event) -> None:
    """Let visits come until `stop` is set. What a server that is away missed, it gets later."""
    random = Random()  # noqa: S311  traffic, no secret
    trickle, began = Trickle(world, demo, random), time.monotonic()
    next_visit = began
    with Sender(url, demo.issue(TOKEN_NAME), stop) as sender:
        while not stop.wait(LOOK_SECONDS):
            now, since = datetime.now(UTC), time.monotonic() - began
            if began + since >= next_visit:
                trickle.begin_visit(now)
                next_visit = began + since + pause(world, now, since, random)
            events = trickle.due(now)
            if events and _send_live(sender, demo, events):
                trickle.sent(events)
    demo.revoke(TOKEN_NAME)


def _send_live(sender: Sender, demo: Demo, events: list[Event]) -> bool:
    """Whether the events need not be kept: they were taken, or never will be."""
    key = demo.sites[events[0].site.slug].key
    try:
        sender.send(key, [event.payload() for event in events])
    except Refused as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            return True
        try:  # the token has expired
            close_old_connections()
            sender.token = demo.issue(TOKEN_NAME)
        except DatabaseError:
            sender.stop.wait(LONGEST_WAIT)
        return False
    return not sender.stop.is_set()
