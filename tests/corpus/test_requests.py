"""Cases 46 to 85 as far as they are about headers and bodies: what a request says of itself.

What only a real connection can say is in `test_connections.py`.
"""

from __future__ import annotations

import gzip
import json

from tests.corpus.cases import Case, parametrized, unusable
from tests.corpus.conftest import World
from tracking.models.events import EventFlag

KEYLESS = b'{"title": "whose?"}'
GERMAN = "84.160.1.1"


def typed(number: str, kind: str) -> Case:
    """JSON is JSON, whatever it is called."""
    return Case(number, kind[:60], {"title": "x"}, headers={"content-type": kind})


def of_origin(what: str, origin: str, told: str = "accepted", **headers: str) -> Case:
    """An event that only its page says the site of."""
    status = 202 if told == "accepted" else 400
    return Case(
        "B78", what, body=KEYLESS, status=status, told=told, headers={"origin": origin, **headers}
    )


CASES = [
    typed("B46", "text/plain;charset=UTF-8"),
    typed("B47", "x"),
    typed("B48", "application/json; charset=nope"),
    typed("B48", "application/json; charset=utf-7"),
    typed("B48", "application/json; charset=utf-16"),
    typed("B49", "multipart/form-data"),
    typed("B49", "multipart/form-data; boundary=" + "x" * 200),
    typed("B50", "application/x-www-form-urlencoded"),
    unusable(
        "B50",
        "a form",
        b"site=x&name=page_view",
        headers={"content-type": "application/x-www-form-urlencoded"},
    ),
    unusable(
        "B52",
        "packed twice",
        gzip.compress(gzip.compress(KEYLESS)),
        headers={"content-encoding": "gzip"},
    ),
    unusable("B55", "packed and not said so", gzip.compress(KEYLESS)),
    Case("B63", "a cookie of 100 KB", {}, headers={"cookie": "a=" + "b" * 100_000}),
    Case("B72", "another host behind a proxy", {}, headers={"x-forwarded-host": "evil.test"}),
    *(
        Case(
            "B75",
            f"an address by {name}",
            {},
            headers={name: value},
            stored={"country": None, "ip": None},
        )
        for name, value in {
            "x-real-ip": GERMAN,
            "x-forwarded-for": GERMAN,
            "forwarded": f"for={GERMAN}",
            "cf-connecting-ip": GERMAN,
            "x-client-ip": GERMAN,
            "true-client-ip": GERMAN,
        }.items()
    ),
    Case("B76", "another scheme behind a proxy", {}, headers={"x-forwarded-proto": "https"}),
    Case("B77", "another method", {}, headers={"x-http-method-override": "DELETE"}),
    of_origin("its own page", "https://shop.acme.test"),
    of_origin("upper case, a port and a dot", "https://SHOP.acme.test.:8443"),
    of_origin("www", "https://www.shop.acme.test"),
    of_origin("null", "null", "site_unknown"),
    of_origin("null, and a referer that knows", "null", referer="https://shop.acme.test/x"),
    of_origin("nothing", "", "site_unknown"),
    of_origin("a name behind it", "https://shop.acme.test.evil.test", "site_unknown"),
    of_origin("a name before it", "https://evil-shop.acme.test", "site_unknown"),
    of_origin("a user before it", "https://shop.acme.test@evil.test", "site_unknown"),
    of_origin("an IDN that looks like it", "https://xn--shp-6la.acme.test", "site_unknown"),
    of_origin("a broken address", "http://[::1", "site_unknown"),
    Case("B78", "another page, with the key", {}, headers={"origin": "https://evil.test"}),
    *(
        Case(
            "B80",
            name,
            {},
            headers={name: "1"},
            stored={"flags": 0},
            decided="nobody is followed: nothing outlives the day that could be refused",
        )
        for name in ("dnt", "sec-gpc")
    ),
    *(
        Case(
            "B81",
            f"{name}: {value}",
            {},
            told="accepted: bot",
            headers={name: value},
            stored={"flags": EventFlag.AUTOMATED},
        )
        for name, value in (
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("purpose", "prefetch"),
            ("purpose", "preview"),
            ("x-purpose", "preview"),
            ("x-moz", "prefetch"),
        )
    ),
    *(
        Case("B82", what, body=json.dumps({"site": key}).encode(), status=400, told="site_unknown")
        for what, key in {
            "a key of nobody's": "x",
            "a key of 10 KB": "k" * 10_000,
            "NUL in the key": "a\0b",
            "an emoji": "\U0001f600",
        }.items()
    ),
]


@parametrized(CASES)
def test_case(world: World, case: Case) -> None:
    world.check(case)


def test_b82_a_key_is_not_read_in_other_letters(world: World) -> None:
    for key in (world.site.key.upper(), world.site.key[:-1], world.site.key + "x"):
        if key != world.site.key:
            reply = world.send(json.dumps({"site": key}).encode())
            assert (reply.status, reply.body["code"]) == (400, "site_unknown")


def test_b82_the_key_of_a_site_that_is_gone_is_nobody_s(world: World) -> None:
    key, world.other.key = world.other.key, "another-key-for-a-while"
    world.other.save()
    reply = world.send(json.dumps({"site": key}).encode())
    world.other.key = key
    world.other.save()
    assert (reply.status, reply.body["code"]) == (400, "site_unknown")


def test_b79_any_page_may_ask_and_none_may_send_cookies(world: World) -> None:
    wanted = ", ".join(f"x-header-{n}" for n in range(50))
    reply = world.send(
        b"",
        method="OPTIONS",
        **{
            "origin": "https://anywhere.test",
            "access-control-request-method": "POST",
            "access-control-request-headers": wanted,
        },
    )
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in reply.headers
    assert "x-header" not in reply.headers["access-control-allow-headers"]
