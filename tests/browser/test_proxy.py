"""The tracker under the site's own domain, through the proxies that docs/proxy.md describes."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from accounts import addresses
from accounts.models import ApiToken, Membership, Site
from accounts.roles import TokenScope
from tests.browser.conftest import Pages, Quiet, Visitor, serving, stored, until
from tests.conftest import CHROME

pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = (Path(__file__).parents[2] / "docs" / "proxy.md").read_text()
ADDRESS = "127.0.0.9"  # a visitor's, told from the proxy's by the machine itself

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}
http {{
    access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        {block}
        location / {{ proxy_pass {pages}; }}
    }}
}}
"""
CADDY = """
{{
    admin off
    auto_https off
}}
http://:{port} {{
    {block}
    handle {{
        reverse_proxy {pages}
    }}
}}
"""
APACHE = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
ErrorLog {folder}/log
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
LoadModule ssl_module {modules}/mod_ssl.so
User nobody
Group nogroup
{block}
ProxyPass "/" "{pages}/"
"""
MODULES = "/usr/lib/apache2/modules"


def block_of(language: str, live: str) -> str:
    """What the guide says for a server, with this LinkPro instead of the guide's."""
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    text = found[1].replace("https://stats.example.com", live)
    return text.replace("stats.example.com", urlsplit(live).netloc)


@dataclass
class Kind:
    """A server, as it is found, set up and started."""

    program: str
    language: str
    frame: str
    command: Callable[[Path], list[str]]


KINDS = {
    "nginx": Kind("nginx", "nginx", NGINX, lambda file: ["-c", str(file)]),
    "caddy": Kind(
        "caddy",
        "caddyfile",
        CADDY,
        lambda file: ["run", "--adapter", "caddyfile", "--config", str(file)],
    ),
    "apache": Kind("apache2", "apache", APACHE, lambda file: ["-D", "FOREGROUND", "-f", str(file)]),
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(params=[*KINDS, "python"])
def proxy(request: pytest.FixtureRequest, live: str, pages: Pages, tmp_path: Path) -> Iterator[int]:
    """The port of a server that has the site's pages, and LinkPro's script among them."""
    if request.param == "python":
        with serving(plain_proxy(live, pages)) as port:
            yield port
        return
    kind = KINDS[request.param]
    if not shutil.which(kind.program):
        pytest.skip(f"there is no {kind.program}")
    port, file = free_port(), tmp_path / "config"
    parts = {"folder": tmp_path, "port": port, "pages": pages.url("", "127.0.0.1")}
    block = block_of(kind.language, live)
    file.write_text(kind.frame.format(block=block, modules=MODULES, **parts))
    tmp_path.chmod(0o755)
    environment = {"HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/bin"}
    command = [kind.program, *kind.command(file)]
    with (tmp_path / "told").open("wb") as told:
        server = subprocess.Popen(command, env=environment, stdout=told, stderr=told)
        try:
            until(lambda: answers(port) or server.poll() is not None)
            assert server.poll() is None, (tmp_path / "told").read_text()
            yield port
        finally:
            server.terminate()
            server.wait(20)


def plain_proxy(live: str, pages: Pages) -> type[Quiet]:
    """The least that a proxy must do, where no other is installed."""

    class Handler(Quiet):
        def do_GET(self) -> None:
            self.pass_on(None)

        def do_POST(self) -> None:
            self.pass_on(self.rfile.read(int(self.headers["Content-Length"])))

        def pass_on(self, body: bytes | None) -> None:
            ours = urlsplit(self.path).path in ("/js/pebble.js", "/js/pebble.gif")
            target = urlsplit(live if ours else pages.url("", "127.0.0.1")).netloc
            left_out = ("host", "cookie", "x-forwarded-for", "connection")
            headers = {k: v for k, v in self.headers.items() if k.lower() not in left_out}
            headers |= {"Host": target, "X-Forwarded-For": self.client_address[0]}
            way = http.client.HTTPConnection(target, timeout=20)
            way.request(self.command, self.path, body, headers)
            answer = way.getresponse()
            content = answer.read()
            way.close()
            own = ("content-length", "connection", "date", "server", "transfer-encoding")
            told = {k: v for k, v in answer.getheaders() if k.lower() not in own}
            self.answer(answer.status, told, content)

    return Handler


@pytest.fixture
def believed(settings) -> Iterator[None]:
    """This machine is a proxy that LinkPro trusts."""

    def forget() -> None:
        addresses._trusted_networks.cache_clear()
        addresses.is_trusted_proxy.cache_clear()

    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    forget()
    yield
    settings.TRUSTED_PROXIES = []
    forget()


@pytest.fixture
def named(site: Site, believed: None) -> Site:
    """The site calls its script `pebble`, and keeps addresses."""
    site.script_name, site.addresses = "pebble", Site.Addresses.FULL
    site.save()
    return site


SENT = {"User-Agent": CHROME, "Referer": "https://shop.acme.test/x", "Cookie": "session=secret"}


def ask(port: int, method: str, path: str, body: str | None = None, **headers: str):
    """What a visitor with an address of their own gets."""
    way = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(ADDRESS, 0))
    forged = {"X-Forwarded-For": "198.51.100.66"}
    way.request(method, path, body, SENT | forged | headers)
    answer = way.getresponse()
    content = answer.read()
    way.close()
    return answer, content


