"""The public side: a redirect that counts its click, and a profile's page, beside an empty view.

All three are served by one process and asked in turns. Every click and view must be in the database
in the end, whether its answer waited for that or not.
"""

from __future__ import annotations

import gzip
import io
import re
import time
import urllib.request

from bench import load
from bench.measure import Cost, spent
from bench.place import Place, serving
from bench.report import Report

PATHS = {"redirect": "/l/bench", "profile": "/@bench", "empty view": "/bench/plain"}
COUNTED = ("redirect", "profile")
ROUNDS = 2
WARM_UP_SECONDS, SECONDS = 1.5, 5.0
ALONE, CROWD = 1, 64  # connections
SETTLING_SECONDS = 20.0
LINKS = 12


def _picture() -> bytes:
    """The worst a profile may have: noise, which cannot be packed."""
    import PIL.Image

    from tracking import avatars

    upload = io.BytesIO()
    PIL.Image.effect_noise((640, 640), 90).save(upload, "PNG")
    upload.seek(0)
    return avatars.square(upload)


def _make_profile() -> None:
    from accounts import pictures
    from accounts.models import Site, Tenant
    from tracking.models import Link, LinkProfile

    tenant = Tenant.objects.create(name="Link in bio")
    site = Site(tenant=tenant, name="Bench links", kind=Site.Kind.BIO)
    site.save()
    picture = _picture()
    profile = LinkProfile.objects.create(
        site=site,
        username="bench",
        title="Somebody with a page",
        bio="A few words on what there is to find here, as most people write them.",
        avatar=picture,
        avatar_digest=pictures.digest(picture),
    )
    Link.objects.create(
        profile=profile, title="The link", url="https://shop.example/", slug="bench"
    )
    for number in range(1, LINKS):
        url = f"https://shop.example/offers/{number}"
        Link.objects.create(profile=profile, title=f"Offer {number}", url=url, position=number)


def measure(place: Place) -> Report:
    """Alone and in a crowd; in turns, so that a busy minute of the machine meets all."""
    report = Report("Public side, beside an empty view of Django in the same process")
    _make_profile()
    with serving("probe") as (pid, port):
        for path in PATHS.values():
            load.run(port, WARM_UP_SECONDS, path=path)
        _settle(place, place.events())
        for connections in (ALONE, CROWD):
            _compare(place, report, pid, port, connections)
        _weigh(report, port)
    return report


def _settle(place: Place, wanted: int) -> int:
    """How many events there are once no more come, or as many as are wanted."""
    found, until = -1, time.monotonic() + SETTLING_SECONDS
    while (now := place.events()) != found or (now < wanted and time.monotonic() < until):
        found = now
        time.sleep(0.6)
    return found


def _compare(place: Place, report: Report, pid: int, port: int, connections: int) -> None:
    costs = {name: Cost() for name in PATHS}
    results: dict[str, list[load.Result]] = {name: [] for name in PATHS}
    for name in [*PATHS] * ROUNDS:
        before = place.events()
        with spent(place.postmaster, web=pid) as cost:
            result = load.run(port, SECONDS, connections, path=PATHS[name])
        wanted = before + (result.acknowledged if name in COUNTED else 0)
        report.check(f"{name}: events stored", wanted, _settle(place, wanted))
        report.check(f"{name}: requests refused", 0, result.refused)
        results[name].append(result)
        costs[name].add(cost)
    crowd = "1 connection" if connections == 1 else f"{connections} connections"
    each = {}
    for name in PATHS:
        n = sum(result.acknowledged for result in results[name])
        each[name] = costs[name].all_each(n)
        label = f"{name}, {crowd}"
        report.line(f"{label}: p50", max(result.p50_ms for result in results[name]), "ms")
        report.line(f"{label}: p99", max(result.p99_ms for result in results[name]), "ms")
        report.line(f"{label}: CPU, web", costs[name].each("web", n), "µs")
        report.line(f"{label}: CPU, PostgreSQL", costs[name].each("postgres", n), "µs")
        seconds = sum(result.seconds for result in results[name])
        report.line(f"{label}: answers", n / seconds, "/ s")
    for name in COUNTED:
        report.line(
            f"{name}, {crowd}: CPU in empty views", each[name] / each["empty view"], "times"
        )


def _get(port: int, path: str) -> bytes:
    """A body as it travels."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Accept-Encoding": "gzip"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


def _weigh(report: Report, port: int) -> None:
    """What somebody loads who has never been there."""
    page = _get(port, PATHS["profile"])
    text = gzip.decompress(page).decode()
    report.line(f"profile of {LINKS} links: the page, compressed", len(page) / 1000, "kB")
    linked = re.findall(r'(?:<link rel="(?:stylesheet|icon)" href|<img [^>]*src)="(/[^"]+)"', text)
    sizes = {path: len(_get(port, path)) / 1000 for path in linked}
    for path, size in sizes.items():
        report.line(f"profile: {path.rpartition('/')[2][:24]}", size, "kB")
    report.line("profile: all of it (goal: under 30)", len(page) / 1000 + sum(sizes.values()), "kB")
