"""Inputs that once broke something: each is answered, and nothing else suffers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import ApiToken, AuditEntry, Site, User
from accounts.zones import valid_zone
from analytics import orphans, queries, rollup
from analytics.models import DailyStat
from analytics.period import Period
from tests.conftest import CHROME, GOOGLEBOT, PASSWORD, at
from tests.sending import rebuild_all, send, visit
from tracking import pages, partitions
from tracking.ingest import directory, fields, wire, writer
from tracking.models import Event, EventKey, Outcome, Session

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_id_of_a_later_month_does_not_stop_that_months_table(site):
    """A clock that is ahead, or chance: the id waits in the default partition and moves."""
    early = fields.uuid7(datetime(2033, 5, 15, tzinfo=UTC))
    assert send(site, [{"id": str(early)}]) == ["stored"]
    month = [date(2033, 5, 1)]
    made = partitions.ensure(connection.connection, partitions.EVENT_KEY, month)
    assert made == ["tracking_eventkey_2033_05"]
    assert send(site, [{"id": str(early)}]) == ["duplicate"]
    assert EventKey.plain.filter(event_id=early).count() == 1
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE tracking_eventkey_2033_05")


@pytest.mark.parametrize("name", ["localtime", "posixrules", "right/UTC", "Factory", "\ud800", ""])
def test_a_zone_that_the_database_does_not_know_is_refused(name):
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError):
        valid_zone(name)


def test_every_zone_that_is_taken_is_known_to_the_database():
    from accounts.zones import _known_zones

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE now() AT TIME ZONE name IS NULL",
            [sorted(_known_zones())],
        )
        assert cursor.fetchall() == []


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("49.90", True),
        ("-3", True),
        ("0", True),
        ("99999999999999", True),
        ("1e14", False),
        ("1e1000000", False),
        ("1e-1000000", False),
        ("0e999999", False),
        ("NaN", False),
        ("sNaN", False),
        ("-Infinity", False),
    ],
)
def test_a_value_is_judged_by_its_digits(value, fits):
    if fits:
        assert fields.amount(Decimal(value)) == Decimal(value)
    else:
        with pytest.raises(fields.Dropped, match="value_invalid"):
            fields.amount(Decimal(value))


def test_a_value_is_rounded_to_six_places():
    assert fields.amount(Decimal("0.30000000000000004")) == Decimal("0.3")
    assert fields.amount(Decimal("99999999999999.9999994")) == Decimal("99999999999999.999999")
    assert fields.amount(Decimal("1e-400")) == 0


@pytest.mark.parametrize(
    "props",
    [
        '{"a":1e308}',
        '{"a":[1e300]}',
        '{"a":{"b":{"c":{"d":{}}}}}',
        '{"a":1e-300}',
        f'{{"{"k" * 200}":1}}',
    ],
)
def test_properties_that_grow_in_the_database_are_refused(props):
    (item,) = wire.decode(b'{"id": "x", "props": %s}' % props.encode(), at("2026-03-02 10:00"))
    assert isinstance(item, fields.Dropped)
    assert (item.reason, item.given_id) == ("props_invalid", "x")


def test_a_known_bot_stays_one_when_the_dictionary_of_agents_overflows(site, monkeypatch):
    monkeypatch.setattr(writer, "_MAX_AGENT_IDS", 1)
    start = at("2026-03-02 10:00")
    send(site, visit(start, ["/"], user_agent=GOOGLEBOT) + visit(start, ["/"], user_agent=CHROME))
    send(site, visit(start, ["/b"], user_agent=GOOGLEBOT) + visit(start, ["/b"], user_agent="x/1"))
    assert Event.plain.filter(agent__isnull=True).count() == 0


def test_only_a_few_hosts_of_a_request_are_looked_up(site):
    from tests.sending import arrival_at, run_steps

    came = arrival_at(at("2026-03-02 10:00"))
    for number in range(50):
        (hit,) = wire.decode(b'{"url": "https://h%d.test/"}' % number, came.received_at)
        with pytest.raises(fields.Dropped, match="site_unknown"):
            run_steps(hit, came)
    assert len(directory.site_by_host.answers) == 10


def test_what_has_expired_is_not_kept(site, monkeypatch):
    remembered = directory.Remembered(lambda keys: {key: key for key in keys}, lifetime=0.0)
    for key in "abc":
        with pytest.raises(directory.NotLoaded) as missing:
            remembered.get(key)
        missing.value.load()
    assert len(remembered.answers) <= 1


def test_a_secret_in_a_fragment_is_not_stored():
    assert pages.page_of("https://a.test/#/reset?token=SECRET").path == "/#/reset"


def test_many_parameters_lose_the_campaign_and_not_the_page():
    page = pages.page_of("https://a.test/x?" + "&".join(f"p{n}=1" for n in range(300)))
    assert (page.host, page.path, page.query) == ("a.test", "/x", ())


def test_a_host_of_a_thousand_labels_is_cut_before_it_is_compared():
    assert len(pages.page_of("https://" + "a." * 2000 + "test/").host or "") <= 253


def test_one_day_that_cannot_be_counted_does_not_stop_the_others(site, rival_site):
    send(site, visit(at("2026-03-02 10:00"), ["/"]))
    send(rival_site, visit(at("2026-03-03 10:00"), ["/"]))
    Site.plain.filter(pk=rival_site.pk).update(time_zone="UTC", earlier_zones=[["2026-12-31", "x"]])
    with pytest.raises(Exception, match="x"):
        rollup.rebuild(Site.plain.get(pk=rival_site.pk), date(2026, 3, 3))
    rollup.rebuild_due(datetime.now(UTC) + timedelta(days=1))
    assert DailyStat.plain.filter(site=site, dimension="").count() == 1


def test_a_deleted_site_leaves_nothing(site, rival_site):
    for one in (site, rival_site):
        send(one, visit(at("2026-03-02 10:00"), ["/", "/a"]))
    rebuild_all()
    gone, kept = site.pk, rival_site.pk
    assert orphans.erase_all() == 0
    site.delete()
    assert orphans.site_ids() == {gone}
    assert orphans.erase_all() > 20
    assert orphans.site_ids() == set()
    for model in (Event, EventKey, Session, DailyStat, Outcome):
        assert set(model.plain.values_list("site_id", flat=True)) <= {kept}, model
        assert model.plain.filter(site_id=kept).exists(), model


def test_half_an_hour_more_is_an_hour_in_the_chart(site, owner):
    """Lord Howe's clock goes back by 30 minutes: the day has 24.5 hours."""
    Site.plain.update(time_zone="Australia/Lord_Howe")
    site.refresh_from_db()
    day = date(2026, 4, 5)
    start, end = site.clock.bounds(day)
    send(site, [{"at": start}, {"at": end - timedelta(minutes=1)}])
    rebuild_all()
    points = queries.series(owner.scope(), site, Period(day, day, date(2026, 5, 1)), "page_views")
    assert sum(point.value or 0 for point in points) == 2


