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
EVENTS = {
    "page_view": gettext_lazy("Page view"),
    "click": gettext_lazy("Click"),
    "conversion": gettext_lazy("Conversion"),
    "download": gettext_lazy("Download"),
    "form_submit": gettext_lazy("Form sent"),
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


def medium(value: str) -> str:
    """A medium's own name."""
    return value or _("No medium")


def term(value: str) -> str:
    """A search term's own text."""
    return value or _("No term")


def content(value: str) -> str:
    """What told links of one campaign apart."""
    return value or _("No content")


def device(value: str) -> str:
    """The name of a kind of device."""
    return str(DEVICES.get(value, value)) or _("Unknown")


def place(value: str) -> str:
    """What has its own name: a region, a city, a browser, a system, an address."""
    return value or _("Unknown")


def screen(value: str) -> str:
    """A screen's size, as `1440 × 900`."""
    return value.replace("x", " × ") or _("Unknown")


def event(value: str) -> str:
    """What the tracker's own events are called; others have the name their sender gave."""
    return str(EVENTS.get(value, value)) or _("Without name")


def file(value: str) -> str:
    """A file by its address."""
    return value or _("Without address")


def form(value: str) -> str:
    """A form by its name."""
    return value or _("Without name")


def hour(value: str) -> str:
    """The hour of a day, counted from its beginning."""
    return f"{value}:00" if value.isdigit() else value


def currency(value: str) -> str:
    """A currency's code and name."""
    return _currency(value, _language()) if value else _("No currency")


def _language() -> str:
    return get_language() or "en"


@lru_cache(maxsize=1_024)
def _territory(code: str, language: str) -> str:
    from babel import Locale

    return Locale.parse(language, sep="-").territories.get(code, code)


@lru_cache(maxsize=1_024)
def _tongue(code: str, language: str) -> str:
    """A language's name; a code that nobody knows stands for itself."""
    from babel import Locale, UnknownLocaleError

    try:
        found = Locale.parse(code, sep="-").get_display_name(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return code
    return found[:1].upper() + found[1:] if found else code


@lru_cache(maxsize=256)
def _currency(code: str, language: str) -> str:
    from babel.numbers import get_currency_name

    name = get_currency_name(code, locale=language.replace("-", "_"))
    return code if name == code else f"{code} · {name}"


def country(value: str) -> str:
    """A country's name in the reader's language."""
    return _territory(value, _language()) if value else _("Unknown")


def language(value: str) -> str:
    """A language's name in the reader's, as `German (Germany)`."""
    return _tongue(value, _language()) if value else _("Unknown")
