"""Staff who look into an organisation: for a reason, for a while, reading only, written down."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import staff
from accounts.admin.base import WatchedAdmin
from accounts.models import AuditEntry, Membership, Site, StaffAccess, User
from accounts.sign_in import jwt
from accounts.tenancy import TenantOwned
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

REASON = "Ticket 4711: numbers of March"


@pytest.fixture
def sven(db) -> User:
    """Of the installation's staff, and in no organisation."""
    return User.objects.create_superuser("sven@linkpro.test", PASSWORD, name="Sven")


@pytest.fixture
def client(sven) -> Client:
    client = Client()
    client.force_login(sven)
    return client


def look(client: Client, tenant, reason: str = REASON):
    return client.post(f"/staff/look/{tenant.pk}", {"reason": reason})


def actions(tenant) -> list[str]:
    rows = AuditEntry.objects.for_tenant(tenant).filter(action__startswith="staff.")
    return list(rows.order_by("id").values_list("action", flat=True))


@pytest.fixture
def looking(client, acme):
    assert look(client, acme).status_code == 302
    return client


def test_staff_say_why_and_the_organisation_reads_it(client, acme, sven):
    answer = client.get(f"/admin/accounts/tenant/{acme.pk}/change/")
    [button] = set(re.findall(r"/admin/accounts/tenant/[^\"]*look[^\"]*", answer.content.decode()))
    assert client.get(button).url == f"/staff/look/{acme.pk}"
    assert b"Its admins read this" in client.get(f"/staff/look/{acme.pk}").content
    look(client, acme)
    entry = AuditEntry.objects.for_tenant(acme).get(action="staff.began")
    assert (entry.actor, entry.actor_kind, entry.reason) == (sven, "staff", REASON)
    access = StaffAccess.objects.for_tenant(acme).get()
    assert timedelta(minutes=59) < access.ends_at - timezone.now() <= timedelta(minutes=60)


@pytest.mark.parametrize("reason", ["", "because", " " * 20, "x" * 501, "a\0" + "b" * 20])
def test_a_reason_that_says_nothing_opens_nothing(client, acme, reason):
    assert look(client, acme, reason).status_code == 200
    assert not StaffAccess.plain.exists()
    assert "tenant" not in client.session


def test_only_staff_look(acme, member, signed_in):
    client = signed_in(member("owner"))
    for answer in (look(client, acme), client.get("/staff"), client.get(f"/staff/look/{acme.pk}")):
        assert answer.status_code == 403
    assert Client().get("/staff").status_code == 302
    clerk = User.objects.create_user("clerk@linkpro.test", PASSWORD, is_staff=True)
    client = Client()
    client.force_login(clerk)
    assert look(client, acme).status_code == 403


def test_a_member_switches_instead(acme, owner, signed_in):
    User.objects.filter(pk=owner.user_id).update(is_staff=True, is_superuser=True)
    answer = look(signed_in(owner), acme)
    assert b"switch to it instead" in answer.content
    assert not StaffAccess.plain.exists()


def test_every_page_says_that_staff_look_and_is_written_down_once_a_minute(
    looking, acme, site, sven
):
    for _time in range(2):
        page = looking.get(f"/sites/{site.key}").content.decode()
        assert "looks into <b>Acme</b> as staff" in page
        assert REASON in page
    assert looking.get("/sites").status_code == 200
    rows = AuditEntry.objects.for_tenant(acme).filter(action="staff.read").order_by("id")
    assert [row.changes for row in rows] == [{"path": f"/sites/{site.key}"}, {"path": "/sites"}]
    assert {(row.actor, row.actor_kind) for row in rows} == {(sven, "staff")}
    access = StaffAccess.plain.get()
    later = timezone.now() + staff.READ_STEP
    assert staff.note_read(access, "/sites", later)


def test_staff_change_nothing(looking, acme, site):
    form = {"name": "Taken over"}
    for path in (f"/sites/{site.key}/settings", "/sites/new", "/organisation", "/profiles/new"):
        assert looking.post(path, form).status_code == 403, path
    as_program = looking.post("/sites/new", form, headers={"Authorization": "Bearer of nothing"})
    assert b"as staff" in as_program.content
    answer = looking.patch(f"/api/v1/sites/{site.pk}", form, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "staff_only_read")
    site.refresh_from_db()
    assert site.name == "Acme shop"
    assert looking.get(f"/api/v1/sites/{site.pk}").json()["name"] == "Acme shop"
    assert looking.get("/organisation/audit").status_code == 403


