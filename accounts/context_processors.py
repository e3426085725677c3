"""What the frame of every page shows."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import Site


def chrome(request: HttpRequest) -> dict[str, Any]:
    """`member` and the `sites` they see, both read only where the page uses them."""
    member = getattr(request, "member", None)

    def sites() -> list[Site]:
        return list(Site.objects.visible_to(member.scope())) if member else []

    return {"member": member, "sites": SimpleLazyObject(sites)}
