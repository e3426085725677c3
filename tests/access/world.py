"""Two neighbours with the same of everything: Aster (A), who is asking, and Birch (B), who is not.

Each has two teams with a link page and two web sites each. Every text of a row carries a mark that
says whose it is, `b1-4f9c2e-rows` for what the first team of B owns, `b1-4f9c2e-people` for people
and what has no owner, and every number of B's statistics is a multiple of `UNIT`.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model, QuerySet, UUIDField
from django.utils import timezone

from accounts import audit, vault
from accounts.models import (
    AuditEntry,
    Invitation,
    MailServer,
    Membership,
    OutboxAttempt,
    OutboxMessage,
    Site,
    SiteTransfer,
    StaffAccess,
    Team,
    Tenant,
    User,
    WebhookEndpoint,
)
from accounts.models.tokens import ApiToken
from accounts.outgoing import mail_servers, outbox
from accounts.roles import AccessLevel, Role
from accounts.tenancy import TenantOwned
from analytics.models import ImportedDay
from tests.access import rows
from tests.conftest import PASSWORD
from tests.sending import rebuild_all, send
from tracking.models import DirtyDay, Link, LinkProfile, Outcome, Rejected

OUR_APPS = ("accounts", "privacy", "tracking", "analytics", "reports", "linkpro")
RUN = secrets.token_hex(3)
# B's numbers are multiples of this: no number of A's, nor of a clock or an id, comes near one.
UNIT = 7_919_000_000
ADDED = (
    "visitors", "sessions", "page_views", "events", "clicks", "clickers", "conversions", "bounces",
    "duration_seconds", "revenue",
)  # fmt: skip


def mark(tenant: str, team: int, kind: str) -> str:
    """What stands in the texts of a team's rows; `kind` is `rows` or `people`."""
    return f"{tenant}{team}-{RUN}-{kind}"


@dataclass
class Half:
    """One team of a tenant: its people, and what they own."""

    tenant: Tenant
    letter: str
    number: int
    team: Team = field(init=False)
    people: dict[str, Membership] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    rows: dict[str, Any] = field(default_factory=dict)
    turn: int = 0

    def rows_of(self, model: type[TenantOwned]) -> QuerySet[Any]:
        """The rows of a model that are this half's: of its sites, or else of its tenant."""
        rows = model.objects.for_tenant(self.tenant)
        if model.site_path is None:
            return rows
        return rows.filter(**{f"{model.site_path}__in": [site.pk for site in self.sites]})

    def make(self, model: type[Model], **values: Any) -> Any:
        """A row of this half; see `rows.make`."""
        owner = self.people["owner"]
        near: dict[Any, Any] = {
            Tenant: self.tenant,
            User: owner.user,
            Team: self.team,
            Membership: owner,
        }
        if self.sites:
            self.turn += 1
            near[Site] = self.sites[self.turn % len(self.sites)]
        if isinstance(model._meta.pk, UUIDField) and self.letter == "b":  # B's come first
            values.setdefault("id", uuid.UUID(int=secrets.randbits(100)))
        word = self.own if getattr(model, "owner_path", None) is not None else self.shared
        return rows.make(model, word, near, self.tenant, **values)

    @property
    def own(self) -> str:
        return mark(self.letter, self.number, "rows")

    @property
    def shared(self) -> str:
        return mark(self.letter, self.number, "people")


@dataclass
class World:
    """Both tenants, and what does not exist."""

    a1: Half
    a2: Half
    b1: Half
    b2: Half
    stopped: Tenant


def person(word: str, **values: Any) -> User:
    return User.objects.create_user(f"{word}@{RUN}.test", PASSWORD, name=word, **values)


def _member(half: Half, name: str, role: str, level: str = AccessLevel.ORGANIZATION) -> Membership:
    user = person(f"{half.shared}-{name}")
    made = Membership.objects.create(
        user=user, tenant=half.tenant, team=half.team, role=role, level=level
    )
    half.people[name] = made
    return made


def _people(half: Half) -> None:
    """Two who own rows, whose levels are narrow, and one of each role."""
    half.team = Team.objects.create(tenant=half.tenant, name=f"{half.shared} team")
    Team.objects.create(tenant=half.tenant, name=f"{half.shared} other team")
    _member(half, "own", Role.MANAGER, AccessLevel.OWN)
    _member(half, "team", Role.MANAGER, AccessLevel.TEAM)
    for role in Role:
        _member(half, role, role)
    half.people["mate"] = half.people["analyst"]


# --- What a tenant has --------------------------------------------------------------------------