def test_a_program_of_staff_reads_and_changes_nothing(sven, acme, site, rf):
    staff.begin(sven, acme, REASON, timezone.now())
    pair = jwt.start(sven, rf.get("/"), "")
    headers = {"Authorization": f"Bearer {pair.access}", "X-Tenant-Id": str(acme.pk)}
    path = f"/api/v1/sites/{site.pk}"
    assert Client().get(path, headers=headers).json()["name"] == "Acme shop"
    answer = Client().patch(path, {"name": "x"}, "application/json", headers=headers)
    assert answer.status_code == 403
    entry = AuditEntry.objects.for_tenant(acme).get(action="staff.read")
    assert (entry.changes, entry.actor) == ({"path": path}, sven)


def test_another_organisation_stays_closed(looking, rival_site):
    assert looking.get(f"/sites/{rival_site.key}").status_code == 404
    answer = looking.get("/api/v1/sites", headers={"X-Tenant-Id": str(rival_site.tenant_id)})
    assert answer.status_code == 403


def test_it_ends_by_the_button(looking, acme, site):
    access = StaffAccess.plain.get()
    assert REASON in looking.get("/staff").content.decode()
    assert looking.post(f"/staff/accesses/{access.pk}/end").status_code == 302
    assert looking.get(f"/sites/{site.key}").status_code in (403, 404)
    assert b"Nobody looks into an organisation" in looking.get("/staff").content
    assert actions(acme) == ["staff.began", "staff.ended"]
    assert looking.post(f"/staff/accesses/{access.pk}/end").status_code == 302
    assert actions(acme) == ["staff.began", "staff.ended"]


def test_it_ends_by_time_and_says_so(looking, acme, site):
    StaffAccess.plain.update(ends_at=timezone.now())
    answer = looking.get(f"/sites/{site.key}")
    assert answer.status_code in (403, 404)
    assert "Your look into <b>Acme</b> is over" in looking.get("/help").content.decode()
    looking.post(f"/staff/accesses/{StaffAccess.plain.get().pk}/end")
    assert "Your look into" not in looking.get("/help").content.decode()


@pytest.mark.parametrize("lost", [{"is_active": False}, {"is_staff": False}])
def test_suspended_staff_lose_it_at_once(looking, site, sven, lost):
    assert looking.get(f"/sites/{site.key}").status_code == 200
    User.objects.filter(pk=sven.pk).update(**lost)
    assert looking.get(f"/sites/{site.key}").status_code in (302, 403, 404)


def test_looking_again_ends_the_former_access(looking, acme):
    look(looking, acme, "Ticket 4712: once more")
    now = timezone.now()
    assert [row.reason for row in staff.open_accesses(now)] == ["Ticket 4712: once more"]
    assert actions(acme) == ["staff.began", "staff.ended", "staff.began"]


