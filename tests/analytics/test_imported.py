"""Days from another tool fill the time before, and never mix with days that were counted here."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import imported, orphans, queries
from analytics.imported import InvalidImport
from analytics.models import ImportedDay
from analytics.period import Period
from analytics.segments import Filter, Operator
from tests.conftest import at
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)

# The 1st to the 4th are imported, the 3rd has no line; the 4th and 5th were counted here.
FILE = """date,dimension,value,visitors,sessions,page_views,revenue
2026-03-01,,,10,12,30,5.50
2026-03-01,page,/,8,,20,
2026-03-01,page,/old,3,,10,
2026-03-02,,,4,5,,1.25
2026-03-04,,,100,100,100,100
2026-03-04,page,/,100,,100,
"""
FIRST, LAST, TODAY = date(2026, 3, 1), date(2026, 3, 5), date(2026, 3, 10)
PERIOD = Period(FIRST, LAST, TODAY)


@pytest.fixture
def scope(owner) -> Scope:
    return owner.scope()


@pytest.fixture
def live(site) -> Site:
    send(site, visit(at("2026-03-04 10:00"), ["/", "/new"]))
    send(site, visit(at("2026-03-05 10:00"), ["/"]))
    rebuild_all()
    return site


@pytest.fixture
def both(live) -> Site:
    imported.bring(live, "plausible", imported.read(FILE.splitlines()))
    return live


def series(scope, site, key="visitors"):
    return [point.value for point in queries.series(scope, site, PERIOD, key)]


def test_days_before_the_first_one_here_come_from_the_import(scope, both):
    assert series(scope, both) == [10, 4, None, 1, 1]
    got = queries.totals(scope, both, PERIOD, ["visitors", "sessions", "revenue"])
    assert got.numbers == {"visitors": 16, "sessions": 19, "revenue": Decimal("6.75")}


def test_a_number_says_from_where_its_days_are_and_which_are_missing(scope, both):
    coverage = queries.totals(scope, both, PERIOD, ["visitors"]).coverage
    assert coverage == queries.days(scope, both, FIRST, LAST).coverage(PERIOD)
    assert (coverage.since, coverage.gaps, coverage.sources) == (FIRST, 1, ("plausible",))
    assert coverage.live == date(2026, 3, 4)
    here = Period(date(2026, 3, 4), LAST, TODAY)
    assert queries.totals(scope, both, here, ["visitors"]).coverage.sources == ()


def test_what_the_tool_does_not_tell_is_unknown_for_the_whole_period(scope, both):
    """Page views of the 2nd and bounces of all imported days: a sum of the rest would be wrong."""
    keys = ["page_views", "bounce_rate", "views_per_session"]
    got = queries.totals(scope, both, PERIOD, keys).numbers
    assert got == dict.fromkeys(keys)
    assert series(scope, both, "page_views") == [30, None, None, 2, 1]
    assert series(scope, both, "bounce_rate") == [None, None, None, 0, 1]


def test_a_breakdown_joins_imported_and_counted_days(scope, both):
    got = queries.breakdown(scope, both, PERIOD, "page", ["visitors", "page_views", "sessions"])
    assert [(row.value, tuple(row.numbers.values())) for row in got.rows] == [
        ("/", (10, 22, None)),
        ("/old", (3, 10, None)),
        ("/new", (1, 1, 1)),
    ]
    assert (got.coverage.since, got.coverage.gaps) == (FIRST, 2)
    second = queries.breakdown(scope, both, PERIOD, "page", ["visitors"], limit=1, offset=1)
    assert ([row.value for row in second.rows], second.more) == (["/old"], True)


def test_a_breakdown_that_the_tool_does_not_tell_begins_with_our_own_days(scope, both):
    got = queries.breakdown(scope, both, PERIOD, "source", ["visitors"])
    assert [(row.value, row.numbers["visitors"]) for row in got.rows] == [("", 2)]
    assert (got.coverage.since, got.coverage.sources) == (date(2026, 3, 4), ())


def test_an_imported_day_has_no_hours(scope, both):
    points = queries.series(scope, both, Period(FIRST, FIRST, TODAY), "visitors")
    assert (len(points), {point.value for point in points}) == (24, {None})


def test_filtered_questions_do_not_use_it_and_say_since_when(scope, both):
    home = [Filter("page", Operator.IS, ("/",))]
    got = queries.totals(scope, both, PERIOD, ["visitors"], filters=home)
    assert (got.numbers["visitors"], got.coverage.since) == (2, date(2026, 3, 4))
    points = queries.series(scope, both, PERIOD, "visitors", filters=home)
    assert [point.value for point in points] == [None, None, None, 1, 1]


def test_two_tools_are_not_added_the_one_brought_last_counts(scope, both):
    again = ["date,dimension,value,visitors", "2026-03-02,,,7", "2026-03-03,,,9"]
    imported.bring(both, "csv", imported.read(again))
    assert series(scope, both) == [10, 7, 9, 1, 1]
    coverage = queries.totals(scope, both, PERIOD, ["visitors"]).coverage
    assert (coverage.sources, coverage.gaps) == (("csv", "plausible"), 0)


def test_bringing_again_replaces_what_that_source_brought(scope, both):
    lines = ["date,dimension,value,visitors", "2026-03-02,,,7"]
    assert imported.bring(both, "plausible", imported.read(lines)) == 1
    assert series(scope, both) == [None, 7, None, 1, 1]
    assert imported.remove(both, "plausible") == 1
    assert series(scope, both) == [None, None, None, 1, 1]


def test_a_site_without_events_shows_what_was_brought(scope, site):
    imported.bring(site, "plausible", imported.read(FILE.splitlines()))
    assert queries.has_events(scope, site)
    assert series(scope, site) == [10, 4, None, 100, None]


def test_imported_revenue_in_another_currency_is_absent(scope, both):
    Site.plain.filter(pk=both.pk).update(currency="USD")
    both.refresh_from_db()
    assert series(scope, both, "revenue")[:2] == [None, None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks the column “date”"),
        ("date,dimension,visitors\n", "lacks the column “value”"),
        ("date,dimension,value\n", "names none of the measures"),
        ("date,dimension,value,visitors,clicks per day\n", "clicks per day"),
        ("date,dimension,value,visitors,visitors\n", "visitors"),
        ("date,dimension,value,visitors\n", "There are no lines"),
        ("date,dimension,value,visitors\n2026-03-01,,,1,2\n", "Line 2 has not as many"),
        ("date,dimension,value,visitors\n2026-03-01,,\n", "Line 2 has not as many"),
        ("date,dimension,value,visitors\n1.3.2026,,,1\n", "Line 2 has no date"),
        ("date,dimension,value,visitors\n1999-12-31,,,1\n", "Line 2 lies before"),
        ("date,dimension,value,visitors\n2226-03-01,,,1\n", "Line 2 lies before"),
        ("date,dimension,value,visitors\n2026-03-01,,,1.5\n", "Line 2 has no number"),
        ("date,dimension,value,visitors\n2026-03-01,,,-1\n", "Line 2 has no number"),
        ("date,dimension,value,visitors\n2026-03-01,,,1e3\n", "Line 2 has no number"),
        ("date,dimension,value,visitors\n2026-03-01,,,\n", "Line 2 tells none"),
        ("date,dimension,value,visitors\n2026-03-01,,,999999999999999999\n", "cannot be"),
        ("date,dimension,value,visitors\n2026-03-01,hour,00,1\n", "unknown dimension “hour”"),
        ("date,dimension,value,visitors\n2026-03-01,,x,1\n", "Line 2 is a total"),
        ("date,dimension,value,visitors\n2026-03-01,page,/,1\n", "Line 2 is of 2026-03-01"),
        (f"date,dimension,value,visitors\n2026-03-01,page,{'é' * 257},1\n", "512 bytes"),
        ("date,dimension,value,visitors\n2026-03-01,page,a\0b,1\n", "no value has"),
        ('date,dimension,value,visitors\n2026-03-01,page,"/,1\n', "is no CSV"),
        (
            "date,dimension,value,visitors\n2026-03-01,,,1\n2026-03-01,,,1\n",
            "Line 3 says again what line 2",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_line_and_changes_nothing(both, text, said):
    before = ImportedDay.plain.count()
    with pytest.raises(InvalidImport, match=said):
        imported.bring(both, "plausible", imported.read(text.splitlines(keepends=True)))
    assert ImportedDay.plain.count() == before


def test_the_command_brings_and_removes_a_file(live, tmp_path, capsys):
    file = tmp_path / "days.csv"
    file.write_text("\ufeff" + FILE)
    call_command("import_days", str(file), "--site", live.key, "--source", "plausible")
    assert "6 lines of plausible brought" in capsys.readouterr().out
    call_command("import_days", "--remove", "--site", live.key, "--source", "plausible")
    assert not ImportedDay.plain.exists()
    file.write_text("date\n")
    for wrong in (["--site", live.key, str(file)], ["--site", "nobody", str(file)]):
        with pytest.raises(CommandError, match=r"lacks|nobody"):
            call_command("import_days", *wrong, "--source", "csv")


def test_another_tenant_sees_none_of_it(both, rival_site):
    rival = Scope(rival_site.tenant.pk)
    assert set(series(rival, both)) == {None}
    assert queries.breakdown(rival, both, PERIOD, "page", ["visitors"]).rows == []


def test_imported_days_go_with_their_site(both, rival_site):
    lines = FILE.splitlines()
    imported.bring(rival_site, "plausible", imported.read(lines))
    kept = rival_site.pk
    both.delete()
    orphans.erase_all()
    assert set(ImportedDay.plain.values_list("site_id", flat=True)) == {kept}


def test_the_page_says_before_when_and_from_where(signed_in, owner, both):
    client = signed_in(owner)
    page = client.get(f"/sites/{both.key}?first={FIRST}&last={LAST}").content.decode()
    assert "before 4 March 2026 from plausible" in page
    assert "1 day is not known" in page
    here = client.get(f"/sites/{both.key}?first=2026-03-04&last={LAST}").content.decode()
    assert "plausible" not in here


def test_staff_read_imported_days(both, client, django_user_model):
    staff = django_user_model.objects.create_superuser("root@example.test", "x")
    client.force_login(staff)
    answer = client.get("/admin/analytics/importedday/")
    assert answer.status_code == 200
    assert "plausible" in answer.content.decode()
    row = ImportedDay.plain.first()
    assert client.post(f"/admin/analytics/importedday/{row.pk}/delete/").status_code == 403
    assert client.get("/admin/analytics/siteday/?state=drifted").status_code == 200


def test_a_day_of_many_values_takes_few_statements(site, django_assert_max_num_queries):
    lines = ["date,dimension,value,visitors", "2026-03-01,,,1"]
    lines += [f"2026-03-01,page,/{number},1" for number in range(5_000)]
    with django_assert_max_num_queries(12):
        imported.bring(site, "csv", imported.read(lines))
    assert ImportedDay.plain.count() == 5_001


def test_a_period_that_is_over_needs_no_look_at_imports(scope, both, django_assert_num_queries):
    first = date(2026, 3, 4)
    with django_assert_num_queries(3):
        queries.days(scope, both, first, first + timedelta(days=3))