def test_live_and_first_event_are_of_people_as_the_statistics_are(site, owner):
    now = datetime.now(UTC)
    send(site, [{"at": now, "user_agent": GOOGLEBOT, "path": "/bot"}])
    assert queries.first_event(owner.scope(), site) is None
    assert queries.visitors_now(owner.scope(), site, now) == 0
    send(site, [{"at": now, "user_agent": "", "path": "/person"}])
    first = queries.first_event(owner.scope(), site)
    assert first is not None
    assert first.path == "/person"
    assert queries.visitors_now(owner.scope(), site, now) == 1


# --- Pages and the API ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/sites/%00",
        "/sites/%00/received",
        "/sites/x?period=%00",
        "/admin/accounts/site/?kind__exact=%00",
        "/admin/accounts/site/?q=%00",
        "/api/v1/sites?key=%00",
        "/accounts/login/?next=%00",
    ],
)
def test_nul_in_an_address_is_refused(signed_in, owner, address):
    owner.user.is_staff = owner.user.is_superuser = True
    owner.user.save()
    client: Client = signed_in(owner)
    client.raise_request_exception = False
    assert client.get(address).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "x", "domains": ["\\ud800"]}',
        '{"name": "x", "time_zone": "\\ud800"}',
        '{"name": "x", "team": 1e400}',
        '{"name": "x", "team": 99999999999999999999999}',
        "[" * 100_000,
        '{"a":' * 5_000 + "1" + "}" * 5_000,
    ],
)
def test_a_body_that_cannot_be_read_is_refused_by_the_api(owner, token, body):
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {token(owner)}"}
    answer = client.post("/api/v1/sites", body, "application/json", headers=headers)
    assert answer.status_code == 400
    assert json.loads(answer.content)["status"] == 400


