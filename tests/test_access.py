"""Nobody sees a neighbour's row: every address, everybody, and whose row it is."""

from __future__ import annotations

import inspect
import io
import os
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.db import connection, transaction
from django.urls import resolve

from accounts.tenancy import TenantOwned
from linkpro.celery import app
from tests.access import actors as people
from tests.access import jobs, mutation, oracle, references
from tests.access import world as places
from tests.access.policies import outcomes
from tests.access.probes import Question, Stage, same
from tests.access.routes import all_routes
from tests.access.table import TABLE, line_for
from tests.access.walk import question, walk
from tests.conftest import emptying
from tracking import pixel, public
from tracking.ingest import exchange
from tracking.models import LinkProfile

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker) -> Iterator[Stage]:
    """Both tenants, committed, since events are stored and found by connections of their own."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        for name in ("API_RATE_TOKEN", "API_RATE_PERSON", "API_RATE_ADDRESS"):
            patch.setattr(settings, name, 0)
        try:
            world = places.build()
            yield Stage(world, people.cast(world))
        finally:
            with connection.cursor() as cursor:
                cursor.execute(emptying())


def test_every_address_is_in_the_table():
    """Add the line to `tests/access/table.py`."""
    unknown = [
        f"{route.pattern!r}: line({route.method}=...)  # {route.callback.__module__}"
        for route in all_routes()
        if (found := line_for(route)) is None or not found.policy_for(route.method)
    ]
    assert unknown == []


def test_every_line_of_the_table_is_an_address():
    here = {route.key for route in all_routes()}
    here |= {(pattern, "ANY") for pattern, _method in here}
    told = {(pattern, method) for pattern, line in TABLE.items() for method in line.policies}
    assert told - here == set()


@pytest.mark.parametrize("actor", people.NAMES)
def test_everybody_gets_what_is_theirs_and_nothing_of_others(stage, actor):
    assert walk(stage, actor) == []


def test_an_id_of_others_in_a_request_is_an_id_of_nothing(stage):
    assert references.all_faults(stage) == []


SHAPES = (" {}", "0{}", "{}.0", "+{}", "{}e0", "{}%00", "{},", "-{}", "1" + "0" * 22 + "{}")
ADDRESSES = (
    "/api/v1/sites/{}",
    "/api/v1/sites/{}/totals",
    "/api/v1/export?site={}",
    "/api/analytics/profile/{}",
    "/api/v1/links/{}",
    "/api/v1/webhooks/{}",
    "/sites/{}",
    "/sites/{}/settings",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_id_of_others_opens_nothing_in_whatever_shape(stage, address):
    """Padded, signed, as a fraction, with NUL, in capitals, too long, or of another kind."""
    half = stage.world.b1
    site, hook = half.sites[1], half.rows["webhook"]
    shapes = [shape.format(site.pk) for shape in SHAPES]
    shapes += [site.key.upper(), f"{site.key}%20", str(half.tenant.pk), hook.pk.hex, str(hook.pk)]
    (route,) = [route for route in all_routes() if route.pattern == "livez"]
    for shape in shapes:
        path, _mark, query = address.format(shape).partition("?")
        asked = {key: value for key, _is, value in [query.partition("=")] if key}
        answer = stage.ask(Question("owner", route, shape, path, asked, said=(shape, path)))
        assert answer.problems == [], (path, query)
        assert answer.status in (400, 404), (path, query, answer.status)


def test_nobody_is_given_what_was_kept_for_another(stage):
    """The same address, asked by A, by B, by nobody, and by A again."""
    found = []
    for route in all_routes():
        line = line_for(route)
        is_page = route.method == "GET" and not route.pattern.startswith(("admin/", "accounts/"))
        if line is None or not is_page or not line.policy_for("GET") or line.because or line.thing:
            continue
        if outcomes(line.policy_for("GET"))["anonymous"] == "+":
            continue
        for actor in ("owner", "neighbour", "anonymous", "owner"):
            answer = stage.ask(question(stage, route, line, actor, "mine"))
            found += [f"{actor} at {route}: {problem}" for problem in answer.problems]
    assert found == []


def test_what_answers_before_django_is_in_the_table_too():
    """The endpoints for events, the picture, link pages: each has a second door among the lines."""
    for path in ("/api/track", "/api/v1/track/click", "/js/name", "/api/pixel.gif", "/js/name.gif"):
        assert exchange.takes_events(path) or pixel.is_pixel(path)
    for path in ("/@name", "/l/name"):
        assert public.is_public(path)
    for path in ("/api/track", "/js/name", "/api/pixel.gif", "/js/name.gif", "/@name", "/l/name"):
        assert resolve(path).route in TABLE


def test_a_page_that_is_not_published_is_missing_for_everybody(stage):
    profile = stage.world.b1.rows["profile0"]
    (route,) = [route for route in all_routes() if route.pattern == "livez"]
    with transaction.atomic():
        LinkProfile.plain.filter(pk=profile.pk).update(is_published=False)
        for actor in ("anonymous", "owner"):
            paths = (f"/@{profile.username}", "/@nobody-here")
            answers = [stage.ask(Question(actor, route, "", one, said=(one,))) for one in paths]
            assert [answer.outcome for answer in answers] == ["4", "4"]
            assert same(*answers, said=paths)
        transaction.set_rollback(True)


# --- The world itself ---------------------------------------------------------------------------


def test_every_model_has_rows_of_both_neighbours_and_all_their_teams(stage):
    """Two in each half, or the one that a tenant may have."""
    poor = [
        f"{model._meta.label} of {half.letter}{half.number}: {half.rows_of(model).count()}"
        for model in apps.get_models()
        if issubclass(model, TenantOwned)
        for half in (stage.world.a1, stage.world.a2, stage.world.b1, stage.world.b2)
        if half.rows_of(model).count() < places.most_of(model)
    ]
    assert poor == []


# --- What works without a request ---------------------------------------------------------------


def test_every_task_says_why_it_is_safe_and_takes_no_ids():
    app.loader.import_default_modules()
    tasks = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    ours = {name for name in tasks if name.startswith(places.OUR_APPS)}
    assert ours == set(jobs.TASKS)
    assert [name for name in ours if inspect.signature(tasks[name].run).parameters] == []


def test_every_command_says_why_it_is_safe():
    ours = {name for name, owner in get_commands().items() if owner in places.OUR_APPS}
    assert ours == set(jobs.COMMANDS)


def test_commands_for_a_site_or_a_person_of_one_leave_the_others_rows_alone(stage):
    site, owner = stage.world.a1.sites[1], stage.world.a1.people["owner"].user
    other = stage.world.b1.tenant
    call_command("rebuild", site=site.key, verbosity=0, stdout=io.StringIO())
    with pytest.raises(CommandError):
        call_command("issue_token", owner.email, tenant=str(other.pk), stdout=io.StringIO())
    assert oracle.checksums(other) == stage.before


# --- The proof of the proof ---------------------------------------------------------------------

# The whole of it takes minutes: `ACCESS_MUTATION=all pytest tests/test_access.py -k wall`.
STARTS = ("api/v1/^sites", "sites/<str:key>/settings/reset")
SOME = (
    "admin/accounts/user/",
    "admin/accounts/site/",
    "api/v1/^webhooks$",
    "sites",
    "api/export",
    "organisation/tokens/<int:pk>/revoke",
)


def test_a_wall_that_is_taken_away_is_missed(stage):
    whole = os.environ.get("ACCESS_MUTATION") == "all"
    routes = [
        route
        for route in all_routes()
        if whole or route.pattern in SOME or route.pattern.startswith(STARTS)
    ]
    alive, walls = mutation.survivors(stage, routes)
    print(f"{walls} walls, {len(alive)} not missed")
    assert walls
    assert alive == []
