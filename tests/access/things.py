"""Whose row an address names: the values of its parameters for one team of one tenant."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from tests.access.world import Half
from tracking.models import Session


def _visit(half: Half) -> dict[str, Any]:
    row = Session.plain.filter(site=half.sites[1]).latest("started_at")
    return {"key": half.sites[1].key, "day": row.date, "visit": row.key}


# The parameters that name a row of a team; `OWNED` are seen by level, the others by everybody.
OWNED: dict[str, Callable[[Half], dict[str, Any]]] = {
    "site": lambda half: {"key": half.sites[1].key, "site": half.sites[1].pk},
    "page of links": lambda half: {"key": half.sites[0].key},
    "link": lambda half: {"key": half.sites[0].key, "pk": half.rows["link0"].pk},
    "visit": _visit,
    "site by number": lambda half: {"pk": half.sites[1].pk},
    "profile by number": lambda half: {
        "pk": half.rows["profile0"].pk,
        "profile_id": half.rows["profile0"].pk,
    },
    "link by number": lambda half: {
        "pk": half.rows["link0"].pk,
        "link_id": half.rows["link0"].pk,
    },
}
SHARED: dict[str, Callable[[Half], dict[str, Any]]] = {
    "offer": lambda half: {"offer_id": half.sites[1].transfer.pk},
    "team": lambda half: {"pk": half.team.pk, "team_id": half.team.pk},
    "member": lambda half: {"pk": half.people["mate"].pk, "person": half.people["mate"].pk},
    "mate": lambda half: {"pk": half.team.pk, "person": half.people["mate"].pk},
    "invitation": lambda half: {"pk": half.rows["invitation"].pk},
    "token": lambda half: {"pk": half.rows["token"].pk},
    "webhook": lambda half: {"pk": half.rows["webhook"].pk},
    "delivery": lambda half: {
        "pk": half.rows["webhook"].pk,
        "message": half.rows["delivery"].pk,
        "delivery": half.rows["delivery"].pk,
    },
    "tenant": lambda half: {"tenant_id": half.tenant.pk},
    "access": lambda half: {"pk": half.rows["access"].pk},
    "message": lambda half: {"pk": half.rows["message"].pk},
    "entry": lambda half: {"pk": half.rows["entry"].pk},
    "server": lambda half: {"pk": half.rows["server"].pk},
}
THINGS = OWNED | SHARED
# Parameters that name no row.
PLAIN = {
    "dimension": "page",
    "kind": "svg",
    "slug": "html",
    "name": "analytics",
    "uidb36": "1",
    "key": "a-b",
    "url": "nowhere",
    "content_type_id": "1",
    "object_id": "1",
    "app_label": "accounts",
    "id": "1",
    "digest": "0123abcd",
    "pk": "1",
    "provider_id": "nobody",
    "secret": "no-such-secret",
    "signed": "no-such-mark",
}


def missing(value: Any) -> Any:
    """A value of the same kind that names nothing."""
    text = str(value)
    if isinstance(value, uuid.UUID):
        return uuid.UUID(int=value.int ^ 0xFFFF)
    if re.fullmatch(r"-?\d+", text):
        return type(value)(987_654_321)
    return value if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else "no-such-row"
