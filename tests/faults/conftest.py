"""Faults in mid-load: what they find, how long they take, and how a run is repeated.

Without options only the smallest set runs, in well under a minute; `make faults` runs all in their
quick form, `make faults ARGS=--kills=20` the long one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from linkpro.embedded import BASE_DIR
from tests.faults import invariants, load
from tests.faults import place as places
from tests.faults.ledger import Ledger
from tests.faults.place import Place

FIGURES: list[str] = []  # what the runs measured, told at the end


def pytest_addoption(parser: pytest.Parser) -> None:
    """Known when the tests of this folder are asked for by name."""
    group = parser.getgroup("faults")
    group.addoption("--all-faults", action="store_true", help="every fault, not the smallest set")
    group.addoption("--kills", type=int, default=None, help="how often each fault strikes")
    group.addoption("--seed", type=int, default=None, help="repeat the run of this seed")


def pytest_configure(config: pytest.Config) -> None:
    """The marks of this folder."""
    config.addinivalue_line("markers", "faults: hurts a running LinkPro and holds it to its word")
    config.addinivalue_line("markers", "smallest: a fault that every run of the tests tries")


def _option(config: pytest.Config, name: str) -> Any:
    return config.getoption(name, default=None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what lies here, and leave out what was not asked for."""
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.faults)
        item.add_marker(pytest.mark.services)
        if sys.platform != "linux":
            item.add_marker(pytest.mark.skip(reason="kills processes by what /proc says"))
    if not (_option(config, "--all-faults") or _option(config, "--kills")):
        left = [item for item in ours if not item.get_closest_marker("smallest")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures, with the test that measured them."""
    if FIGURES:
        terminalreporter.section("faults")
        terminalreporter.write_line("\n".join(FIGURES))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """What all chance of this run comes from."""
    given = _option(request.config, "--seed")
    return int(time.time()) % 100_000 if given is None else given


@pytest.fixture
def dice(seed: int, request: pytest.FixtureRequest) -> Random:
    """Chance of this test; says how to have the same again."""
    name = request.node.name
    kills = _option(request.config, "--kills")
    again = f'make faults ARGS="-k {name} --seed={seed}{f" --kills={kills}" if kills else ""}"'
    print(f"seed {seed}; the same again: {again}")
    return Random(f"{seed} {name}")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """How often a fault strikes: as asked for, else `few` times."""
    asked = _option(request.config, "--kills")
    return lambda few: few if asked is None else asked


@pytest.fixture(scope="session")
def whole_place(seed: int) -> Iterator[Place]:
    """One LinkPro for all faults: that it lives through them all is part of the promise."""
    folder = Path(tempfile.mkdtemp(prefix="lp-faults-"))
    with places.running(folder, Random(f"{seed} proxies")) as place:
        yield place
    shutil.rmtree(folder)


@pytest.fixture
def place(whole_place: Place, dice: Random) -> Iterator[Place]:
    """The place, in order before and after."""
    try:
        yield whole_place
    finally:
        whole_place.mend()


@dataclass
class Course:
    """A load that runs, and the ledger that it writes."""

    process: subprocess.Popen[bytes]
    book: Ledger
    sites: dict[str, int]

    @property
    def ledger(self) -> Ledger:
        """All that the senders have seen by now."""
        return self.book.read_on()

    def goes_on(self, seconds: float) -> float:
        """Wait for the next acceptance; returns after how many seconds it came."""
        began = time.time()
        places.until(
            lambda: self.ledger.first_accepted(began), seconds, "for the next accepted event"
        )
        return (self.book.first_accepted(began) or began) - began

    def stop(self) -> Ledger:
        """No new events; returns when every sender is done."""
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(90) == 0
        return self.ledger


@dataclass
class Trial:
    """Load and invariants for one test."""

    place: Place
    seed: int
    name: str
    figures: dict[str, Any] = field(default_factory=dict)
    count: int = 0

    @contextmanager
    def load(self, port: int = 0, **options: Any) -> Iterator[Course]:
        """Senders for as long as the block runs; then every invariant is checked."""
        self.count += 1
        sites = self.place.take_sites()
        before = invariants.refusals_of_no_site(self.place)
        path = self.place.folder / f"{self.name}-{self.count}.ledger"
        options = {"seed": self.seed + self.count, **options}
        chosen = load.Options(port or self.place.port, str(path), list(sites), **options)
        command = [sys.executable, "-m", "tests.faults.load", load.as_words(chosen)]
        with subprocess.Popen(command, cwd=BASE_DIR, start_new_session=True) as process:
            course = Course(process, Ledger(path), sites)
            try:
                course.goes_on(20)
                yield course
                ledger = course.stop()
            finally:
                process.kill()
        self.hold(ledger, sites, before)

    def hold(self, ledger: Ledger, sites: dict[str, int], before: Counter[str]) -> None:
        """Fail with everything that does not hold."""
        self.figures |= ledger.summary()
        wrong = invariants.broken(self.place, ledger, sites, before)
        assert not wrong, "\n".join([*wrong, *self.place.errors()])


@pytest.fixture
def trial(place: Place, seed: int, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """What a fault is tried with; its figures are told at the end."""
    found = Trial(place, seed, request.node.name.replace("[", "-").rstrip("]"))
    yield found
    FIGURES.append(f"{found.name}: {json.dumps(found.figures)}")
