"""Whatever people change through a page or the API has its entry in the audit log."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import audit
from accounts.models import AuditEntry, User
from tests.audited import audited_tables, watched, written

pytestmark = pytest.mark.django_db

JSON = "application/json"
# In their order: method, path, body. `{site}` is the number, `{key}` the key of the site.
ACTS: list[tuple[str, str, dict[str, Any]]] = [
    ("post", "/api/v1/sites", {"name": "Blog"}),
    ("patch", "/api/v1/sites/{site}", {"name": "Store"}),
    ("delete", "/api/v1/sites/{site}", {}),
    ("post", "/api/v1/sites/{site}/restore", {}),
    ("patch", "/api/v1/tenant", {"name": "Acme Ltd"}),
    ("post", "/api/v1/teams", {"name": "Shop"}),
    ("post", "/api/v1/invitations", {"email": "new@acme.test", "role": "viewer"}),
    ("patch", "/api/v1/members/{ben}", {"role": "analyst"}),
    ("delete", "/api/v1/members/{ben}", {}),
    ("post", "/api/v1/profiles", {"username": "acme-shop", "title": "Acme"}),
    ("post", "/api/v1/tokens", {"name": "till", "scopes": ["read"]}),
]


@pytest.fixture
def faults():
    found: list[str] = []
    with watched(found.append):
        yield found


def test_every_act_over_the_api_writes_an_entry(faults, owner, signed_in, member, site):
    client = signed_in(owner)
    here = {"site": site.pk, "key": site.key, "ben": member("viewer").pk}
    for method, path, body in ACTS:
        before = AuditEntry.objects.for_tenant(owner.tenant).count()
        answer = getattr(client, method)(path.format(**here), body, JSON)
        assert answer.status_code < 400, (method, path, answer.content)
        assert AuditEntry.objects.for_tenant(owner.tenant).count() > before, (method, path)
    assert faults == []


def test_every_act_on_a_page_and_in_the_admin_writes_an_entry(faults, owner, signed_in, member):
    User.objects.filter(pk=owner.user_id).update(is_staff=True, is_superuser=True)
    client, ben = signed_in(owner), member("viewer")
    acts = [
        ("/sites/new", {"name": "Blog", "time_zone": "UTC", "domains": "blog.acme.test"}),
        (f"/admin/accounts/user/{ben.user_id}/password/", passwords()),
        ("/admin/accounts/team/add/", {"tenant": str(owner.tenant_id), "name": "Shop"}),
    ]
    for path, form in acts:
        before = AuditEntry.plain.count()
        answer = client.post(path, form)
        assert answer.status_code == 302, (path, answer.content.decode()[:3000])
        assert AuditEntry.plain.count() > before, path
    assert faults == []


def passwords() -> dict[str, str]:
    return {"password1": "another long one", "password2": "another long one"}


def test_a_change_without_an_entry_is_seen(faults, owner, signed_in, monkeypatch):
    """The watch itself: with the log switched off it says which change is missing."""
    monkeypatch.setattr(audit, "record", lambda *args, **options: None)
    signed_in(owner).post("/api/v1/sites", {"name": "Blog"}, JSON)
    assert faults == ["POST /api/v1/sites changed accounts_site and wrote no entry"]


def test_what_changes_by_itself_needs_no_entry():
    assert written('UPDATE "accounts_user" SET "last_login" = %s WHERE "id" = %s') is None
    assert written('UPDATE "accounts_user" SET "name" = %s WHERE "id" = %s') == "accounts_user"
    assert {"accounts_site", "accounts_membership", "tracking_link"} <= audited_tables()
