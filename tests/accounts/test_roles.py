"""The one table of who may do what, in code, on its page and in the documentation."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from accounts.roles import LEVELS, PERMISSIONS, AccessLevel, Role

DOCS = settings.BASE_DIR / "docs/tenancy.md"


def as_markdown() -> str:
    """The permissions as the documentation shows them."""
    lines = ["| permission | least role | may |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {permission.role.value} | {permission.told} |"
        for name, permission in PERMISSIONS.items()
    ]
    return "\n".join(lines)


def levels_as_markdown() -> str:
    lines = ["| level | sees |", "|---|---|"]
    lines += [f"| {level.value} | {LEVELS[level]} |" for level in AccessLevel]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "table"), [("permissions", as_markdown()), ("levels", levels_as_markdown())]
)
def test_the_documentation_shows_the_tables_as_they_are_in_the_code(name, table):
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- end -->", DOCS.read_text(), re.DOTALL)
    assert found, f"docs/tenancy.md has no place for {name}"
    assert found[1] == table, f"Put this into docs/tenancy.md:\n\n{table}\n"


def test_each_role_may_what_those_before_it_may():
    roles = list(Role)
    for permission in PERMISSIONS.values():
        allowed = [role.covers(permission.role) for role in roles]
        assert allowed == sorted(allowed)
        assert allowed[-1], "owners may everything"


def test_every_permission_that_code_asks_for_is_in_the_table():
    asked = set()
    for app in ("accounts", "tracking", "analytics", "privacy", "reports", "linkpro"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            asked |= set(
                re.findall(
                    r"(?:\.can|role_for|permission_or_403)\((?:member, )?\"([a-z.]+)\"",
                    path.read_text(),
                )
            )
    assert asked
    assert asked <= set(PERMISSIONS)


@pytest.mark.django_db
def test_the_page_of_roles_is_for_every_member(signed_in, member):
    page = signed_in(member("viewer")).get("/organisation/roles").content.decode()
    for permission in PERMISSIONS.values():
        assert str(permission.told).split(",")[0] in page