def test_a_token_for_one_site_makes_no_others(client, owner, token, site):
    headers = {"Authorization": f"Bearer {token(owner, site_ids=[site.pk])}"}
    answer = client.post("/api/v1/sites", {"name": "x"}, "application/json", headers=headers)
    assert answer.status_code == 403
    assert Site.plain.count() == 1


def test_people_see_a_problem_as_a_page_and_programs_as_a_problem(signed_in, owner, client):
    page = signed_in(owner).get("/api/v1/sites/0", headers={"Accept": "text/html"})
    assert page["Content-Type"].startswith("text/html")
    program = signed_in(owner).put("/api/v1/sites", {}, "application/json")
    assert (program.status_code, program["Content-Type"]) == (405, "application/problem+json")
    assert program.json()["title"] == "Method Not Allowed"


def test_nobody_changes_their_sign_in_address_unverified(signed_in, owner):
    client = signed_in(owner)
    form = {"email": "new@acme.test", "action_add": ""}
    for address in ("/accounts/email/", "/accounts/signup/"):
        client.post(address, form)
    owner.user.refresh_from_db()
    assert owner.user.email == "ada@acme.test"
    assert User.objects.count() == 1


def test_sign_in_works_while_redis_is_away(ada, client, monkeypatch):
    from redis.exceptions import ConnectionError as Away

    def away(*args, **options):
        raise Away

    monkeypatch.setattr("redis.connection.ConnectionPool.get_connection", away)
    assert cache.get("x", "nothing") == "nothing"
    cache.set("x", 1)
    assert cache.incr("x") == 1
    form = {"login": "ada@acme.test", "password": PASSWORD}
    assert client.post("/accounts/login/", form).status_code == 302


def test_a_password_that_staff_set_is_audited_and_not_written_down(signed_in, owner, member):
    owner.user.is_staff = owner.user.is_superuser = True
    owner.user.save()
    ben = member().user
    form = {"password1": "another long one", "password2": "another long one"}
    signed_in(owner).post(f"/admin/accounts/user/{ben.pk}/password/", form)
    entry = AuditEntry.plain.get(action="user.password_set")
    assert (entry.actor, entry.target_id, entry.changes) == (owner.user, str(ben.pk), {})


def test_a_token_made_by_staff_is_shown_once_and_works(signed_in, owner):
    from accounts.authentication import find_token

    owner.user.is_staff = owner.user.is_superuser = True
    owner.user.save()
    client = signed_in(owner)
    form = {"member": owner.pk, "name": "till", "scopes": ["read"]}
    answer = client.post("/admin/accounts/apitoken/add/", form, follow=True)
    text = next(str(m).split(": ")[1] for m in answer.context["messages"] if "lp_" in str(m))
    token = find_token(text)
    assert token is not None
    assert (token.name, token.scopes) == ("till", ["read"])
    assert text not in client.get(f"/admin/accounts/apitoken/{token.pk}/change/").content.decode()
    client.post(
        "/admin/accounts/apitoken/",
        {"action": "revoke", "_selected_action": [token.pk]},
    )
    assert find_token(text) is None
    assert AuditEntry.plain.filter(action="apitoken.revoked").count() == 1
    assert ApiToken.plain.get().revoked_at is not None
