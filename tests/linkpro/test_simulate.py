"""The trial: a running LinkPro says what is true, and what is not true is found."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg.conninfo import make_conninfo

from accounts.models import Tenant, User
from analytics.counting import DIMENSIONS
from analytics.metrics import MEASURES, METRICS
from linkpro.simulate import requests
from linkpro.world import Event, truth
from linkpro.world.trial import NAMELESS, Size, Trial
from tests.conftest import at

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
SMALL = {"days": 2, "visits": 4, "clients": 4, "rebuild": True}


# --- The world ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial(1, NOW, Size(visits=4, days=2), name="test", one_address="127.0.0.1")


def test_every_metric_and_every_dimension_has_a_true_value():
    assert set(truth.METRICS) == {*METRICS, *MEASURES}
    assert set(truth.DIMENSIONS) == set(DIMENSIONS)


def test_a_trial_is_the_same_for_the_same_seed_and_another_for_another(trial: Trial):
    same, other = (
        Trial(seed, NOW, Size(visits=4, days=2), name="test", one_address="127.0.0.1")
        for seed in (1, 2)
    )
    assert sent(same) == sent(trial)
    assert sent(other) != sent(trial)


def sent(trial: Trial) -> list[tuple[str, int, list[str]]]:
    """The requests of a trial, and what is in them."""
    return [
        (
            request.form,
            request.sendings,
            [
                str(item.payload() if isinstance(item, Event) else item.text)
                for item in request.items
            ],
        )
        for request in requests.plan(trial, "").requests
    ]


def test_days_on_which_clocks_change_have_23_and_25_hours(trial: Trial):
    true = trial.truth()
    hours = {
        (slug, day): len(truth.split(true.pick(slug, day), "hour"))
        for slug, day in (
            ("shop", date(2025, 3, 30)),
            ("shop", date(2025, 10, 26)),
            ("journal", date(2025, 3, 9)),
            ("journal", date(2025, 11, 2)),
        )
    }
    assert list(hours.values()) == [23, 25, 23, 25]


def test_a_day_without_its_secret_has_events_and_no_visitors(trial: Trial):
    picked = trial.truth().pick("shop", NAMELESS)
    assert picked["events"]
    assert picked["visitors"] == picked["sessions"] == picked["bounces"] == 0


def test_browsers_that_share_an_address_are_told_apart(trial: Trial):
    """One address and one browser would be one visitor, and two visits of them one."""
    told = [event.person for event in trial.events if event.told.by_browser]
    people = {person for person in told if not person.bot}
    assert {person.address for person in people} == {"127.0.0.1"}
    assert len({person.agent for person in people}) == len(people) > 20


@pytest.mark.parametrize(
    "now", ["2026-11-20 15:30", "2026-11-22 00:00:05", "2026-03-29 01:30", "2026-10-25 00:45"]
)
def test_visits_of_one_person_are_more_than_half_an_hour_apart(now: str):
    """Else they would be one visit, and what the world says of them would not be true."""
    world = Trial(3, at(now), Size(visits=60, days=2), name="test", one_address="127.0.0.1")
    for stays in world.truth().stays.values():
        last: dict[tuple[str, str], datetime] = {}
        for stay in stays:
            if stay.person and not stay.first.session:
                who = (stay.person.address, stay.person.agent)
                if who in last:
                    assert stay.first.at - last[who] > timedelta(minutes=30)
                last[who] = stay.events[-1].at


def test_no_two_events_of_a_trial_have_the_same_id(trial: Trial):
    assert len({event.id for event in trial.events}) == len(trial.events)


def test_every_kind_of_fault_is_in_a_plan(trial: Trial):
    plan = requests.plan(trial, "")
    everything = plan.requests
    assert any(request.lost for request in everything)
    assert any(request.times > 1 for request in everything)
    assert any(request.again for request in everything)
    assert any(len(request.different()) < len(request.items) for request in everything)
    assert {request.packed for request in everything} == {True, False}
    assert {request.form for request in everything} == set(requests.FORMS)
    assert plan.late
    answers = requests.answered(plan)
    assert answers["duplicate"]
    assert answers["accepted bot"]


# --- A running LinkPro ----------------------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def test_database() -> str:
    """Where another process finds the database of this test."""
    values = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return make_conninfo(**{name: values[name] for name in names if values.get(name)})


test_database.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
def live(transactional_db: None) -> Iterator[str]:
    """The address of a LinkPro in a process of its own, beside the test's database."""
    port = free_port()
    command = ("uvicorn", "linkpro.asgi:application", "--port", str(port), "--no-proxy-headers")
    server = subprocess.Popen(
        [sys.executable, "-m", *command, "--log-level", "warning"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": test_database()},
    )
    until = time.monotonic() + 30
    while not alive(port):
        assert server.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    assert server.wait(15) in (0, -signal.SIGTERM)


def alive(port: int) -> bool:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        link.request("GET", "/livez")
        return link.getresponse().status == 200
    except OSError:
        return False
    finally:
        link.close()


def simulate(url: str, seed: int = 1) -> tuple[str, str]:
    """What the command prints, and why it fails if it does."""
    out = StringIO()
    try:
        call_command("simulate", url=url, seed=seed, stdout=out, **SMALL)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


@pytest.mark.services
def test_a_running_linkpro_says_what_is_true_and_nothing_stays(live: str):
    said, failure = simulate(live)
    assert failure == "", said
    assert " comparisons, 0 differences" in said
    assert "--seed 1 --days 2 --visits 4" in said
    assert not Tenant.objects.exists()
    assert not User.objects.exists()
    left = {
        model._meta.label: model._base_manager.exclude(site=None).count()
        for model in apps.get_models()
        if any(field.name == "site" for field in model._meta.get_fields() if field.concrete)
    }
    assert {label: rows for label, rows in left.items() if rows} == {}


# One day's visitors who clicked on one page of the first site are one too many.
WRONG = """
CREATE FUNCTION one_more() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.clickers := NEW.clickers + (NEW.site_id = (SELECT min(id) FROM accounts_site))::int;
    RETURN NEW; END';
CREATE TRIGGER one_more BEFORE INSERT ON analytics_dailystat FOR EACH ROW
    WHEN (NEW.date = '2025-10-26' AND NEW.dimension = 'page' AND NEW.value = '/vouchers')
    EXECUTE FUNCTION one_more();
"""
RIGHT = "DROP TRIGGER one_more ON analytics_dailystat; DROP FUNCTION one_more()"


@pytest.fixture
def _one_number_is_wrong(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(WRONG)
        yield
        cursor.execute(RIGHT)


@pytest.mark.services
@pytest.mark.usefixtures("_one_number_is_wrong")
def test_a_single_wrong_number_is_found_and_the_trial_fails(live: str):
    said, failure = simulate(live, seed=2)
    assert failure.endswith(" comparisons, 1 differences"), said
    (found,) = [line for line in said.splitlines() if line.startswith("DIFFERS")]
    which = "DIFFERS  by page · shop 2025-10-26 '/vouchers': clickers: true "
    assert found.startswith(which)
    true, measured = found.removeprefix(which).split(", measured ")
    assert int(measured) == int(true) + 1
    assert not Tenant.objects.exists()


def test_a_server_that_is_not_there_is_told_before_anything_is_made(db: None):
    _said, failure = simulate(f"http://127.0.0.1:{free_port()}")
    assert "does not answer" in failure
    assert not Tenant.objects.exists()
