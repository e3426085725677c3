"""The two doors for events: the endpoint, and the view of Django."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from linkpro.asgi import application
from tests.conftest import CHROME
from tracking.ingest import committer

PATHS = ("/api/track", "/api/v1/track")


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def results(self) -> dict[str, str]:
        """The outcome of each id, with its reason behind a colon."""
        return {
            name: ": ".join(filter(None, (told["result"], told.get("reason"))))
            for name, told in self.body["results"].items()
        }


async def _talk(method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "client": ("203.0.113.7", 40_000),
        "headers": [
            (name.lower().encode(), line.encode())
            for name, text in headers.items()
            for line in text.split("\n")  # more lines of one name, as proxies send them
        ],
    }
    client = ApplicationCommunicator(application, scope)
    await client.send_input({"type": "http.request", "body": body})
    start = await client.receive_output(timeout=10)
    end = await client.receive_output(timeout=10)
    await client.wait()
    await committer.shut_down()
    told = {name.decode(): text.decode() for name, text in start["headers"]}
    return Reply(start["status"], told, json.loads(end["body"] or "null"))


def through_endpoint(method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
    return asyncio.run(_talk(method, path, body, headers))


def through_view(method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
    kind = headers.pop("content-type", "text/plain;charset=UTF-8")
    answer = Client(enforce_csrf_checks=True).generic(
        method, path, body, kind, headers=headers, REMOTE_ADDR="203.0.113.7"
    )
    told = {name.lower(): text for name, text in answer.headers.items()}
    return Reply(answer.status_code, told, json.loads(answer.content or "null"))


Send = Callable[..., Reply]


@pytest.fixture(params=[through_endpoint, through_view], ids=["endpoint", "view"])
def send(request: pytest.FixtureRequest) -> Send:
    """Send a body (or what becomes JSON) through one of the doors."""

    def post(body: Any, path: str = PATHS[0], method: str = "POST", **headers: str) -> Reply:
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
        given = {"host": "localhost", "user-agent": CHROME}
        given |= {name.replace("_", "-"): text for name, text in headers.items()}
        return request.param(method, path, body, given)

    return post
