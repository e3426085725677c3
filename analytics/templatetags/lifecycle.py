"""Moments in the life of a site, on its own clock."""

from datetime import datetime

from django import template
from django.utils.formats import date_format

from accounts.models import Site

register = template.Library()


@register.filter
def local_day(site: Site, at: datetime) -> str:
    """A moment as a day of the site."""
    return date_format(site.local(at), "j F Y")


@register.filter
def local_time(site: Site, at: datetime) -> str:
    """A moment as a day and a time of the site."""
    return date_format(site.local(at), "j F Y, H:i")