def test_the_script_comes_and_sends_by_the_site_s_own_path(
    named: Site, proxy: int, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/shop", '<script defer src="/js/pebble.js"></script>')
    asked = []
    visitor.page.on("request", lambda request: asked.append((request.method, request.url)))
    address = f"http://shop.localhost:{proxy}"
    visitor.page.goto(f"{address}/shop")
    (view,) = until(lambda: stored(named))
    assert (view.host, view.path) == ("shop.localhost", "/shop")
    visitor.page.evaluate("linkpro('own')")
    until(lambda: stored(named, "own"))
    ours = [(method, url) for method, url in asked if "pebble" in url]
    assert ours[0] == ("GET", f"{address}/js/pebble.js")
    assert set(ours[1:]) == {("POST", f"{address}/js/pebble.js")}
    assert visitor.complaints == []


def test_the_visitor_s_address_comes_through_and_no_other(named: Site, proxy: int) -> None:
    body = json.dumps({"events": [{"id": "a", "url": "https://shop.acme.test/x"}]})
    answer, content = ask(proxy, "POST", "/js/pebble.js", body)
    assert (answer.status, json.loads(content)["results"]) == (202, {"a": {"result": "accepted"}})
    answer, content = ask(proxy, "GET", "/js/pebble.gif")
    assert (answer.status, len(content), answer.headers["X-Event"]) == (200, 43, "accepted")
    by_body, by_picture = stored(named)
    assert by_body.ip == by_picture.ip == ADDRESS
    assert by_body.visitor == by_picture.visitor
    assert (by_picture.host, by_picture.path) == ("shop.acme.test", "/x")


def test_what_may_be_cached_is_told(named: Site, proxy: int) -> None:
    script, content = ask(proxy, "GET", "/js/pebble.js", **{"Accept-Encoding": "gzip"})
    assert script.headers["Cache-Control"] == "public, max-age=3600, must-revalidate"
    assert script.headers["Content-Encoding"] == "gzip"
    assert len(content) <= 3_000
    tag = script.headers["ETag"]
    again, _content = ask(
        proxy, "GET", "/js/pebble.js", **{"Accept-Encoding": "gzip", "If-None-Match": tag}
    )
    assert again.status == 304
    assert ask(proxy, "GET", "/js/pebble.gif")[0].headers["Cache-Control"] == "no-store"


WORKER = """
const worker = (await import(process.argv[2])).default;
const { createServer } = await import("node:http");
createServer(async (asked, answered) => {
  const parts = [];
  for await (const part of asked) parts.push(part);
  const headers = { ...asked.headers, "CF-Connecting-IP": asked.socket.remoteAddress };
  const body = asked.method === "POST" ? Buffer.concat(parts) : undefined;
  const url = "http://shop.localhost" + asked.url;
  delete headers.connection;
  const request = new Request(url, { method: asked.method, headers, body });
  const answer = await worker.fetch(request, { LINKPRO_TOKEN: process.argv[4] });
  answered.writeHead(answer.status, { "Content-Type": answer.headers.get("Content-Type") });
  answered.end(Buffer.from(await answer.arrayBuffer()));
}).listen(Number(process.argv[3]), "127.0.0.1");
"""


@pytest.fixture
def worker(live: str, owner: Membership, tmp_path: Path) -> Iterator[int]:
    """The guide's worker with a token of Acme's, as Cloudflare would run it."""
    if not shutil.which("node"):
        pytest.skip("there is no node")
    port, module, runner = free_port(), tmp_path / "worker.mjs", tmp_path / "runner.mjs"
    module.write_text(block_of("js", live))
    runner.write_text(WORKER)
    _row, token = ApiToken.issue(owner, name="worker", scopes=[TokenScope.INGEST])
    server = subprocess.Popen(["node", runner, module, str(port), token])
    try:
        until(lambda: answers(port))
        yield port
    finally:
        server.terminate()
        server.wait(20)


def test_a_worker_tells_who_sent_it_by_its_token(named: Site, worker: int) -> None:
    script, content = ask(worker, "GET", "/js/pebble.js")
    assert (script.status, b"linkpro" in content) == (200, True)
    event = {"id": "a", "url": "https://shop.acme.test/x", "ip": "198.51.100.66"}
    answer, content = ask(worker, "POST", "/js/pebble.js", json.dumps({"events": [event]}))
    assert (answer.status, json.loads(content)["results"]) == (202, {"a": {"result": "accepted"}})
    (view,) = stored(named)
    assert (view.ip, view.browser) == (ADDRESS, "Chrome")
