"""What became of a site's events, as pages: the books, samples, and events as they arrive."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Membership, Site
from accounts.pages import member_required, site_or_404
from accounts.roles import Role
from analytics import outcomes, seen
from analytics.period import PRESETS, Period, preset
from analytics.reasons import Kind, reason_of
from analytics.settings_views import changeable
from tracking.models import Rejected

PERIODS = ("today", "7d", "30d", "90d")
SAMPLES = 10  # on a page
MOST_AGAIN = 100  # in one request
KINDS = (Kind.COUNTED, Kind.APART, Kind.REPEATED, Kind.WANTED, Kind.REFUSED)


@require_safe
@member_required
def outcomes_page(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """What arrived in a period and what became of it, with samples of what was refused."""
    site, scope = site_or_404(member, key), member.scope()
    slug = request.GET.get("period", "")
    period = preset(slug if slug in PERIODS else "7d", timezone.now(), site.clock)
    found = outcomes.books(scope, site, period)
    context = {
        "site": site,
        "period": period,
        "periods": [_choice(name, period) for name in PERIODS],
        "received": found.received,
        "parts": _parts(found),
        "lines": found.lines,
        "steps": _steps(found),
        "bots": outcomes.bots(scope, site, period) if found.of(Kind.APART) else [],
        "bot_days": min(period.days, outcomes.BOT_DAYS),
        "samples": _samples(request, member, site),
        "may_change": member.may(Role.MANAGER),
        "live_url": reverse("live_events", args=[site.key]),
        "events": _live(member, site),
    }
    return render(request, "analytics/outcomes.html", context)


def _choice(slug: str, period: Period) -> dict[str, Any]:
    url = f"?period={slug}"
    return {"slug": slug, "label": PRESETS[slug], "url": url, "current": slug == period.slug}


def _parts(found: outcomes.Books) -> list[dict[str, Any]]:
    """The sums that add up to what was received."""
    words = {
        Kind.COUNTED: _("Stored and counted"),
        Kind.APART: _("Bots, stored apart"),
        Kind.REPEATED: _("Repeated"),
        Kind.WANTED: _("Left out as you wish"),
        Kind.REFUSED: _("Refused"),
    }
    return [{"kind": kind.value, "label": words[kind], "n": found.of(kind)} for kind in KINDS]


def _steps(found: outcomes.Books) -> list[dict[str, Any]]:
    """Each hour or day with its numbers, and the widths of its bars in percent of the largest."""
    most = max((sum(counts.values()) for _label, counts in found.steps), default=0) or 1
    steps = []
    for label, counts in found.steps:
        n, left = sum(counts.values()), 0.0
        bars = []
        for kind in KINDS:
            width = 100 * counts[kind] / most
            bars.append({"kind": kind.value, "x": left, "width": width})
            left += width
        numbers = [counts[kind] for kind in KINDS]
        steps.append({"label": label, "n": n, "numbers": numbers, "bars": bars})
    return steps


# --- Samples ----------------------------------------------------------------------------------


def _samples(request: HttpRequest, member: Membership, site: Site) -> dict[str, Any]:
    """A page of the samples of one reason, or of all."""
    code = request.GET.get("reason", "")[:64]
    rows = outcomes.samples(member.scope(), site, code)
    pages = Paginator(rows, SAMPLES)
    found = pages.get_page(request.GET.get("samples", "1"))
    return {
        "code": code,
        "reason": reason_of(code) if code else None,
        "page": found,
        "rows": [_sample(site, row) for row in found],
        "any_again": any(outcomes.may_go_again(row) for row in found),
    }


def _sample(site: Site, row: Rejected) -> dict[str, Any]:
    return {
        "id": row.pk,
        "reason": reason_of(row.reason),
        "page": row.page,
        "at": site.local(row.received_at).replace(tzinfo=None),
        "text": _indented(row.sample),
        "size": row.size,
        "outcome": reason_of(row.outcome).label if row.outcome else "",
        "again": outcomes.may_go_again(row),
    }


def _indented(sample: str) -> str:
    """JSON as people read it; other text as it is."""
    try:
        return msgspec.json.format(sample.encode(), indent=2).decode()
    except (msgspec.MsgspecError, RecursionError):
        return sample


@require_POST
@member_required
def send_again(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Send one sample again, or all of a reason."""
    site = changeable(member, key)
    code, one = request.POST.get("reason", "")[:64], request.POST.get("sample", "")
    rows = outcomes.samples(member.scope(), site, code)
    if one:
        rows = rows.filter(pk=int(one) if one.isascii() and one.isdigit() and len(one) < 19 else 0)
    _tell(request, outcomes.send_again(rows[:MOST_AGAIN]))
    query = f"?reason={code}" if code in {reason_of(code).code} and code else ""
    return redirect(reverse("outcomes", args=[site.key]) + query + "#samples")


def _tell(request: HttpRequest, ends: Counter[str]) -> None:
    n = sum(ends.values())
    if not n:
        messages.info(request, _("There is nothing here that could be sent again."))
        return
    words = ", ".join(f"{reason_of(end).label}: {count}" for end, count in ends.most_common())
    text = ngettext(
        "%(n)d event was sent again. %(ends)s", "%(n)d events were sent again. %(ends)s", n
    )
    messages.success(request, text % {"n": n, "ends": words})


# --- Events as they arrive --------------------------------------------------------------------


def _live(member: Membership, site: Site) -> list[dict[str, Any]]:
    return [seen.event(site, event) for event in outcomes.last_events(member.scope(), site)]


@require_safe
@member_required
def live_events(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The newest events; the page asks every few seconds."""
    site = site_or_404(member, key)
    context = {"site": site, "events": _live(member, site)}
    context["live_url"] = reverse("live_events", args=[site.key])
    return render(request, "analytics/_live_events.html", context)
