"""Access logs become page views: day by day, once, and never in the way of live events."""

import gzip
import io
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copy, which
from typing import Any

import crawleruseragents
import pytest
from django.core.management import CommandError, call_command

from accounts.models import Site
from analytics.models import DailyStat, SiteDay
from privacy.models import Salt
from tests.conftest import CHROME, GOOGLEBOT
from tests.sending import rebuild_all, send, visit
from tracking import imports
from tracking.ingest import directory
from tracking.models import Agent, DirtyDay, Event, Outcome

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "tests" / "data" / "apache.log"


def log_line(time: str, target: str = "/tea", **values: Any) -> str:
    """A combined line; `time` as in `01/Mar/2026:12:00:00 +0100`."""
    given = {"ip": "84.160.1.1", "status": 200, "referrer": "-", "agent": CHROME} | values
    return (
        f'{given["ip"]} - - [{time}] "GET {target} HTTP/1.1" {given["status"]} 10'
        f' "{given["referrer"]}" "{given["agent"]}"'
    )


NOON = "01/Mar/2026:12:00:00 +0100"
MARCH_1, MARCH_2 = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture
def import_log(site: Site, tmp_path: Path) -> Callable[..., str]:
    """Import lines (or a file) into Acme's shop, and rebuild; the command's words."""

    def run(log: list[str] | Path, name: str = "access.log", **options: Any) -> str:
        path = log if isinstance(log, Path) else tmp_path / name
        if isinstance(log, list):
            path.write_text("\n".join(log) + "\n")
        out = io.StringIO()
        call_command("import_log", str(path), "--site", site.key, stdout=out, **options)
        rebuild_all()
        return out.getvalue()

    return run


def events() -> list[dict[str, Any]]:
    """All stored events but for the moment of their arrival."""
    rows = list(Event.plain.order_by("occurred_at", "event_id").values())
    return [{key: value for key, value in row.items() if key != "received_at"} for row in rows]


def totals(site: Site) -> dict[date, tuple[int, int]]:
    """Page views and visitors by the day."""
    found = DailyStat.plain.filter(site=site, dimension="").order_by("date")
    return {row.date: (row.page_views, row.visitors) for row in found}


def versions() -> dict[date, int]:
    return dict(SiteDay.plain.values_list("date", "version"))


def test_a_line_becomes_a_page_view_like_a_live_one(site: Site, import_log):
    import_log([log_line(NOON, "/tea?utm_source=mail", referrer="https://www.google.com/")])
    (event,) = events()
    assert (event["name"], event["path"], event["host"]) == ("page_view", "/tea", "shop.acme.test")
    assert (event["source"], event["country"], event["browser"]) == ("mail", "DE", "Chrome")
    assert event["occurred_at"] == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert event["import_source"] == "access.log"
    assert event["visitor"] is not None
    assert event["ip"] is None


def test_totals_per_day_equal_an_independent_awk_count(site: Site, import_log, tmp_path: Path):
    Site.objects.unscoped("the log's clock").update(time_zone="UTC")
    directory.forget()
    site.refresh_from_db()
    assert which("awk")
    import_log(SAMPLE)
    found = {day.strftime("%d/%b/%Y"): pages for day, (pages, _visitors) in totals(site).items()}
    assert found == awk_count(tmp_path, SAMPLE)
    assert sum(found.values()) > 80


