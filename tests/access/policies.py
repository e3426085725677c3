"""What a line of the table may say: for every actor, what they get.

`+` they pass (whatever the page then says), `L` they are sent to the sign-in, `1` 401, `3` 403,
`4` 404, `?` anything but a failure. In the groups and the order of `actors.GROUPS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tests.access.actors import GROUPS

POLICIES = {
    #                nobody stranger near role level both token dead jwt
    "everybody": "    ++ ++++++ + +++++ ++ +++ ++++++ ++++ +++",
    "nothing there": "44 444444 4 44444 44 444 444444 4444 444",
    "signs out": "    LL LLLLLL L LLLLL LL LLL LLLLLL LLLL LLL",
    # Signing in and one's own account: whatever it says, it says it of the asker.
    "sign-in": "      ?? ?????? ? ????? ?? ??? ?????? ???? ???",
    "own account": "  LL ?????? ? ????? ?? ??? LLLLLL LLLL LLL",
    "signed in": "    LL ++++++ + +++++ ++ +++ LLLLLL LLLL LLL",
    # Pages about one's organisation, and about one of its rows (where a neighbour finds nothing).
    "member": "       LL 333333 + +++++ ++ +++ LLLLLL LLLL LLL",
    "analyst": "      LL 333333 + 3++++ ++ 333 LLLLLL LLLL LLL",
    "manager": "      LL 333333 + 33+++ ++ 333 LLLLLL LLLL LLL",
    "admin": "        LL 333333 + 333++ 33 333 LLLLLL LLLL LLL",
    "owner": "        LL 333333 + 3333+ 33 333 LLLLLL LLLL LLL",
    "row member": "   LL 333333 4 +++++ ++ +++ LLLLLL LLLL LLL",
    "row analyst": "  LL 333333 4 3++++ ++ 333 LLLLLL LLLL LLL",
    "row manager": "  LL 333333 4 33+++ ++ 333 LLLLLL LLLL LLL",
    "row admin": "    LL 333333 4 333++ 33 333 LLLLLL LLLL LLL",
    "row owner": "    LL 333333 4 3333+ 33 333 LLLLLL LLLL LLL",
    # The API; a program needs the scope as well as its maker's role.
    "api member": "   11 333333 + +++++ ++ +++ ++333+ 1111 ++1",
    "api export": "   11 333333 + 3++++ ++ 333 +33+3+ 1111 3+1",
    "api manager": "  11 333333 + 33+++ ++ 333 +3+33+ 1111 3+1",
    "api new row": "  11 333333 + 33+++ ++ 333 +3+33+ 1111 3+1",
    "api row": "      11 333333 4 +++++ ++ +++ ++333+ 1111 ++1",
    "api row export": "11 333333 4 3++++ ++ 333 +33+3+ 1111 3+1",
    "api row change": "11 333333 4 33+++ ++ 333 +3+33+ 1111 3+1",
    # What people do themselves: no program, and no staff who look in.
    "person": "       LL 333333 + +++++ ++ ++3 LLLLLL LLLL LLL",
    "api person": "   11 333333 + +++++ ++ ++3 333333 1111 ++1",
    # A row that belongs to A's owner alone.
    "row of the owner": "LL 333333 4 4444+ 44 444 LLLLLL LLLL LLL",
    # Admins see those of everybody; a program may end itself only.
    "api row admin": "11 333333 4 444++ 44 444 ++333+ 1111 4+1",
    "api token's end": "11 333333 4 444++ 44 444 333333 1111 4+1",
    # Of the whole organisation: closed to a program that is for some sites only.
    "api admin": "    11 333333 + 333++ 33 333 ++333? 1111 3+1",
    "api admin change": "11 333333 + 333++ 33 333 +3+33? 1111 3+1",
    "api row admin change": "11 333333 4 333++ 33 333 +3+334 1111 3+1",
    "api row of people": "11 333333 4 333++ 33 333 ++3333 1111 3+1",
    "api people": "   11 333333 + 333++ 33 333 ++3333 1111 3+1",
    "api row of all": "11 333333 4 333++ 33 333 +3+333 1111 3+1",
    "api webhook": "  11 333333 4 333++ 33 333 ++3334 1111 3+1",
    "api owner": "    11 333333 + 3333+ 33 333 +3+333 1111 3+1",
    "api row owner": "11 333333 4 3333+ 33 333 +3+333 1111 3+1",
    "api teams": "    11 333333 + 33+++ ++ 333 ++3333 1111 3+1",
    "api row of teams": "11 333333 4 33+++ ++ 333 ++3333 1111 3+1",
    # Staff with the right to see organisations, whichever it is.
    "staff": "        LL 33333+ 3 33333 33 333 LLLLLL LLLL LLL",
    "staff's own": "  LL 33333? 3 33333 33 333 LLLLLL LLLL LLL",
    "nobody's": "      LL 444444 4 44444 44 444 LLLLLL LLLL LLL",
    # The admin: staff without rights enter and find nothing; superusers do all.
    "admin login": "  LL 3333++ 3 33333 33 33+ LLLLLL LLLL LLL",
    "admin index": "  LL LLLL++ L LLLLL LL LL+ LLLLLL LLLL LLL",
    "admin rows": "   LL LLLL3? L LLLLL LL LL3 LLLLLL LLLL LLL",
    "admin other": "  LL LLLL?? L LLLLL LL LL? LLLLLL LLLL LLL",
}


@cache
def outcomes(policy: str) -> dict[str, str]:
    """By actor: what they get of their own, or of A's."""
    found: dict[str, str] = {}
    for names, letters in zip(GROUPS.values(), POLICIES[policy].split(), strict=True):
        found.update(zip(names, letters, strict=True))
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """What is expected at an address.

    `because` says why an address is not asked about rows of others (a public page, for example);
    `query` goes along with every request. `elsewhere` is answered for rows of others, where that
    is not 404.
    """

    policies: Mapping[str, str]  # by method; `ANY` is every other one
    thing: str = ""
    because: str = ""
    elsewhere: str = ""

    def policy_for(self, method: str) -> str | None:
        """The policy of a method, if the line says one."""
        return self.policies.get(method) or self.policies.get("ANY")


def line(thing: str = "", because: str = "", elsewhere: str = "", **policies: str) -> Line:
    """`line("site", GET="row member")`."""
    return Line(policies, thing, because, elsewhere=elsewhere)


def rest(name: str, thing: str, **actions: str) -> dict[str, Line]:
    """A viewset of the router: its list, its rows, and actions on a row (`restore="POST"`)."""
    change = dict.fromkeys(("PUT", "PATCH", "DELETE"), "api row change")
    lines = {
        f"api/v1/^{name}$": line(GET="api member", POST="api manager"),
        f"api/v1/^{name}/(?P<pk>[^/.]+)$": line(thing, GET="api row", **change),
    }
    for action, methods in actions.items():
        policies = dict.fromkeys(methods.split(), "api row change")
        lines[f"api/v1/^{name}/(?P<pk>[^/.]+)/{action}$"] = line(thing, **policies)
    return lines
