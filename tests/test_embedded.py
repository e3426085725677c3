"""PostgreSQL and Redis of our own, and the processes of `make run`: that they start, and end.

Each test drives the real programs in a folder of its own and looks at the process table.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from linkpro import embedded
from linkpro.embedded import BASE_DIR

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
LEAVES_WITHIN = 20  # seconds from a kill to the last process; it takes 4 when nothing else runs
READ_ON = ["sh", "-c", "echo up; read line"]  # a command that ends when its input does


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for servers of the test's own, in which none has run; none may be left behind."""
    folder = Path(tempfile.mkdtemp(prefix="lp-"))
    monkeypatch.setenv("LINKPRO_VAR", str(folder / "var"))
    monkeypatch.setenv("ENV_FILE", os.devnull)
    for name in ("DATABASE_URL", "POSTGRES_HOST", "REDIS_URL", "PROCFILE", "DEMO", "HOST"):
        monkeypatch.delenv(name, raising=False)
    yield folder / "var"
    left = processes_of(folder)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)
    assert not left


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a database that was made by a first start."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINKPRO_VAR", str(folder))
        patch.setenv("ENV_FILE", os.devnull)
        for name in ("DATABASE_URL", "POSTGRES_HOST", "REDIS_URL"):
            patch.delenv(name, raising=False)
        assert launch("true").wait(60) == 0
    return folder / "pg"


@pytest.fixture
def var(empty: Path, database: Path) -> Path:
    """Such a folder after a first start, which takes longer than all that follow."""
    shutil.copytree(database, empty / "pg")
    return empty


def processes_of(folder: Path) -> list[int]:
    """Who has the folder in its command line, its environment or as its working directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            texts = [(entry / name).read_bytes() for name in ("cmdline", "environ")]
            texts.append(os.fsencode(os.readlink(entry / "cwd")))
            if any(os.fsencode(folder) in text for text in texts):
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def eventually(condition: Callable[[], bool], seconds: float = LEAVES_WITHIN) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def launch(*command: str, module: str = "linkpro.embedded") -> subprocess.Popen[str]:
    """The launcher with its command, as a process; `run` waits until the command says "up"."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *(["run", "--", *command] if command else [])],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@contextlib.contextmanager
def up() -> Iterator[subprocess.Popen[str]]:
    """Servers that run for the block; ends them as the command's end does."""
    with launch(*READ_ON) as launcher:
        assert launcher.stdout
        assert launcher.stdout.readline() == "up\n"
        try:
            yield launcher
        finally:
            if launcher.poll() is None:
                launcher.communicate("\n", timeout=30)


def ask(sql: str) -> str:
    with psycopg.connect(embedded.postgres_url(), autocommit=True) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return str(row[0]) if row else ""


def redis_client() -> redis.Redis:
    return redis.Redis.from_url(embedded.redis_url(), decode_responses=True)


def pid_of(program: str, folder: Path) -> int:
    """The one process of the folder that runs this program."""
    for pid in processes_of(folder):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if program in words[0] or (program in words[1:3] and "python" in words[0]):
                return pid
    raise AssertionError(f"{program} does not run")


# --- Servers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "status"), [("exit 7", 7), ("kill -TERM $$", 143)])
def test_the_status_of_the_command_is_passed_on(var: Path, command: str, status: int):
    assert launch("sh", "-c", command).wait(30) == status
    assert not processes_of(var)


def test_a_command_learns_the_addresses_of_both_servers(var: Path):
    script = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
    output, _ = launch(sys.executable, "-c", script).communicate(timeout=30)
    assert output.split() == [embedded.postgres_url(), embedded.redis_url()]


def test_a_server_that_a_variable_names_is_not_started(
    empty: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere:6379/0")
    output, _ = launch("sh", "-c", "echo $DATABASE_URL").communicate(timeout=30)
    assert output == "postgresql://somewhere/else\n"
    assert not empty.exists()


def test_commands_that_race_share_one_server_until_the_last_has_ended(var: Path):
    launchers = [launch(*READ_ON) for _ in range(3)]
    for launcher in launchers:
        assert launcher.stdout
        assert launcher.stdout.readline() == "up\n"
    begun = ask("SELECT pg_postmaster_start_time()")
    for launcher in launchers[:-1]:
        launcher.communicate("\n", timeout=30)
        assert ask("SELECT pg_postmaster_start_time()") == begun
    launchers[-1].communicate("\n", timeout=30)
    assert not processes_of(var)


def test_durability_is_not_weakened_and_no_port_is_open(var: Path):
    with up():
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ask(f"SHOW {name}") == "on"
        assert ask("SHOW listen_addresses") == ""
        client = redis_client()
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("port") == {"port": "0"}


def test_a_closed_folder_with_a_long_and_odd_path_will_do(
    var: Path, monkeypatch: pytest.MonkeyPatch
):
    closed = var.parent / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / f"with a space, 100% odd, {'and long ' * 12}"
    monkeypatch.setenv("LINKPRO_VAR", str(folder))
    try:
        with up():
            assert ask("SELECT current_database()") == "linkpro"
            assert redis_client().ping()
        assert not processes_of(folder)
    finally:
        shutil.rmtree(embedded.socket_dir())


@pytest.mark.parametrize("killed", ["linkpro.embedded", "linkpro.keeper"])
def test_nothing_outlives_a_killed_launcher_or_keeper(var: Path, killed: str):
    with up() as launcher:
        ask("CREATE TABLE kept AS SELECT 42 AS answer")
        pid = launcher.pid if killed == "linkpro.embedded" else pid_of(killed, var)
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: not processes_of(var))
    with up():
        assert ask("SELECT answer FROM kept") == "42"