def awk_count(folder: Path, log: Path) -> dict[str, int]:
    """What the script in docs/imports.md counts, which knows nothing of LinkPro."""
    text = (ROOT / "docs" / "imports.md").read_text()
    script = re.search(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert script
    (folder / "pages.sh").write_text(script[1])
    patterns = [entry["pattern"] for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA]
    (folder / "bots").write_text("\n".join(patterns) + "\n")
    copy(log, folder / "log")
    done = subprocess.run(
        ["sh", "pages.sh", "log", "bots"], cwd=folder, check=True, capture_output=True, text=True
    )
    return {day: int(n) for day, n in (line.split() for line in done.stdout.splitlines())}


def test_a_second_import_changes_nothing(import_log):
    import_log(SAMPLE)
    before, known = events(), versions()
    assert len(before) > 100
    import_log(SAMPLE)
    assert events() == before
    assert versions() == known


def test_the_books_say_how_many_events_there_are(import_log):
    for _time in range(2):
        import_log(SAMPLE)
    counts = {"stored": 0, "bot": 0, "replaced": 0}
    for reason, n in Outcome.plain.values_list("reason", "n"):
        counts[reason] += n
    assert counts["stored"] + counts["bot"] - counts["replaced"] == Event.plain.count()
    assert counts["bot"] > 0


def test_an_edited_log_replaces_its_days(site: Site, import_log):
    second = log_line("02/Mar/2026:12:00:00 +0100", ip="84.160.1.2")
    import_log([log_line(NOON), log_line(NOON, "/wrong"), second])
    known = versions()
    import_log([log_line(NOON), second])
    assert totals(site) == {MARCH_1: (1, 1), MARCH_2: (1, 1)}
    assert versions() == {MARCH_1: known[MARCH_1] + 1, MARCH_2: known[MARCH_2]}


def test_a_day_whose_events_are_all_gone_has_no_numbers_left(site: Site, import_log):
    import_log([log_line(NOON)])
    import_log([log_line(NOON, agent=GOOGLEBOT)])
    assert totals(site) == {}


def test_sources_do_not_touch_each_other_or_live_events(site: Site, import_log):
    noon = datetime(2026, 3, 1, 11, tzinfo=UTC)
    send(site, visit(noon, ["/live"], ip="84.160.1.3"))
    import_log([log_line(NOON)], "one.log")
    import_log([log_line(NOON, "/b", ip="84.160.1.2")], "other.log")
    import_log([log_line(NOON, "/c")], "one.log")
    assert {event["path"] for event in events()} == {"/live", "/b", "/c"}
    assert totals(site) == {MARCH_1: (3, 3)}


def test_lines_out_of_order_reach_their_own_day(site: Site, import_log, monkeypatch):
    monkeypatch.setattr(imports, "OPEN_FILES", 1)
    days = ["02", "01", "03", "01", "02", "01"]
    import_log(
        [log_line(f"{day}/Mar/2026:12:00:0{n} +0100", f"/{n}") for n, day in enumerate(days)]
    )
    pages = {day.day: pages for day, (pages, _visitors) in totals(site).items()}
    assert pages == {1: 3, 2: 2, 3: 1}
    assert not DirtyDay.plain.exists()


def test_days_are_those_of_the_sites_clock(site: Site, import_log):
    """23:30 in UTC is tomorrow in Berlin, and its day is marked and replaced as such."""
    late = log_line("28/Feb/2026:23:30:00 +0000")
    for _time in range(2):
        import_log([late])
    assert totals(site) == {MARCH_1: (1, 1)}
    import_log([log_line("28/Feb/2026:23:30:00 +0000", agent=GOOGLEBOT)])
    assert totals(site) == {}


def test_a_bad_line_stops_nothing(site: Site, import_log):
    said = import_log(["nonsense \x1b[2J", log_line(NOON), '{"status":', ""])
    assert totals(site) == {MARCH_1: (1, 1)}
    assert re.search(r"2 +left out: bad line", said)
    assert "line 1" in said
    assert "\x1b" not in said


def test_what_was_left_out_is_told_with_its_reason(import_log):
    said = import_log(
        [
            log_line(NOON), log_line(NOON, "/a.png"), log_line(NOON, "/b.png"),
            log_line(NOON, "/no", status=404), log_line(NOON, "/admin/x"),
            log_line(NOON, agent=GOOGLEBOT), log_line("01/Mar/1999:12:00:00 +0100"),
        ],
        exclude=re.compile("^/admin"),
    )  # fmt: skip
    for n, reason in (
        (2, "not a page"), (1, "status"), (1, "excluded"), (1, "timestamp_impossible"),
    ):  # fmt: skip
        assert re.search(rf"\b{n} +left out: {reason}", said), said
    assert re.search(r"\b1 +page views stored", said)
    assert re.search(r"\b1 +page views of bots stored", said)


def test_bots_are_kept_and_not_counted(site: Site, import_log):
    import_log([log_line(NOON), log_line(NOON, agent=GOOGLEBOT)])
    assert len(events()) == 2
    assert Agent.objects.get(text=GOOGLEBOT).bot
    assert totals(site) == {MARCH_1: (1, 1)}


def test_the_sites_own_hosts_are_no_sources(import_log):
    import_log(
        [
            log_line(NOON, referrer="https://www.shop.acme.test/"),
            "mirror.test:80 " + log_line(NOON, "/b", referrer="http://mirror.test/"),
            log_line(NOON, "/c", referrer="http://else.test/"),
        ]
    )
    found = {event["path"]: (event["host"], event["referrer_host"]) for event in events()}
    assert found == {
        "/tea": ("shop.acme.test", None),
        "/b": ("mirror.test", None),
        "/c": ("shop.acme.test", "else.test"),
    }


def test_pages_of_one_second_keep_the_order_of_their_lines(site: Site, import_log):
    import_log([log_line(NOON, f"/{n}") for n in range(20)])
    assert [event["path"] for event in events()] == [f"/{n}" for n in range(20)]
    entry = DailyStat.plain.get(site=site, dimension="entry_page")
    assert entry.value == "/0"


def test_a_dry_run_stores_nothing_and_counts_the_same(import_log):
    told = r"([\d,]+)  page views(?: of bots)? (?:stored|found)"
    looked = re.findall(told, import_log(SAMPLE, dry_run=True))
    assert not Event.plain.exists()
    assert not Salt.plain.exists()
    assert re.findall(told, import_log(SAMPLE)) == looked


def test_a_day_whose_secret_is_gone_keeps_the_visitors_it_had(site: Site, import_log):
    import_log([log_line(NOON), log_line(NOON, "/b", ip="84.160.1.2")])
    before = events()
    Salt.plain.update(secret=None)
    directory.forget()
    said = import_log([log_line(NOON)])
    assert "kept as it is" in said
    assert events() == before


def test_a_stop_between_days_leaves_whole_days(site: Site, import_log, monkeypatch):
    days = [log_line(f"0{day}/Mar/2026:12:00:00 +0100") for day in (1, 2, 3)]
    stopped_at(monkeypatch, MARCH_2)
    with pytest.raises(SystemExit) as left:
        import_log(days)
    assert left.value.code == 130
    rebuild_all()
    assert totals(site) == {MARCH_1: (1, 1)}
    monkeypatch.undo()
    import_log(days)
    assert len(totals(site)) == 3


def stopped_at(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    """Have Ctrl-C come while the day is being written."""
    plain = imports._numbered

    def numbered(*given: Any) -> Iterator:
        for hit in plain(*given):
            yield hit
            if hit.day == day:
                raise KeyboardInterrupt

    monkeypatch.setattr(imports, "_numbered", numbered)


def test_a_large_day_is_taken_piece_by_piece(site: Site, import_log, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 7)
    start = datetime(2026, 3, 1, 8, tzinfo=UTC)
    times = [start + timedelta(seconds=n) for n in range(50)]
    agents = [f"Agent/{n}" for n in range(50)]
    import_log(
        [
            log_line(f"{at:%d/%b/%Y:%H:%M:%S} +0000", agent=agent)
            for at, agent in zip(times, agents, strict=True)
        ]
    )
    assert totals(site) == {MARCH_1: (50, 50)}
    assert None not in {event["agent_id"] for event in events()}


def test_two_imports_of_one_source_do_not_meet(site: Site, import_log):
    with imports._connections(site, "access.log"), pytest.raises(CommandError, match="already"):
        import_log([log_line(NOON)])


def test_a_log_without_a_name_must_be_given_one(site: Site):
    with pytest.raises(CommandError, match="--source"):
        call_command("import_log", "-", "--site", site.key)
    with pytest.raises(CommandError, match="no site"):
        call_command("import_log", str(SAMPLE), "--site", "nonesuch")


def test_a_log_that_breaks_off_changes_nothing(import_log, tmp_path: Path):
    path = tmp_path / "broken.gz"
    path.write_bytes(gzip.compress(SAMPLE.read_bytes())[:-2_000])
    with pytest.raises(CommandError, match="to its end"):
        import_log(path)
    assert not Event.plain.exists()
