"""What the frame of every page shows."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import staff
from accounts.models import Membership, Site, User
from accounts.tenants.organisation import logo_path, may_found


def chrome(request: HttpRequest) -> dict[str, Any]:
    """`member`, the `sites` they see, the person's `organisations`, the `logo` of this one.

    All are read only where the page uses them.
    """
    member = getattr(request, "member", None)
    user = getattr(request, "user", None)

    def sites() -> list[Site]:
        return list(Site.objects.visible_to(member.scope())) if member else []

    def organisations() -> list[Membership]:
        return getattr(request, "memberships", []) if member else []

    return {
        "member": member,
        "sites": SimpleLazyObject(sites),
        "organisations": SimpleLazyObject(organisations),
        "may_found": SimpleLazyObject(lambda: isinstance(user, User) and may_found(user)),
        "staff_look": SimpleLazyObject(lambda: staff.look_of(request)),
        "logo": SimpleLazyObject(lambda: logo_path(member.tenant) if member else ""),
    }
