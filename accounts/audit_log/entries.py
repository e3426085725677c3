"""The audit log as people and programs read it: filtered, newest first, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry, Membership, Tenant, User
from accounts.zones import midnight

PAGE = 50
# Rows that an export reads at a time.
PIECE = 2_000
MOST_DIGITS = 18
_ACTION = re.compile(r"[a-z_]{1,40}(\.[a-z_]{1,40})?")
_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)_(\d{1,18})")


def _kinds(*names: str) -> Q:
    """Actions on these kinds of rows."""
    found = Q()
    for name in names:
        found |= Q(action__startswith=f"{name}.")
    return found


# What people look for, by what begins or ends an action.
GROUPS: dict[str, tuple[Promise, Q]] = {
    "people": (
        gettext_lazy("People and their rights"),
        _kinds("membership", "invitation", "team"),
    ),
    "sign_in": (gettext_lazy("Sign-in and accounts"), _kinds("user")),
    "sites": (
        gettext_lazy("Sites, links and profiles"),
        _kinds("site", "link", "linkprofile") & ~Q(action__endswith="exported"),
    ),
    "organisation": (gettext_lazy("The organisation’s settings"), _kinds("tenant")),
    "programs": (
        gettext_lazy("API tokens, webhooks and mail"),
        _kinds("apitoken", "webhookendpoint", "mailserver", "outboxmessage"),
    ),
    "exports": (
        gettext_lazy("Exports and downloads"),
        Q(action__endswith="exported") | Q(action__endswith="downloaded"),
    ),
    "staff": (gettext_lazy("Staff of the installation"), Q(action__startswith="staff.")),
}
# Who did something, where it was no single person.
ACTORS: dict[str, Promise] = {
    AuditEntry.ActorKind.TOKEN: gettext_lazy("Programs"),
    AuditEntry.ActorKind.STAFF: gettext_lazy("Staff of the installation"),
    AuditEntry.ActorKind.SYSTEM: gettext_lazy("LinkPro itself"),
}


def people_of(tenant: Tenant) -> QuerySet[User]:
    """Whose names stand in the tenant's log: its members, suspended ones too."""
    members = Membership.objects.for_tenant(tenant).values("user_id")
    return User.objects.filter(pk__in=members).order_by("name", "email")


class LogFilters(forms.Form):
    """What entries are wanted; pages and programs ask alike."""

    who = forms.CharField(label=gettext_lazy("Who"), required=False, max_length=MOST_DIGITS)
    action = forms.CharField(label=gettext_lazy("What was done"), required=False, max_length=81)
    kind = forms.CharField(label=gettext_lazy("To what"), required=False, max_length=64)
    target = forms.CharField(label=gettext_lazy("Its id"), required=False, max_length=64)
    first = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    last = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    before = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean_who(self) -> str:
        text = str(self.cleaned_data["who"])
        if text and text not in ACTORS and not (text.isascii() and text.isdigit()):
            told = _("Write a person’s id, or one of: %(kinds)s.") % {"kinds": ", ".join(ACTORS)}
            raise ValidationError(told)
        return text

    def clean_action(self) -> str:
        text = str(self.cleaned_data["action"])
        if text and text not in GROUPS and not (_ACTION.fullmatch(text) and "." in text):
            told = _("Write an action such as site.created, or one of: %(groups)s.")
            raise ValidationError(told % {"groups": ", ".join(GROUPS)})
        return text

    def clean_before(self) -> tuple[datetime, int] | None:
        text = str(self.cleaned_data["before"])
        found = _PLACE.fullmatch(text)
        if text and not found:
            raise ValidationError(_("Take the address of the next page from the answer as it is."))
        try:
            return (datetime.fromisoformat(found[1]), int(found[2])) if found else None
        except ValueError:
            raise ValidationError(_("There is no such moment.")) from None

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        first, last = given.get("first"), given.get("last")
        if first and last and first > last:
            self.add_error("last", _("The last day lies before the first."))
        for name in ("first", "last"):
            if given.get(name) and not 2000 <= given[name].year < 9999:
                self.add_error(name, _("Choose a day from the year 2000 on."))
        return given

    def wanted(self) -> dict[str, str]:
        """The filters that are set, as the address holds them; of valid ones only."""
        names = ("who", "action", "kind", "target", "first", "last")
        return {name: str(self.cleaned_data[name]) for name in names if self.cleaned_data.get(name)}


# --- Entries ----------------------------------------------------------------------------------


def matching(tenant: Tenant, given: dict[str, Any], zone: str) -> QuerySet[AuditEntry]:
    """The tenant's entries that fit the cleaned filters, the newest first; days are `zone`'s."""
    rows = AuditEntry.objects.for_tenant(tenant).order_by("-created_at", "-id")
    if who := given["who"]:
        rows = rows.filter(actor_kind=who) if who in ACTORS else rows.filter(actor_id=int(who))
    if action := given["action"]:
        rows = rows.filter(GROUPS[action][1] if action in GROUPS else Q(action=action))
    if given["kind"]:
        rows = rows.filter(target_type=given["kind"])
    if given["target"]:
        rows = rows.filter(target_id=given["target"])
    if given["first"]:
        rows = rows.filter(created_at__gte=midnight(given["first"], zone))
    if given["last"]:
        rows = rows.filter(created_at__lt=midnight(given["last"] + timedelta(days=1), zone))
    return cast("QuerySet[AuditEntry]", rows)


def before(rows: QuerySet[AuditEntry], place: tuple[datetime, int] | None) -> QuerySet[AuditEntry]:
    """The rows that stand after a place in the list, which is older."""
    if place is None:
        return rows
    at, pk = place
    return rows.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=pk), created_at__lte=at)


def moment(entry: AuditEntry) -> str:
    """When it was written, in UTC: `2026-11-23T14:05:09.123456Z`."""
    return f"{entry.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def place_of(entry: AuditEntry) -> str:
    """The place of an entry in the list, for the address of what comes after it."""
    return f"{moment(entry)}_{entry.pk}"


@dataclass(frozen=True, slots=True)
class Cut:
    """A page of the log, and the place after which the next one begins, if there is one."""

    entries: list[AuditEntry]
    next: str


def cut(rows: QuerySet[AuditEntry], place: tuple[datetime, int] | None, size: int) -> Cut:
    """The next `size` entries after a place; one query, however long the log is."""
    found = list(before(rows, place)[: size + 1])
    more = len(found) > size
    return Cut(found[:size], place_of(found[size - 1]) if more else "")


def all_of(rows: QuerySet[AuditEntry]) -> Iterator[list[AuditEntry]]:
    """All entries, in pieces that fit into memory."""
    place = None
    while piece := list(before(rows, place)[:PIECE]):
        yield piece
        place = (piece[-1].created_at, piece[-1].pk)
