"""Cases 106 to 135: strings that reach people. What is stored is text; nothing of it is alive."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from analytics import recount, rollup
from analytics.models import DailyStat
from tests.conftest import GOOGLEBOT
from tests.corpus.cases import Case, parametrized
from tests.corpus.conftest import World
from tests.sending import rebuild_all
from tracking.models import Event

OTHER = "(other)"
SHOP = "https://shop.acme.test"
LIVELY = {
    "D106": ["<script>alert(1)</script>", "<svg/onload=alert(1)>"],
    "D107": ['"><img src=x onerror=alert(1)>', "'><img src=x onerror=alert(1)>"],
    "D108": ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>", "vbscript:x"],
    "D110": ["{{7*7}}", "{% debug %}", "${7*7}", "<%= 7*7 %>", "#{7*7}", "{{=7*7}}"],
    "D111": ["</title><b>", "]]>", "--><!--", "*/ alert(1) /*"],
    "D112": ["a\r\nSet-Cookie: b=c", "a\nb", "a\u2028b", "a\x0bb"],
    "D113": ["x\r\nBcc: y@z.test"],
    "D114": ["' OR 1=1--", "$$", "\\", '"; DROP TABLE x;--', "%' --", "\\'"],
    "D115": ["%s %n %d", "{0} {x.__class__}", "%(site)s", "%00"],
    "D116": ["a\n2026-01-01 ERROR fake", "\x1b[31mred\x1b[0m", "\x07\x08"],
    "D130": ["$pageleave", "__system", "(other)", "", "null", "undefined", "NaN", "0"],
}
FIELDS = ("name", "title", "category", "action", "label", "screen", "language", "session_id")


def cut(text: str, size: int = 512) -> str | None:
    """What a column keeps of a text: no NUL, so many bytes of UTF-8, no white space around it."""
    return text.replace("\0", "").encode()[:size].decode(errors="ignore").strip() or None


def lively(number: str, text: str) -> Case:
    event = dict.fromkeys(FIELDS, text) | {
        "path": f"/{text}",
        "referrer": f"https://x.test/{text}",
        "props": {text: text, "deep": [{text: [text]}]},
    }
    stored = {
        "name": cut(text, 64) or "page_view",
        **{name: cut(text) for name in ("title", "category", "action", "label")},
        "props": event["props"],
        "referrer_host": "x.test",
    }
    return Case(number, repr(text)[:40], event, stored=stored)


def referrer(number: str, text: str, host: str | None, source: str | None, channel: str) -> Case:
    stored = {"referrer_host": host, "source": source, "channel": channel}
    return Case(
        number, f"referrer {text[:50]!r}", {"url": f"{SHOP}/", "referrer": text}, stored=stored
    )


def address(number: str, url: str, host: str | None, path: str | None, **stored: Any) -> Case:
    return Case(
        number, f"url {url[:60]!r}", {"url": url}, stored={"host": host, "path": path, **stored}
    )


def tagged(what: str, query: str, **stored: Any) -> Case:
    return Case("D126", what, {"url": f"{SHOP}/?{query}"}, stored=stored)


def spoken(text: str, language: str | None) -> Case:
    return Case("D133", f"{text[:40]!r}", {"language": text}, stored={"language": language})


def agent(number: str, what: str, text: str, told: str = "accepted", **stored: Any) -> Case:
    return Case(number, what, {}, told=told, headers={"user-agent": text}, stored=stored)


CASES = [
    *(lively(number, text) for number, texts in LIVELY.items() for text in texts),
    *(
        Case("D108", f"as a page {text!r}", {"url": text}, stored={"host": None})
        for text in ("javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd")
    ),
    referrer("D109", "//evil.test/x", "evil.test", "evil.test", "referral"),
    referrer("D109", "/\\evil.test", None, None, "direct"),
    referrer("D109", "https:evil.test", None, None, "direct"),
    referrer("D109", "https:///evil.test", None, None, "direct"),
    address("D109", "//evil.test/x", "evil.test", "/x"),
    Case("D109", "a path", {"path": "//a/x"}, stored={"host": None, "path": "/a/x"}),
    agent("D117", "8 KB of a", "a" * 8_192),
    agent("D118", "many models", "Mozilla/5.0 (Linux; Android 9; " + "A;" * 4_000 + ")"),
    agent("D118", "many spaces", "Mozilla/5.0 (" + " " * 8_000),
    agent("D119", "no agent", "", browser=None, os=None, device=None),
    agent("D119", "an emoji", "\U0001f600/1.0"),
    agent("D119", "markup", "<script>alert(1)</script>"),
    agent("D119", "a bot", GOOGLEBOT, told="accepted: bot"),
    agent("D119", "a preview", "WhatsApp/2.23.20.0", told="accepted: bot"),
    referrer("D121", "www.google.com/search", None, None, "direct"),
    referrer(
        "D121", "android-app://com.google.android.gm/", "com.google.android.gm", "Gmail", "email"
    ),
    referrer(
        "D121",
        "android-app://com.linkedin.android",
        "com.linkedin.android",
        "LinkedIn",
        "organic_social",
    ),
    referrer(
        "D121", "android-app://org.example.app/", "org.example.app", "org.example.app", "referral"
    ),
    referrer("D121", "about:blank", None, None, "direct"),
    referrer("D121", "about:srcdoc", None, None, "direct"),
    referrer(
        "D121", "https://ada:secret@blog.test/x?password=y", "blog.test", "blog.test", "referral"
    ),
    referrer("D121", "https://ada:secret@", None, None, "direct"),
    address("D121", "https://ada:secret@shop.acme.test:8443/x", "shop.acme.test", "/x"),
    address(
        "D122",
        f"{SHOP}/x?email=ada@acme.test&token=secret&PHPSESSID=1&password=2",
        "shop.acme.test",
        "/x",
    ),
    address("D122", f"{SHOP}/reset/ada@acme.test", "shop.acme.test", "/reset/[e-mail]"),
    address("D122", f"{SHOP}/a;jsessionid=1A2B3C?x", "shop.acme.test", "/a"),
    address(
        "D122",
        f"{SHOP}/?utm_source=x&utm_term=ada%40acme.test",
        "shop.acme.test",
        "/",
        term="[e-mail]",
    ),
    address("D122", f"{SHOP}/#/reset?token=secret", "shop.acme.test", "/#/reset"),
    address("D122", f"{SHOP}/x#token=secret", "shop.acme.test", "/x"),
    address("D123", f"{SHOP}/" + "x" * 16_384, "shop.acme.test", "/" + "x" * 511),
    address("D123", f"{SHOP}/" + "\u20ac" * 4_000, "shop.acme.test", "/" + "\u20ac" * 170),
    address("D124", "https://m\u00fcnchen.test/", "xn--mnchen-3ya.test", "/"),
    address("D124", "https://xn--mnchen-3ya.test/", "xn--mnchen-3ya.test", "/"),
    address("D124", "HTTPS://SHOP.ACME.TEST.:443/X", "shop.acme.test", "/X"),
    address("D124", "http://[2001:db8::1]:80/x", "2001:db8::1", "/x"),
    address("D124", "http://[::1", None, None),
    address("D124", "http://a b.test/x", None, "/x"),
    address("D124", "https://" + "a" * 300 + ".test/", "a" * 253, "/"),
    address("D124", "https://<script>/x", None, "/x"),
    address("D125", f"{SHOP}/#/route/1?x=2", "shop.acme.test", "/#/route/1"),
    address("D125", f"{SHOP}/app#section", "shop.acme.test", "/app"),
    tagged("10 KB", "utm_source=" + "x" * 10_000, source="x" * 512),
    tagged("twice", "utm_source=one&utm_source=two", source="one"),
    tagged("in the fragment", "#utm_source=one", source=None, channel="direct"),
    tagged(
        "of upper case",
        "utm_source=NewsLetter&utm_medium=Email",
        source="NewsLetter",
        medium="email",
        channel="email",
    ),
    tagged("whose names are upper case", "UTM_SOURCE=one", source=None),
    tagged("that is empty", "utm_source=&utm_medium=", source=None, medium=None, channel="direct"),
    tagged(
        "that is no text",
        "utm_source=%ff%fe&utm_campaign=%00",
        source="\ufffd\ufffd",
        campaign=None,
    ),
    tagged(
        "that is markup", "utm_source=<script>alert(1)</script>", source="<script>alert(1)</script>"
    ),
    tagged("of two separators", "utm_source=one;utm_medium=two", source="one;utm_medium=two"),
    Case("D126", "in a path", {"path": "/?utm_source=one"}, stored={"source": "one", "path": "/"}),
    referrer("D128", f"{SHOP}/before", None, None, "direct"),
    referrer("D128", "https://www.shop.acme.test/before", None, None, "direct"),
    referrer("D128", "https://blog.acme.test/", "blog.acme.test", "blog.acme.test", "referral"),
    *(
        Case("D129", what, {"title": text}, stored={"title": cut(text)})
        for what, text in {
            "right to left": "\u202e" + "x" * 5_000,
            "isolates": "\u2067" * 1_700,
            "wide": "\ufdfd" * 2_000,
        }.items()
    ),
    *(
        Case("D132", f"country {given!r}", {"country": given}, stored={"country": None})
        for given in ("XX", "T1", "DEU", "de", "EU", "<b>")
    ),
    spoken("en-US,en;q=0.9,*;q=0", "en-US"),
    spoken("de", "de"),
    spoken("zh-Hant-TW", "zh"),
    spoken("zh_CN", "zh-CN"),
    spoken("es-419", "es"),
    spoken("*", None),
    spoken("q=0.9", None),
    spoken("x" * 4_096, None),
    spoken("en-US," * 700, "en-US"),
    spoken("C", None),
    Case(
        "D133",
        "a header of 4 KB",
        {},
        headers={"accept-language": "fr-CH," * 680},
        stored={"language": "fr-CH"},
    ),
    Case(
        "D135",
        "an address in the body",
        {"ip": "84.160.1.1", "user_id": "ada", "country": "DE"},
        stored={"country": None, "ip": None},
    ),
    Case("D135", "an agent in the body", {"user_agent": GOOGLEBOT}, stored={"browser": "Chrome"}),
]


@parametrized(CASES)
def test_case(world: World, case: Case) -> None:
    world.check(case)


@pytest.mark.parametrize(
    "given",
    [
        "::ffff:84.160.1.1",
        "fe80::1%eth0",
        "10.0.0.1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "255.255.255.255",
        "not one",
        "1" * 300,
        "84.160.1.1, 8.8.8.8",
        "\u0668.8.8.8",
        "<script>",
    ],
)
def test_d134_an_address_of_no_place_has_no_country(world: World, given: str) -> None:
    event = {"site": world.site.key, "id": f"D134 {world.door} {given}", "ip": given}
    reply = world.send(json.dumps(event).encode(), **world.bearer)
    assert list(reply.results.values()) == ["accepted"]
    country = Event.plain.latest("received_at").country
    assert country == ("DE" if "84.160" in given and "," not in given else None)


def test_d116_a_line_of_the_log_is_one_line(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """What somebody sends does not stand in the log as if it had been written by us."""
    forged = "a\n2026-01-01 00:00:00 [error] forged by a stranger"
    with caplog.at_level(logging.DEBUG):
        world.send(
            json.dumps({"site": world.site.key, "title": forged, "timestamp": forged}).encode()
        )
        world.send(b'{"title": "' + forged.encode())
    assert "\n2026-01-01 00:00:00 [error] forged" not in caplog.text


def test_d108_no_address_of_a_strangers_is_a_link(world: World) -> None:
    """Of all that was sent, nothing became the target of a link, a form or a picture."""
    rebuild_all()
    client = Client()
    client.force_login(world.owner.user)
    for tabs in ("", "&sources=campaign&pages=entry_page", "&pages=exit_page"):
        text = client.get(f"/sites/{world.site.key}?period=30d{tabs}").content.decode()
        targets = re.findall(r'(?:href|src|action|hx-get|formaction)="([^"]*)"', text)
        assert targets
        assert [
            url for url in targets if not re.match(r"(?:/(?!/)|\?|#|https?://testserver)", url)
        ] == []
        assert "49" not in re.findall(r"\{\{7\*7\}\}|<td>49</td>", text)


def test_d131_a_million_paths_are_ten_thousand_and_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told with 20 instead of 10,000; the total stays exact."""
    day = (datetime.now(UTC) - timedelta(days=40)).replace(hour=12)
    events = [
        {
            "id": f"D131 {world.door} {n}",
            "path": f"/{n}",
            "timestamp": day.isoformat(),
            "ip": "84.160.1.1",
            "user_agent": "x",
        }
        for n in range(100)
    ]
    world.send(json.dumps({"site": world.site.key, "events": events}).encode(), **world.bearer)
    monkeypatch.setattr(recount, "MOST_VALUES", 20)
    rebuild_all()
    rows = DailyStat.plain.filter(site=world.site, date=day.date(), dimension="page")
    assert rows.count() == 20
    assert rows.get(value=OTHER).page_views == 81
    total = DailyStat.plain.get(site=world.site, date=day.date(), dimension="")
    assert total.page_views == 100
    monkeypatch.undo()
    rollup.rebuild(world.site, day.date())
