"""Link profiles and links over the API: tenant, role, audit, order, pictures, errors."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from accounts.models import AuditEntry, Site
from tracking import links, profiles
from tracking.models import Link, LinkProfile

pytestmark = pytest.mark.django_db
PROFILES, LINKS = "/api/v1/profiles", "/api/v1/links"


def bearer(text: str) -> dict:
    return {"headers": {"Authorization": f"Bearer {text}"}}


@pytest.fixture
def api(owner, token) -> dict:
    return bearer(token(owner))


@pytest.fixture
def profile(owner) -> LinkProfile:
    return profiles.make(owner.tenant, owner.user, {"username": "ada", "title": "Ada"})


@pytest.fixture
def three(profile, owner) -> list[Link]:
    made = []
    for name in "abc":
        values = {"title": name, "url": f"https://{name}.test/", "slug": f"to-{name}"}
        made.append(links.add(profile, owner.user, values))
    return made


@pytest.fixture
def theirs(rival_site) -> Link:
    """A link of another tenant's profile."""
    values = {"username": "rita", "title": "Rita"}
    rita = profiles.make(rival_site.tenant, rival_site.owner, values)
    return links.add(rita, rival_site.owner, {"title": "x", "url": "x.test"})


def send(client, method: str, path: str, api: dict, body: object = None):
    return getattr(client, method)(path, body, "application/json", **api)


def titles(client, api, query: str = "") -> list[str]:
    return [row["title"] for row in client.get(f"{LINKS}{query}", **api).json()["results"]]


# --- Profiles ---------------------------------------------------------------------------------


def test_a_new_profile_comes_with_its_site(client, api, owner):
    body = {"username": "@Ada", "title": "Ada", "theme": "sea", "time_zone": "Asia/Tokyo"}
    answer = send(client, "post", PROFILES, api, body)
    assert answer.status_code == 201, answer.json()
    row = answer.json()
    site = Site.plain.get(key=row["site"])
    assert (site.kind, site.tenant, site.time_zone) == ("bio", owner.tenant, "Asia/Tokyo")
    assert (row["username"], row["theme"], row["is_published"]) == ("ada", "sea", True)
    assert (row["public_url"], row["avatar_url"]) == ("http://localhost:8000/@ada", None)
    entry = AuditEntry.objects.for_tenant(owner.tenant).first()
    assert (entry.action, entry.target_id) == ("linkprofile.created", str(row["id"]))
    assert entry.request_id == answer["X-Request-Id"]


def test_a_profile_is_found_by_key_and_by_name(client, api, owner, profile, theirs):
    profiles.make(owner.tenant, owner.user, {"username": "other", "title": "Other"})

    def found(query: str) -> list[str]:
        rows = client.get(f"{PROFILES}?{query}", **api).json()["results"]
        return [row["username"] for row in rows]

    assert found("") == ["ada", "other"]
    assert found("username=@ADA") == found(f"site={profile.site.key}") == ["ada"]
    assert found("username=rita") == found("is_published=false") == found("site=nonsense") == []


