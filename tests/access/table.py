"""What becomes of everybody at every address.

A new address is one line in `TABLE`, or in the module of its part: its pattern as the list of
addresses writes it, a policy (`policies.py`) for each method, and whose row its parameters name
(`things.py`). Of a row that is not theirs to see, everybody who passes gets 404 instead.
"""

from __future__ import annotations

import re

from tests.access.lines_of_accounts import lines_of_accounts
from tests.access.lines_of_sign_in import sign_in
from tests.access.lines_of_sites import EVENTS, editor, pages_of_sites, statistics
from tests.access.policies import Line, line, rest
from tests.access.routes import Route

PUBLIC = "everybody may see it, whoever it belongs to"

TABLE: dict[str, Line] = {
    "livez": line(GET="everybody"),
    "readyz": line(GET="everybody"),
    "health": line(GET="everybody"),
    "docs": line(GET="everybody"),
    "components/": line(GET="everybody", POST="everybody"),
    "api/v1/": line(GET="everybody"),
    "api/v1/schema": line(GET="everybody"),
    "api/v1/metrics-catalogue": line(GET="api member"),
    "help": line(GET="everybody"),
    "help/<slug:slug>": line(GET="everybody"),
    "welcome": line(GET="everybody", POST="everybody"),
    "": line(GET="signed in"),
    # Events and public pages.
    r"^js/(?P<name>[A-Za-z0-9_-]{3,32})\.js$": line(
        GET="everybody", POST="everybody", because=PUBLIC
    ),
    "^js/[A-Za-z0-9_-]{3,32}$": line(GET="everybody", POST="everybody", because=EVENTS),
    r"^js/[A-Za-z0-9_-]{3,32}\.gif$": line(GET="everybody", because=EVENTS),
    "api/pixel.gif": line(GET="everybody", because=EVENTS),
    "^@.*$": line(GET="nothing there", because=PUBLIC),
    "^l/.*$": line(GET="nothing there", because=PUBLIC),
    **pages_of_sites(),
    **editor(),
    **statistics(),
    **sign_in(),
    **lines_of_accounts(),
    **rest("sites", "site by number", restore="POST"),
    **rest("profiles", "profile by number", avatar="PUT DELETE"),
    **rest("links", "link by number", move="POST", restore="POST"),
}

# --- The admin ----------------------------------------------------------------------------------

_ADMIN = (
    (re.compile(r"admin/login/"), "admin login"),
    (re.compile(r"admin/logout/"), "everybody"),
    (re.compile(r"admin/(search/|password_change/(done/)?|jsi18n/)?"), "admin index"),
    (re.compile(r"admin/\w+/\w+/<path:object_id>/"), "admin index"),  # leads to its change page
    # Of a row that is gone the history leads to the index; a type that is none is not found.
    (re.compile(r"admin/(r/.*|.*/history/|\^?\(\?P<(url|app_label)>.*)"), "admin other"),
    (re.compile(r"admin/.*"), "admin rows"),
)


def line_for(route: Route) -> Line | None:
    """The line of an address, or None; pages of the admin are a family."""
    if not route.pattern.startswith("admin/"):
        return TABLE.get(route.pattern)
    policy = next(policy for form, policy in _ADMIN if form.fullmatch(route.pattern))
    return Line({"ANY": policy}, because="staff's: they see every tenant or none")
