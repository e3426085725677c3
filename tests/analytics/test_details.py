"""All values of a dimension: searched, sorted, paged, compared, exported."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Site
from analytics import world_map
from analytics.dimensions import BY_KEY
from tests.conftest import IPHONE
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 120


@pytest.fixture
def busy(site) -> Site:
    """Yesterday 120 pages by one visitor, the first ones by two; the day before one of them."""
    today = site.clock.date_of(timezone.now())
    noon = site.clock.bounds(today)[0] - timedelta(hours=12)
    pages = [f"/p/{number:03}" for number in range(MANY)]
    send(site, visit(noon, pages, gap=timedelta(seconds=5)))
    send(site, visit(noon, pages[:2], ip="8.8.8.8", user_agent=IPHONE))
    send(site, visit(noon - timedelta(days=1), pages[:1]))
    rebuild_all()
    return site


@pytest.fixture
def client(signed_in, owner):
    return signed_in(owner)


def details(client, site, dimension: str = "page", query: str = ""):
    return client.get(f"/sites/{site.key}/by/{dimension}{query}")


def lines(answer) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode().removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("dimension", BY_KEY)
def test_every_dimension_has_a_page_and_a_file(client, busy, dimension):
    assert details(client, busy, dimension).status_code == 200
    answer = client.get(f"/sites/{busy.key}/by/{dimension}.csv")
    assert answer.status_code == 200
    header, *_rows = lines(answer)
    assert header[2:] == list(BY_KEY[dimension].columns)


def test_a_page_has_fifty_values_and_leads_to_the_next(client, busy):
    first = details(client, busy, query="?period=yesterday")
    assert len(first.context["rows"]) == 50
    assert first.context["pages"] | {"before": "", "after": ""} == {
        "number": 1, "last": 3, "total": MANY, "written": "120", "before": "", "after": "",
    }  # fmt: skip
    last = details(client, busy, query=details(client, busy).context["pages"]["after"] + "&page=3")
    assert len(last.context["rows"]) == 20
    assert last.context["rows"][0]["place"] == 101
    for nonsense in ("99", "0", "-1", "x", "9" * 40):
        answer = details(client, busy, query=f"?page={nonsense}")
        assert answer.context["pages"]["number"] == 1


def test_the_search_looks_at_all_values_not_only_at_the_page(client, busy):
    answer = details(client, busy, query="?search=P/11")
    assert {row["label"] for row in answer.context["rows"]} == {f"/p/11{n}" for n in range(10)}
    assert answer.context["pages"]["total"] == 10
    assert "Nothing holds" in details(client, busy, query="?search=%25").content.decode()


def test_what_is_stored_as_a_code_is_searched_by_its_name(client, busy):
    answer = details(client, busy, "country", "?search=germ")
    assert [row["label"] for row in answer.context["rows"]] == ["Germany"]
    assert answer.context["pages"]["total"] == 1


def test_the_values_can_be_sorted_by_any_count(client, busy):
    by_visitors = details(client, busy, "device").context["rows"]
    by_views = details(client, busy, "device", "?sort=page_views").context
    assert by_visitors[0]["label"] == "Desktop"
    (sorted_by,) = [column["key"] for column in by_views["columns"] if column["sorted"]]
    assert sorted_by == "page_views"
    assert details(client, busy, "device", "?sort=drop").status_code == 200


def test_each_value_tells_its_share_and_its_change(client, busy):
    first, second = details(client, busy, query="?period=yesterday").context["rows"][:2]
    assert (first["label"], first["change"]["change"]) == ("/p/000", "+100\u202f%")
    assert (second["label"], second["change"]["change"]) == ("/p/001", "new")
    assert first["part"] == "100.0\u202f%"
    assert first["share"] == 100
    nothing = details(client, busy, query="?period=yesterday&compare=none").context
    assert nothing["compared_with"] is None


def test_a_value_leads_to_its_overview_and_its_visits(client, busy):
    row = details(client, busy, "country").context["rows"][0]
    assert client.get(row["url"]).context["chips"][0]["text"] == "Country is Germany"
    assert len(client.get(row["visits_url"]).context["visits"]) == 2


def test_filters_hold_here_as_well(client, busy):
    answer = details(client, busy, "page", "?filter=device:is:mobile")
    assert [row["label"] for row in answer.context["rows"]] == ["/p/000", "/p/001"]


def test_the_file_has_all_rows_and_is_written_down(client, busy, acme):
    answer = client.get(f"/sites/{busy.key}/by/page.csv?period=yesterday&filter=page:contains:p")
    header, *rows = lines(answer)
    assert header[:3] == ["Page", "Name", "visitors"]
    assert len(rows) == MANY
    entry = AuditEntry.objects.for_tenant(acme).get(action="breakdown.exported")
    assert entry.changes == {
        "dimension": "page",
        "format": "csv",
        "asked": ["yesterday", "page:contains:p"],
    }


def test_no_cell_of_the_file_is_a_formula(client, site):
    send(site, visit(timezone.now(), ["/?utm_source==cmd|calc"]))
    rebuild_all()
    _header, row = lines(client.get(f"/sites/{site.key}/by/source.csv?period=today"))
    assert row[0].startswith("'=")


def test_viewers_may_look_but_take_no_file(signed_in, member, busy):
    viewer = signed_in(member("viewer"))
    answer = details(viewer, busy)
    assert answer.status_code == 200
    assert "by/page.csv" not in answer.content.decode()
    assert viewer.get(f"/sites/{busy.key}/by/page.csv").status_code == 403
    analyst = signed_in(member("analyst", email="ann@acme.test"))
    assert analyst.get(f"/sites/{busy.key}/by/page.csv").status_code == 200


def test_what_is_no_dimension_or_anothers_site_does_not_exist(client, busy, rival_site):
    assert details(client, busy, "colour").status_code == 404
    for path in ("page", "page.csv"):
        assert client.get(f"/sites/{rival_site.key}/by/{path}").status_code == 404


def test_a_page_of_values_takes_no_more_than_its_queries(
    client, busy, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        details(client, busy)
    with django_assert_max_num_queries(13):
        details(client, busy, "country")


# --- The map --------------------------------------------------------------------------------------


def test_the_map_colours_countries_by_their_visitors(client, busy):
    drawn = details(client, busy, "country").context["map"]
    found = {country["name"]: country for country in drawn["countries"]}
    assert set(found) == {"Germany", "United States"}
    assert found["Germany"]["class"] == 5
    assert "filter=country%3Ais%3ADE" in found["Germany"]["url"]


def test_the_map_is_a_tab_of_the_overview_and_on_no_other_page(client, busy):
    plain = client.get(f"/sites/{busy.key}").content
    mapped = client.get(f"/sites/{busy.key}?countries=map").content
    assert b'class="map"' not in plain
    assert b'class="map"' in mapped


@pytest.mark.parametrize("largest", [0, 1, 2, 5, 6, 7, 49, 100, 6_720, 10**6, 123_456_789])
def test_the_classes_of_the_map_are_few_in_order_and_reach_the_largest(largest):
    ends = world_map.steps(largest)
    assert len(ends) <= 5
    assert ends == sorted(set(ends))
    assert (ends[-1] if ends else 0) == largest


def test_the_map_is_light_and_knows_the_countries():
    assert world_map.WORLD.stat().st_size < 60_000
    countries = world_map.world()["countries"]
    assert {"DE", "FR", "US", "BR", "IN", "XK"} <= set(countries)
    assert all(len(code) == 2 for code in countries)


def test_the_workbook_says_what_the_page_says_to_whom_it_may(busy, acme, member, signed_in, client):
    path = f"/sites/{busy.key}/by/page.xlsx?period=yesterday"
    book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(path).streaming_content)))
    header, *rows = book.active.values
    csv_header, *csv_rows = lines(client.get(path.replace(".xlsx", ".csv")))
    assert list(header) == csv_header
    assert [row[0] for row in rows] == [row[0] for row in csv_rows]
    assert [float(row[2]) for row in rows] == [float(row[2]) for row in csv_rows]
    kinds = AuditEntry.objects.for_tenant(acme).filter(action="breakdown.exported")
    assert sorted(entry.changes["format"] for entry in kinds) == ["csv", "xlsx"]
    assert signed_in(member("viewer")).get(path).status_code == 403