def test_a_profile_is_changed_but_not_its_clock(client, api, profile):
    path = f"{PROFILES}/{profile.pk}"
    row = send(client, "patch", path, api, {"title": "Countess", "is_published": False}).json()
    assert (row["title"], row["username"], row["is_published"]) == ("Countess", "ada", False)
    answer = send(client, "patch", path, api, {"time_zone": "Asia/Tokyo"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["time_zone"])
    row.pop("avatar_url")
    assert send(client, "put", path, api, row).status_code == 200  # what was read may be sent back


def test_a_profile_goes_with_its_site_only(client, api, profile):
    answer = send(client, "delete", f"{PROFILES}/{profile.pk}", api)
    assert answer.status_code == 405
    assert answer.json()["code"] == "deleted_with_its_site"
    assert LinkProfile.objects.unscoped("test").filter(pk=profile.pk).exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "admin", "title": "x"}, "username"),
        ({"username": "ADA", "title": "x"}, "username"),
        ({"username": "a b", "title": "x"}, "username"),
        ({"username": "x1", "title": ""}, "title"),
        ({"username": "x1", "title": " \u00a0"}, "title"),
        ({"username": "x1", "title": "a\0b"}, "title"),
        ({"username": "x\ud800", "title": "x"}, "username"),
        ({"username": "x1", "title": "x" * 81}, "title"),
        ({"username": "x1", "title": "x", "bio": "x" * 301}, "bio"),
        ({"username": "x1", "title": "x", "theme": "pink"}, "theme"),
        ({"username": "x1", "title": "x", "time_zone": "../../etc/passwd"}, "time_zone"),
        ({"username": ["x1"], "title": {}}, "username"),
        ({}, "title"),
    ],
)
def test_a_profile_that_cannot_be_is_refused_and_makes_nothing(client, api, profile, body, field):
    answer = send(client, "post", PROFILES, api, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid"
    assert field in answer.json()["errors"]
    assert Site.plain.filter(kind="bio").count() == 1


# --- Pictures ---------------------------------------------------------------------------------


def picture(data: bytes | None = None) -> tuple[bytes, str]:
    """A request's body and type with a picture."""
    if data is None:
        file = BytesIO()
        Image.new("RGB", (300, 200), "teal").save(file, "PNG")
        data = file.getvalue()
    parts = {"picture": SimpleUploadedFile("me.png", data, "image/png")}
    return encode_multipart(BOUNDARY, parts), MULTIPART_CONTENT


def test_a_picture_is_put_up_and_taken_down(client, api, profile):
    path = f"{PROFILES}/{profile.pk}/avatar"
    row = client.put(path, *picture(), **api).json()
    profile.refresh_from_db()
    name = f"avatar-{profile.avatar_digest}.webp"
    assert row["avatar_url"] == f"http://localhost:8000/@ada/{name}"
    assert bytes(profile.avatar)[8:12] == b"WEBP"
    assert client.delete(path, **api).json()["avatar_url"] is None
    profile.refresh_from_db()
    assert profile.avatar is None


def test_what_is_no_picture_is_refused(client, api, profile):
    path = f"{PROFILES}/{profile.pk}/avatar"
    for data in (b"x", b"<svg/>", b"x" * (5 * 1024 * 1024 + 1)):
        answer = client.put(path, *picture(data), **api)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["picture"])
    assert send(client, "put", path, api, {"picture": "x"}).status_code == 415
    assert client.put(path, b"", MULTIPART_CONTENT, **api).status_code == 400


# --- Links ------------------------------------------------------------------------------------


def test_a_link_is_made_with_its_short_address(client, api, profile):
    body = {"profile": profile.pk, "title": "Shop", "url": "shop.test", "slug": "shop"}
    row = send(client, "post", LINKS, api, body).json()
    assert (row["url"], row["position"], row["is_active"]) == ("https://shop.test", 0, True)
    assert (row["click_url"], row["site"]) == ("http://localhost:8000/l/shop", profile.site.key)
    body |= {"slug": "", "position": 0, "title": "First", "is_active": False}
    row = send(client, "post", LINKS, api, body).json()
    assert (row["position"], row["is_active"], len(row["slug"])) == (0, False, 8)
    assert titles(client, api) == ["First", "Shop"]


def test_links_come_in_their_order_and_by_what_is_asked(client, api, owner, profile, three, theirs):
    other = profiles.make(owner.tenant, owner.user, {"username": "other", "title": "Other"})
    links.add(other, owner.user, {"title": "z", "url": "z.test", "is_active": False})
    links.move(three[2], owner.user, 0)
    assert titles(client, api) == ["c", "a", "b", "z"]
    assert titles(client, api, "?username=ada") == ["c", "a", "b"]
    assert titles(client, api, f"?profile={other.pk}") == ["z"]
    assert titles(client, api, f"?site={profile.site.key}&is_active=true") == ["c", "a", "b"]
    assert titles(client, api, "?is_active=false") == ["z"]
    assert titles(client, api, f"?profile={theirs.profile_id}") == []
    assert titles(client, api, f"?profile={'9' * 30}") == []
    assert client.get(f"{LINKS}?profile=x", **api).status_code == 400


def test_a_link_is_changed_moved_deleted_and_brought_back(client, api, owner, three):
    path = f"{LINKS}/{three[0].pk}"
    row = send(client, "patch", path, api, {"title": "A", "url": "https://new.test"}).json()
    assert (row["title"], row["url"], row["slug"]) == ("A", "https://new.test", "to-a")
    assert send(client, "put", path, api, row).json()["title"] == "A"
    assert send(client, "post", f"{path}/move", api, {"position": 99}).json()["position"] == 2
    assert titles(client, api) == ["b", "c", "A"]
    assert send(client, "patch", path, api, {"position": 1}).json()["position"] == 1
    assert client.delete(path, **api).status_code == 204
    assert titles(client, api) == ["b", "c"]
    assert client.get(path, **api).status_code == client.delete(path, **api).status_code == 404
    assert Link.objects.unscoped("test").get(pk=three[0].pk).deleted_at is not None
    assert send(client, "post", f"{path}/restore", api).json()["position"] == 1
    assert titles(client, api) == ["b", "A", "c"]
    actions = AuditEntry.objects.for_tenant(owner.tenant).values_list("action", flat=True)
    told = ["link.restored", "link.deleted", "link.moved", "link.moved", "link.changed"]
    assert list(actions[:5]) == told


