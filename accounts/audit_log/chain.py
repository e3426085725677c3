"""The chain of the audit log: each entry's hash holds the one before it.

Entries are written without a place. A task gives them one within seconds, once they are committed,
so that nobody who changes something ever waits for another. Each tenant has a chain, and the
installation has one for what belongs to no tenant.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import AuditEntry
from accounts.models.audit import AuditAnchor, AuditHead

log = structlog.get_logger(__name__)

# What the first entry of a chain follows on.
BEGINNING = bytes(32)
# Entries that are chained in one transaction.
PIECE = 2_000
# The first of the two numbers of the lock of a tenant's chain.
CHAIN_LOCK = 4_711_003
# What is hashed of an entry, besides the hash of the one before it.
FIELDS = (
    "id",
    "tenant_id",
    "actor_id",
    "actor_kind",
    "token_id",
    "action",
    "target_type",
    "target_id",
    "changes",
    "reason",
    "request_id",
    "created_at",
)


@dataclass(frozen=True, slots=True)
class End:
    """The last place of a chain and its hash."""

    sequence: int = 0
    hash: bytes = BEGINNING


def entries_of(tenant: UUID | None) -> QuerySet[AuditEntry]:
    """The entries of a tenant's chain, or of the installation's."""
    rows = AuditEntry.objects.unscoped("a chain is read whole, by nobody in particular")
    return rows.filter(tenant_id=tenant) if tenant else rows.filter(tenant_id__isnull=True)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


def hash_of(previous: bytes, sequence: int, values: Sequence[Any]) -> bytes:
    """The hash of an entry at a place of the chain; `values` are those of `FIELDS`.

    SHA-256 of the previous hash and the entry as JSON: keys sorted, no spaces, ASCII, moments in
    UTC with microseconds, ids of tenants as text.
    """
    entry = dict(zip(FIELDS, values, strict=True), sequence=sequence)
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), default=_text)
    return hashlib.sha256(previous + text.encode()).digest()


# --- Chaining ---------------------------------------------------------------------------------


def chain_committed() -> int:
    """Chain all entries that are committed and have no place yet; returns how many.

    Resumable and safe to run twice at once: a chain that somebody else is at is passed over.
    """
    waiting = dict.fromkeys(_waiting(), 0)
    count = 0
    while waiting:  # a piece of each in turn: a tenant with many holds up nobody
        for tenant, after in list(waiting.items()):
            chained, last = _chain_piece(tenant, after)
            count += chained
            waiting[tenant] = last
            if chained < PIECE:
                del waiting[tenant]
    return count


def _waiting() -> list[UUID | None]:
    rows = AuditEntry.objects.unscoped("every chain goes on").filter(hash=None)
    return list(rows.order_by().values_list("tenant_id", flat=True).distinct())


@transaction.atomic
def _chain_piece(tenant: UUID | None, after: int) -> tuple[int, int]:
    """Chain the next entries with ids above `after`: how many they were, and the last one's id."""
    if not _locked(tenant):
        return 0, after
    waiting = entries_of(tenant).filter(hash=None, id__gt=after).order_by("id")
    rows = list(waiting.values_list(*FIELDS)[:PIECE])
    if not rows:
        return 0, after
    end = _end_of(tenant)
    placed = []
    for values in rows:
        previous, sequence = end.hash, end.sequence + 1
        end = End(sequence, hash_of(previous, sequence, values))
        placed.append((values[0], values[-1], sequence, previous, end.hash))
    _place(placed)
    AuditHead.objects.unscoped("the end of this chain").update_or_create(
        tenant_id=tenant, defaults={"sequence": end.sequence, "hash": end.hash}
    )
    return len(rows), rows[-1][0]


def _locked(tenant: UUID | None) -> bool:
    """Whether this transaction alone may write to the chain until it ends."""
    with connection.cursor() as cursor:
        text = str(tenant or "")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [CHAIN_LOCK, text])
        row = cursor.fetchone()
    return bool(row and row[0])


def _end_of(tenant: UUID | None) -> End:
    """Where the chain goes on. A lost head is found again by the entries and anchors that are."""
    head = AuditHead.objects.unscoped("the end of this chain").filter(tenant_id=tenant).first()
    if head is not None:
        return End(head.sequence, bytes(head.hash))
    ends: list[End] = [End()]
    anchors = AuditAnchor.objects.unscoped("the ends of this chain's months")
    for rows in (entries_of(tenant).exclude(hash=None), anchors.filter(tenant_id=tenant)):
        found: Any = rows.order_by("-sequence").values_list("sequence", "hash").first()
        ends += [End(found[0], bytes(found[1]))] if found else []
    end = max(ends, key=lambda found: found.sequence)
    if end.sequence:
        log.error("the end of an audit log was lost", tenant_id=tenant, sequence=end.sequence)
    return end


def _place(placed: list[tuple[int, datetime, int, bytes, bytes]]) -> None:
    """Write places and hashes: the one change that the database lets an entry have, once."""
    ids, moments, sequences, previous, hashes = (
        list(column) for column in zip(*placed, strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_auditentry AS entry"
            " SET sequence = placed.sequence, previous = placed.previous, hash = placed.hash"
            " FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bytea[], %s::bytea[])"
            " AS placed (id, created_at, sequence, previous, hash)"
            " WHERE entry.id = placed.id AND entry.created_at = placed.created_at"
            " AND entry.created_at BETWEEN %s AND %s AND entry.hash IS NULL",
            [ids, moments, sequences, previous, hashes, min(moments), max(moments)],
        )
