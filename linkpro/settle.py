"""The sites of the world as rows: the demo and the trial settle them in a tenant."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import Site, Tenant, User
from linkpro.world import SiteSpec
from tracking.models import Link, LinkProfile


@transaction.atomic
def make_site(tenant: Tenant, owner: User, spec: SiteSpec, **rules: Any) -> Site:
    """A new site as the world describes it, with its link page if it is one."""
    return dress(Site(tenant=tenant, owner=owner, **rules), spec)


@transaction.atomic
def dress(site: Site, spec: SiteSpec) -> Site:
    """Bring a site to what the world says of it, and save it."""
    site.kind = Site.Kind.BIO if spec.links else Site.Kind.WEB
    site.name, site.domains = spec.name, list(spec.domains)
    site.time_zone, site.currency = spec.zone, spec.currency
    site.funnel_pages = spec.funnel or site.funnel_pages
    site.save()
    if spec.links:
        title = next(iter(spec.pages.values()))
        profile = LinkProfile.objects.create(
            site=site, username=spec.username, title=title, bio=spec.bio, theme="paper"
        )
        for position, link in enumerate(spec.links):
            Link.objects.create(
                profile=profile, title=link.title, url=link.url, slug=link.slug, position=position
            )
    return site


def links_of(site: Site) -> dict[str, str]:
    """The short names of a site's links by their ids, as statistics write these."""
    links = Link.objects.for_tenant(site.tenant_id).filter(profile__site=site)
    return {str(pk): slug for pk, slug in links.values_list("pk", "slug")}
