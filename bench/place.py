"""Where it is measured: an own PostgreSQL, an own database, own web servers.

Whatever `DATABASE_URL` says, nobody else's database is ever touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from bench.measure import parent_of
from linkpro import embedded
from linkpro.children import dying_with_us

DATABASE = "linkpro_bench"
SITE_KEY = "bench0000000"
HOST = "shop.example"
FIRST_PORT = int(os.environ.get("BENCH_PORT", "8400"))
SERVERS = {
    "linkpro": ("linkpro.asgi:application", "linkpro.settings"),
    "orm": ("bench.orm:application", "bench.orm_settings"),
    "probe": ("linkpro.asgi:application", "bench.probe_settings"),
    "unsealed": ("bench.unsealed:application", "linkpro.settings"),
}


@dataclass
class Place:
    """The database, one site in it, and the process that is PostgreSQL."""

    url: str
    postmaster: int
    site_id: int

    def ask(self, query: str, *values: object) -> int:
        """A single number from the database."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(query, values).fetchone()
        return int(row[0] or 0) if row else 0

    def events(self) -> int:
        """How many events are stored."""
        return self.ask("SELECT count(*) FROM tracking_event")


def _environment(url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "DATABASE_DIRECT_URL": "",
        "ENVIRONMENT": "TEST",
        "ENV_FILE": os.devnull,
        "DEFAULT_SITE": "",
        "TRUSTED_PROXIES": "127.0.0.1",  # the load comes from many visitors through one proxy
        "CLIENT_IP_HEADER": "X-Forwarded-For",
        # A few senders stand for many: they are counted like all, and never held back.
        "INGEST_EVENTS_PER_SECOND": str(10**9),
        "INGEST_BURST": str(10**9),
        "API_RATE_TOKEN": str(10**9),
        "API_RATE_PERSON": str(10**9),
        "DJANGO_SETTINGS_MODULE": "linkpro.settings",
    }


def _make_database() -> None:
    with psycopg.connect(embedded.postgres_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")


def _fill() -> None:
    """Tables, this month's partitions, a tenant, a site."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from accounts.models import Site, Tenant
    from tracking import partitions

    call_command("migrate", verbosity=0, interactive=False)
    connection.ensure_connection()
    partitions.ensure_ahead(connection.connection, datetime.now(UTC).date())
    tenant = Tenant.objects.create(name="Bench")
    Site(tenant=tenant, name="Bench", key=SITE_KEY, domains=[HOST]).save()


@contextmanager
def prepared() -> Iterator[Place]:
    """A fresh database on a PostgreSQL of our own, for as long as the block runs."""
    os.environ.setdefault("LINKPRO_VAR", "var/bench")
    for name in ("DATABASE_URL", "POSTGRES_HOST"):
        os.environ.pop(name, None)
    with embedded.running() as services:
        os.environ.update(services.environ)
        _make_database()
        url = embedded.postgres_url(DATABASE)
        os.environ.update(_environment(url))
        _fill()
        with psycopg.connect(url) as connection:
            postmaster = parent_of(connection.info.backend_pid)
            row = connection.execute("SELECT id FROM accounts_site").fetchone()
        assert row is not None
        place = Place(url, postmaster, site_id=row[0])
        yield place


@contextmanager
def serving(name: str) -> Iterator[tuple[int, int]]:
    """One of `SERVERS`, running: its process id and port."""
    application, settings = SERVERS[name]
    port = FIRST_PORT + list(SERVERS).index(name)
    command = f"-m uvicorn {application} --host 127.0.0.1 --port {port} --no-access-log"
    options = "--no-proxy-headers --log-level warning --timeout-graceful-shutdown 8"
    kind = ["--interface", "wsgi"] if name == "orm" else []
    server = subprocess.Popen(
        [sys.executable, *command.split(), *options.split(), *kind],
        cwd=embedded.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings},
        preexec_fn=dying_with_us(),
    )
    try:
        _wait(server, port)
        yield server.pid, port
    finally:
        server.terminate()
        server.wait(20)


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    for _attempt in range(300):
        if server.poll() is not None:
            break
        with suppress(urllib.error.HTTPError, urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5).close()
            return
        time.sleep(0.1)
    raise SystemExit(f"The server on port {port} did not start.")
