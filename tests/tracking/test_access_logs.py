"""Lines of access logs: every form is read, no text is too strange, pages are told apart."""

import gzip
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.access_logs import FORMATS, MAX_LINE_BYTES, BadLine, Line, lines, not_a_page, parse

AT = datetime(2026, 3, 1, 11, 30, 5, tzinfo=UTC)
WHEN = "[01/Mar/2026:12:30:05 +0100]"
AGENT = "Mozilla/5.0 (X11)"
COMBINED = f'192.0.2.1 - - {WHEN} "GET /tea?x=1 HTTP/1.1" 200 512 "https://a.test/" "{AGENT}"'


def line(target: str = "/", method: str = "GET", status: int = 200) -> Line:
    return Line(AT, "192.0.2.1", method, target, status)


def test_a_combined_line_is_read():
    assert parse(COMBINED) == Line(
        AT, "192.0.2.1", "GET", "/tea?x=1", 200, "", "https://a.test/", AGENT
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'192.0.2.1 - - {WHEN} "GET / HTTP/1.0" 200 -', {"agent": "", "referrer": ""}),
        (f"shop.test:443 {COMBINED}", {"host": "shop.test", "address": "192.0.2.1"}),
        (f"shop.test {COMBINED}", {"host": "shop.test"}),
        (f"- {COMBINED}", {"host": "", "address": "192.0.2.1"}),
        (f'{COMBINED} "192.0.2.9" 0.004', {"address": "192.0.2.1", "agent": AGENT}),
        (COMBINED.replace("- -", "- ann lee"), {"address": "192.0.2.1", "host": ""}),
        (COMBINED.replace("192.0.2.1", "2001:db8::1"), {"address": "2001:db8::1"}),
        (COMBINED.replace("https://a.test/", "-"), {"referrer": ""}),
        (COMBINED.replace(AGENT, r"a \"b\" \\ \xc3\xa4"), {"agent": 'a "b" \\ ä'}),
        (COMBINED.replace(AGENT, r"\xe4"), {"agent": "ä"}),
        (COMBINED.replace(":05 +", ":05.250 +"), {"at": AT}),
    ],
)
def test_its_variants_are_read(text: str, expected: dict):
    found = parse(text)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"time_iso8601":"2026-03-01T12:30:05+01:00","remote_addr":"192.0.2.1",'
        '"request":"GET /tea HTTP/2.0","status":"200","http_user_agent":"UA"}',
        '{"msec":1772364605,"client_ip":"192.0.2.1","method":"GET","uri":"/tea","status":200,'
        '"user_agent":"UA","http_referer":"-"}',
        '{"time_local":"01/Mar/2026:12:30:05 +0100","ip":"192.0.2.1","request_method":"get",'
        '"request_uri":"/tea","response":200,"agent":"UA","bytes":12}',
        '{"@timestamp":"2026-03-01T11:30:05Z","clientip":"192.0.2.1","verb":"GET","url":"/tea",'
        '"status":"200","http_user_agent":"UA","referrer":""}',
    ],
)
def test_json_of_the_usual_names_is_read(text: str):
    assert parse(text) == Line(AT, "192.0.2.1", "GET", "/tea", 200, agent="UA")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        COMBINED[:-1],  # the agent's end is missing: it must not pass for a line without agent
        COMBINED.replace("GET /tea?x=1 HTTP/1.1", "-"),
        COMBINED.replace("01/Mar", "31/Feb"),
        COMBINED.replace("01/Mar/2026", "01/Mrz/2026"),
        COMBINED.replace("01/Mar/2026", "01/Jan/0001"),
        '{"status": 200}',
        '{"status": 1e999, "method": "GET", "uri": "/", "time": "2026-03-01"}',
        '{"status": 200, "method": "GET", "uri": "/", "time": 1e300}',
        "[" * 100_000,
        '{"a":' * 20_000,
        "x" * (MAX_LINE_BYTES + 1),
    ],
)
def test_what_is_no_line_is_a_bad_line(text: str):
    with pytest.raises(BadLine):
        parse(text)


pieces = st.sampled_from(
    ['"', "\\", " ", "-", "[", "]", "{", "}", ":", "GET", "/", "200", "192.0.2.1", "\\x", WHEN]
)


@given(st.one_of(st.text(), st.lists(pieces).map("".join)), st.sampled_from(sorted(FORMATS)))
def test_no_text_raises_anything_but_bad_line(text: str, form: str):
    try:
        found = parse(text, form)
    except BadLine:
        return
    not_a_page(found)


@given(st.text(), st.text(), st.integers())
def test_whether_it_is_a_page_can_be_said_of_every_line(target: str, method: str, status: int):
    assert isinstance(not_a_page(line(target, method, status)), str)


@pytest.mark.parametrize(
    "target",
    ["/", "/tea", "/tea/", "/index.html", "/a.b/c", "/A.PHP?x=y.png", "/?format=wide",
     "/feeding", "https://shop.test/tea", "/%C3%A4", "/blog/tags/c?utm_source=feed"],
)  # fmt: skip
def test_a_page_is_a_page(target: str):
    assert not_a_page(line(target)) == ""


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/a.css", "not a page"), ("/robots.txt", "not a page"), ("/favicon.ico", "not a page"),
        ("/a%2Epng", "not a page"), ("/feed", "feed"), ("/blog/feed/", "feed"),
        ("/atom", "feed"), ("/?flav=rss20", "feed"), ("/?p=1&feed=rss2", "feed"),
        ("/.env", "hidden path"), ("/.git/config", "hidden path"), ("*", "not a page"),
    ],
)  # fmt: skip
def test_what_is_no_page_is_told_why(target: str, reason: str):
    found = not_a_page(line(target))
    assert found == reason


def test_only_answered_questions_are_page_views():
    assert not_a_page(line(method="POST")) == "method"
    assert not_a_page(line(status=404)) == "status"
    assert not_a_page(line(status=301)) == "status"
    assert not_a_page(line(status=304)) == ""


def test_gzip_is_unpacked_and_an_endless_line_is_cut():
    data = f"{COMBINED}\n\n{'x' * 3 * MAX_LINE_BYTES}\n{COMBINED}".encode()
    for source in (data, gzip.compress(data)):
        found = list(lines(io.BufferedReader(io.BytesIO(source))))
        assert found[0] == found[-1] == COMBINED
        assert all(len(text) <= MAX_LINE_BYTES + 1 for text in found)
