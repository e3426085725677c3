"""The audit log in words: who, what, to what, and what was before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import audit, dates
from accounts.audit_log.entries import people_of
from accounts.audit_log.targets import Targets, field_of, models_by_kind, names_of, points_to
from accounts.models import ApiToken, AuditEntry, Tenant, User

# What was done, after the name of what it was done to; others are told as they are written down.
DONE = {
    "accepted": gettext_lazy("accepted"),
    "began": gettext_lazy("began"),
    "changed": gettext_lazy("changed"),
    "created": gettext_lazy("created"),
    "deleted": gettext_lazy("deleted"),
    "deletion_scheduled": gettext_lazy("is to be deleted"),
    "deletion_taken_back": gettext_lazy("is not to be deleted any more"),
    "ended": gettext_lazy("ended"),
    "exported": gettext_lazy("exported"),
    "listed": gettext_lazy("list read in the admin"),
    "moved": gettext_lazy("moved"),
    "offer_declined": gettext_lazy("offer declined"),
    "offer_withdrawn": gettext_lazy("offer withdrawn"),
    "offered": gettext_lazy("offered to somebody"),
    "password_set": gettext_lazy("password set by staff"),
    "read": gettext_lazy("page read"),
    "reset": gettext_lazy("reset"),
    "reset_finished": gettext_lazy("reset finished"),
    "restored": gettext_lazy("restored"),
    "resumed": gettext_lazy("resumed"),
    "revoked": gettext_lazy("revoked"),
    "secret_rotated": gettext_lazy("secret changed"),
    "sent_again": gettext_lazy("sent again"),
    "signed_out_everywhere": gettext_lazy("signed out everywhere"),
    "signed_up": gettext_lazy("signed up"),
    "suspended": gettext_lazy("suspended"),
    "transferred": gettext_lazy("taken over by another organisation"),
    "viewed": gettext_lazy("row read in the admin"),
}
SUBJECTS = {
    "audit": gettext_lazy("Audit log"),
    "breakdown": gettext_lazy("Statistics"),
    "staff": gettext_lazy("Staff"),
    "tenant": gettext_lazy("Organisation"),
    "user": gettext_lazy("Account"),
}
# Longer texts are cut where people read them; exports and the API have them whole.
MOST_CHARACTERS = 200
NOTHING = "–"


def kind_name(kind: str) -> str:
    """The name of a kind of row: `linkprofile` is a “Link profile”."""
    model = models_by_kind().get(kind)
    name = SUBJECTS.get(kind) or (model._meta.verbose_name if model else kind)
    return str(capfirst(str(name or "")))


def kinds() -> list[tuple[str, str]]:
    """All kinds of rows that an entry may be about, by name."""
    return sorted(((kind, kind_name(kind)) for kind in models_by_kind()), key=lambda pair: pair[1])


def action_name(action: str) -> str:
    """`site.created` in words: “Site: created”."""
    subject, _dot, done = action.partition(".")
    told = DONE.get(done) or done.replace("_", " ")
    return _("%(subject)s: %(done)s") % {"subject": kind_name(subject), "done": told}


# --- Who --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Names:
    """What the people and programs of some entries are called, while they are here."""

    people: dict[int, str]
    staff: dict[int, str]
    tokens: dict[int, str]

    @classmethod
    def of(cls, tenant: Tenant, entries: Iterable[AuditEntry]) -> Names:
        """Names of members and of staff who looked; nobody else's name is the tenant's to read."""
        rows = list(entries)
        kind = AuditEntry.ActorKind
        staff_ids = {row.actor_id for row in rows if row.actor_kind == kind.STAFF}
        token_ids = {row.token_id for row in rows if row.token_id}
        people = people_of(tenant).order_by().filter(pk__in=_people_in(rows))
        staff = User.objects.filter(pk__in=staff_ids, is_staff=True) if staff_ids else ()
        tokens = ApiToken.objects.for_tenant(tenant).filter(pk__in=token_ids) if token_ids else ()
        return cls(
            {user.pk: user.get_full_name() for user in people},
            {user.pk: user.get_full_name() for user in staff},
            {token.pk: token.name for token in tokens},
        )

    def person(self, pk: int | None) -> str:
        """A member's name; who is none any more, or never was, has no name here."""
        return self.people.get(pk or 0) or _("somebody who is no member now")

    def who(self, entry: AuditEntry) -> str:
        """Who did it."""
        kind = AuditEntry.ActorKind(entry.actor_kind)
        if kind == kind.SYSTEM:
            return "LinkPro"
        if kind == kind.STAFF:
            name = self.staff.get(entry.actor_id or 0)
            return _("%(name)s, staff") % {"name": name} if name else _("Staff")
        if kind == kind.TOKEN:
            token = self.tokens.get(entry.token_id or 0) or _("a token that was deleted")
            of = {"token": token, "person": self.person(entry.actor_id)}
            return _("Program “%(token)s” of %(person)s") % of
        return str(capfirst(self.person(entry.actor_id)))


