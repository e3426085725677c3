"""What became of events, in words: every outcome that the books know, and what to do about it.

The one table of outcomes: the page of a site, the help and the documentation read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    """What an outcome means for the numbers."""

    COUNTED = "counted"  # stored, and in the statistics
    APART = "apart"  # stored, and left out of them: bots
    REPEATED = "repeated"  # known already: nothing is missing
    WANTED = "wanted"  # refused, as the site's own rules want it
    REFUSED = "refused"  # refused: somebody should look at it
    TAKEN_BACK = "taken_back"  # stored once, and replaced by an import: no arrival


@dataclass(frozen=True, slots=True)
class Reason:
    """An outcome: what it is called, what it means, and what to do, if anything.

    `again` says whether a refused event may be stored when it is sent once more, since what it was
    refused for may have changed.
    """

    code: str
    kind: Kind
    label: Promise
    means: Promise
    advice: Promise | str = ""
    again: bool = False


_TABLE = (
    Reason(
        "stored",
        Kind.COUNTED,
        _("Stored"),
        _("Events of people: they are in the statistics."),
    ),
    Reason(
        "bot",
        Kind.APART,
        _("Bots"),
        _("Crawlers, previews, monitors and prefetches. Stored, but left out of the statistics."),
    ),
    Reason(
        "duplicate",
        Kind.REPEATED,
        _("Repeated"),
        _("The same event arrived before: a sender tried again. It counts once."),
    ),
    Reason(
        "own_traffic",
        Kind.WANTED,
        _("Your own networks"),
        _("It came from a network that the site excludes."),
        _("Nothing to do. The networks are in the settings, under exclusions."),
    ),
    Reason(
        "path_excluded",
        Kind.WANTED,
        _("Excluded pages"),
        _("It happened on a page that the site excludes."),
        _("Nothing to do. The pages are in the settings, under exclusions."),
        again=True,
    ),
    Reason(
        "host_foreign",
        Kind.REFUSED,
        _("Another domain"),
        _("Its page lies on a host that is none of the site's domains."),
        _("If the host is yours, add it to the site's domains and send the samples again."),
        again=True,
    ),
    Reason(
        "site_unknown",
        Kind.REFUSED,
        _("No such site"),
        _("It names no site, or one that does not exist or that its token may not use."),
        _("Compare data-site in the snippet with the key in the settings."),
        again=True,
    ),
    Reason(
        "link_unknown",
        Kind.REFUSED,
        _("No such link"),
        _("It names a link that does not exist, or that belongs to another site."),
        _("Use the number or the short name of a link of this site."),
        again=True,
    ),
    Reason(
        "profile_unknown",
        Kind.REFUSED,
        _("No such link page"),
        _("It names a link page that does not exist, or that belongs to another site."),
        _("Use the number or the name of the link page."),
        again=True,
    ),
    Reason(
        "link_missing",
        Kind.REFUSED,
        _("Click without a link"),
        _("It says that a link was clicked, and not which one."),
        _("Send link_id with every click."),
    ),
    Reason(
        "profile_missing",
        Kind.REFUSED,
        _("View without a link page"),
        _("It says that a link page was opened, and not which one."),
        _("Send profile_id with every view."),
    ),
    Reason(
        "timestamp_invalid",
        Kind.REFUSED,
        _("Unreadable time"),
        _("Its time is neither a date and time with a zone nor a number since 1970."),
        _("Send timestamp as 2026-11-01T12:00:00Z, or in milliseconds."),
    ),
    Reason(
        "timestamp_impossible",
        Kind.REFUSED,
        _("Impossible time"),
        _("It lies before the year 2000 or in the future."),
        _("Look at the clock of the sender."),
    ),
    Reason(
        "value_invalid",
        Kind.REFUSED,
        _("Unusable value"),
        _("Its value is no amount: too large, or no number."),
        _("Send value as a number below 100 trillion, such as 49.90."),
    ),
    Reason(
        "event_invalid",
        Kind.REFUSED,
        _("Unreadable event"),
        _("It is no event as JSON: a field has another type than it should."),
        _("Compare what you send with the list of fields in the help."),
    ),
    Reason(
        "event_too_large",
        Kind.REFUSED,
        _("Event too large"),
        _("One event may have 64 kB."),
        _("Send less with each event."),
    ),
    Reason(
        "props_too_large",
        Kind.REFUSED,
        _("Properties too large"),
        _("The properties of one event may have 8 kB."),
        _("Send fewer or shorter properties."),
    ),
    Reason(
        "props_invalid",
        Kind.REFUSED,
        _("Unusable properties"),
        _("The properties are nested too deeply, or hold numbers that nothing can store."),
        _("Send texts and ordinary numbers, at most four levels deep."),
    ),
    Reason(
        "unstorable",
        Kind.REFUSED,
        _("Not storable"),
        _("The database refused it, alone among those that arrived with it."),
        _("This should not happen. Tell whoever runs this installation."),
        again=True,
    ),
    Reason(
        "rate_limited",
        Kind.REFUSED,
        _("Too many at once"),
        _("One address sent more than one may; the visit was served, and not counted."),
        _("Nothing to do, unless it happens to people: then raise the limits of the installation."),
    ),
    Reason(
        "redirect_unstored",
        Kind.REFUSED,
        _("Click not stored"),
        _("The link led on, but the database was away for too long to count the click."),
        _("Nothing to do: the outage is over when it stops."),
    ),
    Reason(
        "view_unstored",
        Kind.REFUSED,
        _("View not stored"),
        _("The page was shown, but the database was away for too long to count the view."),
        _("Nothing to do: the outage is over when it stops."),
    ),
    Reason(
        "replaced",
        Kind.TAKEN_BACK,
        _("Replaced by an import"),
        _("Events of a day that was imported once more: the newer ones took their place."),
    ),
    # --- Of requests that no site is known of: staff read them in the admin -------------------
    Reason(
        "body_empty",
        Kind.REFUSED,
        _("Empty request"),
        _("A request without anything in it."),
        _("Send an event as JSON."),
    ),
    Reason(
        "json_invalid",
        Kind.REFUSED,
        _("No JSON"),
        _("What was sent cannot be read as JSON."),
        _("Send an event as JSON."),
    ),
    Reason(
        "batch_empty",
        Kind.REFUSED,
        _("Empty list"),
        _("The list of events had none."),
    ),
    Reason(
        "batch_too_long",
        Kind.REFUSED,
        _("Too many in one request"),
        _("A request may bring 500 events."),
        _("Send them in several requests."),
    ),
    Reason(
        "body_too_large",
        Kind.REFUSED,
        _("Request too large"),
        _("A request may have 4 MB."),
        _("Send the events in several requests."),
    ),
    Reason(
        "body_incomplete",
        Kind.REFUSED,
        _("Request cut short"),
        _("The connection was closed before the request had arrived."),
    ),
    Reason(
        "body_too_slow",
        Kind.REFUSED,
        _("Request too slow"),
        _("It did not arrive within 15 seconds."),
    ),
    Reason(
        "encoding_unknown",
        Kind.REFUSED,
        _("Unknown packing"),
        _("The request is packed with something else than gzip."),
        _("Send it as it is, or packed with gzip."),
    ),
    Reason(
        "encoding_invalid",
        Kind.REFUSED,
        _("Broken packing"),
        _("The request says it is packed with gzip, and is not, or not wholly."),
    ),
    Reason(
        "token_invalid",
        Kind.REFUSED,
        _("Unknown token"),
        _("Its token is unknown, expired or revoked."),
        _("Make a new one with the scope “Send events”."),
    ),
    Reason(
        "token_scope",
        Kind.REFUSED,
        _("Token without the right"),
        _("Its token may not send events."),
        _("Use one with the scope “Send events”."),
    ),
    Reason(
        "host_unknown",
        Kind.REFUSED,
        _("Unknown host"),
        _("The request was sent to a host name that is not served here."),
        _("Add the host to ALLOWED_HOSTS, or send to the right one."),
    ),
)
REASONS = {reason.code: reason for reason in _TABLE}
# Refused alone by the database: the rest of the code is PostgreSQL's own.
UNSTORABLE = "unstorable"


def reason_of(code: str) -> Reason:
    """The words of an outcome; one that nobody has named yet is told by its code."""
    if code.startswith(f"{UNSTORABLE}_"):
        return REASONS[UNSTORABLE]
    known = REASONS.get(code)
    return known or Reason(code, Kind.REFUSED, _(code), _("Refused under this code."))


# The classes of bots as people call them.
BOTS = {
    "search-engine": _("Search engines"),
    "ai-crawler": _("AI crawlers"),
    "preview": _("Link previews"),
    "monitoring": _("Monitors"),
    "advertising": _("Advertising"),
    "seo": _("SEO tools"),
    "scanner": _("Security scanners"),
    "feed-reader": _("Feed readers"),
    "archiver": _("Archives"),
    "academic": _("Research"),
    "browser-automation": _("Automated browsers"),
    "http-library": _("Programs"),
    "crawler": _("Other crawlers"),
    "unlisted": _("Call themselves bots"),
    "": _("Browsers that fetch ahead"),
}
