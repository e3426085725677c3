"""Moments in the life of a site, on its own clock."""

from datetime import datetime

from django import template

from accounts import dates
from accounts.models import Site

register = template.Library()


@register.filter
def local_day(site: Site, at: datetime) -> str:
    """A moment as a day of the site."""
    return dates.day(site.local(at).date())


@register.filter
def local_time(site: Site, at: datetime) -> str:
    """A moment as a day and a time of the site."""
    return dates.moment(site.local(at).replace(tzinfo=None))
