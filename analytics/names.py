"""What people call the values of dimensions."""

from functools import lru_cache

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

CHANNELS = {
    "direct": gettext_lazy("Direct"),
    "organic_search": gettext_lazy("Organic search"),
    "paid_search": gettext_lazy("Paid search"),
    "organic_social": gettext_lazy("Social networks"),
    "paid_social": gettext_lazy("Paid social"),
    "paid_other": gettext_lazy("Other paid"),
    "ai_assistant": gettext_lazy("AI assistants"),
    "email": gettext_lazy("E-mail"),
    "display": gettext_lazy("Display"),
    "affiliate": gettext_lazy("Affiliates"),
    "referral": gettext_lazy("Other websites"),
}
DEVICES = {
    "desktop": gettext_lazy("Desktop"),
    "mobile": gettext_lazy("Phone"),
    "tablet": gettext_lazy("Tablet"),
}


def page(value: str) -> str:
    """A path; visits without any page view have none."""
    return value or _("No page")


def source(value: str) -> str:
    """A source by its own name; without one the visit came by itself."""
    return value or _("Direct")


def channel(value: str) -> str:
    """A channel's name."""
    return str(CHANNELS.get(value, value)) or _("Unknown")


def campaign(value: str) -> str:
    """A campaign's own name."""
    return value or _("No campaign")


def device(value: str) -> str:
    """The name of a kind of device, a browser or a system."""
    return str(DEVICES.get(value, value)) or _("Unknown")


@lru_cache(maxsize=1_024)
def _territory(code: str, language: str) -> str:
    from babel import Locale

    return Locale.parse(language, sep="-").territories.get(code, code)


def country(value: str) -> str:
    """A country's name in the reader's language."""
    return _territory(value, get_language() or "en") if value else _("Unknown")
