"""A whole LinkPro that may be hurt: servers, web processes, worker, beat, and proxies between.

The processes are the Procfile's lines. The web processes share one listening socket, which this
process holds open, as a service manager would: whichever lives takes the next connection.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from linkpro.children import dying_with_us
from linkpro.embedded import BASE_DIR
from linkpro.processes import read_procfile
from tests.faults.cluster import Cluster
from tests.faults.load import CHROME
from tests.faults.proxy import Mode, Proxy

SITES = 150
LINES = read_procfile(BASE_DIR / "Procfile")
UP = "Uvicorn running on"


def until(true: Callable[[], Any], seconds: float = 20.0, what: str = "") -> float:
    """Wait for something to come true; returns after how many seconds it did, or fails."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"waited {seconds} s in vain {what}"
        time.sleep(0.03)
    return time.monotonic() - began


def get(port: int, path: str, seconds: float = 10.0) -> tuple[int, str]:
    """Status and body of a page; status 0 when there is no answer."""
    try:
        answer = urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=seconds)
    except urllib.error.HTTPError as error:
        answer = error
    except OSError as error:
        return 0, str(error)
    with answer:
        return answer.status or 0, answer.read().decode()


def post(port: int, body: Any, seconds: float = 20.0) -> tuple[int, dict[str, str], dict]:
    """Status, headers and body of the answer to some events."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/track",
        json.dumps(body).encode(),
        {"User-Agent": CHROME, "Content-Type": "application/json"},
    )
    try:
        answer = urllib.request.urlopen(request, timeout=seconds)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status or 0, headers, json.loads(answer.read())


@dataclass
class Web:
    """One web process, and where its words go."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_up(self) -> bool:
        """Whether it takes connections."""
        assert self.process.poll() is None, self.log.read_text()
        return UP in self.log.read_text()


