"""CPU seconds of processes, as the kernel counts them.

On a machine that others use too, wall time says little. CPU time says what the work costs; even
that rises under load, so compare only figures of one run.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")


def _numbers(pid: int) -> list[int]:
    """Parent, and utime, stime, cutime, cstime in ticks; zeros once the process is gone."""
    try:
        # The program's name is in brackets and may hold spaces.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return [0] * 5
    return [int(fields[1]), *map(int, fields[11:15])]


def parent_of(pid: int) -> int:
    """The process that started this one."""
    return _numbers(pid)[0]


def cpu_seconds(pid: int, *, with_children: bool = False) -> float:
    """CPU time of a process so far; with its children's, those that have ended among them."""
    _parent, user, system, ended_user, ended_system = _numbers(pid)
    if not with_children:
        return (user + system) / TICK
    others = [_numbers(int(path.name)) for path in PROC.iterdir() if path.name.isdigit()]
    children = sum(sum(numbers[1:]) for numbers in others if numbers[0] == pid)
    return (user + system + ended_user + ended_system + children) / TICK


@dataclass
class Cost:
    """CPU seconds by who spent them."""

    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, other: Cost) -> None:
        """Add the cost of another round of the same."""
        for name, seconds in other.seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def each(self, name: str, n: int) -> float:
        """Microseconds for one of `n`."""
        return self.seconds.get(name, 0.0) * 1e6 / max(n, 1)

    def all_each(self, n: int) -> float:
        """Microseconds for one of `n`, whoever spent them."""
        return sum(self.seconds.values()) * 1e6 / max(n, 1)


@contextmanager
def spent(postmaster: int, **pids: int) -> Iterator[Cost]:
    """What the block costs the named processes, and all of PostgreSQL as `postgres`."""

    def now() -> dict[str, float]:
        found = {name: cpu_seconds(pid) for name, pid in pids.items()}
        return {**found, "postgres": cpu_seconds(postmaster, with_children=True)}

    before, cost = now(), Cost()
    yield cost
    cost.seconds = {name: seconds - before[name] for name, seconds in now().items()}


def machine() -> str:
    """One line on the machine: figures of different machines do not compare."""
    info = (PROC / "cpuinfo").read_text() if (PROC / "cpuinfo").exists() else ""
    models = [line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, {models[0] if models else platform.processor()}, "
        f"Python {platform.python_version()}, load before {load}"
    )