@pytest.mark.parametrize(
    ("program", "title"), [("bin/postgres", "PostgreSQL"), ("valkey-server", "Redis")]
)
def test_a_killed_server_ends_its_commands_and_recovers(var: Path, program: str, title: str):
    with up() as launcher:
        ask("CREATE TABLE kept AS SELECT 42 AS answer")
        redis_client().set("kept", "42")
        os.kill(pid_of(program, var), signal.SIGKILL)
        launcher.wait(LEAVES_WITHIN)
        assert launcher.stdout
        assert f"{title} ended unexpectedly (status 137)." in launcher.stdout.read()
        assert launcher.returncode != 0
    assert not processes_of(var)
    with up():
        assert ask("SELECT answer FROM kept") == "42"
        assert redis_client().get("kept") == "42"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_command_and_then_all_stops(var: Path, number: signal.Signals):
    script = (
        "import signal, sys, time\n"
        "def end(number, frame): print('got', number, flush=True); sys.exit(5)\n"
        "for n in (1, 2, 15): signal.signal(n, end)\n"
        "print('up', flush=True); time.sleep(60)"
    )
    with launch(sys.executable, "-c", script) as launcher:
        assert launcher.stdout
        assert launcher.stdout.readline() == "up\n"
        os.killpg(launcher.pid, number)
        output, _ = launcher.communicate(timeout=30)
    assert output == f"got {number.value}\n"
    assert launcher.returncode == 5
    assert not processes_of(var)


def test_an_interrupted_first_start_leaves_no_half_database(empty: Path):
    launcher = launch("true")
    assert eventually(lambda: (empty / "pg.new" / "PG_VERSION").exists())
    os.kill(pid_of("linkpro.keeper", empty), signal.SIGKILL)
    launcher.wait(30)
    with up():
        assert ask("SELECT current_database()") == "linkpro"


# --- Processes --------------------------------------------------------------------------------


@pytest.fixture
def port(var: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A free port, and stand-ins for the lines of the Procfile."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    (var / "livez").touch()
    (var / "Procfile").write_text(
        "release: touch $LINKPRO_VAR/released\n"
        "web: python -m http.server --bind $HOST --directory $LINKPRO_VAR $PORT\n"
        "worker: sh -c 'sleep 1001 & wait'\n"  # leaves a child of its own behind
        "beat: sleep 1002\n"
        "demo: echo an example\n"
    )
    monkeypatch.setenv("PROCFILE", str(var / "Procfile"))
    monkeypatch.setenv("PORT", str(number))
    return number


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout
    text = ""
    while words not in text:
        line = process.stdout.readline()
        assert line, f"ended without saying {words!r}:\n{text}"
        text += line
    return text


def test_the_demo_may_end_and_ctrl_c_stops_the_others(var: Path, port: int):
    with launch(module="linkpro.processes") as run:
        text = read_until(run, f"http://localhost:{port}")
        text += "" if "demo ended" in text else read_until(run, "demo ended with status 0")
        assert "demo    | an example" in text
        assert (var / "released").exists()
        os.killpg(run.pid, signal.SIGINT)
        output, _ = run.communicate(timeout=20)
    assert "Stopping." in output
    assert run.returncode == 0
    assert not processes_of(var)


def test_a_second_ctrl_c_ends_even_what_does_not_listen(var: Path, port: int):
    with (var / "Procfile").open("a") as file:
        file.write("stubborn: sh -c \"trap '' TERM; while true; do sleep 0.1; done\"\n")
    with launch(module="linkpro.processes") as run:
        read_until(run, f"http://localhost:{port}")
        os.killpg(run.pid, signal.SIGINT)
        read_until(run, "Stopping.")
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(1)
        os.killpg(run.pid, signal.SIGINT)
        run.wait(5)
    assert not processes_of(var)


@pytest.mark.parametrize("killed", ["linkpro.processes", "http.server", "bin/postgres"])
def test_when_one_process_is_killed_all_end_and_the_next_run_starts(
    var: Path, port: int, killed: str
):
    with launch(module="linkpro.processes") as run:
        read_until(run, f"http://localhost:{port}")
        os.kill(pid_of(killed, var), signal.SIGKILL)
        assert eventually(lambda: not processes_of(var))
    assert run.returncode != 0
    with launch(module="linkpro.processes") as run:
        read_until(run, f"http://localhost:{port}")
        run.terminate()
        run.communicate(timeout=20)


def test_a_taken_port_is_named_with_the_way_out(var: Path, port: int):
    with socket.create_server(("127.0.0.1", port)):
        output, _ = launch(module="linkpro.processes").communicate(timeout=20)
    assert f"Port {port} cannot be used" in output
    assert f"make run PORT={port + 1}" in output


def test_a_second_run_of_one_folder_is_refused(
    var: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    with launch(module="linkpro.processes") as run:
        read_until(run, f"http://localhost:{port}")
        monkeypatch.setenv("PORT", str(port + 1))
        second = launch(module="linkpro.processes")
        output, _ = second.communicate(timeout=20)
        assert f"already runs from this folder, as process {run.pid}" in output
        assert second.returncode == 1
        run.terminate()
        run.communicate(timeout=20)