@dataclass
class Place:
    """Everything that runs, by process."""

    folder: Path
    cluster: Cluster
    database: Proxy  # the web processes' way to PostgreSQL
    beside: Proxy  # the worker's and beat's
    redis: Proxy
    listening: socket.socket
    environ: dict[str, str]
    sites: dict[str, int] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    webs: list[Web] = field(default_factory=list)
    others: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    started: int = 0

    @property
    def port(self) -> int:
        """Where the web processes listen."""
        return self.listening.getsockname()[1]

    def ask(self, query: str, values: Any = None, database: str = "linkpro") -> list[tuple]:
        """Rows of the database, past every proxy."""
        with self.cluster.connect(database) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def take_sites(self, count: int = 3) -> dict[str, int]:
        """Sites that no event has been sent to yet, by key."""
        return {key: self.sites[key] for key in (self.unused.pop(0) for _n in range(count))}

    # --- Processes ---------------------------------------------------------------------------

    def run(self, line: str, log: Path, **options: Any) -> subprocess.Popen[bytes]:
        """A line of the Procfile as a process of its own session."""
        environ = options.pop("environ", self.environ)
        with log.open("wb") as words:
            return subprocess.Popen(
                ["/bin/sh", "-c", f"exec {line}"],
                cwd=BASE_DIR,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
                preexec_fn=dying_with_us(),
                **options,
            )

    def start_web(self, listening: socket.socket | None = None, **environ: str) -> Web:
        """One more web process, at the common socket or another; it is up when `is_up`."""
        self.started += 1
        log = self.folder / f"web-{self.started}.log"
        number = (listening or self.listening).fileno()
        line = f"{LINES['web']} --fd {number} --log-level info"
        process = self.run(line, log, pass_fds=[number], environ={**self.environ, **environ})
        web = Web(process, log)
        if listening is None:
            self.webs.append(web)
        return web

    def start_other(self, name: str) -> None:
        """The worker or beat."""
        environ = {**self.environ, **addresses(self.beside.port, self.redis.port)}
        self.others[name] = self.run(LINES[name], self.folder / f"{name}.log", environ=environ)

    def end(self, process: subprocess.Popen[bytes], number: signal.Signals, wait: float) -> float:
        """Signal one process and wait for its end; returns how many seconds that took."""
        began = time.monotonic()
        process.send_signal(number)
        process.wait(wait)
        return time.monotonic() - began

    def replace(self, web: Web) -> Web:
        """A new web process in the place of one that has ended; returns once it is up."""
        self.webs.remove(web)
        new = self.start_web()
        until(lambda: new.is_up, 30, "for a web process")
        return new

    def mend(self) -> None:
        """After a test, whatever became of it: everything runs again, and nothing is in the way."""
        self.database.set(Mode.PASS, forgets=False)
        self.redis.set(Mode.PASS)
        assert self.cluster.postgres is not None
        if self.cluster.postgres.poll() is not None:
            self.cluster.start_postgres()
        for web in [web for web in self.webs if web.process.poll() is not None]:
            self.replace(web)
        for name, process in self.others.items():
            if process.poll() is not None:
                self.start_other(name)
        until(self.is_ready, 30, "for /readyz")

    def is_ready(self) -> bool:
        """Whether LinkPro says that it may be given work."""
        return get(self.port, "/readyz")[0] == 200

    def errors(self) -> list[str]:
        """The last errors in the logs, for whoever has to find out why."""
        found = []
        for log in sorted(self.folder.glob("*.log")):
            lines = [
                line for line in log.read_text(errors="replace").splitlines() if "rror" in line
            ]
            found += [f"{log.name}: {line[:300]}" for line in lines[-5:]]
        return found

    def pids(self) -> set[int]:
        """The processes that are to live through every fault of others."""
        return {web.process.pid for web in self.webs} | {p.pid for p in self.others.values()}

    def living(self) -> set[int]:
        """Those of them that live."""
        processes = [*(web.process for web in self.webs), *self.others.values()]
        return {process.pid for process in processes if process.poll() is None}

    def writers(self) -> list[int]:
        """The database's processes behind the web processes' writers."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'linkpro-ingest'"
        return [pid for (pid,) in self.ask(query)]

    def inside(self, *words: object) -> Any:
        """What `tests.faults.inside` answers."""
        command = [sys.executable, "-m", "tests.faults.inside", *map(str, words)]
        done = subprocess.run(
            command, cwd=BASE_DIR, env=self.environ, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def close(self) -> None:
        """End all of it."""
        for process in [*(web.process for web in self.webs), *self.others.values()]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
        self.cluster.stop()


def addresses(database: int, redis: int) -> dict[str, str]:
    """Where the servers are, by the ports of their proxies."""
    url = f"postgresql://linkpro@127.0.0.1:{database}/linkpro?sslmode=disable&gssencmode=disable"
    redis_url = f"redis://127.0.0.1:{redis}/0"
    return {"DATABASE_URL": url, "DATABASE_DIRECT_URL": url, "REDIS_URL": redis_url}


def environment(folder: Path, database: int, redis: int) -> dict[str, str]:
    """What the processes find: every server behind its proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTGRES_")}
    return {
        **kept,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "LINKPRO_VAR": str(folder),
        **addresses(database, redis),
        "ENVIRONMENT": "TEST",
        "ENV_FILE": os.devnull,
        "DEFAULT_SITE": "",
        "TRUSTED_PROXIES": "127.0.0.1",  # the load comes from many visitors through one proxy
        "CLIENT_IP_HEADER": "X-Forwarded-For",
        "DJANGO_SETTINGS_MODULE": "linkpro.settings",
        "PYTHONUNBUFFERED": "1",
    }


@contextlib.contextmanager
def running(folder: Path, dice: Random, webs: int = 2) -> Iterator[Place]:
    """The whole place in a folder of its own, for as long as the block runs."""
    cluster = Cluster(folder)
    database = Proxy(str(cluster.sockets / ".s.PGSQL.5432"), dice)
    beside = Proxy(str(cluster.sockets / ".s.PGSQL.5432"), dice)
    redis = Proxy(str(cluster.sockets / "redis.sock"), dice)
    with (
        database.running(),
        beside.running(),
        redis.running(),
        socket.create_server(("127.0.0.1", 0), backlog=1024) as listening,
    ):
        environ = environment(folder, database.port, redis.port)
        place = Place(folder, cluster, database, beside, redis, listening, environ)
        try:
            cluster.start_postgres()
            cluster.start_redis()
            place.sites = place.inside("prepare", SITES)
            place.unused = list(place.sites)
            for _n in range(webs):
                place.start_web()
            place.start_other("worker")
            place.start_other("beat")
            until(lambda: all(web.is_up for web in place.webs), 60, "for the web processes")
            yield place
        finally:
            place.close()
