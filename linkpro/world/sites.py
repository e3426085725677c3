"""Where they go: the two web sites of a company that does not exist, and the ways to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from linkpro.world.odds import Odds, zipf


@dataclass(frozen=True, slots=True)
class Source:
    """Where visits come from; `name` is what the statistics are to call it, "" for direct."""

    name: str
    referrer: str = ""
    query: tuple[tuple[str, str], ...] = ()
    phones: float = 0.55  # how many come with a phone


def _tagged(source: str, medium: str, campaign: str, phones: float = 0.5, **more: str) -> Source:
    tags = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign, **more}
    return Source("Google" if source == "google" else source, "", tuple(tags.items()), phones)


LAUNCH = _tagged("newsletter", "email", "winter-notebooks", utm_content="hero")
SOURCES = Odds(
    {
        Source(""): 24,
        Source("Google", "https://www.google.com/"): 29,
        _tagged(
            "google", "cpc", "notebooks-search", 0.6, utm_term="linen notebook", gclid="Cj0demo"
        ): 5,
        Source("Bing", "https://www.bing.com/", phones=0.1): 5,
        Source("DuckDuckGo", "https://duckduckgo.com/", phones=0.4): 4,
        Source("Ecosia", "https://www.ecosia.org/", phones=0.4): 2,
        Source("Instagram", "https://l.instagram.com/", phones=0.95): 8,
        Source("Pinterest", "https://www.pinterest.com/", phones=0.8): 6,
        Source("Facebook", "https://m.facebook.com/", phones=0.9): 3,
        Source("YouTube", "https://www.youtube.com/"): 2,
        Source("reddit", "https://www.reddit.com/", phones=0.5): 2,
        Source("ChatGPT", "https://chatgpt.com/", phones=0.35): 4,
        Source("Perplexity", "https://www.perplexity.ai/", phones=0.3): 1.5,
        _tagged("newsletter", "email", "monthly-letter"): 3,
        Source("penandlight.example", "https://penandlight.example/reviews/linen-notebook"): 1.5,
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class SiteSpec:
    """A web site of the world. `pages` are titles by path, the most wanted first."""

    slug: str
    name: str
    domains: tuple[str, ...]
    zone: str
    visits: float  # on an average day at the end of the period
    pages: dict[str, str]
    countries: Odds[str]
    week: tuple[float, ...]  # from Monday on
    launch_at: float | None = None  # when in the period (0 to 1) a campaign begins
    currency: str | None = None  # of its sales, if it sells
    outbound: tuple[tuple[str, str], ...] = ()
    wanted: Odds[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "wanted", zipf(self.pages))

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
    currency="EUR",
    outbound=(("Instagram", "https://www.instagram.com/"), ("Find a store", "https://maps.google.com/")),
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
    outbound=(("Visit the shop", f"{SHOP.address}/"), ("Instagram", "https://www.instagram.com/")),
)  # fmt: skip
SITES = (SHOP, JOURNAL)
