"""Where sealed values of people and of the outgoing side lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from accounts.models import MailServer, OutboxMessage, WebhookEndpoint
from accounts.vault import Holding, Sealed, column, place


def _in_field(field: str) -> Callable[[Any], str]:
    return lambda row: place(row, field, row.tenant_id)


def _second_factors() -> Iterator[Sealed]:
    """Secrets of apps, seeds and codes, which allauth keeps within JSON."""
    from allauth.mfa.models import Authenticator

    from accounts.sign_in.adapter import FACTOR_PLACE

    def replacer(row: Any, change: Callable[[dict[str, Any], str], None]) -> Callable[..., object]:
        def replace(new: bytes) -> object:
            data = deepcopy(row.data)
            change(data, new.decode())
            found = Authenticator.objects.filter(pk=row.pk, data=row.data)
            done = found.update(data=data)
            row.data = data
            return done

        return replace

    for row in Authenticator.objects.order_by("pk"):
        for name in ("secret", "seed"):
            if value := row.data.get(name):
                change = replacer(row, lambda data, new, name=name: data.update({name: new}))  # type: ignore[misc]
                yield Sealed(FACTOR_PLACE, value.encode(), change)
        for number, value in enumerate(row.data.get("migrated_codes") or []):
            change = replacer(
                row,
                lambda data, new, number=number: data["migrated_codes"].__setitem__(number, new),  # type: ignore[misc]
            )
            yield Sealed(FACTOR_PLACE, value.encode(), change)


HOLDINGS = (
    column("mail servers", MailServer, "sealed_password", _in_field("sealed_password")),
    column("webhooks, addresses", WebhookEndpoint, "sealed_url", _in_field("sealed_url")),
    column("webhooks", WebhookEndpoint, "sealed_secret", _in_field("sealed_secret")),
    column(
        "webhooks, former secrets",
        WebhookEndpoint,
        "sealed_former_secret",
        _in_field("sealed_former_secret"),
    ),
    column("outbox", OutboxMessage, "sealed", _in_field("sealed")),
    Holding("second factors", _second_factors),
)
