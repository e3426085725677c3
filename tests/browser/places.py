"""Every page that people see, once: what the pictures show and the tests of all pages look at."""

from __future__ import annotations

from dataclasses import dataclass

WIDTHS = {1440: 1000, 768: 1024, 390: 844}


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the demo; `pictured` ones stand in the documentation.

    One whose address is not known beforehand is behind the first link that `then` selects.
    """

    name: str
    path: str
    signed_in: bool = True
    pictured: bool = True
    status: int = 200
    then: str = ""


PLACES = (
    Place("sign-in", "/accounts/login/", signed_in=False),
    Place("forgotten-password", "/accounts/password/reset/", signed_in=False, pictured=False),
    Place("sign-up", "/accounts/signup/", signed_in=False, pictured=False),
    Place("link-page", "/@hollinreed", signed_in=False),
    Place("no-link", "/l/nothing-there", signed_in=False, pictured=False, status=404),
    Place("no-profile", "/@nobody-here", signed_in=False, pictured=False, status=404),
    Place("api-track", "/api/track", signed_in=False, pictured=False),
    Place("guide", "/help/html", signed_in=False, pictured=False),
    Place("not-found", "/nowhere", pictured=False, status=404),
    Place("sites", "/sites"),
    Place("new-site", "/sites/new", pictured=False),
    Place("overview", "/sites/demo?period=7d"),
    Place("overview-today", "/sites/demo?period=today", pictured=False),
    Place("overview-empty", "/sites/demo?first=2020-01-01&last=2020-01-02", pictured=False),
    Place(
        "overview-filtered", "/sites/demo?period=7d&filter=country:is:DE&filter=page:contains:/pens"
    ),
    Place("details", "/sites/demo/by/page?period=7d"),
    Place("details-searched", "/sites/demo/by/source?period=7d&search=oo", pictured=False),
    Place("map", "/sites/demo/by/country?period=7d"),
    Place("hours", "/sites/demo/hours?period=30d"),
    Place("visits", "/sites/demo/visits?period=7d"),
    Place("now", "/sites/demo/now", pictured=False),
    Place("funnel", "/sites/demo/funnel?period=30d"),
    Place("outcomes", "/sites/demo/outcomes"),
    Place("link-overview", "/sites/demo-bio?period=7d"),
    Place("link-details", "/sites/demo-bio/by/link?period=7d", pictured=False),
    Place("link-editor", "/sites/demo-bio/links"),
    Place("new-profile", "/profiles/new", pictured=False),
    Place("settings", "/sites/demo/settings"),
    Place("settings-installation", "/sites/demo/settings/installation", pictured=False),
    Place("settings-domains", "/sites/demo/settings/domains", pictured=False),
    Place("settings-addresses", "/sites/demo/settings/addresses", pictured=False),
    Place("settings-exclusions", "/sites/demo/settings/exclusions", pictured=False),
    Place("settings-funnel", "/sites/demo/settings/funnel", pictured=False),
    Place("settings-danger", "/sites/demo/settings/danger", pictured=False),
    Place("help", "/help", pictured=False),
    Place("guide-server", "/help/server", pictured=False),
    Place("guide-proxy", "/help/proxy", pictured=False),
    Place("organisation", "/organisation"),
    Place("branding", "/organisation/branding", pictured=False),
    Place("recipients", "/organisation/recipients", pictured=False),
    Place("organisation-end", "/organisation/delete", pictured=False),
    Place("new-organisation", "/organisations/new", pictured=False),
    Place("account", "/account"),
    Place("notifications", "/account/notifications", pictured=False),
    Place("own-data", "/account/data", pictured=False),
    Place("audit-log", "/organisation/audit", pictured=False),
    Place("staff-accesses", "/staff", pictured=False),
    Place("mail-server", "/organisation/mail", pictured=False),
    Place("outbox", "/organisation/outbox", pictured=False),
    Place("password", "/accounts/password/change/", pictured=False),
    Place("email-address", "/accounts/email/", pictured=False),
    Place("two-factor", "/accounts/2fa/", pictured=False),
    Place("passkeys", "/accounts/passkeys/", pictured=False),
    Place("sessions", "/accounts/sessions/", pictured=False),
    Place("connected-accounts", "/accounts/connected/", pictured=False),
    Place("reauthenticate", "/accounts/reauthenticate/", pictured=False),
    Place("tokens", "/account/tokens", pictured=False),
    Place("new-token", "/account/tokens/new", pictured=False),
    Place("all-tokens", "/organisation/tokens", pictured=False),
    Place("people", "/organisation/people"),
    Place("people-none", "/organisation/people?q=nobody-of-this-name", pictured=False),
    Place("member", "/organisation/people?q=leo", pictured=False, then=".entries a"),
    Place("own-member", "/organisation/people?q=ida", pictured=False, then=".entries a"),
    Place("membership", "/organisation/membership", pictured=False),
    Place("roles", "/organisation/roles"),
    Place("teams", "/organisation/teams", pictured=False),
    Place("team", "/organisation/teams", pictured=False, then=".entries a"),
    Place("invitations", "/organisation/invitations"),
    Place("own-invitations", "/invitations", pictured=False),
    Place("invitation-unknown", "/invitations/x", signed_in=False, pictured=False, status=404),
    Place("webhooks", "/organisation/webhooks", pictured=False),
    Place("webhook", "/organisation/webhooks", pictured=False, then=".entries a"),
    Place("new-webhook", "/organisation/webhooks/new", pictured=False),
    Place("webhooks-explained", "/organisation/webhooks/receiving", pictured=False),
    Place("api", "/api/v1/sites"),
    Place("api-row", "/api/v1/links", pictured=False, then=".json a[href^='/api/']"),
    Place("components", "/components/", pictured=False),
)
