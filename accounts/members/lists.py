"""The lists of people that pages show: who is found, and what is told of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Tenant
from accounts.roles import AccessLevel
from accounts.sign_in.second_factors import FACTORS

MAX_SEARCH = 100


def search_of(text: str) -> str:
    """What somebody looks for, as it is compared and shown again."""
    return " ".join(text[:MAX_SEARCH].split())


def found(tenant: Tenant, search: str) -> QuerySet[Membership]:
    """The members whose name or address has the words in it, by name; all without words."""
    rows = Membership.objects.for_tenant(tenant).select_related("user", "team", "tenant")
    for word in search.split():
        rows = rows.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return rows.order_by("user__name", "user__email", "pk")


def with_second_factor(members: Iterable[Membership]) -> set[int]:
    """The ids of those users whose sign-in asks for more than a password."""
    users = [member.user_id for member in members]
    strong = Authenticator.objects.filter(user__in=users, type__in=FACTORS)
    return set(strong.values_list("user", flat=True))


@dataclass(frozen=True, slots=True)
class Line:
    """A member as lists show them."""

    member: Membership
    state: str
    second_factor: bool

    @property
    def level(self) -> object:
        """Whose rows they see, in words."""
        member = self.member
        if member.level == AccessLevel.TEAM and member.team is None:
            return _("Own (in no team)")
        return AccessLevel(member.level).label


def state_of(member: Membership) -> str:
    """`suspended` by an owner, `stopped` by the installation's staff, or `live`."""
    if member.suspended_at is not None:
        return "suspended"
    return "live" if member.user.is_active else "stopped"


def lines(members: Iterable[Membership]) -> list[Line]:
    """What lists tell of some members; their users and teams are loaded."""
    members = list(members)
    strong = with_second_factor(members)
    return [Line(row, state_of(row), row.user_id in strong) for row in members]