def _of_tenant(half: Half) -> None:
    """Rows without an owner: settings, keys, letters, and what was written down."""
    tenant, word, now = half.tenant, half.shared, timezone.now()
    owner = half.people["owner"]
    for n in range(2):
        guest, reader = f"{word}-guest{n}@{RUN}.test", f"{word}-reader{n}@{RUN}.test"
        later = now + timedelta(days=3)
        half.rows["invitation"] = half.make(
            Invitation, email=guest, expires_at=later, accepted_by=None
        )
        half.rows["webhook"] = hook = half.make(
            WebhookEndpoint,
            name=f"{word} hook {n}",
            url=f"https://{word}.example/{n}",
            events=["*"],
        )
        hook.sealed_secret = vault.seal(b"x" * 24, vault.place(hook, "sealed_secret", tenant.pk))
        hook.save()
        half.rows["message"] = outbox.add_mail(
            "note", reader, f"{word} news", f"{word} text", tenant=tenant
        )
        half.rows["delivery"] = outbox.add_webhook("site.created", hook, {"text": word})
        half.make(OutboxAttempt, number=n + 1, message=half.rows["message"])
        half.rows["token"] = ApiToken.issue(owner, name=f"{word} key {n}", scopes=["read"])[0]
        half.rows["entry"] = audit.record(
            "team.changed", half.team, tenant=tenant, actor=owner.user, changes={"name": [word, ""]}
        )
        helper = person(f"{word}-staff{n}", is_staff=True)
        half.rows["access"] = half.make(StaffAccess, user=helper, ends_at=now + timedelta(hours=1))
        LogEntry.objects.create(
            user=owner.user,
            content_type=ContentType.objects.get_for_model(Team),
            object_id=half.team.pk,
            object_repr=word,
            action_flag=ADDITION,
        )
    if half.number == 1:
        half.rows["server"] = half.make(MailServer, sealed_password=None)


def most_of(model: type[TenantOwned]) -> int:
    """How many rows of a model each half has at least: two, or the one that a tenant may have."""
    fields = {field.name for field in model._meta.concrete_fields if field.unique}
    alone = [set(each.fields) for each in model._meta.constraints if hasattr(each, "fields")]
    once = fields | {name for names in alone if len(names) == 1 for name in names}
    return 1 if once & {"tenant", "tenant_id"} else 2


def _of_new_kinds(half: Half) -> None:
    """Two rows of every model that has none here: a new model needs no line."""
    for model in apps.get_models():
        if issubclass(model, TenantOwned):
            for _n in range(most_of(model) - half.rows_of(model).count()):
                half.make(model)


def _site(half: Half, n: int) -> Site:
    """A link page (`n` 0), or a web site; the first is one's, the others are the team's."""
    word, owner = half.own, half.people["own" if n < 2 else "team"].user
    site = Site(
        tenant=half.tenant,
        kind=Site.Kind.BIO if n in (0, 3) else Site.Kind.WEB,
        name=f"{'!' if half.letter == 'b' else ''}{word} site {n}",  # B's are the first by name
        key=f"{word}-{n}",
        domains=[f"{word}{n}.example"],
        owner=owner,
        team=half.team,
        addresses=Site.Addresses.FULL,
        excluded_paths=[f"/{word}-hidden"],
        script_name=f"{word}-s{n}",
    )
    site.save()
    if site.kind == Site.Kind.BIO:
        profile = LinkProfile.objects.create(
            site=site, username=f"{word}-{n}", title=f"{word} page", bio=f"{word} bio"
        )
        LinkProfile.plain.filter(pk=profile.pk).update(avatar=b"RIFF", avatar_digest="0123abcd")
        for k in range(2):
            half.rows[f"link{n}"] = Link.objects.create(
                profile=profile,
                title=f"{word} link {k}",
                url=f"https://{word}.example/{k}",
                slug=f"{word}-{n}{k}",
                position=k,
            )
        half.rows[f"profile{n}"] = profile
    SiteTransfer.objects.create(
        site=site,
        email=f"{word}-buyer{n}@{RUN}.test",
        offered_by=half.people["owner"].user,
        expires_at=timezone.now() + timedelta(days=2),
    )
    half.rows[f"rejected{n}"] = Rejected.objects.create(
        site=site,
        hour=timezone.now().replace(minute=0, second=0, microsecond=0),
        reason="host_foreign",
        page=f"{word}.example",
        sample=f'{{"name": "{word}"}}',
        size=20,
    )
    half.sites.append(site)
    return site