def test_staff_end_others_accesses_only_as_superusers(looking, acme, rival_site):
    clerk = User.objects.create_user("clerk@linkpro.test", PASSWORD, is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_tenant"))
    other = Client()
    other.force_login(clerk)
    access = StaffAccess.plain.get()
    assert other.post(f"/staff/accesses/{access.pk}/end").status_code == 403
    look(other, rival_site.tenant)
    mine = StaffAccess.plain.get(user=clerk)
    assert looking.post(f"/staff/accesses/{mine.pk}/end").status_code == 302
    assert not staff.open_accesses(timezone.now()).filter(user=clerk).exists()


# --- The admin --------------------------------------------------------------------------------


def offered(client: Client, model, field: str):
    """What a field of choice offers to somebody who has typed a letter."""
    meta = model._meta
    asked = {"app_label": meta.app_label, "model_name": meta.model_name, "field_name": field}
    return client.get("/admin/autocomplete/", asked | {"term": "a"})


def act(client: Client, path: str, action: str, row, **more: str):
    return client.post(path, {"action": action, ACTION_CHECKBOX_NAME: [row.pk], **more})


def test_staff_with_few_rights_see_what_they_may_and_nothing_else(acme, site):
    clerk = User.objects.create_user("clerk@linkpro.test", PASSWORD, is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_site"))
    client = Client()
    client.force_login(clerk)
    shown = {
        model._meta.model_name: client.get(f"/admin/{info}/").status_code
        for model in admin.site._registry
        if (info := f"{model._meta.app_label}/{model._meta.model_name}")
    }
    assert shown == dict.fromkeys(shown, 403) | {"site": 200}
    for model, page in admin.site._registry.items():
        for field in page.autocomplete_fields:
            assert offered(client, model, field).status_code == 403, (model, field)
    path = f"/admin/accounts/site/{site.pk}"
    assert client.post(f"{path}/change/", {"name": "Mine"}).status_code == 403
    assert client.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
    act(client, "/admin/accounts/site/", "delete_selected", site, post="yes")
    assert Site.plain.get().name == "Acme shop"


def test_who_may_only_look_is_offered_no_action(db, rf):
    request = rf.get("/admin/")
    request.user = User.objects.create_user("clerk@linkpro.test", PASSWORD, is_staff=True)
    request.user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    pages = admin.site._registry.items()
    assert {model.__name__ for model, page in pages if page.get_actions(request)} == set()
    assert all(page.has_view_permission(request) for _model, page in pages)


@pytest.mark.parametrize("path", ["user/?password", "membership/?user__password"])
def test_no_list_of_the_admin_is_narrowed_by_a_password(client, acme, path):
    assert client.get(f"/admin/accounts/{path}__startswith=md5").status_code in (302, 400)


def test_an_id_that_a_page_of_the_admin_does_not_show_is_nothing_to_it(client, acme, rival_site):
    """Neither of a list that is narrowed to another tenant, nor among the members of one."""
    theirs = Membership.objects.for_tenant(rival_site.tenant).get()
    before = Membership.plain.filter(pk=theirs.pk).values()[0]
    narrowed = f"/admin/accounts/membership/?tenant__id__exact={acme.pk}"
    act(client, narrowed, "suspend", theirs, confirmed="yes")
    act(client, narrowed, "delete_selected", theirs, post="yes", select_across="1")
    form = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1", "name": "Acme"}
    form |= {"memberships-0-id": theirs.pk, "memberships-0-tenant": acme.pk}
    form |= {"memberships-0-role": "viewer", "memberships-0-DELETE": "on"}
    client.post(f"/admin/accounts/tenant/{acme.pk}/change/", form)
    assert Membership.plain.filter(pk=theirs.pk).values()[0] == before


def test_everything_that_staff_see_of_tenants_is_watched():
    unwatched = [
        model.__name__
        for model, shown in admin.site._registry.items()
        if issubclass(model, TenantOwned) and not isinstance(shown, WatchedAdmin)
    ]
    assert unwatched == []


@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_a_row_that_staff_look_at_is_written_down(client, acme, site, page):
    assert "Acme shop" in client.get(f"/admin/accounts/site/{site.pk}/{page}/").content.decode()
    entry = AuditEntry.objects.for_tenant(acme).get(action="staff.viewed")
    assert (entry.target_type, entry.target_id) == ("site", str(site.pk))
    assert entry.actor_kind == "staff"


def test_a_list_that_staff_look_at_is_written_down(client, acme):
    client.get("/admin/accounts/site/?q=ada@acme.test")
    client.get(f"/admin/accounts/site/?tenant__id__exact={acme.pk}")
    entries = AuditEntry.plain.filter(action="staff.listed").order_by("id")
    assert [(row.tenant, row.target_type, row.target_id) for row in entries] == [
        (None, "site", ""),
        (acme, "site", ""),
    ]
    assert entries[0].changes == {"filters": ["q"]}
    act(client, "/admin/accounts/site/", "delete_selected", Site.plain.get(), post="")
    for _letter in range(3):
        assert "Acme" in offered(client, Site, "tenant").content.decode()
    assert [row.target_type for row in entries.all()] == ["site", "site", "site", "tenant"]


def test_reading_in_the_admin_costs_one_query_more(client, site):
    path = f"/admin/accounts/site/{site.pk}/change/"
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    about = [query["sql"] for query in asked if "accounts_auditentry" in query["sql"]]
    assert len(about) == 1
