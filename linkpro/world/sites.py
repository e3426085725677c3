"""Where they go: the sites of a company that does not exist, and the ways to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from linkpro.world.odds import Odds, zipf


@dataclass(frozen=True, slots=True)
class Source:
    """Where visits come from, and what the statistics are to call it; "" for direct."""

    name: str
    referrer: str = ""
    query: tuple[tuple[str, str], ...] = ()
    phones: float = 0.55  # how many come with a phone
    medium: str = ""
    channel: str = "direct"

    def tag(self, name: str) -> str:
        """What the address of the first page says of the campaign."""
        return dict(self.query).get(f"utm_{name}", "")


def _search(name: str, referrer: str, phones: float = 0.55) -> Source:
    return Source(name, referrer, (), phones, "organic", "organic_search")


def _social(name: str, referrer: str, phones: float = 0.55) -> Source:
    return Source(name, referrer, (), phones, "social", "organic_social")


def _assistant(name: str, referrer: str, phones: float) -> Source:
    return Source(name, referrer, (), phones, "ai", "ai_assistant")


def _tagged(name: str, medium: str, channel: str, phones: float = 0.5, **tags: str) -> Source:
    tags = {"utm_source": name.lower(), "utm_medium": medium} | tags
    return Source(name, "", tuple(tags.items()), phones, medium, channel)


def _clicked(name: str, medium: str, channel: str, click_id: str) -> Source:
    return Source(name, "", ((click_id, "Cj0demo"),), 0.5, medium, channel)


DIRECT = Source("")
LAUNCH = _tagged(
    "newsletter", "email", "email", utm_campaign="winter-notebooks", utm_content="hero"
)
SOURCES = Odds(
    {
        DIRECT: 24,
        _search("Google", "https://www.google.com/"): 29,
        _tagged(
            "Google",
            "cpc",
            "paid_search",
            0.6,
            utm_campaign="notebooks-search",
            utm_term="linen notebook",
            gclid="Cj0demo",
        ): 5,
        _search("Bing", "https://www.bing.com/", phones=0.1): 5,
        _search("DuckDuckGo", "https://duckduckgo.com/", phones=0.4): 4,
        _search("Ecosia", "https://www.ecosia.org/", phones=0.4): 2,
        _social("Instagram", "https://l.instagram.com/", phones=0.95): 8,
        _social("Pinterest", "https://www.pinterest.com/", phones=0.8): 6,
        _social("Facebook", "https://m.facebook.com/", phones=0.9): 3,
        _social("YouTube", "https://www.youtube.com/"): 2,
        _social("reddit", "https://www.reddit.com/", phones=0.5): 2,
        _assistant("ChatGPT", "https://chatgpt.com/", phones=0.35): 4,
        _assistant("Perplexity", "https://www.perplexity.ai/", phones=0.3): 1.5,
        _tagged("newsletter", "email", "email", utm_campaign="monthly-letter"): 3,
        Source(
            "penandlight.example",
            "https://penandlight.example/reviews/linen-notebook",
            medium="referral",
            channel="referral",
        ): 1.5,
    }
)
# Ways that few take, one for each rule by which a source is told.
RARE_SOURCES = (
    _search("Google", "https://www.google.de/search?q=linen"),
    _social("Twitter", "https://t.co/x1y2"),
    _clicked("Bing", "cpc", "paid_search", "msclkid"),
    _clicked("TikTok", "cpc", "paid_social", "ttclid"),
    _clicked("Facebook", "social", "organic_social", "fbclid"),
    Source("producthunt", "", (("ref", "producthunt"),), 0.5, "referral", "referral"),
    Source("", "", (("utm_medium", "email"),), 0.5, "email", "email"),
    _tagged("Facebook", "paid_social", "paid_social", utm_campaign="spring", utm_content="video"),
    _tagged("pressroom", "affiliate", "affiliate"),
    _tagged("adnet", "display", "display", utm_campaign="spring", utm_term="desk"),
)


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link of a link-in-bio page."""

    slug: str
    title: str
    url: str


@dataclass(frozen=True, slots=True, eq=False)
class SiteSpec:
    """A site of the world. `pages` are titles by path, the most wanted first."""

    slug: str
    name: str
    domains: tuple[str, ...]
    zone: str
    visits: float  # on an average day at the end of the period
    pages: dict[str, str]
    countries: Odds[str]
    week: tuple[float, ...]  # from Monday on
    launch_at: float | None = None  # when in the period (0 to 1) a campaign begins
    currency: str = "EUR"
    sells: bool = False
    outbound: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    sources: Odds[Source] = SOURCES
    funnel: dict[str, list[str]] | None = None
    username: str = ""  # of a link-in-bio page, which has links
    bio: str = ""
    links: tuple[LinkSpec, ...] = ()
    wanted: Odds[str] = field(init=False, repr=False, compare=False)
    wanted_links: Odds[LinkSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "wanted", zipf(self.pages))
        object.__setattr__(self, "wanted_links", zipf(self.links))

    @property
    def clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def address(self) -> str:
        return f"https://{self.domains[0]}"