def _people_in(rows: list[AuditEntry]) -> set[int]:
    """Ids of the people who did something, and of those whom the changes point to."""
    found = {row.actor_id for row in rows if row.actor_id}
    for row in rows:
        model = models_by_kind().get(row.target_type)
        if model is User and row.target_id.isdigit():
            found.add(int(row.target_id))
        for name, pair in row.changes.items():
            if isinstance(pair, list) and points_to(model, name) is User:
                found |= {value for value in pair if isinstance(value, int)}
    return found


# --- What -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One value: its name, what it was, what it is. Without `before` it is a fact, not a change."""

    name: str
    before: str | None
    after: str


def changes_of(entry: AuditEntry, names: Names, targets: Targets) -> list[Change]:
    """What changed, in words; what is new was nothing before, which need not be said."""
    model = models_by_kind().get(entry.target_type)
    told = [_change(model, name, pair, names, targets) for name, pair in entry.changes.items()]
    if entry.action.endswith(".created"):
        return [replace(change, before=None) for change in told]
    return told


def _change(
    model: type[models.Model] | None, name: str, value: Any, names: Names, targets: Targets
) -> Change:
    field = field_of(model, name)
    label = getattr(field, "verbose_name", None) or name.replace("_", " ")
    label = str(capfirst(str(label)))
    if not isinstance(value, list) or len(value) != 2:
        return Change(label, None, _text(field, value, names, targets))
    before, after = (_text(field, part, names, targets) for part in value)
    if audit.HIDDEN in value and value[0] == value[1]:
        return Change(label, None, _("changed, not written down"))
    return Change(label, before, after)


def _text(field: Any, value: Any, names: Names, targets: Targets) -> str:
    if value is None or value in ("", [], "None"):
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value == audit.HIDDEN:
        return _("not written down")
    if isinstance(value, list):
        return _cut(", ".join(_text(field, part, names, targets) for part in value))
    if isinstance(value, dict):
        size = len(value)
        return ngettext("%(size)d value", "%(size)d values", size) % {"size": size}
    if getattr(field, "related_model", None) is User and isinstance(value, int):
        return names.person(value)
    if model := getattr(field, "related_model", None):
        return targets.get((model._meta.model_name, str(value))) or str(value)
    if isinstance(field, models.DateTimeField) and (at := _moment(value)):
        return dates.moment(at)
    chosen = dict(getattr(field, "flatchoices", ()) or ()).get(value)
    return str(chosen) if chosen else _cut(str(value))


def _moment(value: Any) -> datetime | None:
    try:
        return parse_datetime(str(value))
    except ValueError:
        return None


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as a page shows it."""

    entry: AuditEntry
    who: str
    action: str
    kind: str
    target: str
    changes: list[Change]


def lines(tenant: Tenant, entries: list[AuditEntry]) -> list[Line]:
    """Entries in words; a query for each kind of row that they are about, and three for people."""
    names, targets = Names.of(tenant, entries), names_of(tenant, entries)
    return [
        Line(
            entry,
            names.who(entry),
            action_name(entry.action),
            kind_name(entry.target_type),
            _target(entry, names, targets),
            changes_of(entry, names, targets),
        )
        for entry in entries
    ]


def _target(entry: AuditEntry, names: Names, targets: Targets) -> str:
    """What the row is called while it is there, else its id."""
    if entry.target_type == "user" and entry.target_id.isdigit():
        return names.person(int(entry.target_id))
    name = targets.get((entry.target_type, entry.target_id))
    return f"“{name}”" if name else entry.target_id
