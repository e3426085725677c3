"""The dictionary of user agents: judged anew when the lists change, forgotten when nobody came."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts.models import Site
from tracking import agents
from tracking.models import Agent, DirtyDay

PIECE = 1_000
UNUSED = timedelta(days=7)  # writers know an agent's number by heart for a day


def classify_again() -> int:
    """Judge by the lists of today what older ones judged; returns how many agents changed.

    Days with events of those that became a bot, or a person, are counted anew.
    """
    old = Agent.objects.exclude(lists=agents.lists_version()).order_by("pk")
    changed = 0
    while piece := list(old[:PIECE]):
        with transaction.atomic():
            changed += _classify(piece)
    return changed


def _side(bot: str) -> str:
    """People, programs (which may speak for people) or bots: what decides who is counted."""
    return bot if bot in ("", agents.PROGRAM) else "bot"


def _classify(piece: list[Agent]) -> int:
    changed, moved = 0, []
    for agent in piece:
        before = (agent.browser, agent.os, agent.device, agent.bot)
        found = agents.agent_facts(agent.text)
        now = (found.browser, found.os, found.device, found.bot)
        agent.browser, agent.os, agent.device, agent.bot = now
        agent.lists = agents.lists_version()
        changed += before != now
        if _side(before[3]) != _side(agent.bot):
            moved.append(agent.pk)
    Agent.objects.bulk_update(piece, ["browser", "os", "device", "bot", "lists"])
    mark_days_of(moved)
    return changed


def mark_days_of(numbers: list[int]) -> None:
    """Mark the days on which the agents of these numbers came."""
    if not numbers:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT site_id, date_trunc('hour', occurred_at) FROM tracking_event"
            " WHERE agent_id = ANY(%s)",
            [numbers],
        )
        hours = cursor.fetchall()
    sites = Site.objects.unscoped("the agents of all tenants are judged alike")
    clocks = {site.pk: site.clock for site in sites.filter(pk__in={row[0] for row in hours})}
    # A day may begin within an hour: both its ends are marked.
    ends = [
        (site, at + step) for site, at in hours for step in (timedelta(), timedelta(minutes=59))
    ]
    days = {(site, clocks[site].date_of(at)) for site, at in ends if site in clocks}
    marks = [DirtyDay(site_id=site, date=day) for site, day in sorted(days)]
    DirtyDay.objects.unscoped("each mark names its site").bulk_create(marks)


def forget_unused(now: datetime) -> int:
    """Delete agents of which no event is left: they may tell people apart. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM tracking_agent a WHERE a.seen_on < %s AND NOT EXISTS"
            " (SELECT FROM tracking_event e WHERE e.agent_id = a.id)",
            [(now - UNUSED).date()],
        )
        return cursor.rowcount