def _happen(half: Half, site: Site, now: datetime) -> None:
    """Visits of yesterday and of just now, whose every text is marked."""
    word = half.own
    base = f"https://{site.domains[0]}/{word}?utm_source={word}&utm_medium={word}"
    url = base + f"&utm_campaign={word}&utm_term={word}&utm_content={word}"
    told = {"url": url, "title": f"{word} title", "referrer": f"https://{word}.ref.example/"}
    events: list[dict[str, Any]] = []
    for at in (now - timedelta(days=1), now - timedelta(minutes=2)):
        events.append(told | {"at": at})
        events.append(
            told
            | {
                "at": at + timedelta(seconds=30),
                "name": f"{word} act",
                "category": word,
                "action": word,
                "label": word,
                "props": {"plan": word},
            }
        )
        events.append(
            told
            | {"at": at + timedelta(seconds=40), "name": "purchase", "value": 3, "currency": "EUR"}
        )
    if site.kind == Site.Kind.BIO:
        link = Link.plain.filter(profile__site=site).latest("pk")
        at = now - timedelta(minutes=1)
        events.append(told | {"at": at, "name": "click", "link_id": link.pk})
    outcomes = send(site, events)
    assert set(outcomes) == {"stored"} or not any(outcomes), outcomes


def _afterwards(half: Half, site: Site, now: datetime) -> None:
    """What other tools told, and what is still to be done."""
    word = half.own
    counts: dict[str, Any] = dict.fromkeys(ADDED, 2)
    for dimension, value in (("", ""), ("page", f"/{word}")):
        ImportedDay.objects.create(
            site=site,
            date=now.date() - timedelta(days=400),
            dimension=dimension,
            value=value,
            source=word,
            imported_at=now,
            currency="EUR",
            dimensions=["page"],
            **counts,  # type: ignore[misc]
        )
    DirtyDay.objects.create(site=site, date=now.date() - timedelta(days=2))
    Outcome.objects.create(site=site, hour=now, reason=f"{word} odd", n=1)


def _enlarge(tenant: Tenant) -> None:
    """Make every number of a tenant's statistics a multiple of `UNIT`."""
    sites = "site_id IN (SELECT id FROM accounts_site WHERE tenant_id = %s)"
    numbers = ", ".join(f"{name} = {name} * {UNIT}" for name in ADDED)
    with connection.cursor() as cursor:
        for table in ("analytics_dailystat", "analytics_importedday"):
            cursor.execute(f"UPDATE {table} SET {numbers} WHERE {sites}", [tenant.pk])
        cursor.execute(f"UPDATE tracking_outcome SET n = n * {UNIT} WHERE {sites}", [tenant.pk])


def _between(a: Half, b: Half) -> None:
    """What leads from A to B: somebody who is in both and owns and invites in B, a site that went.

    And B's last test of its mail server, which is later than A's settings.
    """
    person_of_both = person("of-both")
    theirs = Membership.objects.create(user=person_of_both, tenant=b.tenant, role=Role.OWNER)
    a.people["mate"] = Membership.objects.create(
        user=person_of_both, tenant=a.tenant, team=a.team, role=Role.ANALYST
    )
    Site.plain.filter(pk=b.sites[2].pk).update(owner=theirs.user)
    Invitation.plain.filter(pk=b.rows["invitation"].pk).update(invited_by=theirs.user)
    a.make(
        AuditEntry,
        action="site.transferred",
        target_type="site",
        target_id=str(b.sites[1].pk),
        changes={},
    )
    test = outbox.add_mail(
        mail_servers.TEST, f"x@{RUN}.test", "Test", f"{b.shared} test", tenant=b.tenant
    )
    b.make(OutboxAttempt, number=1, message=test, detail=f"{b.shared} refused")
    OutboxMessage.plain.filter(pk=test.pk).update(state=OutboxMessage.State.FAILED)


def build() -> World:
    """Make both tenants, committed. Takes about three seconds."""
    tenants = {
        letter: Tenant.objects.create(
            name=f"{mark(letter, 0, 'people')} organisation",
            recipient_domains=[f"{RUN}.test"],
        )
        for letter in "ab"
    }
    # B's rows come first wherever rows stand in the order in which they were made.
    b1, b2, a1, a2 = halves = [
        Half(tenants[letter], letter, number) for letter in "ba" for number in (1, 2)
    ]
    now = datetime.now(UTC)
    for half in halves:
        _people(half)
        _of_tenant(half)
        for n in range(4):
            _happen(half, _site(half, n), now)
    rebuild_all()
    for half in halves:
        for site in half.sites:
            _afterwards(half, site, now)
        _of_new_kinds(half)
    _between(a1, b1)
    _enlarge(tenants["b"])
    stopped = Tenant.objects.create(name=mark("c", 0, "people"), suspended_at=now)
    return World(a1, a2, b1, b2, stopped)