def test_a_link_stays_with_its_profile(client, api, owner, three):
    other = profiles.make(owner.tenant, owner.user, {"username": "other", "title": "Other"})
    answer = send(client, "patch", f"{LINKS}/{three[0].pk}", api, {"profile": other.pk})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["profile"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://ada:pw@x.test"}, "url"),
        ({"url": "https://x.test/\u0000"}, "url"),
        ({"url": "https://x.test/" + "x" * 5_000}, "url"),
        ({"title": ""}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"slug": "to-a"}, "slug"),
        ({"slug": "a/b"}, "slug"),
        ({"position": -1}, "position"),
        ({"position": 10**30}, "position"),
        ({"position": "first"}, "position"),
        ({"profile": None}, "profile"),
        ({"profile": 10**30}, "profile"),
        ({"profile": "x"}, "profile"),
        ({"is_active": "perhaps"}, "is_active"),
    ],
)
def test_a_link_that_cannot_be_is_refused(client, api, profile, three, change, field):
    body = {"profile": profile.pk, "title": "x", "url": "x.test"} | change
    answer = send(client, "post", LINKS, api, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert titles(client, api) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "body", [{}, {"position": -1}, {"position": 10**30}, {"position": None}, []]
)
def test_a_place_that_is_none_is_refused(client, api, three, body):
    answer = send(client, "post", f"{LINKS}/{three[0].pk}/move", api, body)
    assert answer.status_code == 400
    assert titles(client, api) == ["a", "b", "c"]


def test_too_many_links_are_refused_with_a_word(client, api, profile, three, monkeypatch):
    monkeypatch.setattr(links, "MAX_LINKS", 3)
    body = {"profile": profile.pk, "title": "x", "url": "x.test"}
    answer = send(client, "post", LINKS, api, body)
    assert answer.status_code == 400
    assert "at most 3 links" in str(answer.json()["errors"])


# --- Who may ----------------------------------------------------------------------------------


def test_another_tenants_profile_and_links_do_not_exist(client, api, theirs):
    for path in (f"{PROFILES}/{theirs.profile_id}", f"{LINKS}/{theirs.pk}"):
        for method in ("get", "put", "patch", "delete"):
            answer = send(client, method, path, api, None if method == "get" else {"title": "x"})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    for act in ("move", "restore"):
        answer = send(client, "post", f"{LINKS}/{theirs.pk}/{act}", api, {"position": 0})
        assert answer.status_code == 404
    path = f"{PROFILES}/{theirs.profile_id}/avatar"
    assert client.put(path, *picture(), **api).status_code == 404
    assert client.delete(path, **api).status_code == 404
    body = {"profile": theirs.profile_id, "title": "mine", "url": "x.test"}
    answer = send(client, "post", LINKS, api, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["profile"])
    assert [link.title for link in links.living(theirs.profile)] == ["x"]


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("analyst", 403), ("manager", 201)])
def test_managers_write_and_viewers_read(client, member, token, profile, three, role, status):
    api = bearer(token(member(role)))
    assert client.get(PROFILES, **api).status_code == client.get(LINKS, **api).status_code == 200
    body = {"username": "new", "title": "New"}
    assert send(client, "post", PROFILES, api, body).status_code == status
    body = {"profile": profile.pk, "title": "x", "url": "x.test"}
    assert send(client, "post", LINKS, api, body).status_code == status
    if status == 403:
        path = f"{LINKS}/{three[0].pk}"
        assert send(client, "post", f"{path}/move", api, {"position": 0}).status_code == 403
        assert client.delete(path, **api).status_code == 403
        avatar = f"{PROFILES}/{profile.pk}/avatar"
        assert client.put(avatar, *picture(), **api).status_code == 403


def test_a_token_for_certain_sites_makes_links_there_and_no_profile(
    client, owner, token, site, profile, three
):
    api = bearer(token(owner, site_ids=[site.pk]))
    assert titles(client, api) == []
    body = {"username": "new", "title": "New"}
    assert send(client, "post", PROFILES, api, body).status_code == 403
    body = {"profile": profile.pk, "title": "x", "url": "x.test"}
    assert send(client, "post", LINKS, api, body).status_code == 400
    api = bearer(token(owner, site_ids=[profile.site_id]))
    assert send(client, "post", LINKS, api, body).status_code == 201


def test_a_list_takes_as_many_queries_for_many_rows(
    client, api, owner, profile, three, django_assert_num_queries
):
    client.get(LINKS, **api)  # notes the token's first use
    for path in (LINKS, PROFILES):
        with django_assert_num_queries(3):  # the token, the count, the page
            client.get(path, **api)
