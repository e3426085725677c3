"""Secrets that must be read again: encrypted, and bound to the row that they stand in.

A secret is sealed under a key of its own, derived (HKDF-SHA256) from the installation's key and the
row's place (tenant, kind and id of the row, field). Copied into another row or another tenant it
opens nothing. `VAULT_KEYS` lists the installation's keys: the first seals, every one opens.

Whoever keeps sealed values registers where they lie (`register`, in `AppConfig.ready`), so that
`manage.py rotate_vault` finds them all when the first key has changed.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models


class Unreadable(ValueError):
    """A sealed secret does not open here: another row's, or sealed under a key that is gone."""


def place(row: models.Model, field: str, tenant: UUID | None) -> str:
    """What a secret is bound to: whose row, which row, which field. The row must have its id."""
    if row.pk is None:
        raise ValueError("A secret is bound to its row: give the row its id first.")
    return f"{tenant or 'installation'}/{row._meta.label_lower}/{row.pk}/{field}"


def _fernet(where: str) -> MultiFernet:
    return MultiFernet([_derived(key, where) for key in settings.VAULT_KEYS])


def _derived(key: str, where: str) -> Fernet:
    bits = HKDF(SHA256(), 32, salt=None, info=b"linkpro/vault/" + where.encode())
    return Fernet(urlsafe_b64encode(bits.derive(key.encode())))


def seal(secret: bytes, where: str) -> bytes:
    """The secret as it may be stored in the place `where` (see `place`)."""
    return _fernet(where).encrypt(secret)


def unseal(sealed: bytes, where: str) -> bytes:
    """The secret that was sealed for this place. Raises `Unreadable`."""
    try:
        return _fernet(where).decrypt(bytes(sealed))
    except InvalidToken as error:
        raise Unreadable(f"The secret of {where} does not open with VAULT_KEYS.") from error


def reseal(sealed: bytes, where: str) -> bytes:
    """The same secret under the first of the keys. Raises `Unreadable`."""
    return seal(unseal(sealed, where), where)


def is_current(sealed: bytes, where: str) -> bool:
    """Whether it was sealed under the first of the keys."""
    try:
        _derived(settings.VAULT_KEYS[0], where).decrypt(bytes(sealed))
    except InvalidToken:
        return False
    return True


# --- Where sealed values lie ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value and its place; `replace` writes another, unless the old one is gone."""

    where: str
    value: bytes
    replace: Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Holding:
    """Sealed values of one kind, and what staff call them."""

    label: str
    values: Callable[[], Iterable[Sealed]]


holdings: dict[str, Holding] = {}
PIECE = 500


def register(*found: Holding) -> None:
    """Make holdings known; a label stands for one."""
    holdings.update({holding.label: holding for holding in found})


def column(
    label: str, model: type[models.Model], field: str, place_of: Callable[[Any], str]
) -> Holding:
    """The sealed values of a binary column; `place_of` a row says where they were sealed for."""

    def replacer(row: models.Model, old: bytes) -> Callable[[bytes], object]:
        rows = model._base_manager.filter(**{"pk": row.pk, field: old})
        return lambda new: rows.update(**{field: new})

    def values() -> Iterator[Sealed]:
        filled = model._base_manager.filter(**{f"{field}__isnull": False}).order_by("pk")
        piece = list(filled[:PIECE])
        while piece:
            for row in piece:
                value = bytes(getattr(row, field))
                yield Sealed(place_of(row), value, replacer(row, value))
            piece = list(filled.filter(pk__gt=piece[-1].pk)[:PIECE])

    return Holding(label, values)
