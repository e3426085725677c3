"""Long answers: sent while they are made, in little memory, and never half a file for a whole."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.urls import path

from accounts.streaming import PIECE_BYTES, in_pieces, streamed
from tests.browser.conftest import live
from tests.sending import send, visit

__all__ = ["live"]
pytestmark = pytest.mark.django_db(transaction=True)

LINE = b"x" * 1_000
made: list[str] = []


def endless(count: int, fails: bool = False) -> Iterator[bytes]:
    try:
        for number in range(count):
            made.append(threading.current_thread().name)
            if fails and number == count // 2:
                raise RuntimeError("in the middle")
            yield LINE
    finally:
        made.append("closed")


def long(request: Any) -> Any:
    return streamed(request, endless(20_000), content_type="text/plain", filename="long.txt")


def broken(request: Any) -> Any:
    rows = endless(2_000, fails=True)
    return streamed(request, rows, content_type="text/plain", filename="broken.txt")


@pytest.fixture
def served(live, settings) -> Iterator[str]:
    """The address of a LinkPro that has two more pages."""
    from linkpro import urls

    more = [path("test/long", long), path("test/broken", broken)]
    urls.urlpatterns[:0] = more
    from django.urls import clear_url_caches

    clear_url_caches()
    made.clear()
    yield live
    del urls.urlpatterns[: len(more)]
    clear_url_caches()


def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["curl", "-sS", *arguments], capture_output=True, timeout=60)


def test_pieces_are_worth_a_packet_and_the_first_comes_at_once():
    pieces = list(in_pieces([b"a", *[LINE] * 200]))
    assert pieces[0] == b"a"
    assert all(len(piece) >= PIECE_BYTES for piece in pieces[1:-1])
    assert b"".join(pieces) == b"a" + LINE * 200


def test_the_first_byte_leaves_before_the_last_one_is_made(served):
    done = subprocess.Popen(
        ["curl", "-sSN", "--limit-rate", "200k", f"{served}/test/long"], stdout=subprocess.PIPE
    )
    assert done.stdout is not None
    assert done.stdout.read(1_000)
    assert len(made) < 15_000
    done.terminate()
    done.wait(10)
    end = time.monotonic() + 20
    while "closed" not in made and time.monotonic() < end:
        time.sleep(0.1)
    assert made[-1] == "closed"  # nobody works for a client that has gone
    assert len(made) < 20_000


def test_it_is_whole_and_made_in_one_thread(served):
    done = curl(f"{served}/test/long")
    assert (done.returncode, len(done.stdout)) == (0, 20_000 * 1_000)
    assert len(set(made) - {"closed"}) == 1
    assert threading.main_thread().name not in made


def test_what_fails_in_the_middle_does_not_look_whole(served):
    done = curl(f"{served}/test/broken")
    assert done.returncode == 18  # the transfer closed with data still outstanding
    assert 0 < len(done.stdout) < 2_000_000


def test_a_large_export_streams_from_the_database(live, site, owner, token):
    """100,000 events: the first of them come while most are still unread."""
    from datetime import timedelta

    from django.utils import timezone

    start = timezone.now() - timedelta(hours=2)
    send(site, visit(start, ["/"]))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tracking_event (site_id, event_id, occurred_at, received_at, name, path)"
            " SELECT %s, gen_random_uuid(), %s + n * interval '1 millisecond', now(), 'page_view',"
            " '/' || n FROM generate_series(1, 100000) n",
            [site.pk, start],
        )
    header = f"Authorization: Bearer {token(owner)}"
    done = curl("-H", header, "-w", "\n%{time_starttransfer} %{time_total}",
                f"{live}/api/export?days=2")  # fmt: skip
    body, _newline, times = done.stdout.rpartition(b"\n")
    first, total = map(float, times.split())
    assert len(json.loads(body)) == 100_001
    assert first < total / 2
