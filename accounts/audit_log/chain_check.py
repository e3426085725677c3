"""Whether the audit log is whole: each chain is walked from its beginning to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.audit_log.chain import FIELDS, End, entries_of, hash_of
from accounts.models import AuditEntry
from accounts.models.audit import AuditAnchor, AuditHead

# An entry is chained within seconds of its commit; later than this nobody chains.
LATEST = timedelta(minutes=1)
_PIECE = 5_000


@dataclass(frozen=True, slots=True)
class Report:
    """What the walk along one chain found: the entries it saw, and what is broken first, if any."""

    tenant: UUID | None
    entries: int
    end: End
    broken: str = ""


class _Broken(Exception):
    """The walk ends here; the message says what is wrong, and where."""


def chains() -> list[UUID | None]:
    """Whose chains there are, the installation's first."""
    sources = (AuditEntry, AuditHead, AuditAnchor)
    found: set[UUID | None] = set()
    for model in sources:
        rows = model.objects.unscoped("every chain is checked").order_by()
        found |= set(rows.values_list("tenant_id", flat=True).distinct())
    return sorted(found, key=lambda tenant: str(tenant or ""))


def check(tenant: UUID | None, now: datetime, noted: End | None = None) -> Report:
    """Walk a chain. `noted` is an end that was written down outside of the database before."""
    with _one_moment():
        walk = _Walk(tenant, noted)
        try:
            walk.go()
            walk.close(now)
        except _Broken as found:
            return Report(tenant, walk.entries, walk.end, str(found))
        return Report(tenant, walk.entries, walk.end)


@contextmanager
def _one_moment() -> Iterator[None]:
    """Entries, anchors and head as they are at one moment, while the chain goes on growing.

    Within somebody's transaction it is theirs that decides.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class _Walk:
    """How far the check has come along one chain."""

    def __init__(self, tenant: UUID | None, noted: End | None) -> None:
        self.tenant, self.noted = tenant, noted
        self.end, self.entries = End(), 0
        self.met = False
        anchors = AuditAnchor.objects.unscoped("of this chain").filter(tenant_id=tenant)
        self.anchors = {anchor.first_sequence: anchor for anchor in anchors}

    def go(self) -> None:
        """Follow entries and anchors in the order of their places."""
        for sequence, previous, found, *values in self._chained():
            self._pass_anchors()
            self._follow(sequence, bytes(previous), values[0])
            if hash_of(self.end.hash, sequence, values) != bytes(found):
                told = _("entry %(id)d at place %(place)d was changed after it was chained")
                raise _Broken(told % {"id": values[0], "place": sequence})
            self._step(End(sequence, bytes(found)))
            self.entries += 1
        self._pass_anchors()

    def close(self, now: datetime) -> None:
        """Hold what was walked against the head, the noted end, and the entries without a place."""
        head = AuditHead.objects.unscoped("of this chain").filter(tenant_id=self.tenant).first()
        if head is None and self.end.sequence:
            raise _Broken(_("the record of the chain's end is missing"))
        if head is not None and head.sequence > self.end.sequence:
            told = _("places %(first)d to %(last)d are missing at the end")
            raise _Broken(told % {"first": self.end.sequence + 1, "last": head.sequence})
        if head is not None and End(head.sequence, bytes(head.hash)) != self.end:
            raise _Broken(_("the chain does not end where its record says"))
        if self.noted and self.noted.sequence > self.end.sequence:
            told = _("place %(place)d, which was noted, is missing")
            raise _Broken(told % {"place": self.noted.sequence})
        if self.noted and not self.met:
            told = _("place %(place)d, which was noted, ended with its month: note a later one")
            raise _Broken(told % {"place": self.noted.sequence})
        late = entries_of(self.tenant).filter(hash=None, created_at__lt=now - LATEST)
        if found := late.order_by("id").values_list("id", flat=True).first():
            told = _("entry %(id)d is not chained after a minute: does the worker run?")
            raise _Broken(told % {"id": found})

    def _chained(self) -> Iterator[tuple[Any, ...]]:
        rows = entries_of(self.tenant).filter(hash__isnull=False).order_by("sequence", "id")
        columns = rows.values_list("sequence", "previous", "hash", *FIELDS)
        return columns.iterator(chunk_size=_PIECE)

    def _pass_anchors(self) -> None:
        """Step over the runs of entries that ended with their month."""
        while anchor := self.anchors.get(self.end.sequence + 1):
            if bytes(anchor.previous) != self.end.hash:
                told = _("the anchor of places %(first)d to %(last)d does not follow on them")
                raise _Broken(told % {"first": anchor.first_sequence, "last": anchor.sequence})
            self._step(End(anchor.sequence, bytes(anchor.hash)))

    def _follow(self, sequence: int, previous: bytes, entry_id: int) -> None:
        """Raise unless the entry stands at the next place, and follows on the last one's hash."""
        expected = self.end.sequence + 1
        where = {"id": entry_id, "place": sequence, "first": expected, "last": sequence - 1}
        if sequence > expected:
            told = _("places %(first)d to %(last)d are missing before entry %(id)d")
            raise _Broken(told % where)
        if sequence < expected:
            raise _Broken(_("entry %(id)d stands at place %(place)d, which is taken") % where)
        if previous != self.end.hash:
            raise _Broken(_("entry %(id)d at place %(place)d follows on another hash") % where)

    def _step(self, end: End) -> None:
        if self.noted and self.noted.sequence == end.sequence:
            if self.noted.hash != end.hash:
                told = _("place %(place)d has another hash than was noted")
                raise _Broken(told % {"place": end.sequence})
            self.met = True
        self.end = end
