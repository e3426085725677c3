"""The lines of an organisation: its people, settings, keys, messages and log; and of staff."""

from __future__ import annotations

from tests.access.policies import Line, line

UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
OWN = "it shows and changes the asker's own account only"
SECRET = "who has the secret address may see it"


def _pages(root: str, thing: str, policy: str, **methods: str) -> dict[str, Line]:
    """Addresses of one row: `_pages("x/<int:pk>", "member", "row owner", remove="GET POST")`."""
    return {
        root + ("/" + path.replace("_", "-") if path != "itself" else ""): line(
            thing, **dict.fromkeys(names.split(), policy)
        )
        for path, names in methods.items()
    }


def _people() -> dict[str, Line]:
    root = "organisation/"
    return {
        root + "people": line(GET="admin"),
        **_pages(
            root + "people/<int:pk>", "member", "row owner",
            suspend="POST", resume="POST", owner="POST", remove="GET POST",
        ),
        root + "people/<int:pk>": line("member", GET="row admin", POST="row owner"),
        root + "membership": line(GET="member", POST="member"),
        root + "roles": line(GET="member"),
        root + "teams": line(GET="admin", POST="owner"),
        root + "teams/<int:pk>": line("team", GET="row admin", POST="row owner"),
        root + "teams/<int:pk>/add": line("team", POST="row owner"),
        root + "teams/<int:pk>/drop/<int:person>": line("mate", POST="row owner"),
        root + "teams/<int:pk>/delete": line("team", GET="row owner", POST="row owner"),
        root + "invitations": line(GET="admin", POST="owner"),
        root + "invitations/<int:pk>/resend": line("invitation", POST="row owner"),
        root + "invitations/<int:pk>/revoke": line("invitation", POST="row owner"),
        "invitations": line(GET="signed in"),
        "invitations/<int:pk>/join": line("invitation", POST="nobody's"),
        "invitations/opened": line(GET="sign-in", POST="sign-in", because=SECRET),
        "invitations/sign-out": line(POST="sign-in", because=OWN),
        "invitations/<str:secret>": line(GET="sign-in", POST="sign-in", because=SECRET),
    }  # fmt: skip


def _people_over_the_api() -> dict[str, Line]:
    change = dict.fromkeys(("PUT", "PATCH", "DELETE"), "api row owner")
    row = "/(?P<pk>[^/.]+)"
    return {
        "api/v1/^members$": line(GET="api people"),
        f"api/v1/^members{row}$": line("member", GET="api row of people", **change),
        **{
            f"api/v1/^members{row}/{verb}$": line("member", POST="api row owner")
            for verb in ("make-owner", "resume", "suspend")
        },
        "api/v1/^teams$": line(GET="api teams", POST="api owner"),
        f"api/v1/^teams{row}$": line("team", GET="api row of teams", **change),
        "api/v1/^invitations$": line(GET="api people", POST="api owner"),
        f"api/v1/^invitations{row}$": line(
            "invitation", GET="api row of people", DELETE="api row owner"
        ),
        f"api/v1/^invitations{row}/resend$": line("invitation", POST="api row owner"),
    }


def _settings() -> dict[str, Line]:
    root = "organisation"
    return {
        root: line(GET="member", POST="admin"),
        root + "/branding": line(GET="admin", POST="admin"),
        root + "/branding/preview": line(GET="admin"),
        root + "/recipients": line(GET="admin", POST="admin"),
        root + "/delete": line(GET="admin", POST="owner"),
        root + "/keep": line(POST="owner"),
        "organisations/new": line(GET="own account", POST="own account", because=OWN),
        "organisations/switch": line(POST="own account", because=OWN),
        "logos/<uuid:tenant_id>/<slug:digest>.png": line(
            "tenant", GET="nothing there", because="who has the address of a picture may see it"
        ),
        "api/v1/tenant": line(GET="api member", PATCH="api admin change"),
        "api/v1/tenant/logo": line(PUT="api admin change", DELETE="api admin change"),
    }


def _keys() -> dict[str, Line]:
    row = "api/v1/^tokens/(?P<pk>[^/.]+)$"
    return {
        "account/tokens": line(GET="member"),
        "account/tokens/new": line(GET="person", POST="person"),
        "account/tokens/<int:pk>/revoke": line("token", POST="row of the owner"),
        "organisation/tokens": line(GET="admin"),
        "organisation/tokens/<int:pk>/revoke": line("token", POST="row admin"),
        "api/v1/^tokens$": line(GET="api member", POST="api person"),
        row: line("token", GET="api row admin", DELETE="api token's end"),
    }


