"""Profiles and their links: what they may be called, where they may lead, and their order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry, Site
from tracking import bio, links, profiles
from tracking.models import Link, LinkProfile
from tracking.targets import valid_link_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def profile(owner) -> LinkProfile:
    return profiles.make(owner.tenant, owner.user, {"username": "ada", "title": "Ada"})


@pytest.fixture
def three(profile, owner) -> list[Link]:
    """Links a, b and c, in this order."""
    values = [{"title": name, "url": f"https://{name}.test/"} for name in "abc"]
    return [links.add(profile, owner.user, given) for given in values]


def titles(profile: LinkProfile) -> list[str]:
    """The titles of the living links in their order, which must be dense."""
    rows = list(links.living(profile))
    assert [row.position for row in rows] == list(range(len(rows)))
    return [row.title for row in rows]


def codes(error: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str | None]]:
    """`{field: [code]}`; "" for an error of the whole."""
    found = error.value
    if hasattr(found, "error_dict"):
        return {field: [one.code for one in ones] for field, ones in found.error_dict.items()}
    return {"": [one.code for one in found.error_list]}


def actions() -> list[str]:
    entries = AuditEntry.objects.unscoped("test").order_by("id")
    return [entry.action for entry in entries]


# --- Profiles ---------------------------------------------------------------------------------


def test_a_profile_comes_with_a_site_that_counts_it(owner):
    owner.tenant.time_zone = "Asia/Tokyo"
    values = {"username": " @Ada.L ", "title": " Ada \n Lovelace ", "bio": "Poet\r\nof numbers "}
    made = profiles.make(owner.tenant, owner.user, values)
    assert (made.username, made.title, made.bio) == ("ada.l", "Ada Lovelace", "Poet\nof numbers")
    site = Site.plain.get(pk=made.site_id)
    assert (site.kind, site.name, site.tenant_id) == ("bio", "Ada Lovelace", owner.tenant_id)
    assert (site.time_zone, site.owner) == ("Asia/Tokyo", owner.user)
    assert actions()[-2:] == ["site.created", "linkprofile.created"]


def test_a_profile_may_have_a_clock_of_its_own(owner):
    values = {"username": "ada", "title": "Ada", "time_zone": "Europe/Berlin"}
    assert profiles.make(owner.tenant, owner.user, values).site.time_zone == "Europe/Berlin"
    with pytest.raises(ValidationError) as error:
        profiles.make(
            owner.tenant, owner.user, values | {"username": "b2", "time_zone": "Mars/Base"}
        )
    assert list(codes(error)) == ["time_zone"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("admin", "username_reserved"),
        ("WWW", "username_reserved"),
        ("@Api", "username_reserved"),
        ("", "blank"),
        ("-ada", "invalid"),
        ("ada.", "invalid"),
        ("a da", "invalid"),
        ("ädä", "invalid"),
        ("ada\n", None),
        ("a" * 31, "invalid"),
        ("../etc", "invalid"),
    ],
)
def test_names_that_nobody_may_have_are_refused(owner, name, code):
    values = {"username": name, "title": "Ada"}
    if code is None:  # what surrounds a name is taken off
        assert profiles.make(owner.tenant, owner.user, values).username == "ada"
        return
    with pytest.raises(ValidationError) as error:
        profiles.make(owner.tenant, owner.user, values)
    assert code in codes(error)["username"]
    assert not LinkProfile.objects.unscoped("test").exists()
    assert not Site.plain.filter(kind="bio").exists()


def test_a_taken_name_is_said_with_one_that_is_free(profile, rival_site):
    rita = rival_site.owner
    with pytest.raises(ValidationError) as error:
        profiles.make(rival_site.tenant, rita, {"username": "ADA", "title": "Other Ada"})
    assert codes(error) == {"username": ["username_taken"]}
    assert error.value.messages == ["“ada” is taken. “ada2” is free."]
    profiles.make(rival_site.tenant, rita, {"username": "ada2", "title": "Other Ada"})
    assert profiles.free_username("ada") == "ada3"


def test_a_suggested_name_is_never_too_long_or_misspelt(profile):
    free = profiles.free_username("a" * 26 + "-bcd")
    assert len(free) <= 30
    profile.username = free
    profile.clean_fields(exclude={"site"})


def test_everything_that_is_wrong_is_said_at_once(owner):
    values = {"username": "admin", "title": " ", "bio": "x" * 301, "theme": "pink"}
    with pytest.raises(ValidationError) as error:
        profiles.make(owner.tenant, owner.user, values)
    assert set(codes(error)) == {"username", "title", "bio", "theme"}


def test_a_change_is_audited_and_renames_the_site_that_bore_the_name(profile, owner):
    profiles.change(profile, owner.user, {"title": "Countess", "theme": "sea", "bio": ""})
    assert Site.plain.get(pk=profile.site_id).name == "Countess"
    entries = AuditEntry.objects.unscoped("test").order_by("id")
    changes = entries.get(action="linkprofile.changed").changes
    assert changes == {"title": ["Ada", "Countess"], "theme": ["auto", "sea"]}
    Site.plain.filter(pk=profile.site_id).update(name="Our page")
    profiles.change(profile, owner.user, {"title": "Ada"})
    assert Site.plain.get(pk=profile.site_id).name == "Our page"


def test_a_change_of_nothing_leaves_no_trace(profile, owner):
    before = len(actions())
    profiles.change(profile, owner.user, {"title": "Ada ", "username": "ADA"})
    assert len(actions()) == before


# --- Where a link may lead --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("example.com", "https://example.com"),
        (" example.com/a?b=c#d ", "https://example.com/a?b=c#d"),
        ("example.com:8443/x", "https://example.com:8443/x"),
        ("//example.com", "https://example.com"),
        ("HTTPS://Example.com/A", "https://Example.com/A"),
        ("http://localhost:8000/", "http://localhost:8000/"),
        ("http://192.0.2.1/x", "http://192.0.2.1/x"),
        ("http://[2001:db8::1]/", "http://[2001:db8::1]/"),
        ("https://müller.example/straße", "https://müller.example/straße"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/@ada", "https://example.com/@ada"),
        ("example.com/@ada", "https://example.com/@ada"),
        ("example.com/a:b", "https://example.com/a:b"),
        ("https://web.archive.org/web/https://x.test/", None),
        ("mailto:ada@example.com?subject=Hi", "mailto:ada@example.com?subject=Hi"),
        ("MAILTO:ada@example.com", "mailto:ada@example.com"),
        ("ada@example.com", "mailto:ada@example.com"),
        ("tel:+49 30 / 123-45", "tel:+4930-123-45"),
    ],
)
def test_an_address_is_kept_as_a_browser_follows_it(typed, kept):
    assert valid_link_url(typed) == (kept or typed)
    assert valid_link_url(valid_link_url(typed)) == (kept or typed)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "url_invalid"),
        ("ada", "url_invalid"),
        ("not an address", "url_invalid"),
        ("https://", "url_invalid"),
        ("https:///path", "url_invalid"),
        ("https:example.com", "url_invalid"),
        ("https://exa mple.com", "url_invalid"),
        ("https://example.com:99999/", "url_invalid"),
        ("https://[::1", "url_invalid"),
        ("https://evil.test\\.example.com", "url_invalid"),
        ("https://.", "url_invalid"),
        ("javascript:alert(1)", "url_scheme"),
        ("JaVaScRiPt:alert(1)", "url_scheme"),
        (" javascript:alert(1)", "url_scheme"),
        ("java\tscript:alert(1)", "url_invalid"),
        ("\x01javascript:alert(1)", "url_invalid"),
        ("data:text/html,<script>alert(1)</script>", "url_scheme"),
        ("vbscript:x", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"),
        ("ftp://example.com", "url_scheme"),
        ("blob:https://example.com/x", "url_scheme"),
        ("https://ada:secret@example.com/", "url_credentials"),
        ("https://ada@example.com/", "url_credentials"),
        ("https://good.test\\@evil.test/", "url_credentials"),
        ("ada:secret@example.com/", "url_scheme"),
        ("https://example.com/\0", "url_invalid"),
        ("https://example.com/a\nb", "url_invalid"),
        ("https://example.com/\ud800", "url_invalid"),
        ("https://example.com/\u202egnp.exe", "url_invalid"),
        ("mailto:", "url_invalid"),
        ("mailto:ada", "url_invalid"),
        ("mailto:ada@example.com,nobody", "url_invalid"),
        ("tel:", "url_invalid"),
        ("tel:call me", "url_invalid"),
        ("https://example.com/" + "x" * 2_048, "url_too_long"),
    ],
)
def test_an_address_that_is_none_or_does_harm_is_refused(typed, code):
    with pytest.raises(ValidationError) as error:
        valid_link_url(typed)
    assert codes(error) == {"": [code]}


@given(st.text(max_size=80) | st.from_regex(r"[a-zA-Z:/@.\\#?\[\]% ]{0,40}", fullmatch=True))
@settings(max_examples=200)
def test_whatever_is_typed_is_kept_safe_or_refused(text):
    try:
        kept = valid_link_url(text)
    except ValidationError:
        return
    assert kept.startswith(("https://", "http://", "mailto:", "tel:"))
    assert len(kept) <= 2_048
    assert bio.may_lead_to(kept)
    assert valid_link_url(kept) == kept


# --- Links ------------------------------------------------------------------------------------


def test_a_new_link_stands_last_or_where_it_is_wanted(profile, owner, three):
    links.add(profile, owner.user, {"title": "first", "url": "x.test"}, position=0)
    links.add(profile, owner.user, {"title": "last", "url": "x.test"}, position=99)
    assert titles(profile) == ["first", "a", "b", "c", "last"]


def test_a_short_name_is_chosen_or_made(profile, owner):
    given = {"title": "Shop", "url": "x.test", "slug": " /l/Shop "}
    assert links.add(profile, owner.user, given).slug == "Shop"
    made = links.add(profile, owner.user, {"title": "Shop", "url": "x.test", "slug": ""})
    assert len(made.slug) == 8
    for slug, code in (("Shop", "slug_taken"), ("a b", "invalid"), ("x", "invalid")):
        with pytest.raises(ValidationError) as error:
            links.add(profile, owner.user, given | {"slug": slug})
        assert code in codes(error)["slug"]


def test_a_deleted_links_short_name_stays_taken(profile, owner):
    given = {"title": "Shop", "url": "x.test", "slug": "shop"}
    links.delete(links.add(profile, owner.user, given), owner.user)
    with pytest.raises(ValidationError) as error:
        links.add(profile, owner.user, given)
    assert codes(error) == {"slug": ["slug_taken"]}


def test_a_short_name_that_is_left_out_stays(profile, owner):
    given = {"title": "Shop", "url": "x.test", "slug": "shop"}
    link = links.add(profile, owner.user, given)
    assert links.change(link, owner.user, given | {"slug": " "}).slug == "shop"
    assert links.change(link, owner.user, given | {"slug": "new"}).slug == "new"


def test_all_that_is_wrong_with_a_link_is_said_at_once(profile, owner):
    with pytest.raises(ValidationError) as error:
        links.add(profile, owner.user, {"title": " ", "url": "javascript:x", "slug": "?"})
    assert set(codes(error)) == {"title", "url", "slug"}
    assert titles(profile) == []


def test_a_profile_has_so_many_links_and_no_more(profile, owner, three, monkeypatch):
    monkeypatch.setattr(links, "MAX_LINKS", 4)
    links.add(profile, owner.user, {"title": "d", "url": "x.test"})
    links.delete(three[0], owner.user)
    links.add(profile, owner.user, {"title": "e", "url": "x.test"})
    for act in (
        lambda: links.add(profile, owner.user, {"title": "f", "url": "x.test"}),
        lambda: links.restore(three[0], owner.user),
    ):
        with pytest.raises(ValidationError) as error:
            act()
        assert codes(error) == {"": ["too_many_links"]}
    assert titles(profile) == ["b", "c", "d", "e"]


def test_a_link_that_was_deleted_comes_back_where_it_stood(profile, owner, three):
    a, b, _c = three
    links.delete(b, owner.user)
    assert titles(profile) == ["a", "c"]
    links.restore(b, owner.user)
    assert titles(profile) == ["a", "b", "c"]
    links.restore(b, owner.user)  # twice is harmless
    links.delete(three[2], owner.user)
    links.delete(a, owner.user)
    links.delete(b, owner.user)
    links.restore(three[2], owner.user)
    assert titles(profile) == ["c"]
    assert actions()[-4:] == ["link.deleted", "link.deleted", "link.deleted", "link.restored"]


@pytest.mark.parametrize(
    "act",
    [
        lambda link, user: links.move(link, user, 0),
        lambda link, user: links.change(link, user, {"title": "x"}),
        lambda link, user: links.delete(link, user),
    ],
)
def test_a_deleted_link_is_left_alone(owner, three, act):
    links.delete(three[1], owner.user)
    with pytest.raises(ValidationError) as error:
        act(three[1], owner.user)
    assert codes(error) == {"": ["deleted"]}


def test_a_change_is_audited_with_before_and_after(profile, owner, three):
    changed = links.change(three[0], owner.user, {"title": "A", "is_active": False, "position": 2})
    assert (changed.title, changed.is_active, changed.position) == ("A", False, 2)
    assert titles(profile) == ["b", "c", "A"]
    entries = list(AuditEntry.objects.unscoped("test").order_by("-id")[:2])
    assert [entry.action for entry in entries] == ["link.moved", "link.changed"]
    assert entries[0].changes == {"position": [0, 2]}
    assert entries[1].changes == {"title": ["a", "A"], "is_active": [True, False]}


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["add", "move", "delete", "restore"]),
        st.integers(0, 30),
        st.integers(-2, 12),
    ),
    max_size=25,
)


@given(acts=ACTS)
@settings(max_examples=40)
def test_whatever_is_done_the_order_is_dense_and_as_asked(owner, acts):
    """A list in memory does the same; both must agree after every step."""
    LinkProfile.objects.unscoped("test").all().delete()
    profile = profiles.make(owner.tenant, owner.user, {"username": "any", "title": "Any"})
    order: list[int] = []
    gone: dict[int, int] = {}
    rows: dict[int, Link] = {}
    for act, which, position in acts:
        _do(profile, owner.user, act, which, position, order, gone, rows)
        assert [int(title) for title in titles(profile)] == order


def _do(profile: LinkProfile, user: Any, act: str, which: int, position: int, *state: Any) -> None:
    order, gone, rows = state
    if act == "add":
        number = len(rows)
        given = {"title": str(number), "url": "x.test"}
        at = position if position >= 0 else None
        rows[number] = links.add(profile, user, given, at)
        order.insert(len(order) if at is None else at, number)
    elif act == "restore" and gone:
        number = list(gone)[which % len(gone)]
        links.restore(rows[number], user)
        order.insert(gone.pop(number), number)
    elif act == "move" and order:
        number = order.pop(which % len(order))
        links.move(rows[number], user, position)
        order.insert(max(0, position), number)
    elif act == "delete" and order:
        at = which % len(order)
        number = order.pop(at)
        links.delete(rows[number], user)
        gone[number] = at


# --- At the same time -------------------------------------------------------------------------


def _at_once(acts: list[Any]) -> list[Any]:
    """Do all at the same time, each over a connection of its own; errors are given back."""

    def done(act: Any) -> Any:
        try:
            return act()
        except ValidationError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(done, acts))


@pytest.mark.django_db(transaction=True)
def test_moves_at_the_same_time_end_in_one_order(profile, owner, three):
    more = [links.add(profile, owner.user, {"title": name, "url": "x.test"}) for name in "defgh"]
    everything = [*three, *more]

    def act(number: int) -> Any:
        link = everything[number % len(everything)]
        if number % 5 == 4:
            given = {"title": f"new{number}", "url": "x.test"}
            return lambda: links.add(profile, owner.user, given, position=0)
        return lambda: links.move(link, owner.user, number * 3 % 8)

    results = _at_once([act(number) for number in range(16)])
    assert not any(isinstance(result, Exception) for result in results)
    assert len(titles(profile)) == 8 + 3  # `titles` checks that positions are dense


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_a_name_at_once_one_is_told(owner):
    values = {"username": "ada", "title": "Ada"}
    results = _at_once([lambda: profiles.make(owner.tenant, owner.user, values)] * 4)
    made = [result for result in results if isinstance(result, LinkProfile)]
    assert len(made) == 1
    assert Site.plain.filter(kind="bio").count() == 1
    refused = [result for result in results if isinstance(result, ValidationError)]
    assert {next(iter(error.error_dict)) for error in refused} == {"username"}


# --- For staff --------------------------------------------------------------------------------


def test_staff_see_and_change_profiles_and_links_by_the_same_rules(client, ada, profile, three):
    ada.is_staff = ada.is_superuser = True
    ada.save()
    client.force_login(ada)
    profiles.set_picture(profile, ada, b"RIFF....WEBP")
    for kind, row in (("linkprofile", profile), ("link", three[0])):
        for path in ("", f"?q={row}", f"{row.pk}/change/"):
            assert client.get(f"/admin/tracking/{kind}/{path}").status_code == 200
    assert (
        "RIFF"
        not in client.get(f"/admin/tracking/linkprofile/{profile.pk}/change/").content.decode()
    )
    path = f"/admin/tracking/link/{three[0].pk}/change/"
    values = {"title": "A", "slug": "to-a", "is_active": "on"}
    assert client.post(path, values | {"url": "javascript:x"}).status_code == 200
    assert client.post(path, values | {"url": "a.test"}).status_code == 302
    three[0].refresh_from_db()
    assert (three[0].title, three[0].url) == ("A", "https://a.test")
    chosen = {"action": "remove_pictures", "_selected_action": [profile.pk]}
    client.post("/admin/tracking/linkprofile/", chosen)
    profile.refresh_from_db()
    assert profile.avatar is None
    assert actions()[-2:] == ["link.changed", "linkprofile.changed"]
