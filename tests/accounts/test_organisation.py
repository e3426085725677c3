"""An organisation's settings: who changes what, what is refused, and how it comes to its end."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts import pictures
from accounts.models import (
    ApiToken,
    AuditEntry,
    Membership,
    OutboxMessage,
    Site,
    Tenant,
    User,
)
from accounts.outgoing import outbox
from accounts.roles import Role
from accounts.tenants import colours, organisation, tenant_deletion

pytestmark = pytest.mark.django_db


def actions(tenant) -> list[str]:
    return list(AuditEntry.objects.for_tenant(tenant).values_list("action", flat=True))


def png(size: tuple[int, int] = (900, 300), mode: str = "RGBA", colour: str = "red") -> bytes:
    file = BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return file.getvalue()


def upload(data: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/png")


# --- Settings ---------------------------------------------------------------------------------

GENERAL = {
    "name": "Acme Ltd",
    "time_zone": "Europe/Paris",
    "date_format": "iso",
    "retention_days": "30",
}


def test_an_admin_changes_the_settings_and_each_change_is_written_down(owner, signed_in):
    client = signed_in(owner)
    assert client.post("/organisation", GENERAL).status_code == 302
    tenant = Tenant.objects.get(pk=owner.tenant_id)
    assert (tenant.name, tenant.time_zone, tenant.date_format, tenant.retention_days) == (
        "Acme Ltd",
        "Europe/Paris",
        "iso",
        30,
    )
    entry = AuditEntry.objects.for_tenant(tenant).filter(action="tenant.changed").get()
    assert entry.changes["retention_days"] == [90, 30]
    assert entry.actor_id == owner.user_id
    client.post("/organisation", GENERAL)
    assert actions(tenant).count("tenant.changed") == 1  # nothing differed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("name", "a\0b"),
        ("time_zone", "Mars/Olympus"),
        ("date_format", "stars"),
        ("retention_days", "0"),
        ("retention_days", "3651"),
        ("retention_days", "9" * 30),
    ],
)
def test_a_wrong_value_changes_nothing_and_is_told_beside_its_field(owner, signed_in, field, value):
    answer = signed_in(owner).post("/organisation", GENERAL | {field: value})
    assert answer.status_code == 200
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert Tenant.objects.get(pk=owner.tenant_id).name == "Acme"


@pytest.mark.parametrize(
    "path", ["/organisation", "/organisation/branding", "/organisation/recipients"]
)
def test_those_who_are_no_admins_change_nothing(member, signed_in, path):
    manager = signed_in(member(Role.MANAGER))
    assert manager.post(path, GENERAL | {"recipient_domains": "evil.test"}).status_code == 403
    tenant = Tenant.objects.get(name="Acme")
    assert tenant.recipient_domains == []


def test_every_member_reads_what_the_organisation_is_and_their_own_role(member, signed_in):
    page = signed_in(member(Role.VIEWER)).get("/organisation").content.decode()
    assert "Europe/Berlin" in page or "UTC" in page
    assert "Viewer" in page
    assert "<form class" not in page
    assert "/organisation/branding" not in page  # a section that they may not open


# --- Looks ------------------------------------------------------------------------------------


def test_a_logo_is_drawn_anew_and_served_to_anybody_for_ever(owner, signed_in, client):
    form = {"own_colour": "on", "colour": "#AA3300", "logo": upload(png() + b"SECRET")}
    assert signed_in(owner).post("/organisation/branding", form).status_code == 302
    tenant = Tenant.objects.get(pk=owner.tenant_id)
    assert tenant.colour == "#aa3300"
    answer = client.get(organisation.logo_path(tenant))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer["Cache-Control"]
    assert b"SECRET" not in answer.content
    assert Image.open(BytesIO(answer.content)).size == (480, 160)
    assert organisation.logo_path(tenant) in signed_in(owner).get("/organisation").content.decode()


def test_a_logo_that_was_taken_away_is_gone(owner, signed_in, client):
    organisation.set_logo(owner.tenant, owner.user, pictures.logo(BytesIO(png())))
    path = organisation.logo_path(Tenant.objects.get(pk=owner.tenant_id))
    signed_in(owner).post("/organisation/branding", {"remove_logo": "on"})
    assert client.get(path).status_code == 404
    assert client.get(f"/logos/{uuid4()}/{'0' * 32}.png").status_code == 404
    assert client.get(f"/logos/{owner.tenant_id}/x.png").status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script></html>",
        b"\x89PNG\r\n\x1a\n",
        png()[:60],
    ],
)
def test_what_is_no_picture_becomes_no_logo(owner, signed_in, data):
    answer = signed_in(owner).post("/organisation/branding", {"logo": upload(data)})
    assert "This is no picture that can be read" in answer.content.decode()
    assert Tenant.objects.get(pk=owner.tenant_id).logo_digest == ""


@pytest.mark.parametrize("size", [(1, 1), (3000, 20), (20, 3000), (640, 640)])
def test_every_logo_fits_and_is_small(size):
    stored = pictures.logo(BytesIO(png(size)))
    image = Image.open(BytesIO(stored))
    assert image.width <= 480
    assert image.height <= 160
    file = BytesIO()
    Image.effect_noise((1200, 400), 120).convert("RGB").save(file, "PNG")
    file.seek(0)
    assert len(pictures.logo(file)) <= pictures.MAX_LOGO


def test_an_empty_logo_is_no_error():
    assert pictures.logo(BytesIO(png(colour=(0, 0, 0, 0))))


@pytest.mark.parametrize("text", ["red", "#12345", "#gggggg", "#123456;", "javascript:x"])
def test_a_colour_that_is_none_is_refused(owner, signed_in, text):
    answer = signed_in(owner).post("/organisation/branding", {"own_colour": "on", "colour": text})
    assert answer.status_code == 200
    assert Tenant.objects.get(pk=owner.tenant_id).colour == ""
    with pytest.raises(ValidationError):
        organisation.change(owner.tenant, owner.user, {"colour": text})


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ffee00", "#0e6e86", "#808080"])
def test_every_colour_can_be_read_wherever_it_is_used(colour):
    shades = organisation.shades_of(colour)
    assert colours.contrast(shades.on_fill, shades.fill) >= 4.5
    assert colours.contrast(shades.on_light, colours.LIGHT) >= 4.5
    assert colours.contrast(shades.on_dark, colours.DARK) >= 4.5


def test_contrast_is_that_of_wcag():
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert organisation.shades_of("#0e6e86").on_light == "#0e6e86"


def test_the_preview_shows_what_was_chosen_and_no_markup_of_it(owner, signed_in):
    client = signed_in(owner)
    page = client.get("/organisation/branding/preview?own_colour=on&colour=%23ffee00").content
    assert b"#ffee00" in page
    hostile = client.get('/organisation/branding/preview?own_colour=on&colour="><script>').content
    assert b"<script>" not in hostile


# --- To whom its mail may go ------------------------------------------------------------------


def test_mail_goes_to_the_domains_that_an_admin_named(owner, signed_in):
    assert organisation.may_receive(owner.tenant, "anybody@anywhere.test")
    form = {"recipient_domains": "Acme.TEST\n@bücher.example, https://shop.acme.test/x"}
    signed_in(owner).post("/organisation/recipients", form)
    tenant = Tenant.objects.get(pk=owner.tenant_id)
    assert tenant.recipient_domains == ["acme.test", "xn--bcher-kva.example", "shop.acme.test"]
    for good in ("a@acme.test", "a@ACME.TEST", "b@bücher.example", "c@shop.acme.test"):
        assert organisation.may_receive(tenant, good), good
    for bad in (
        "a@evil.test",
        "a@sub.acme.test",
        "a@acme.test.evil.test",
        "a@evilacme.test",
        "a@acme.test/evil.test",
        "a@evil.test#acme.test",
        "evil.test@",
        "@acme.test",
        "acme.test",
        "a@acme.test\n",
        "",
        "a@\udc80",
    ):
        assert not organisation.may_receive(tenant, bad), bad


def test_no_address_is_one_without_a_policy_either(owner):
    assert not organisation.may_receive(owner.tenant, "nobody")


def test_a_wrong_domain_is_told(owner, signed_in):
    form = {"recipient_domains": "acme.test\nno host"}
    answer = signed_in(owner).post("/organisation/recipients", form).content.decode()
    assert "is no host name" in answer


# --- For programs -----------------------------------------------------------------------------


def call(client, token, method="get", path="/api/v1/tenant", **options):
    headers = {"Authorization": f"Bearer {token}"}
    return getattr(client, method)(path, headers=headers, **options)


def test_programs_read_and_change_the_settings(client, owner, token):
    key = token(owner)
    body = call(client, key).json()
    assert (body["name"], body["retention_days"], body["logo_url"]) == ("Acme", 90, None)
    change = {"colour": "#AABBCC", "recipient_domains": ["Acme.test"], "name": "New"}
    answer = call(client, key, "patch", data=change, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert answer.json()["recipient_domains"] == ["acme.test"]
    assert answer.json()["colour"] == "#aabbcc"
    assert actions(owner.tenant).count("tenant.changed") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "a\0b"},
        {"name": "\ud800"},
        {"name": ["x"]},
        {"time_zone": "Mars/Olympus"},
        {"date_format": 7},
        {"colour": "red"},
        {"retention_days": 10**30},
        {"retention_days": 0},
        {"recipient_domains": ["no host"]},
        {"recipient_domains": ["a.test"] * 101},
        {"recipient_domains": "acme.test"},
        [],
    ],
)
def test_a_program_is_told_what_is_wrong(client, owner, token, change):
    answer = call(client, token(owner), "patch", data=change, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert actions(owner.tenant).count("tenant.changed") == 0


def test_what_is_not_the_programs_to_change_stays(client, owner, token):
    change = {"id": str(uuid4()), "delete_at": "2026-01-01T00:00:00Z", "suspended_at": None}
    answer = call(client, token(owner), "patch", data=change, content_type="application/json")
    assert answer.status_code == 200
    assert Tenant.objects.get(pk=owner.tenant_id).delete_at is None


def test_a_token_changes_no_more_than_its_maker_and_its_scopes_allow(
    client, owner, member, site, token
):
    for key in (
        token(member(Role.MANAGER)),
        token(owner, ["read"]),
        token(owner, site_ids=[site.pk]),
    ):
        change = {"name": "Changed"}
        answer = call(client, key, "patch", data=change, content_type="application/json")
        assert answer.status_code == 403
    assert Tenant.objects.get(pk=owner.tenant_id).name == "Acme"


def test_programs_put_a_logo_up_and_down(owner, token):
    from rest_framework.test import APIClient

    client, key = APIClient(), token(owner)
    put = call(
        client, key, "put", "/api/v1/tenant/logo", data={"logo": upload(png())}, format="multipart"
    )
    assert put.status_code == 200, put.content
    assert put.json()["logo_url"].endswith(".png")
    bad = call(
        client, key, "put", "/api/v1/tenant/logo", data={"logo": upload(b"x")}, format="multipart"
    )
    assert (bad.status_code, list(bad.json()["errors"])) == (400, ["logo"])
    assert call(client, key, "delete", "/api/v1/tenant/logo").json()["logo_url"] is None


# --- Its end ----------------------------------------------------------------------------------


def test_an_owner_deletes_the_organisation_by_its_name_and_takes_it_back(
    owner, signed_in, settings
):
    client = signed_in(owner)
    assert "not the name" in client.post("/organisation/delete", {"name": "Acm"}).content.decode()
    assert client.post("/organisation/delete", {"name": " Acme "}).status_code == 302
    tenant = Tenant.objects.get(pk=owner.tenant_id)
    assert tenant.delete_at is not None
    days = (tenant.delete_at - timezone.now()) / timedelta(days=1)
    assert days == pytest.approx(settings.TENANT_GRACE_DAYS, abs=0.01)
    mail = OutboxMessage.objects.for_tenant(tenant).get()
    assert (mail.recipient, mail.kind) == ("ada@acme.test", "tenant_deletion")
    assert "will be deleted on" in client.get("/sites").content.decode()
    client.post("/organisation/keep")
    assert Tenant.objects.get(pk=owner.tenant_id).delete_at is None
    assert tenant_deletion.delete_due(timezone.now() + timedelta(days=99)) == 0
    assert actions(tenant)[:2] == ["tenant.deletion_taken_back", "tenant.deletion_scheduled"]


def test_an_admin_deletes_no_organisation(member, signed_in):
    admin = signed_in(member(Role.ADMIN))
    assert admin.get("/organisation/delete").status_code == 200
    assert admin.post("/organisation/delete", {"name": "Acme"}).status_code == 403
    assert admin.post("/organisation/keep").status_code == 403


def test_after_its_grace_nothing_is_left_but_the_audit_log(owner, token, rival_site, settings):
    now = timezone.now()
    token(owner)
    outbox.add_mail("test", "x@acme.test", "Hello", "Hello", tenant=owner.tenant)
    tenant_deletion.schedule(owner.tenant, owner.user, now)
    due = now + timedelta(days=settings.TENANT_GRACE_DAYS)
    assert tenant_deletion.delete_due(due - timedelta(seconds=1)) == 0
    assert tenant_deletion.delete_due(due) == 1
    assert list(Tenant.objects.values_list("name", flat=True)) == ["Rival"]
    assert list(Site.plain.values_list("name", flat=True)) == ["Rival shop"]
    assert not ApiToken.plain.exists()
    assert not OutboxMessage.plain.exists()
    assert not Membership.plain.filter(user=owner.user).exists()
    assert User.objects.filter(pk=owner.user_id).exists()
    assert actions(owner.tenant_id)[0] == "tenant.deleted"


def test_a_deletion_that_was_interrupted_goes_on(owner, settings, monkeypatch):
    now = timezone.now()
    tenant_deletion.schedule(owner.tenant, owner.user, now)
    due = now + timedelta(days=settings.TENANT_GRACE_DAYS)

    def stop(_tenant_id: UUID) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tenant_deletion, "_delete_last", stop)
        with pytest.raises(KeyboardInterrupt):
            tenant_deletion.delete_due(due)
    half = Tenant.objects.get(pk=owner.tenant_id)
    assert half.suspended_at == due  # nobody gets in any more
    assert tenant_deletion.delete_due(due) == 1


# --- New ones ---------------------------------------------------------------------------------


def test_where_all_may_sign_up_a_person_makes_a_further_organisation(owner, signed_in, settings):
    settings.SIGNUP_POLICY = "open"
    client = signed_in(owner)
    form = {"name": "Second", "time_zone": "Asia/Tokyo"}
    assert client.post("/organisations/new", form).status_code == 302
    made = Membership.objects.unscoped("test").get(tenant__name="Second")
    assert (made.user_id, made.role) == (owner.user_id, Role.OWNER)
    assert actions(made.tenant) == ["tenant.created"]
    assert re.search(r"Second</", client.get("/organisation").content.decode())


def test_elsewhere_only_staff_make_organisations(owner, signed_in, settings):
    settings.SIGNUP_POLICY = "invited"
    client = signed_in(owner)
    assert client.post("/organisations/new", {"name": "X"}).status_code == 403
    owner.user.is_staff = True
    owner.user.save()
    assert client.get("/organisations/new").status_code == 200


def test_one_person_owns_no_endless_number_of_them(owner, monkeypatch):
    monkeypatch.setattr(organisation, "MOST_OWNED", 1)
    with pytest.raises(ValidationError):
        organisation.found(owner.user, "Second", "UTC")
