"""The tracker's script as it is served: small, cached, and open to pages of every origin."""

from __future__ import annotations

import gzip
import hashlib
import re
from shutil import which
from subprocess import run

import pytest
from django.test import Client

from tracking import pages, script

PATH = "/js/analytics.js"
MOST_BYTES = 3_000


def test_the_script_is_at_most_three_kilobytes(client: Client) -> None:
    answer = client.get(PATH, headers={"accept-encoding": "gzip, br"})
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) <= MOST_BYTES
    assert gzip.decompress(answer.content) == client.get(PATH).content


def test_every_page_may_load_the_script_and_nobody_is_marked(client: Client) -> None:
    answer = client.get(PATH, headers={"origin": "https://shop.acme.test"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "public, max-age=3600, must-revalidate"
    assert "Accept-Encoding" in answer["Vary"]
    assert not answer.cookies


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_an_unchanged_script_is_not_sent_again(client: Client, encoding: str) -> None:
    tag = client.get(PATH, headers={"accept-encoding": encoding})["ETag"]
    headers = {"accept-encoding": encoding, "if-none-match": tag}
    answer = client.get(PATH, headers=headers)
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["Access-Control-Allow-Origin"] == "*"
    other = "identity" if encoding == "gzip" else "gzip"
    assert client.get(PATH, headers=headers | {"accept-encoding": other}).status_code == 200


def test_a_head_tells_what_a_get_would_send(client: Client) -> None:
    head = client.head(PATH)
    assert (head.status_code, head.content) == (200, b"")
    assert head["ETag"] == client.get(PATH)["ETag"]


def test_the_minified_script_is_made_of_the_source_as_it_is() -> None:
    made_of = script.MINIFIED.read_text().partition("\n")[0].split()[-1]
    digest = hashlib.sha256(script.SOURCE.read_bytes()).hexdigest()
    assert made_of == digest, "analytics.js has changed: run `make tracker` and commit both files"


def test_the_script_says_its_version(client: Client) -> None:
    said = re.search(r'linkpro\.version = "(.*?)"', script.SOURCE.read_text())
    assert said
    assert client.get(PATH)["X-Tracker-Version"] == said[1]
    assert f'.version="{said[1]}"' in client.get(PATH).content.decode()


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("", False),
        ("gzip", True),
        ("br;q=1, GZIP;q=0.5", True),
        ("gzip; q=0", False),
        ("x-gzip", False),
    ],
)
def test_who_says_so_gets_it_packed(client: Client, accepted: str, packed: bool) -> None:
    answer = client.get(PATH, headers={"accept-encoding": accepted})
    assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None)


def test_the_script_keeps_the_campaign_parameters_that_the_server_reads() -> None:
    listed = re.search(r"CAMPAIGN = \((.*?)\)\.split", script.SOURCE.read_text(), re.DOTALL)
    assert listed
    names = " ".join(re.findall(r'"(.*?)"', listed[1])).split()
    assert names == [*pages.UTM, "ref", "source", *pages.CLICK_IDS]


@pytest.mark.skipif(which("node") is None, reason="there is no node")
def test_what_is_served_is_a_script(client: Client) -> None:
    checked = run(["node", "--check", "-"], input=client.get(PATH).content, capture_output=True)
    assert checked.returncode == 0, checked.stderr.decode()
