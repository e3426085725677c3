"""The tracker in a real browser, on pages of another origin."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser

from accounts.models import Site
from analytics.models import DailyStat
from privacy import pseudonyms
from tests.browser.conftest import Pages, Relay, Visitor, stored, until
from tests.conftest import CHROME
from tests.sending import rebuild_all
from tracking.pages import CLICK_IDS, UTM

pytestmark = pytest.mark.django_db(transaction=True)

STUB = """<script>
  window.linkpro = window.linkpro || function () { (linkpro.q = linkpro.q || []).push(arguments) };
  linkpro("signup", {value: "9.90", currency: "EUR", props: {plan: "team"}});
</script>"""


def settled(relay: Relay, count: int) -> None:
    """Wait until so many different events have been sent and answered, and a little longer."""
    until(lambda: len({event["id"] for event in relay.events}) >= count)
    quiet = len(relay.bodies)
    until(lambda: not relay.faults)
    end = datetime.now(UTC) + timedelta(seconds=0.6)
    while datetime.now(UTC) < end:
        if len(relay.bodies) != quiet:
            quiet, end = len(relay.bodies), datetime.now(UTC) + timedelta(seconds=0.6)


# --- Page views ------------------------------------------------------------------------------


def test_a_page_view_from_another_origin_is_stored_once(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    blog = pages.url("/post?secret=1", host="blog.localhost")
    pages.put("/post", "", f'<a href="{pages.url("/prices?plan=2&utm_term=shoes")}">read</a>')
    pages.put("/prices", relay.snippet(site))
    visitor.page.goto(blog)
    visitor.page.click("a")
    (view,) = until(lambda: stored(site))
    settled(relay, 1)
    assert len(stored(site)) == len(relay.bodies) == 1
    assert (view.host, view.path, view.title) == ("shop.localhost", "/prices", "/prices")
    assert (view.referrer_host, view.source) == ("blog.localhost", "blog.localhost")
    assert (view.channel, view.term) == ("referral", "shoes")
    assert (view.browser, view.device, view.language) == ("Chrome", "desktop", "de-DE")
    assert view.visitor is not None
    assert view.event_id.version == 7
    assert abs(datetime.now(UTC) - view.occurred_at) < timedelta(seconds=30)
    assert visitor.complaints == []


def test_nothing_is_kept_in_the_browser(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site))
    assert visitor.context.cookies() == []
    kept = "localStorage.length + sessionStorage.length + document.cookie.length"
    assert visitor.page.evaluate(kept) == 0
    assert visitor.page.evaluate("indexedDB.databases()") == []
    assert visitor.complaints == []


def test_only_what_names_a_campaign_leaves_the_page(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    campaign = [*UTM, "ref", "source", *CLICK_IDS]
    query = "&".join(f"{name}=a" for name in ("email", *campaign, "token"))
    pages.put("/from", "", f'<a href="/?{query}#access_token=b">on</a>')
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/from?session=c"))
    visitor.page.click("a")
    (event,) = until(lambda: relay.events)
    url, _question, kept = event["url"].partition("?")
    assert url == pages.url("/")
    assert sorted(kept.split("&")) == sorted(f"{name}=a" for name in campaign)
    assert event["referrer"] == pages.url("/from")


def test_without_a_key_the_page_s_host_says_whose_it_is(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    site.domains = ["shop.localhost"]
    site.save()
    pages.put("/", relay.snippet())
    visitor.page.goto(pages.url("/"))
    assert until(lambda: stored(site))


def test_a_single_page_application_is_counted_view_by_view(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/app", relay.snippet(site))
    visitor.page.goto(pages.url("/app?utm_source=mail"), referer="https://www.google.com/")
    until(lambda: stored(site))
    go = visitor.page.evaluate
    go("history.pushState(0, '', '/one?page=1'); setTimeout(() => document.title = 'One', 50)")
    visitor.page.wait_for_timeout(100)
    go("history.pushState(0, '', '/one?page=2')")  # the same page, sorted otherwise
    go("history.replaceState(0, '', '/two')")
    go("history.replaceState({}, '', '/two')")
    go("location.hash = 'below'")
    go("location.hash = '#/three?token=1'")
    go("addEventListener('popstate', () => setTimeout(() => document.title = 'Back', 50))")
    until(lambda: len(stored(site)) == 4)
    go("history.go(-2)")
    visitor.page.wait_for_url("**/two")
    settled(relay, 5)
    views = stored(site)
    assert [view.path for view in views] == ["/app", "/one", "/two", "/two#/three", "/two"]
    assert (views[1].title, views[-1].title) == ("One", "Back")
    assert [view.channel for view in views[1:]] == ["direct"] * 4  # they come from the site itself
    sent = {event["id"]: event for event in relay.events}.values()
    assert [event["referrer"] for event in sent][1:3] == [pages.url("/app"), pages.url("/one")]
    assert visitor.complaints == []


def test_a_page_nobody_sees_is_not_viewed_until_somebody_does(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/", relay.snippet(site))
    visitor.page.add_init_script("""
        window.phases = {prerendering: 1, hidden: 1};
        for (const name in phases)
            Object.defineProperty(document, name, {get: () => name in phases});
    """)
    tell = "() => document.dispatchEvent(new Event('{}'))"
    visitor.page.goto(pages.url("/"))
    visitor.page.evaluate("linkpro('early')")
    visitor.page.wait_for_timeout(500)
    assert relay.bodies == []  # prerendered: perhaps nobody ever comes here
    visitor.page.evaluate("() => { delete phases.prerendering }")
    visitor.page.evaluate(tell.format("prerenderingchange"))
    until(lambda: stored(site, "early"))
    assert stored(site) == []  # in a tab behind
    visitor.page.evaluate("() => { delete phases.hidden }")
    visitor.page.evaluate(tell.format("visibilitychange"))
    until(lambda: stored(site))
    settled(relay, 2)
    assert len(stored(site)) == 1


def test_a_script_that_is_loaded_twice_counts_once(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/", relay.snippet(site) * 2, '<a href="/next" target="_blank">next</a>')
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site))
    visitor.page.evaluate(f"""() => new Promise(done => {{
        const copy = document.createElement("script");
        copy.src = "{relay.url}/js/analytics.js?again";
        copy.onload = done;
        document.head.append(copy);
    }})""")
    visitor.page.click("a")
    settled(relay, 2)
    assert (len(stored(site)), len(stored(site, "click"))) == (1, 1)


def test_a_strict_content_security_policy_is_kept(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    policy = f"default-src 'none'; script-src {relay.url}; connect-src {relay.url}"
    pages.put("/", relay.snippet(site), Content_Security_Policy=policy)
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site))
    visitor.page.evaluate("linkpro('own')")
    until(lambda: stored(site, "own"))
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ('data-ignore="other.test shop.localhost"', set()),
        ('data-views="off"', {"click", "own"}),
        ('data-clicks="off"', {"page_view", "own"}),
    ],
)
def test_an_option_switches_a_part_off(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor, options: str, names: set[str]
) -> None:
    pages.put("/", relay.snippet(site, options), '<a href="/next" target="_blank">next</a>')
    visitor.page.goto(pages.url("/"))
    visitor.page.evaluate("linkpro('own')")
    visitor.page.click("a")
    visitor.page.wait_for_timeout(400)
    settled(relay, len(names))
    assert {event["name"] for event in relay.events} == names


# --- Clicks and own events -------------------------------------------------------------------


def test_a_click_is_counted_though_the_page_is_left_by_it(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    away = pages.url("/away?token=secret#part", host="partner.localhost")
    text = "Our \n partner " + "\N{GRINNING FACE}" * 300
    pages.put("/", relay.snippet(site), f'<a href="{away}"><b>{text}</b></a>')
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site))
    visitor.page.click("b", position={"x": 5, "y": 5})
    visitor.page.wait_for_url("**/away**")
    (click,) = until(lambda: stored(site, "click"))
    assert click.props == {"href": away.partition("?")[0], "outbound": True}
    assert click.path == "/"
    sent = next(event for event in relay.events if event["name"] == "click")
    assert sent["label"] == ("Our partner " + "\N{GRINNING FACE}" * 188)
    settled(relay, 2)
    assert len(stored(site, "click")) == 1


def test_which_clicks_count(site: Site, relay: Relay, pages: Pages, visitor: Visitor) -> None:
    links = [
        '<a id=counts href="/next?a=b"><img alt="Next" src="data:,"></a>',
        '<a id=mail href="mailto:info@acme.test?subject=x" aria-label="Write">@</a>',
        '<a id=below href="#below">below</a>',
        '<a id=script href="javascript:void 0">script</a>',
        "<a id=bare>no link</a>",
        '<p data-linkpro-ignore><a id=private href="/private">private</a></p>',
        '<svg width=9 height=9><a id=svg href="/svg"><text y=9>svg</text></a></svg>',
    ]
    stay = "<script>addEventListener('click', event => event.preventDefault())</script>"
    pages.put("/", relay.snippet(site) + stay, "".join(links))
    visitor.page.goto(pages.url("/"))
    for name in ("counts", "mail", "below", "script", "bare", "private", "svg"):
        visitor.page.dispatch_event(f"#{name}", "click")
    settled(relay, 4)
    told = {
        (event["label"], event["props"]["href"], event["props"]["outbound"])
        for event in relay.events
        if event["name"] == "click"
    }
    assert told == {
        ("Next", pages.url("/next"), False),
        ("@", "mailto:info@acme.test", False),
        ("svg", pages.url("/svg"), False),
    }


STAY = "<script>addEventListener('click', event => event.preventDefault())</script>"


def told(relay: Relay, *names: str) -> list[dict[str, Any]]:
    """The different events of these names so far, without what all events say."""
    seen = {event["id"]: event for event in relay.events if event["name"] in names}
    kept = ("name", "label", "props", "category", "value", "currency", "action")
    return [{key: event[key] for key in kept if key in event} for event in seen.values()]


def test_a_file_is_a_download_and_no_click(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    links = [
        '<a id=pdf href="/files/Prices.PDF?token=secret">Prices</a>',
        '<a id=named href="/report/7" download="report">Report</a>',
        '<a id=away href="//cdn.localhost/app.dmg">App</a>',
        '<a id=page href="/pdf">No file</a>',
        '<a id=mail href="mailto:someone@list.zip">Write</a>',
    ]
    pages.put("/", relay.snippet(site) + STAY, "".join(links))
    visitor.page.goto(pages.url("/"))
    for name in ("pdf", "named", "away", "page", "mail"):
        visitor.page.dispatch_event(f"#{name}", "click")
    settled(relay, 6)
    assert [(event["label"], event["props"]) for event in told(relay, "download")] == [
        ("Prices", {"href": pages.url("/files/Prices.PDF"), "outbound": False}),
        ("Report", {"href": pages.url("/report/7"), "outbound": False}),
        ("App", {"href": "http://cdn.localhost/app.dmg", "outbound": True}),
    ]
    assert [event["label"] for event in told(relay, "click")] == ["No file", "Write"]
    assert len(stored(site, "download")) == 3


@pytest.mark.parametrize(
    ("options", "downloads", "clicks"),
    [
        ('data-downloads="csv, TXT"', ["list.txt"], ["book.pdf"]),
        ('data-downloads="off"', [], ["list.txt", "book.pdf"]),
        ('data-clicks="off"', ["list.txt", "book.pdf"], []),
    ],
)
def test_the_page_says_what_files_are(
    site: Site,
    relay: Relay,
    pages: Pages,
    visitor: Visitor,
    options: str,
    downloads: list[str],
    clicks: list[str],
) -> None:
    links = "".join(f'<a href="/{name}">{name}</a>' for name in ("list.txt", "book.pdf"))
    pages.put("/", relay.snippet(site, options) + STAY, links)
    visitor.page.goto(pages.url("/"))
    for link in visitor.page.query_selector_all("a"):
        link.dispatch_event("click")
    settled(relay, 3)
    assert [event["label"] for event in told(relay, "download")] == downloads
    assert [event["label"] for event in told(relay, "click")] == clicks


def test_a_form_is_counted_when_it_is_sent_and_its_fields_stay_there(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    fields = "<input name=email value=ada@acme.test><input name=name value=Ada><button>Go</button>"
    forms = [
        f'<form action="/thanks" data-linkpro-name="newsletter" id=a name=b>{fields}</form>',
        f'<form action="/thanks" name=contact id=c>{fields}</form>',
        f'<form action="/thanks" id=search>{fields}</form>',
        f'<form action="/thanks" aria-label="Log in">{fields}</form>',
        f'<form action="/thanks">{fields}</form>',
        f'<form action="/thanks" data-linkpro-ignore id=private>{fields}</form>',
        '<form action="/thanks" id=invalid><input required name=x><button>Go</button></form>',
    ]
    stay = "<script>addEventListener('submit', event => event.preventDefault())</script>"
    pages.put("/", relay.snippet(site) + stay, "".join(forms))
    visitor.page.goto(pages.url("/"))
    for button in visitor.page.query_selector_all("button"):
        button.click()
    settled(relay, 6)
    labels = [event.get("label") for event in told(relay, "form_submit")]
    assert labels == ["newsletter", "contact", "search", "Log in", None]
    assert "ada" not in json.dumps(relay.events).lower()
    assert visitor.complaints == []


def test_a_form_that_a_script_sends_is_counted_once(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    forms = [
        '<form action="/thanks" target=frame id=alone></form>',
        '<form action="/thanks" target=frame id=checked><button id=go>Go</button></form>',
        '<form action="/thanks" target=frame id=asked></form><iframe name=frame></iframe>',
    ]
    checks = """<script>
        addEventListener("submit", event => {
            if (event.target.id !== "checked") return;
            event.preventDefault();
            setTimeout(() => event.target.submit(), 100);
        });
    </script>"""
    pages.put("/", relay.snippet(site) + checks, "".join(forms))
    visitor.page.goto(pages.url("/"))
    visitor.page.evaluate("alone.submit()")
    visitor.page.evaluate("asked.requestSubmit()")
    visitor.page.click("#go")
    visitor.page.wait_for_timeout(300)
    settled(relay, 4)
    labels = sorted(event["label"] for event in told(relay, "form_submit"))
    assert labels == ["alone", "asked", "checked"]
    assert visitor.complaints == []


def test_a_form_that_ends_the_page_is_counted(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put(
        "/", relay.snippet(site), '<form action="/thanks" id=order><button>Buy</button></form>'
    )
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site))
    visitor.page.click("button")
    visitor.page.wait_for_url("**/thanks**")
    (sent,) = until(lambda: stored(site, "form_submit"))
    assert (sent.label, sent.path) == ("order", "/")


def test_forms_are_switched_off_but_for_those_with_an_event(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    forms = '<form id=plain></form><form id=named data-linkpro-event="signup"></form>'
    stay = "<script>addEventListener('submit', event => event.preventDefault())</script>"
    pages.put("/", relay.snippet(site, 'data-forms="off"') + stay, forms)
    visitor.page.goto(pages.url("/"))
    visitor.page.evaluate("plain.requestSubmit(); named.requestSubmit()")
    settled(relay, 2)
    assert told(relay, "form_submit", "signup") == [
        {"name": "signup", "label": "named", "props": {}}
    ]


def test_an_element_says_what_its_event_is(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    body = """
        <button id=buy data-linkpro-event="purchase" data-linkpro-value="49.90"
            data-linkpro-currency="EUR" data-linkpro-category="conversion" data-linkpro-label="Team"
            data-linkpro-action="buy" data-linkpro-props-plan="team" data-linkpro-props-seats="5">
            <b>Buy</b></button>
        <a id=link href="/book.pdf" data-linkpro-event="brochure" data-linkpro-value="">Book</a>
        <div id=card data-linkpro-event="card"><a id=inner href="/next">Next</a> <i>secret</i></div>
        <form id=form data-linkpro-event="signup" data-linkpro-category="conversion">
            <input id=field><button>Go</button></form>
        <a id=plain href="/plain" data-linkpro-category="conversion">Plain</a>
        <p data-linkpro-ignore><button id=not data-linkpro-event="not">No</button></p>
    """
    both = "<script>addEventListener('submit', event => event.preventDefault())</script>" + STAY
    pages.put("/", relay.snippet(site) + both, body)
    visitor.page.goto(pages.url("/"))
    for name in ("buy b", "link", "inner", "card i", "field", "plain", "not"):
        visitor.page.dispatch_event(f"#{name}", "click")
    visitor.page.evaluate("form.requestSubmit()")
    settled(relay, 7)
    target = {"href": pages.url("/book.pdf"), "outbound": False}
    inner = {"href": pages.url("/next"), "outbound": False}
    plain = {"href": pages.url("/plain"), "outbound": False}
    names = ("purchase", "brochure", "card", "signup", "not", "click", "download", "form_submit")
    assert told(relay, *names) == [
        {
            "name": "purchase",
            "label": "Team",
            "props": {"plan": "team", "seats": "5"},
            "value": "49.90",
            "currency": "EUR",
            "category": "conversion",
            "action": "buy",
        },
        {"name": "brochure", "label": "Book", "props": target, "value": None},
        {"name": "card", "label": "Next", "props": inner},
        {"name": "card", "props": {}},
        {"name": "click", "label": "Plain", "props": plain, "category": "conversion"},
        {"name": "signup", "label": "form", "props": {}, "category": "conversion"},
    ]
    (bought,) = stored(site, "purchase")
    assert (bought.value, bought.currency) == (Decimal("49.90"), "EUR")
    rebuild_all()
    total = DailyStat.objects.for_tenant(site.tenant).get(dimension="")
    assert (total.conversions, total.revenue) == (3, Decimal("49.90"))


def test_a_label_and_its_box_are_one_click(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    body = """<label data-linkpro-event="agree"><input type=checkbox> <i>I agree</i></label>
        <label><input type=checkbox data-linkpro-event="box"> <b>I read it</b></label>"""
    pages.put("/", relay.snippet(site), body)
    visitor.page.goto(pages.url("/"))
    visitor.page.click("i")
    visitor.page.click("b")
    settled(relay, 3)
    assert [event["name"] for event in told(relay, "agree", "box")] == ["agree", "box"]


def test_a_conversion_of_the_page_s_own_is_counted(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/"))
    visitor.page.evaluate("linkpro('signup', {category: 'conversion', value: 5, currency: 'EUR'})")
    (signup,) = until(lambda: stored(site, "signup"))
    assert (signup.category, signup.value) == ("conversion", Decimal(5))


# --- Who it is -------------------------------------------------------------------------------


def test_a_person_who_agreed_is_the_same_until_they_are_forgotten(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    agreed = STUB.replace(
        'linkpro("signup"', 'linkpro("identify", {user_id: 7, consent: true}); linkpro("signup"'
    )
    pages.put("/", relay.snippet(site, stub=agreed))
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site, "signup"))
    visitor.page.evaluate("linkpro('forget'); linkpro('after')")
    until(lambda: stored(site, "after"))
    settled(relay, 3)
    people = {event["name"]: (event.get("user_id"), event.get("consent")) for event in relay.events}
    assert people == {"page_view": ("7", True), "signup": ("7", True), "after": (None, None)}
    (view,), (signup,), (after,) = (stored(site, name) for name in people)
    assert view.visitor == signup.visitor == pseudonyms.visitor_of(site, "7")
    assert after.visitor not in (view.visitor, None)
    assert visitor.context.cookies() == []
    assert visitor.page.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.parametrize(
    "given",
    [
        "{user_id: 'ada'}",
        "{user_id: 'ada', consent: false}",
        "{user_id: 'ada', consent: 'true'}",
        "{consent: true}",
        "'ada'",
        "null",
    ],
)
def test_without_consent_no_id_leaves_the_page(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor, given: str
) -> None:
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/"))
    visitor.page.evaluate(f"linkpro('identify', {given}); linkpro('own')")
    until(lambda: stored(site, "own"))
    assert all("user_id" not in event for event in relay.events)
    assert stored(site, "identify") == []
    assert visitor.complaints == []


@pytest.mark.parametrize("signal", ["globalPrivacyControl: true", "doNotTrack: '1'"])
def test_a_browser_that_objects_is_believed(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor, signal: str
) -> None:
    name, value = signal.split(": ")
    visitor.page.add_init_script(
        f"Object.defineProperty(Navigator.prototype, '{name}', {{get: () => {value}}})"
    )
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/"))
    visitor.page.evaluate("linkpro('identify', {user_id: 'ada', consent: true}); linkpro('own')")
    until(lambda: stored(site, "own"))
    assert all("user_id" not in event for event in relay.events)


# --- Where the script comes from -------------------------------------------------------------


def test_under_a_name_of_the_site_s_choice_events_go_the_script_s_way(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    site.script_name = "pebble"
    site.save()
    address = f"{relay.url}/js/pebble.js"
    pages.put("/", f'<script defer src="{address}"></script>')
    asked = []
    visitor.page.on("request", lambda request: asked.append((request.method, request.url)))
    visitor.page.goto(pages.url("/"))
    assert until(lambda: stored(site))
    settled(relay, 1)
    ours = [(method, url) for method, url in asked if url.startswith(relay.url)]
    assert ours == [("GET", address), ("POST", address)]
    assert visitor.page.evaluate("linkpro.version")
    assert visitor.complaints == []


def test_a_page_without_scripts_is_counted_by_the_picture(
    site: Site, relay: Relay, pages: Pages, chromium: Browser
) -> None:
    source = f"{relay.url}/api/pixel.gif?site={site.key}"
    picture = f'<img src="{source}" referrerpolicy="no-referrer-when-downgrade" alt="">'
    pages.put("/", relay.snippet(site), f"<noscript>{picture}</noscript>")
    context = chromium.new_context(java_script_enabled=False, user_agent=CHROME)
    page = context.new_page()
    with page.expect_response("**/api/pixel.gif*") as answer:
        page.goto(pages.url("/?utm_source=mail&secret=1"))
    assert (answer.value.status, answer.value.headers["x-event"]) == (200, "accepted")
    context.close()
    (view,) = stored(site)
    assert (view.path, view.source, view.browser) == ("/", "mail", "Chrome")


def test_an_event_of_the_page_waits_for_the_script(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/", relay.snippet(site, stub=STUB))
    visitor.page.goto(pages.url("/"))
    (signup,) = until(lambda: stored(site, "signup"))
    assert (signup.value, signup.currency, signup.props) == (
        Decimal("9.90"),
        "EUR",
        {"plan": "team"},
    )


def test_nonsense_from_the_page_harms_neither_it_nor_other_events(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site))
    visitor.page.evaluate("""() => {
        const ring = {}; ring.ring = ring;
        linkpro(); linkpro("ring", {props: ring}); linkpro("big", {value: 1n});
        linkpro("nothing", null);
        linkpro("huge", {props: {text: "x".repeat(70000)}});
        linkpro("refused", {props: {text: "x".repeat(9000)}});
        linkpro("half", {label: "\\ud83d", props: {"\\\\ud83d": "\\ude00 \\\\"}});
        linkpro(7, {label: 8, category: true});
    }""")
    settled(relay, 5)
    (half,) = stored(site, "half")
    assert (half.label, half.props) == ("\ufffd", {"\\ud83d": "\ufffd \\"})
    (seven,) = stored(site, "7")
    assert (seven.label, seven.category) == ("8", "true")
    assert {event["name"] for event in relay.events} == {
        "page_view",
        "nothing",
        "refused",
        "half",
        "7",
    }
    assert visitor.complaints == []


# --- Failures --------------------------------------------------------------------------------


def test_a_refused_event_is_kept_and_counted_once(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    relay.faults += ["503", "503"]
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site))
    settled(relay, 1)
    assert len(stored(site)) == 1
    assert len(relay.bodies) == 3
    assert len({event["id"] for event in relay.events}) == 1
    assert len({event["timestamp"] for event in relay.events}) == 1
    assert len({body["sent_at"] for body in relay.bodies}) == 3


@pytest.mark.parametrize("fault", ["cut", "garbage"])
def test_an_event_without_an_answer_is_sent_again_and_counted_once(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor, fault: str
) -> None:
    relay.faults += [fault]
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/"))
    until(lambda: len(relay.bodies) >= 2)
    settled(relay, 1)
    assert len(stored(site)) == 1
    assert visitor.page.evaluate("linkpro('later')") is None
    until(lambda: stored(site, "later"))
    assert [event["name"] for event in relay.bodies[-1]["events"]] == ["later"]


def test_a_batch_that_is_too_large_is_halved_once_then_forgotten(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site))
    relay.faults += ["413", "413"]
    visitor.page.evaluate("for (let n = 1; n <= 4; n++) linkpro('own', {label: n})")
    settled(relay, 5)
    assert [len(body["events"]) for body in relay.bodies] == [1, 4, 2, 2]
    assert {event.label for event in stored(site, "own")} == {"3", "4"}


def test_a_batch_stays_under_what_a_closing_page_may_send(
    site: Site, relay: Relay, pages: Pages, visitor: Visitor
) -> None:
    pages.put("/", relay.snippet(site))
    visitor.page.goto(pages.url("/"))
    until(lambda: stored(site))
    visitor.page.evaluate("""() => {
        const text = "\\u00e4".repeat(3000);
        for (let n = 0; n < 70; n++) linkpro("many", {props: n < 20 ? {n, text} : {n}});
    }""")
    until(lambda: len(stored(site, "many")) == 70)
    assert max(len(body["events"]) for body in relay.bodies) <= 50
    assert len(relay.bodies) >= 4
