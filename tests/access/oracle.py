"""What no answer may show, and no request may change: the neighbour's marks, numbers and rows."""

from __future__ import annotations

import html
import io
import logging
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from django.apps import apps
from django.db import connection, models
from django.http import HttpResponse

from accounts.models import OutboxMessage, Tenant, User
from accounts.outgoing import outbox
from accounts.tenancy import TenantOwned
from tests.access.world import RUN, UNIT

# --- What is read -------------------------------------------------------------------------------

# A sum with numbers of A beside B's is a little more than a multiple.
LITTLE = 5_000
_NUMBER = re.compile(r"\d[\d,.\u202f\u00a0]{9,}\d|\d{10,}")


def body_of(response: Any) -> bytes:
    """The whole body, also of an answer that is sent in pieces."""
    return b"".join(response.streaming_content) if response.streaming else response.content


def _unpacked(body: bytes) -> Iterator[bytes]:
    yield body
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as file:
            yield from (file.read(name) for name in file.namelist())
    elif body.startswith(b"%PDF"):
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", body, re.DOTALL):
            try:
                yield zlib.decompress(stream)
            except zlib.error:
                continue


def text_of(response: HttpResponse) -> str:
    """All that an answer says: its headers and its body, files unpacked, in lower case."""
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    cookies = response.cookies.output()
    parts = [part.decode("utf-8", "replace") for part in _unpacked(body_of(response))]
    return "\n".join([headers, cookies, *parts])


def without(text: str, said: Iterable[str]) -> str:
    """The text without what the asker has said: an echo tells nobody anything."""
    text = html.unescape(unquote(text)).lower()
    words = {unquote(str(word)).lower() for word in said if len(str(word)) > 3}
    for word in sorted(words, key=len)[::-1]:
        text = text.replace(word, "")
    numbers = "|".join(str(word) for word in said if str(word).isdigit())
    return re.sub(rf"\b({numbers})\b", "", text) if numbers else text


def numbers_of_b(text: str) -> list[str]:
    """The numbers in a text that are B's, or A's and B's together."""
    found = []
    for written in _NUMBER.findall(text):
        whole = re.split(r"\.(?=\d{1,2}$|\d{6,}$)", written)[0]
        digits = re.sub(r"\D", "", whole)
        if len(digits) < 16 and int(digits) >= UNIT and int(digits) % UNIT < LITTLE:
            found.append(written)
    return found


def leaks(text: str, forbidden: Iterable[str], said: Iterable[str]) -> list[str]:
    """The forbidden marks and numbers that a text shows."""
    text, forbidden = without(text, said), tuple(forbidden)
    of_a = any(word.startswith("b") for word in forbidden)  # who is not to see B's
    return [word for word in forbidden if word in text] + (numbers_of_b(text) if of_a else [])


# --- What is written to the log -----------------------------------------------------------------


class Lines(logging.Handler):
    """Keeps the lines of the log, as they would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.__dict__.get('data', '')}")


@contextmanager
def kept_log() -> Iterator[Lines]:
    """What is logged meanwhile."""
    handler, root = Lines(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)


# --- What is written to the database ------------------------------------------------------------

_WRITES = re.compile(r'\b(?:INSERT INTO|UPDATE(?! SKIP| NOWAIT| OF)|DELETE FROM)\s+"?(\w+)"?')


class Written:
    """The tables that statements of a request write to."""

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = sql if isinstance(sql, str) else str(sql)
        if not text.startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            self.tables.update(_WRITES.findall(text))
        return execute(sql, params, many, context)


def rows_of(tenant: Tenant) -> dict[str, models.QuerySet[Any]]:
    """By table: all rows of a tenant, itself and its people among them."""
    found: dict[str, models.QuerySet[Any]] = {
        model._meta.db_table: model.objects.for_tenant(tenant)
        for model in apps.get_models()
        if issubclass(model, TenantOwned)
    }
    found["accounts_tenant"] = Tenant.objects.filter(pk=tenant.pk)
    people = User.objects.filter(memberships__tenant=tenant)
    found["accounts_user"] = people.filter(email__regex=rf"^b\d-{RUN}").defer("last_login")
    return found


def checksums(tenant: Tenant, tables: Iterable[str] | None = None) -> dict[str, str]:
    """By table: one hash of all rows of a tenant."""
    every = rows_of(tenant)
    sums = {}
    with connection.cursor() as cursor:
        for table in every if tables is None else set(tables) & set(every):
            query, params = every[table].order_by().query.sql_with_params()
            cursor.execute(
                "SELECT count(*) || md5(coalesce(string_agg(q::text, '|' ORDER BY q::text), ''))"
                f" FROM ({query}) q",
                params,
            )
            sums[table] = cursor.fetchone()[0]
    return sums


def mail_leaks(other: Tenant, known: set[Any], forbidden: Iterable[str]) -> list[str]:
    """What new messages that are not the other tenant's tell of it."""
    found = []
    for message in OutboxMessage.plain.exclude(tenant=other).exclude(pk__in=known):
        text = f"{message.recipient} {message.subject} {outbox.content_of(message)}"
        found += leaks(text, forbidden, ())
    return found
