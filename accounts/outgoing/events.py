"""What a tenant's webhooks can be told: one table of events, most of them taken from the audit log.

An event says what happened to which thing, by ids and names of things. Whoever it is about stands
in it as an id, never by name or address. A part that tells of more adds rows with `register`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, Tenant, WebhookEndpoint
from accounts.outgoing import outbox, shapes

TEST = "test"
# A row, or a kind of rows where many changed.
Target = models.Model | type[models.Model]
# What a webhook names that wants everything, also what is added later.
ALL = "*"
# Things whose name is a person's.
_PEOPLE = ("user", "membership", "invitation")


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event, when it is sent, and the actions of the audit log that it stands for."""

    type: str
    label: Any
    sent_when: Any
    actions: tuple[str, ...] = ()
    example: dict[str, Any] = field(default_factory=dict)


def _thing(kind: str, name: str | None, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    by = {"kind": "person", "id": 7}
    return {"kind": kind, "id": "12", "name": name, "changes": changes or {}, "by": by}


_SHOP = "Shop"
EVENTS: dict[str, EventType] = {}
# An action of the audit log → the type of its event.
_BY_ACTION: dict[str, str] = {}


def register(types: Iterable[EventType]) -> None:
    """Add types of events; each action of the audit log belongs to one of them at most."""
    for one in types:
        EVENTS[one.type] = one
        _BY_ACTION.update(dict.fromkeys(one.actions, one.type))


register(
    [
        EventType(
            "site.created",
            _("Site added"),
            _("A site, a link page among them, was added."),
            ("site.created",),
            _thing("site", _SHOP),
        ),
        EventType(
            "site.changed",
            _("Site changed"),
            _("Settings of a site changed, or its deletion was scheduled or taken back."),
            ("site.changed", "site.deletion_scheduled", "site.deletion_taken_back"),
            _thing("site", _SHOP, {"time_zone": ["UTC", "Europe/Berlin"]}),
        ),
        EventType(
            "site.reset",
            _("Site begun anew"),
            _("All numbers of a site were erased."),
            ("site.reset",),
            _thing("site", _SHOP),
        ),
        EventType(
            "site.deleted",
            _("Site deleted"),
            _("A site is gone, with its numbers."),
            ("site.deleted",),
            _thing("site", _SHOP, {"name": [_SHOP, None]}),
        ),
        EventType(
            "site.transferred",
            _("Site given away or taken over"),
            _("A site went from one organisation to another; both are told."),
            ("site.transferred",),
            _thing("site", _SHOP),
        ),
        EventType(
            "member.joined",
            _("Member joined"),
            _("Somebody is a member from now on."),
            ("membership.created",),
            _thing("membership", None, {"role": [None, "viewer"]}),
        ),
        EventType(
            "invitation.accepted",
            _("Invitation accepted"),
            _("Somebody who was invited accepted; the member that joined is told as well."),
            ("invitation.accepted",),
            _thing("invitation", None),
        ),
        EventType(
            "member.changed",
            _("Member changed"),
            _("A member has another role, level or team, or was suspended or let in again."),
            ("membership.changed", "membership.suspended", "membership.resumed"),
            _thing("membership", None, {"role": ["viewer", "analyst"]}),
        ),
        EventType(
            "member.removed",
            _("Member removed"),
            _("Somebody left or was removed."),
            ("membership.deleted", "membership.removed", "membership.left"),
            _thing("membership", None),
        ),
        EventType(
            "apitoken.created",
            _("API token made"),
            _("Somebody made an API token."),
            ("apitoken.created",),
            _thing("apitoken", "CI"),
        ),
        EventType(
            "apitoken.revoked",
            _("API token revoked"),
            _("An API token opens nothing any more."),
            ("apitoken.revoked",),
            _thing("apitoken", "CI"),
        ),
        EventType(
            "tenant.changed",
            _("Organisation changed"),
            _("Settings of the organisation changed."),
            ("tenant.changed",),
            _thing("tenant", "Acme", {"name": ["Acme Ltd", "Acme"]}),
        ),
        EventType(
            "mailserver.changed",
            _("Mail server changed"),
            _("The mail server of the organisation was set up, changed or taken away."),
            ("mailserver.created", "mailserver.changed", "mailserver.deleted"),
            _thing("mailserver", None, {"port": [25, 587]}),
        ),
        EventType(
            "webhook.stopped",
            _("Webhook stopped"),
            _("LinkPro stopped another webhook that failed for days or is gone."),
            ("webhookendpoint.stopped",),
            _thing("webhookendpoint", "Warehouse", {"enabled": [True, False]}),
        ),
    ]
)


def event(type_: str, data: dict[str, Any], at: datetime) -> shapes.Event:
    """An event as it is sent, with nothing in it that some reader of JSON cannot hold."""
    moment = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": type_, "timestamp": moment, "data": shapes.legible(data)}


def test_event(endpoint: WebhookEndpoint) -> shapes.Event:
    """What `Send a test` sends."""
    data = {"webhook": str(endpoint.pk), "name": endpoint.name}
    return event(TEST, data, timezone.now())


def publish(entry: AuditEntry, target: Target, tenant: Tenant) -> int:
    """Tell the tenant's webhooks of an audited change, in its transaction; returns how many.

    Where the table knows the action, that is one query, and one more for each webhook that wants
    it.
    """
    type_ = _BY_ACTION.get(entry.action)
    return _send(type_, _data_of(entry, target), tenant, entry.created_at) if type_ else 0


def tell(type_: str, data: dict[str, Any], tenant: Tenant) -> int:
    """Tell the tenant's webhooks of something that is no change; returns how many want it."""
    return _send(EVENTS[type_].type, data, tenant, timezone.now())


def _send(type_: str, data: dict[str, Any], tenant: Tenant, at: datetime) -> int:
    wanting = WebhookEndpoint.objects.for_tenant(tenant).filter(
        enabled=True, events__overlap=[type_, ALL]
    )
    endpoints = list(wanting)
    body = _bounded(event(type_, data, at)) if endpoints else {}
    for endpoint in endpoints:
        endpoint.tenant = tenant
        outbox.add_webhook(type_, endpoint, body)
    return len(endpoints)


def _data_of(entry: AuditEntry, target: Target) -> dict[str, Any]:
    named = isinstance(target, models.Model) and entry.target_type not in _PEOPLE
    name = getattr(target, "name", None) if named else None
    return {
        "kind": entry.target_type,
        "id": entry.target_id,
        "name": name,
        "changes": entry.changes,
        "by": {"kind": str(entry.actor_kind), "id": entry.actor_id},
    }


def _bounded(told: shapes.Event) -> shapes.Event:
    """The event, without its changes where they are too long: the id says where to look."""
    if len(msgspec.json.encode(told)) <= shapes.MAX_BODY:
        return told
    data = {name: value for name, value in told["data"].items() if name != "changes"}
    return {**told, "data": {**data, "changes": None}}