def _webhooks() -> dict[str, Line]:
    root, api = "organisation/webhooks", f"api/v1/^webhooks/(?P<pk>{UUID})"
    delivery = f"{api}/deliveries/(?P<delivery>{UUID})"
    change = dict.fromkeys(("PUT", "PATCH", "DELETE"), "api row admin change")
    row = {
        f"{api}/{verb}$": line("webhook", POST="api row admin change")
        for verb in ("replay-failed", "rotate-secret", "test")
    }
    pages = {
        f"{root}/<uuid:pk>/{verb}": line("webhook", POST="row admin")
        for verb in ("pause", "resume", "rotate-secret", "test", "replay-failed")
    }
    form = {"GET": "row admin", "POST": "row admin"}
    return {
        root: line(GET="admin"),
        root + "/new": line(GET="admin", POST="admin"),
        root + "/receiving": line(GET="admin"),
        root + "/<uuid:pk>": line("webhook", GET="row admin"),
        root + "/<uuid:pk>/edit": line("webhook", **form),
        root + "/<uuid:pk>/delete": line("webhook", **form),
        **pages,
        root + "/<uuid:pk>/deliveries/<uuid:message>": line("delivery", GET="row admin"),
        root + "/<uuid:pk>/deliveries/<uuid:message>/replay": line("delivery", POST="row admin"),
        "api/v1/^webhooks$": line(GET="api admin", POST="api admin change"),
        api + "$": line("webhook", GET="api webhook", **change),
        api + "/deliveries$": line("webhook", GET="api webhook"),
        delivery + "$": line("delivery", GET="api webhook"),
        delivery + "/replay$": line("delivery", POST="api row admin change"),
        **row,
    }


def _mail() -> dict[str, Line]:
    root, form = "organisation/", {"GET": "admin", "POST": "admin"}
    row = root + "outbox/<uuid:pk>"
    lines = {
        root + "mail": line(**form),
        root + "mail/test": line(POST="admin"),
        root + "mail/test/state": line(GET="admin"),
        root + "mail/remove": line(**form),
        root + "outbox": line(GET="admin"),
        row: line("message", GET="row admin"),
        row + "/cancel": line("message", POST="row admin"),
        row + "/send-again": line("message", POST="row admin"),
    }
    sent = f"api/v1/^outbox/(?P<pk>{UUID})"
    lines |= {
        "api/v1/^outbox$": line(GET="api people"),
        sent + "$": line("message", GET="api row of people"),
        sent + "/cancel$": line("message", POST="api row of all"),
        sent + "/send-again$": line("message", POST="api row of all"),
    }
    change = {"POST": "api admin change", "DELETE": "api admin change"}
    for server, test in (
        ("api/v1/mail-server", "api/v1/mail-server/test"),
        ("analytics/email/config", "analytics/email/test"),
    ):
        lines[server] = line(GET="api admin", **change)
        lines[test] = line(POST="api admin change")
    return lines


def _log_and_staff() -> dict[str, Line]:
    return {
        "organisation/audit": line(GET="admin"),
        "organisation/audit.csv": line(GET="admin"),
        "organisation/audit.xlsx": line(GET="admin"),
        "api/v1/audit-logs": line(GET="api people"),
        "analytics/admin/audit-logs": line(GET="api people"),
        "staff": line(GET="staff"),
        "staff/look/<uuid:tenant_id>": line("tenant", elsewhere="+4", GET="staff", POST="staff"),
        "staff/accesses/<int:pk>/end": line("access", elsewhere="34", POST="staff's own"),
    }


def _account() -> dict[str, Line]:
    return {
        "account": line(GET="signed in", POST="signed in", because=OWN),
        "account/notifications": line(GET="signed in", POST="signed in", because=OWN),
        "account/data": line(GET="signed in", because=OWN),
        "account/export": line(POST="signed in", because=OWN),
        "account/delete": line(POST="signed in", because=OWN),
        "mail/stop/<str:signed>": line(GET="sign-in", POST="sign-in", because=SECRET),
    }


def lines_of_accounts() -> dict[str, Line]:
    """All of them."""
    return {
        **_people(),
        **_people_over_the_api(),
        **_settings(),
        **_keys(),
        **_webhooks(),
        **_mail(),
        **_log_and_staff(),
        **_account(),
    }