SHOP = SiteSpec(
    slug="shop",
    name="Shop",
    domains=("hollinreed.example", "www.hollinreed.example"),
    zone="Europe/Berlin",
    visits=505,
    pages={
        "/": "Hollin & Reed: things for the desk",
        "/notebooks/linen-a5": "Linen notebook A5",
        "/notebooks": "Notebooks",
        "/pens/brass-rollerball": "Brass rollerball",
        "/sale": "Last pieces",
        "/pens": "Pens",
        "/notebooks/dotted-a6": "Dotted pocket notebook",
        "/desk/oak-tray": "Oak desk tray",
        "/calendars/wall-2027": "Wall calendar 2027",
        "/desk": "For the desk",
        "/pens/fountain-slate": "Fountain pen, slate",
        "/gift-sets": "Gift sets",
        "/inks/iron-blue": "Ink, iron blue",
        "/notebooks/travel-refill": "Travel refill",
        "/calendars": "Calendars",
        "/cards/botanical": "Botanical cards",
        "/desk/wool-mat": "Wool desk mat",
        "/gift-sets/first-pen": "First pen set",
        "/inks": "Inks",
        "/shipping": "Shipping and returns",
        "/about": "About us",
        "/cards": "Cards",
        "/desk/brass-ruler": "Brass ruler",
        "/contact": "Contact",
        "/inks/moss": "Ink, moss",
        "/stores": "Our stores",
        "/vouchers": "Vouchers",
        "/imprint": "Imprint",
    },
    countries=Odds({
        "DE": 56, "AT": 9, "CH": 7, "NL": 6, "FR": 5, "GB": 4, "US": 3, "IT": 2, "PL": 2,
        "DK": 2, "SE": 2, "BE": 1, "ES": 1, "CZ": 1,
    }),
    week=(1.04, 1.0, 0.97, 0.99, 0.92, 0.94, 1.14),
    launch_at=0.62,
    sells=True,
    outbound=(("Instagram", "https://www.instagram.com/"), ("Find a store", "https://maps.google.com/")),
    files=("/files/catalogue-2027.pdf", "/files/care-of-leather.pdf"),
    forms=("Newsletter", "Contact"),
    funnel={
        "homepage": ["/"],
        "vertical": ["/notebooks", "/pens", "/desk", "/inks", "/calendars", "/gift-sets"],
        "pricing": ["/cart"],
        "demo": ["/checkout"],
    },
)  # fmt: skip
JOURNAL = SiteSpec(
    slug="journal",
    name="Journal",
    domains=("journal.hollinreed.example",),
    zone="America/New_York",
    visits=168,
    pages={
        "/": "The Hollin & Reed Journal",
        "/fountain-pen-care": "How to care for a fountain pen",
        "/morning-pages": "Morning pages, one year on",
        "/paper-weights": "What paper weights mean",
        "/small-desk": "A good desk in a small room",
        "/ink-swatches": "Forty inks, swatched",
        "/left-handed": "Writing left-handed",
        "/bookbinding": "An afternoon of bookbinding",
        "/letters": "Why we still write letters",
        "/about": "About the journal",
        "/interviews/mapmaker": "A mapmaker's desk",
        "/archive": "Archive",
    },
    countries=Odds({
        "US": 56, "CA": 10, "GB": 10, "AU": 6, "DE": 5, "IN": 4, "IE": 2, "NL": 2, "FR": 2,
        "JP": 2, "SE": 1,
    }),
    week=(1.06, 1.08, 1.05, 1.03, 0.95, 0.86, 0.97),
    currency="USD",
    outbound=(("Visit the shop", f"{SHOP.address}/"), ("Instagram", "https://www.instagram.com/")),
    files=("/files/desk-plan.pdf",),
    forms=("Letters by e-mail",),
)  # fmt: skip
BIO = SiteSpec(
    slug="bio",
    name="Hollin & Reed links",
    domains=("links.hollinreed.example",),
    zone="Europe/Berlin",
    visits=148,
    pages={"/@hollinreed": "Hollin & Reed"},
    countries=SHOP.countries,
    week=(0.9, 0.92, 0.95, 0.98, 1.05, 1.12, 1.08),
    sources=Odds(
        {
            _social("Instagram", "https://l.instagram.com/", phones=0.96): 52,
            _social("TikTok", "https://www.tiktok.com/", phones=0.97): 17,
            DIRECT: 16,
            _social("Pinterest", "https://www.pinterest.com/", phones=0.85): 6,
            _social("YouTube", "https://www.youtube.com/"): 4,
            _social("Twitter", "https://t.co/x1y2"): 3,
            _tagged("newsletter", "email", "email", utm_campaign="monthly-letter"): 2,
        }
    ),
    username="hollinreed",
    bio="Paper, pens and things for the desk. Made in Berlin, written about in New York.",
    links=(
        LinkSpec("new-in", "New: the linen notebook", f"{SHOP.address}/notebooks/linen-a5"),
        LinkSpec("shop", "Shop", f"{SHOP.address}/"),
        LinkSpec("journal", "The Journal", f"{JOURNAL.address}/"),
        LinkSpec("swatches", "Forty inks, swatched", f"{JOURNAL.address}/ink-swatches"),
        LinkSpec("gifts", "Gift sets", f"{SHOP.address}/gift-sets"),
        LinkSpec("stores", "Find a store", "https://maps.google.com/"),
        LinkSpec("write", "Write to us", "mailto:hello@hollinreed.example"),
    ),
)
SITES = (SHOP, JOURNAL, BIO)
