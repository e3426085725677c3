"""What is done with the place's own database by LinkPro's own code, in a process of its own.

    python -m tests.faults.inside prepare 50     # schema, schedule, a tenant and so many sites
    python -m tests.faults.inside recount 3 4    # statistics of these sites against their events
    python -m tests.faults.inside profile        # a page of links

All print one line of JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

ZONES = ("UTC", "Europe/Berlin", "America/New_York")


def prepare(count: int) -> dict[str, int]:
    """Make everything that a running LinkPro finds; returns the sites' numbers by their keys."""
    from django.core.management import call_command
    from django.db import connection

    from accounts.models import Site, Tenant
    from tracking import partitions

    call_command("migrate", verbosity=0, interactive=False)
    call_command("sync_schedule", verbosity=0)
    connection.ensure_connection()
    partitions.ensure_ahead(connection.connection, datetime.now(UTC).date())
    tenant = Tenant.objects.create(name="Faults")
    found = {}
    for number in range(count):
        key = f"fault{number:05}"
        zone = ZONES[number % len(ZONES)]
        site = Site(tenant=tenant, name=key, key=key, time_zone=zone, domains=[f"{key}.example"])
        site.save()
        found[key] = site.pk
    return found


def recount(site_ids: list[int]) -> dict[str, Any]:
    """Days of these sites: how many agree with their events, which do not, which are missing."""
    from django.db import connection

    from accounts.models import Site
    from analytics import rollup

    sites = {site.pk: site for site in Site.objects.unscoped("a check").filter(pk__in=site_ids)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT site_id, occurred_at FROM tracking_event WHERE site_id = ANY(%s)",
            [site_ids],
        )
        events = cursor.fetchall()
    days = {(number, sites[number].clock.date_of(at)) for number, at in events}
    wrong = {}
    for number, day in sorted(days):
        drift = rollup.drift(sites[number], day)
        if drift != 0:  # None: never rebuilt, or marked again
            wrong[f"{sites[number].key} {day}"] = drift
    return {"days": len(days), "wrong": wrong}


def profile() -> dict[str, Any]:
    """Make a profile with a link; returns its site's number and where both are."""
    from accounts.models import Site, Tenant
    from tracking.models import Link, LinkProfile

    tenant = Tenant.objects.create(name="Links")
    site = Site(tenant=tenant, name="Links", kind=Site.Kind.BIO)
    site.save()
    made = LinkProfile.objects.create(site=site, username=f"fault{site.pk}", title="Fault")
    link = Link.objects.create(profile=made, title="Offer", url="https://shop.test/offer")
    return {"site": site.pk, "page": made.path, "link": link.path}


def main(words: list[str]) -> None:
    import django

    django.setup()
    numbers = [int(word) for word in words[1:]]
    uses = {
        "prepare": lambda: prepare(*numbers),
        "recount": lambda: recount(numbers),
        "profile": profile,
    }
    print(json.dumps(uses[words[0]]()))


if __name__ == "__main__":
    main(sys.argv[1:])
