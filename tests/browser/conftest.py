"""A whole LinkPro on a port of its own, somebody else's web server, and a real Chromium.

`live` is the address of LinkPro; `relay` stands before it and can fail on purpose; `pages` serves
the pages of a site; `visitor` is a browser window of a person who has never been here.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accounts.models import Site
from tests.conftest import CHROME
from tracking.models.events import Event

# The same engine without a window's parts is quicker, where it is installed.
SHELL = "/usr/bin/chromium-headless-shell"
CHROMIUM = SHELL if Path(SHELL).exists() else "/usr/bin/chromium"
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser; where there is none, it is passed over."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not Path(CHROMIUM).exists():
                item.add_marker(pytest.mark.skip(reason=f"there is no {CHROMIUM}"))


def until(true: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for something to come true, and return it; fails when it does not."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


# --- LinkPro ---------------------------------------------------------------------------------


@pytest.fixture(scope="package")
def live(django_db_setup: None) -> Iterator[str]:
    """The address of a LinkPro that serves the test's database, from a thread of this process.

    From this process, so that what it remembers of sites and agents is forgotten between tests.
    """
    from linkpro.asgi import application

    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, log_level="warning", lifespan="on", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()
    listening.close()


# --- Other people's servers ------------------------------------------------------------------


class Quiet(BaseHTTPRequestHandler):
    """A handler that keeps connections open and writes no log."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        return

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """A server whose threads end with the process, and which does not mind closed connections."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        return


@contextmanager
def serving(handler: type[Quiet]) -> Iterator[int]:
    """A server on a free port, which is given."""
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(10)


@dataclass
class Pages:
    """The pages of any `*.localhost` host: what a test puts here by path, else an empty page."""

    port: int = 0
    bodies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def url(self, path: str, host: str = "shop.localhost") -> str:
        """The address of a page."""
        return f"http://{host}:{self.port}{path}"

    def put(self, path: str, head: str, body: str = "", **headers: str) -> None:
        """Make a page; a header's name is written with underscores."""
        title = f"<title>{path}</title>"
        self.bodies[path] = (
            f"<!doctype html><html><head>{title}{head}</head><body>{body}</body></html>"
        )
        self.headers[path] = {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
def pages() -> Iterator[Pages]:
    """A web server of somebody who counts with LinkPro, on an origin of its own."""
    found = Pages()

    class Handler(Quiet):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            kind = "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8"
            body = found.bodies.get(path, "<!doctype html><title>empty</title>")
            headers = {"Content-Type": kind, **found.headers.get(path, {})}
            self.answer(200, headers, body.encode())

    with serving(Handler) as port:
        found.port = port
        yield found


@dataclass
class Relay:
    """A way to LinkPro that fails as it is told to.

    `faults` is what happens to the next events, one after the other: `503` (refused without
    storing), `413`, `cut` (stored, but the connection closes before the answer), `garbage` (a 202
    that names nothing). Without a fault they pass. `bodies` are the events' requests so far.
    """

    live: str
    port: int = 0
    faults: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events so far, with their repetitions."""
        return [event for body in self.bodies for event in body["events"]]

    def snippet(self, site: Site | None = None, options: str = "", stub: str = "") -> str:
        """What a customer puts into a page."""
        key = f'data-site="{site.key}"' if site else ""
        return f'{stub}<script defer src="{self.url}/js/analytics.js" {key} {options}></script>'


def passed_on(live: str, handler: Quiet, body: bytes | None) -> tuple[int, dict[str, str], bytes]:
    """LinkPro's answer to a request."""
    connection = http.client.HTTPConnection(urlsplit(live).netloc, timeout=20)
    wanted = ("User-Agent", "Accept-Encoding", "Origin", "Referer", "Content-Type", "If-None-Match")
    headers = {name: handler.headers[name] for name in wanted if handler.headers[name]}
    connection.request(handler.command, handler.path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    ours = ("content-length", "connection", "date", "server", "transfer-encoding")
    return answer.status, {k: v for k, v in answer.getheaders() if k.lower() not in ours}, content


@pytest.fixture
def relay(live: str, site: Site) -> Iterator[Relay]:
    """The site's way to LinkPro."""
    found = Relay(live)

    class Handler(Quiet):
        def do_GET(self) -> None:
            self.answer(*passed_on(live, self, None))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.bodies.append(json.loads(body))
            fault = found.faults.pop(0) if found.faults else ""
            open_to_all = {"Access-Control-Allow-Origin": "*"}
            if fault.isdigit():
                return self.answer(int(fault), open_to_all)
            if fault == "garbage":
                return self.answer(202, open_to_all, b'{"results": {}}')
            answer = passed_on(live, self, body)
            if fault == "cut":
                self.close_connection = True
                return self.connection.shutdown(socket.SHUT_RDWR)
            return self.answer(*answer)

    with serving(Handler) as port:
        found.port = port
        yield found


# --- A person --------------------------------------------------------------------------------


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of this folder.

    Playwright keeps an event loop in this thread as long as it lives. Django would refuse to touch
    the database beside it; nothing here is asynchronous, so it is told not to. Both end with the
    folder's last test, before other tests of this process.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            yield browser
            browser.close()


@dataclass
class Visitor:
    """A window of the browser, and what it complained about."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visitor]:
    """Somebody who has never been here; the page must not write an error into the console."""
    context = chromium.new_context(user_agent=CHROME, locale="de-DE")
    context.set_default_timeout(20_000)
    found = Visitor(context, context.new_page())

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: found.complaints.append(line.text) if line.type == "error" else None,
        )

    watch(found.page)
    context.on("page", watch)
    yield found
    context.close()


def stored(site: Site, name: str = "page_view") -> list[Event]:
    """The site's events of one name, in the order in which they happened."""
    events = Event.objects.for_tenant(site.tenant).filter(site=site, name=name)
    return list(events.order_by("occurred_at", "event_id"))
