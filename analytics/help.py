"""Help in the product: what the numbers mean, and how to bring LinkPro into a site.

Readable without sign-in. Whoever is signed in and comes from a site of theirs reads its own line of
code in the guides; everybody else reads an example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import Site
from analytics import dimensions, installing
from analytics.metrics import METRICS
from analytics.reasons import REASONS

EXAMPLE_KEY = "YOUR-SITE-KEY"
EXAMPLE_NAME = "pebble"


@dataclass(frozen=True, slots=True)
class Guide:
    """How to do one thing, step by step; its text is `templates/help/<slug>.html`."""

    slug: str
    title: Promise
    about: Promise


_GUIDES = (
    Guide("html", _("Any website"), _("One line in the HTML of every page.")),
    Guide("wordpress", _("WordPress"), _("With a plugin for header scripts, or in the theme.")),
    Guide("tag-manager", _("Google Tag Manager"), _("A custom HTML tag on all pages.")),
    Guide("frameworks", _("Single-page applications"), _("React, Vue, Svelte, Angular.")),
    Guide("builders", _("Shopify, Webflow, Ghost"), _("Where builders have a place for it.")),
    Guide("server", _("From a server"), _("Events by curl and Python, also of days gone by.")),
    Guide("proxy", _("Under your own domain"), _("nginx, Caddy, Apache, Cloudflare.")),
    Guide("links", _("Link pages"), _("What is counted on a page of links, without any code.")),
)
GUIDES = {guide.slug: guide for guide in _GUIDES}


def _own_site(request: HttpRequest) -> Site | None:
    """The site named by `?site=`, where whoever asks is signed in and sees it."""
    member = getattr(request, "member", None) if request.user.is_authenticated else None
    key = request.GET.get("site", "")
    if not member or not key:
        return None
    found: Site | None = Site.objects.visible_to(member.scope()).filter(key=key).first()
    return found


def _code(site: Site | None) -> dict[str, Any]:
    """What the guides' pieces of code are made of."""
    shown = site or Site(key=EXAMPLE_KEY)
    return {
        "own_site": site,
        "key": shown.key,
        "base": settings.BASE_URL,
        "base_host": urlsplit(settings.BASE_URL).netloc,
        "script": installing.script_url(site),
        "script_name": (site.script_name if site else None) or EXAMPLE_NAME,
        "snippet": installing.snippet(shown),
        "pixel": installing.pixel(shown),
        "policy": installing.policy(),
        "site_query": f"?site={site.key}" if site else "",
    }


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What every number means, and the guides."""
    groups = [(title, list(found)) for title, found in dimensions.GROUPS]
    context = {"guides": _GUIDES, "metrics": METRICS.values(), "dimension_groups": groups}
    context["reasons"] = REASONS.values()
    return render(request, "help/index.html", context | _code(_own_site(request)))


@require_safe
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """One guide. Raises `Http404`."""
    if slug not in GUIDES:
        raise Http404
    others = [other for other in _GUIDES if other.slug != slug]
    context = {"guide": GUIDES[slug], "guides": others} | _code(_own_site(request))
    return render(request, f"help/{slug}.html", context)
