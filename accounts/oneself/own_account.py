"""What a person decides about their own account, and everything that is kept about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import (
    ApiToken,
    AuditEntry,
    Invitation,
    Membership,
    OutboxMessage,
    SignIn,
    Site,
    SiteTransfer,
    StaffAccess,
    User,
)

# --- Profile ----------------------------------------------------------------------------------


@transaction.atomic
def change(user: User, values: dict[str, Any]) -> User:
    """The person with another `name`, `time_zone` or `muted`. Raises `ValidationError`."""
    changed = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    differing = [name for name, value in values.items() if getattr(changed, name) != value]
    for name in differing:
        setattr(changed, name, values[name])
    changed.clean_fields(exclude=["password"])
    if differing:
        changed.save(update_fields=differing)
        # What somebody is called stands in no entry.
        fields = {"fields": [None, sorted(differing)]}
        audit.record("user.changed", changed, tenant=None, actor=changed, changes=fields)
    return changed


# --- Mails ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailKind:
    """A kind of mail as people know it, and whether they may do without it."""

    label: Any
    may_be_muted: bool


# By `OutboxMessage.kind`. Those that are not listed concern sign-in, and always come.
MAIL_KINDS = {
    "site_offered": MailKind(_("Somebody wants to give you a site"), True),
    "site_deletion": MailKind(_("A site of yours is to be deleted"), True),
    "webhook_stopped": MailKind(_("A webhook of your organisation was stopped"), True),
    "mail_server_failing": MailKind(_("The mail server of your organisation fails"), True),
    "invitation": MailKind(_("Invitations to an organisation"), False),
    "tenant_deletion": MailKind(_("An organisation that you own is to be deleted"), False),
    "security": MailKind(_("Your password, sign-in and address"), False),
}
MUTABLE = tuple(kind for kind, found in MAIL_KINDS.items() if found.may_be_muted)
_UNSUBSCRIBING = "accounts.oneself.own_account.unsubscribe"


def wants(user: User, kind: str) -> bool:
    """Whether mails of a kind go to the person."""
    return kind not in MUTABLE or kind not in user.muted


def unsubscribe_url(user: User, kind: str) -> str:
    """The address that ends mails of a kind by one POST, signed in or not; "" if none may."""
    if kind not in MUTABLE:
        return ""
    signed = signing.dumps([user.pk, kind], salt=_UNSUBSCRIBING)
    return settings.BASE_URL + reverse("unsubscribe", args=[signed])


def subscription_of(signed: str) -> tuple[User, str] | None:
    """The person and the kind of mail of an `unsubscribe_url`; None where it is none of ours."""
    try:
        pk, kind = signing.loads(signed, salt=_UNSUBSCRIBING)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=pk).first()
    return (user, kind) if user and kind in MUTABLE else None


@transaction.atomic
def mute(user: User, kind: str) -> User:
    """Send the person no more mails of a kind, nor of those that they ended a moment ago."""
    if kind not in MUTABLE:
        raise ValidationError(_("Mails of this kind always come."), code="not_mutable")
    now = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    return change(now, {"muted": sorted({*now.muted, kind})})


# --- Everything that is kept ------------------------------------------------------------------

Row = dict[str, Any]
MOST_ENTRIES = 50_000


def _rows(found: Iterable[Any], *fields: str) -> list[Row]:
    """The named fields of rows; `member__tenant__name` is told as `tenant`."""
    if isinstance(found, QuerySet):
        found = found.values(*fields)
    told = {name: name.removesuffix("__name").rpartition("__")[2] for name in fields}
    return [{told[name]: row[name] for name in fields} for row in found]


def _profile(user: User) -> list[Row]:
    names = ("id", "email", "name", "time_zone", "muted", "is_staff", "created_at", "last_login")
    return [{name: getattr(user, name) for name in names}]


def _of(user: User, model: Any, **where: Any) -> QuerySet[Any]:
    rows = model.objects
    if hasattr(rows, "unscoped"):
        rows = rows.unscoped("what is kept about this very person")
    return rows.filter(**(where or {"user": user})).order_by("pk")


def _addresses(user: User) -> list[Row]:
    return _rows(_of(user, EmailAddress), "email", "verified", "primary")


def _memberships(user: User) -> list[Row]:
    fields = ("tenant__name", "role", "level", "team__name", "created_at", "suspended_at")
    return _rows(_of(user, Membership), *fields)


def _tokens(user: User) -> list[Row]:
    found = _of(user, ApiToken, member__user=user)
    times = ("created_at", "expires_at", "revoked_at", "last_used_at")
    return _rows(found, "member__tenant__name", "name", "prefix", "scopes", *times)


def _sessions(user: User) -> list[Row]:
    return _rows(_of(user, UserSession), "ip", "user_agent", "created_at", "last_seen_at")


def _programs(user: User) -> list[Row]:
    return _rows(_of(user, SignIn), "agent", "ip", "created_at", "refreshed_at", "expires_at")


def _factors(user: User) -> list[Row]:
    return _rows(_of(user, Authenticator), "type", "created_at", "last_used_at")


def _connected(user: User) -> list[Row]:
    fields = ("provider", "uid", "extra_data", "date_joined", "last_login")
    return _rows(_of(user, SocialAccount), *fields)


def _invitations_to(user: User) -> list[Row]:
    fields = ("tenant__name", "email", "role", "created_at", "expires_at", "accepted_at")
    return _rows(_of(user, Invitation, email__iexact=user.email), *fields)


def _invitations_by(user: User) -> list[Row]:
    fields = ("tenant__name", "email", "role", "created_at", "accepted_at", "revoked_at")
    return _rows(_of(user, Invitation, invited_by=user), *fields)


def _sites(user: User) -> list[Row]:
    return _rows(_of(user, Site, owner=user), "tenant__name", "name", "kind", "created_at")


def _offers(user: User) -> list[Row]:
    fields = ("site__name", "email", "created_at", "expires_at")
    made = _rows(_of(user, SiteTransfer, offered_by=user), *fields)
    return made + _rows(_of(user, SiteTransfer, email__iexact=user.email), *fields)


def _mails(user: User) -> list[Row]:
    found = _of(user, OutboxMessage, recipient__iexact=user.email, channel="mail")
    return _rows(found.order_by("created_at"), "kind", "subject", "state", "created_at")


def _staff(user: User) -> list[Row]:
    return _rows(_of(user, StaffAccess), "tenant__name", "reason", "started_at", "ends_at")


def _acts(user: User) -> list[Row]:
    fields = ("created_at", "action", "target_type", "target_id", "tenant_id", "request_id")
    found = _of(user, AuditEntry, actor=user).order_by("-created_at", "-id")
    return _rows(found[:MOST_ENTRIES], *fields)


# The register: every table of accounts that knows something about a person. Secrets (passwords,
# tokens, keys of second factors) are in no list: they are no knowledge, and open something.
HOLDINGS: dict[str, tuple[Any, Callable[[User], list[Row]]]] = {
    "profile": (_("Profile"), _profile),
    "addresses": (_("E-mail addresses"), _addresses),
    "memberships": (_("Organisations"), _memberships),
    "sites": (_("Sites that are yours"), _sites),
    "offers": (_("Offers of sites, by you and to you"), _offers),
    "tokens": (_("API tokens"), _tokens),
    "sessions": (_("Sessions"), _sessions),
    "programs": (_("Programs that signed in as you"), _programs),
    "factors": (_("Second factors"), _factors),
    "connected": (_("Connected accounts"), _connected),
    "invitations_to_you": (_("Invitations to you"), _invitations_to),
    "invitations_by_you": (_("Invitations by you"), _invitations_by),
    "mails": (_("Mails to you"), _mails),
    "staff_access": (_("Access as staff"), _staff),
    "acts": (_("What you did, of the last year"), _acts),
}


def everything_about(user: User) -> dict[str, list[Row]]:
    """All that accounts keep about a person, by holding, without secrets."""
    return {name: read(user) for name, (_label, read) in HOLDINGS.items()}
