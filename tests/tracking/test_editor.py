"""The pages where link pages are made: who may, what they say, and that they need no script."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import Site
from tests.conftest import PASSWORD
from tracking import links, profiles
from tracking.models import Link, LinkProfile

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "links"}


@pytest.fixture
def client(signed_in, owner) -> Client:
    return signed_in(owner)


@pytest.fixture
def profile(owner) -> LinkProfile:
    values = {"username": "ada", "title": "Ada Lovelace", "bio": "Poet of numbers"}
    return profiles.make(owner.tenant, owner.user, values)


@pytest.fixture
def three(profile, owner) -> list[Link]:
    """Links a, b and c, in this order."""
    values = [
        {"title": name, "url": f"https://{name}.test/", "slug": f"to-{name}"} for name in "abc"
    ]
    return [links.add(profile, owner.user, given) for given in values]


def home(profile: LinkProfile, rest: str = "") -> str:
    return f"/sites/{profile.site.key}/links{rest}"


def shown(client: Client, profile: LinkProfile, rest: str = "") -> str:
    """The page as text."""
    return client.get(home(profile, rest)).content.decode()


def titles(profile: LinkProfile) -> list[str]:
    return [link.title for link in links.living(profile)]


def png() -> SimpleUploadedFile:
    file = BytesIO()
    Image.new("RGB", (400, 300), "teal").save(file, "PNG")
    return SimpleUploadedFile("me.png", file.getvalue(), "image/png")


FORM = {"title": "Ada", "username": "ada", "bio": "", "theme": "sea", "is_published": "on"}


# --- Making a page ----------------------------------------------------------------------------


def test_making_a_page_leads_to_its_editor_which_says_what_to_do(client, owner):
    assert client.get("/profiles/new").status_code == 200
    given = {"title": "Ada", "username": "@Ada", "time_zone": "Europe/Berlin"}
    answer = client.post("/profiles/new", given, follow=True)
    made = LinkProfile.objects.for_tenant(owner.tenant).get()
    assert answer.redirect_chain == [(home(made), 302)]
    page = answer.content.decode()
    assert "Your page is online" in page
    assert "Three things to do" in page
    assert "http://localhost:8000/@ada" in page


def test_a_page_that_cannot_be_made_says_why_and_keeps_what_was_typed(client, profile):
    given = {"title": "Other", "username": "ADA", "time_zone": "Europe/Berlin"}
    page = client.post("/profiles/new", given).content.decode()
    assert "“ada” is taken. “ada2” is free." in page
    assert 'value="Other"' in page
    assert Site.plain.filter(kind="bio").count() == 1


# --- Changing it ------------------------------------------------------------------------------


def test_the_pages_form_changes_it(client, profile):
    given = FORM | {"title": "Countess", "username": "countess", "bio": "Hi\r\nthere"}
    given.pop("is_published")
    answer = client.post(home(profile), given, follow=True)
    assert "The page was saved." in answer.content.decode()
    profile.refresh_from_db()
    values = (profile.title, profile.username, profile.bio, profile.theme, profile.is_published)
    assert values == ("Countess", "countess", "Hi\nthere", "sea", False)
    assert "The page is not published" in answer.content.decode()


def test_a_picture_is_put_up_shown_and_removed(client, profile):
    client.post(home(profile), FORM | {"picture": png()})
    profile.refresh_from_db()
    assert bytes(profile.avatar)[8:12] == b"WEBP"
    answer = client.get(home(profile, "/picture"))
    assert answer["Content-Type"] == "image/webp"
    assert answer.content == bytes(profile.avatar)
    assert home(profile, "/picture") in shown(client, profile)
    assert home(profile, "/picture") in shown(client, profile, "/preview")
    client.post(home(profile), FORM | {"remove_picture": "on"})
    profile.refresh_from_db()
    assert (profile.avatar, profile.avatar_digest) == (None, "")
    assert client.get(home(profile, "/picture")).status_code == 404


def test_what_is_no_picture_is_said_and_nothing_is_saved(client, profile):
    upload = SimpleUploadedFile("me.png", b"<svg onload=alert(1)>", "image/png")
    page = client.post(home(profile), FORM | {"picture": upload}).content.decode()
    assert "This is no picture that can be read." in page
    profile.refresh_from_db()
    assert profile.title == "Ada Lovelace"


def test_with_a_wrong_name_the_picture_is_not_saved_either(client, profile):
    given = FORM | {"picture": png(), "username": "admin"}
    assert "is reserved" in client.post(home(profile), given).content.decode()
    profile.refresh_from_db()
    assert profile.avatar is None


# --- Links, without any script ----------------------------------------------------------------


def test_a_link_is_added_and_the_page_opens_there(client, profile):
    given = {"new-title": "Shop", "new-url": "shop.test", "new-slug": ""}
    answer = client.post(home(profile, "/add"), given)
    link = profile.links.get()
    assert (link.title, link.url) == ("Shop", "https://shop.test")
    assert answer["Location"] == f"{home(profile)}#link-{link.pk}"
    page = shown(client, profile)
    assert "“Shop” was added." in page
    assert f"http://localhost:8000/l/{link.slug}" in page


def test_a_link_is_put_first_where_wanted(client, profile, three):
    given = {"new-title": "Shop", "new-url": "shop.test", "new-first": "on"}
    client.post(home(profile, "/add"), given)
    assert titles(profile) == ["Shop", "a", "b", "c"]


def test_a_link_that_cannot_be_added_says_why_and_keeps_what_was_typed(client, profile):
    given = {"new-title": "Shop", "new-url": "javascript:alert(1)", "new-slug": "x y"}
    page = client.post(home(profile, "/add"), given).content.decode()
    assert "Links lead to https://" in page
    assert 'value="javascript:alert(1)"' in page
    assert "Use letters, figures, - and _." in page
    assert titles(profile) == []


def test_a_link_is_changed_in_its_place(client, profile, three):
    b = three[1]
    assert f'name="link{b.pk}-title" value="b"' in shown(client, profile, f"?edit={b.pk}")
    given = {f"link{b.pk}-title": "B", f"link{b.pk}-url": "b.test/new", f"link{b.pk}-slug": "to-b"}
    client.post(home(profile, f"/{b.pk}/change"), given)
    assert titles(profile) == ["a", "B", "c"]
    page = client.post(
        home(profile, f"/{b.pk}/change"), given | {f"link{b.pk}-slug": "to-a"}
    ).content.decode()
    assert "The short name “to-a” is taken." in page
    assert f'id="id_link{b.pk}-slug_error"' in page


def test_links_are_moved_switched_and_deleted_by_buttons(client, profile, three):
    a, b, _c = three
    client.post(home(profile, f"/{a.pk}/move"), {"position": "2"})
    assert titles(profile) == ["b", "c", "a"]
    assert "Link moved to position 3 of 3." in shown(client, profile)
    client.post(home(profile, f"/{b.pk}/activate"), {"active": "0"})
    b.refresh_from_db()
    assert not b.is_active
    client.post(home(profile, f"/{b.pk}/activate"), {"active": "1"})
    answer = client.post(home(profile, f"/{b.pk}/delete"), follow=True)
    assert titles(profile) == ["c", "a"]
    page = answer.content.decode()
    assert "“b” was deleted." in page
    assert "1 deleted link" in page
    undo = re.search(r'<form class="banner" method="post" action="([^"]+)"', page)
    client.post(undo[1])
    assert titles(profile) == ["b", "c", "a"]


@pytest.mark.parametrize("position", ["", "-1", "x", "٣", "1.5", "9" * 30, "1e3"])
def test_a_place_that_is_none_is_said(client, profile, three, position):
    page = client.post(
        home(profile, f"/{three[0].pk}/move"), {"position": position}, follow=True
    ).content.decode()
    assert "Say where the link is to stand" in page
    assert titles(profile) == ["a", "b", "c"]


def test_what_somebody_else_deleted_is_said(client, owner, profile, three):
    links.delete(three[0], owner.user)
    for act in ("move", "change", "delete", "activate"):
        key = f"link{three[0].pk}"
        given = {"position": "1", f"{key}-title": "x", f"{key}-url": "x.test"}
        answer = client.post(home(profile, f"/{three[0].pk}/{act}"), given, follow=True)
        assert "This link was deleted." in answer.content.decode()


def test_who_had_to_sign_in_in_between_comes_back_to_the_page(client, profile, three):
    for act in ("/add", f"/{three[0].pk}/move", f"/{three[0].pk}/delete"):
        assert client.get(home(profile, act))["Location"] == home(profile)
    assert titles(profile) == ["a", "b", "c"]


# --- With htmx --------------------------------------------------------------------------------


def test_htmx_gets_the_list_and_what_happened_in_words(client, profile, three):
    path = home(profile, f"/{three[0].pk}/move")
    part = client.post(path, {"position": "1"}, headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'data-announce="Link moved to position 2 of 3."' in part
    given = {"new-title": "", "new-url": "x.test"}
    part = client.post(home(profile, "/add"), given, headers=HTMX).content.decode()
    assert 'aria-invalid="true"' in part
    part = client.post(home(profile, f"/{three[0].pk}/delete"), headers=HTMX).content.decode()
    assert 'data-focus="undo"' in part


# --- The preview, the codes -------------------------------------------------------------------


def test_the_preview_shows_the_page_within_our_own_pages_only(client, profile, three):
    answer = client.get(home(profile, "/preview"))
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    page = answer.content.decode()
    assert 'href="https://a.test/"' in page
    assert "/l/to-a" not in page
    other = client.get(home(profile))
    assert other["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in other["Content-Security-Policy"]


def test_the_preview_follows_what_is_typed_and_stores_nothing(client, profile):
    page = shown(client, profile, "/preview?title=<b>New</b>&bio=Words&theme=night")
    assert "&lt;b&gt;New&lt;/b&gt;" in page
    assert "Words" in page
    assert "bio-night" in page
    assert "Ada Lovelace" in shown(client, profile, "/preview?theme=nonsense")
    profile.refresh_from_db()
    assert profile.title == "Ada Lovelace"


def test_codes_are_saved_as_pictures(client, profile, three):
    answer = client.get(home(profile, "/code.png"))
    assert answer["Content-Disposition"] == 'attachment; filename="ada.png"'
    assert Image.open(BytesIO(answer.content)).size[0] > 400
    answer = client.get(home(profile, f"/code.svg?link={three[0].pk}"))
    assert answer["Content-Disposition"] == 'attachment; filename="to-a.svg"'
    assert answer.content.startswith(b"<?xml")
    for wrong in ("0", "x", "9" * 40, "٣"):
        assert client.get(home(profile, "/code.svg"), {"link": wrong}).status_code == 404


def test_nothing_on_the_page_needs_an_exception_from_its_policy(client, profile, three):
    page = shown(client, profile)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


# --- Who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_who_only_reads_sees_the_page_without_forms(signed_in, member, profile, three, role):
    client = signed_in(member(role))
    page = shown(client, profile)
    assert "http://localhost:8000/@ada" in page
    assert "https://b.test/" in page
    assert home(profile, "/add") not in page
    assert "link-acts" not in page
    assert client.get(home(profile, "/preview")).status_code == 200
    paths = [f"/{three[0].pk}/{act}" for act in ("move", "change", "delete", "activate", "restore")]
    for path in ("", "/add", *paths):
        assert client.post(home(profile, path), FORM).status_code == 403
    assert client.get("/profiles/new").status_code == 403
    assert client.post("/profiles/new", FORM).status_code == 403
    assert titles(profile) == ["a", "b", "c"]


def test_managers_edit(signed_in, member, profile, three):
    client = signed_in(member("manager"))
    assert client.post(home(profile, f"/{three[0].pk}/delete")).status_code == 302
    assert titles(profile) == ["b", "c"]


PATHS = ["", "/add", "/preview", "/picture", "/code.svg", "/code.png"]
ACTS = ["change", "activate", "move", "delete", "restore"]


def test_the_neighbours_page_does_not_exist(signed_in, rival_site, profile, three):
    client = Client()
    client.login(username=rival_site.owner.email, password=PASSWORD)
    client.force_login(rival_site.owner)
    for path in [*PATHS, *(f"/{three[0].pk}/{act}" for act in ACTS)]:
        assert client.get(home(profile, path)).status_code == 404
        assert client.post(home(profile, path), FORM).status_code in (404, 405)
    assert titles(profile) == ["a", "b", "c"]


def test_the_neighbours_link_does_not_exist_on_ones_own_page(client, rival_site, profile):
    values = {"username": "rita", "title": "Rita"}
    theirs = profiles.make(rival_site.tenant, rival_site.owner, values)
    link = links.add(theirs, rival_site.owner, {"title": "x", "url": "x.test"})
    for act in ACTS:
        assert client.post(home(profile, f"/{link.pk}/{act}"), FORM).status_code == 404
    assert client.get(home(profile, f"/code.svg?link={link.pk}")).status_code == 404
    assert titles(theirs) == ["x"]


def test_who_sees_only_their_own_sites_sees_only_their_own_pages(signed_in, member, profile):
    own = member("manager", level="own")
    assert signed_in(own).get(home(profile)).status_code == 404


def test_a_site_that_is_no_link_page_has_no_links(client, site):
    assert client.get(f"/sites/{site.key}/links").status_code == 404


def test_a_link_with_an_id_that_no_column_holds_does_not_exist(client, profile):
    assert client.post(home(profile, f"/{'9' * 30}/delete")).status_code == 404


def test_strangers_sign_in_first(profile):
    for path in ("/profiles/new", home(profile), home(profile, "/preview")):
        assert Client().get(path)["Location"].startswith("/accounts/login/")


# --- What it costs ----------------------------------------------------------------------------


def test_the_page_takes_the_same_queries_for_one_link_and_for_many(
    client, owner, profile, three, django_assert_num_queries
):
    for number in range(20):
        links.add(profile, owner.user, {"title": str(number), "url": "x.test"})
    links.delete(three[0], owner.user)
    # session, person, member, profile, links, deleted links, sites of the switcher
    with django_assert_num_queries(7):
        assert client.get(home(profile)).status_code == 200
    with django_assert_num_queries(5):  # session, person, member, profile, links
        assert client.get(home(profile, "/preview")).status_code == 200
