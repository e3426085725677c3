"""What a user agent says of itself, and which of them is no person. Pure: no database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version

MAX_AGENT = 512  # characters, cut before any pattern looks at them
# Raised when the patterns of this module change: what they judged before can be judged anew.
OWN_VERSION = 2


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What a user agent says of itself; `bot` is its class, empty for people."""

    browser: str = ""
    os: str = ""
    device: str = ""
    bot: str = ""


@cache
def lists_version() -> str:
    """The versions of the lists that `agent_facts` judges by."""
    lists = f"uap {version('ua-parser-builtins')}, crawlers {version('crawler-user-agents')}"
    return f"{lists}, own {OWN_VERSION}"


# --- Bots -------------------------------------------------------------------------------------

# The list's classes as they are called here, in the order in which they are asked: what somebody
# wants with a page says more than the library that fetches it.
CLASSES = {
    "social-preview": "preview",  # a link was shared: its title and picture are shown to people
    "ai-crawler": "ai-crawler",
    "monitoring": "monitoring",
    "search-engine": "search-engine",
    "advertising": "advertising",
    "seo": "seo",
    "scanner": "scanner",
    "feed-reader": "feed-reader",
    "archiver": "archiver",
    "academic": "academic",
    "browser-automation": "browser-automation",
    "http-library": "http-library",
}
PROGRAM = "http-library"
# What the list does not know, by what such agents call themselves. Cubot makes telephones.
_CALLS_ITSELF = {
    "preview": re.compile(r"preview|unfurl|cardyb|kakaotalk-scrap", re.IGNORECASE),
    "monitoring": re.compile(r"kube-probe|health-?check|\bGoogleHC\b|Synthetics", re.IGNORECASE),
    "http-library": re.compile(r"^(?:Java|node|undici|PostmanRuntime|insomnia)\b"),
    "unlisted": re.compile(r"(?<!cu)bot\b|crawl|spider|headless|scrap", re.IGNORECASE),
}
# Applications that fetch previews under a name which their built-in browser, a person's, has too.
_ALSO_BROWSERS = frozenset({"MetaIAB Facebook", "Viber", "Mastodon"})
_BROWSER = re.compile(r"Mozilla/5\.0 \([^)]+\) AppleWebKit/")
_PATTERNS_AT_ONCE = 25  # one expression of all of them is slower, as are single ones


@dataclass(frozen=True, slots=True)
class _Listed:
    """Some of the list's patterns of one class; `apart` are those that may mean a browser."""

    bot: str
    pattern: re.Pattern[str]
    apart: bool = False


@cache
def _listed() -> list[_Listed]:
    import crawleruseragents

    by_class: dict[str, list[str]] = {bot: [] for bot in (*CLASSES.values(), "crawler")}
    also_browsers: list[_Listed] = []
    for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA:
        bot = CLASSES.get((entry.get("tags") or [""])[0], "crawler")
        if entry["pattern"] in _ALSO_BROWSERS:
            also_browsers.append(_Listed(bot, re.compile(entry["pattern"]), apart=True))
        else:
            by_class[bot].append(entry["pattern"])
    return also_browsers + [
        _Listed(bot, re.compile("|".join(patterns[start : start + _PATTERNS_AT_ONCE])))
        for bot, patterns in by_class.items()
        for start in range(0, len(patterns), _PATTERNS_AT_ONCE)
    ]


def _bot_class(text: str) -> str:
    browser = _BROWSER.match(text) is not None
    for listed in _listed():
        if listed.pattern.search(text) and not (listed.apart and browser):
            return listed.bot
    return next((bot for bot, words in _CALLS_ITSELF.items() if words.search(text)), "")


# --- Browsers ---------------------------------------------------------------------------------

_SYSTEMS = {"Mac OS X": "macOS", "Linux": "Linux", "Ubuntu": "Linux", "Fedora": "Linux"}
_VARIANTS = (" Mobile WebView", " Mobile iOS", " Mobile", " iOS", " UI/WKWebView")


def _device(text: str, os: str) -> str:
    mobile = "Mobi" in text or "Opera Mini" in text
    if os in ("iOS", "Android", "Windows Phone") or mobile:
        tablet = "iPad" in text or (os == "Android" and not mobile)
        return "tablet" if tablet else "mobile"
    return "desktop"


@lru_cache(maxsize=8_192)
def agent_facts(text: str) -> AgentFacts:
    """Browser, system and device of a user agent of at most `MAX_AGENT` characters."""
    import ua_parser

    if not text:
        return AgentFacts()
    parsed = ua_parser.parse(text)
    browser = parsed.user_agent.family if parsed.user_agent else ""
    os = parsed.os.family if parsed.os else ""
    os = _SYSTEMS.get(os, os)
    browser = browser.removeprefix("Mobile ")
    for suffix in _VARIANTS:
        browser = browser.removesuffix(suffix)
    return AgentFacts(browser[:64], os[:64], _device(text, os), _bot_class(text))
