"""What monitors and people are told of the service."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Site
from tests.sending import rebuild_all, send, visit
from tracking.models import DirtyDay, LinkProfile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api(owner, token) -> dict:
    return {"headers": {"Authorization": f"Bearer {token(owner)}"}}


def test_health_tells_the_parts_without_a_sign_in(client, db):
    answer = client.get("/health")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["service"], body["database"]) == ("ok", "linkpro", "connected")
    assert body["services"] == {
        "database": {"status": "ok"},
        "cache": {"status": "ok"},
        "statistics": {"status": "ok"},
    }
    assert "no-store" in answer["Cache-Control"]
    assert client.get("/health/").status_code == 404


def test_health_says_nothing_that_is_secret(client, settings):
    told = client.get("/health").content.decode()
    secrets = (settings.SECRET_KEY, settings.REDIS_URL, connection.settings_dict["NAME"])
    assert not any(secret in told for secret in secrets)


def test_health_is_503_while_the_database_does_not_keep_events(client, db):
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        try:
            answer = client.get("/health")
        finally:
            cursor.execute(f"ALTER DATABASE {name} RESET synchronous_commit")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["services"]["database"]["detail"] == "synchronous_commit is off"


def test_health_is_degraded_while_statistics_are_late(client, site):
    send(site, visit(timezone.now(), ["/"]))
    DirtyDay.plain.update(marked_at=timezone.now() - timedelta(minutes=30))
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "wait to be counted" in answer.json()["services"]["statistics"]["detail"]
    rebuild_all()
    assert client.get("/health").json()["status"] == "ok"


def test_health_answers_without_redis(client, db, settings, monkeypatch):
    from django.core.cache import caches

    monkeypatch.setattr(
        caches["default"]._cache.__class__, "get_client", lambda self, *_a, **_k: Absent()
    )
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


class Absent:
    """A Redis that is away."""

    def ping(self) -> None:
        raise ConnectionError("away")


@pytest.mark.parametrize("path", ["/api/system/info", "/api/v1/system/info"])
def test_system_info_counts_what_the_asker_sees(client, api, site, rival_site, path):
    bio = Site.objects.create(tenant=site.tenant, kind="bio", name="@ada", owner=site.owner)
    profile = LinkProfile.objects.create(site=bio, username="ada", title="Ada")
    profile.links.create(title="Shop", url="https://shop.acme.test/")
    profile.links.create(title="Old", url="https://x.test/", deleted_at=timezone.now())
    theirs = LinkProfile.objects.create(site=rival_site, username="rita", title="Rita")
    theirs.links.create(title="Shop", url="https://shop.rival.test/")
    body = client.get(path, **api).json()
    assert body["counts"] == {"sites": 2, "profiles": 1, "links": 1}
    assert body["database"].startswith("PostgreSQL 1")
    assert body["uptime_seconds"] >= 0
    assert body["version"]


def test_system_info_is_not_for_strangers(client, db):
    assert client.get("/api/system/info").status_code in (401, 403)
