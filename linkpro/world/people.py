"""Who visits: browsers, screens, and addresses of the countries they live in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from linkpro.world.odds import Odds

_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
_ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15"
_IPAD = "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15"
_GECKO = "(KHTML, like Gecko)"


class Browser(NamedTuple):
    """A user agent, and what it is: names as people know them, and a bot's class."""

    agent: str
    name: str
    system: str
    device: str = "desktop"
    bot: str = ""


def _desktop(agent: str, name: str, system: str) -> Browser:
    return Browser(agent, name, system)


def _phone(agent: str, name: str, system: str = "iOS") -> Browser:
    return Browser(agent, name, system, "mobile")


def _tablet(agent: str, name: str, system: str = "iOS") -> Browser:
    return Browser(agent, name, system, "tablet")


def _bot(agent: str, name: str, kind: str, system: str = "") -> Browser:
    return Browser(agent, name, system, bot=kind)


DESKTOPS = Odds(
    {
        _desktop(f"{_WINDOWS} Chrome/150.0.0.0 Safari/537.36", "Chrome", "Windows"): 22,
        _desktop(f"{_WINDOWS} Chrome/149.0.0.0 Safari/537.36", "Chrome", "Windows"): 9,
        _desktop(f"{_WINDOWS} Chrome/147.0.0.0 Safari/537.36", "Chrome", "Windows"): 3,
        _desktop(f"{_WINDOWS} Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0", "Edge", "Windows"): 11,
        _desktop(f"{_WINDOWS} Chrome/149.0.0.0 Safari/537.36 Edg/149.0.0.0", "Edge", "Windows"): 3,
        _desktop(f"{_WINDOWS} Chrome/148.0.0.0 Safari/537.36 OPR/124.0.0.0", "Opera", "Windows"): 2,
        _desktop(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0",
            "Firefox",
            "Windows",
        ): 7,
        _desktop(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox",
            "Windows",
        ): 2,
        _desktop(f"{_MAC}/605.1.15 {_GECKO} Version/26.1 Safari/605.1.15", "Safari", "macOS"): 12,
        _desktop(f"{_MAC}/605.1.15 {_GECKO} Version/18.6 Safari/605.1.15", "Safari", "macOS"): 5,
        _desktop(f"{_MAC}/537.36 {_GECKO} Chrome/150.0.0.0 Safari/537.36", "Chrome", "macOS"): 9,
        _desktop(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:152.0) Gecko/20100101 Firefox/152.0",
            "Firefox",
            "macOS",
        ): 2,
        _desktop(f"{_LINUX} Chrome/150.0.0.0 Safari/537.36", "Chrome", "Linux"): 3,
        _desktop(
            "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0",
            "Firefox",
            "Linux",
        ): 3,
        _desktop(
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0",
            "Firefox",
            "Linux",
        ): 1,
        _desktop(
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/149.0.0.0 Safari/537.36",
            "Chrome",
            "Chrome OS",
        ): 1,
    }
)
PHONES = Odds(
    {
        _phone(f"{_IPHONE} {_GECKO} Version/26.1 Mobile/15E148 Safari/604.1", "Safari"): 26,
        _phone(f"{_IPHONE} {_GECKO} Version/26.0 Mobile/15E148 Safari/604.1", "Safari"): 9,
        _phone(f"{_IPHONE} {_GECKO} Version/18.6 Mobile/15E148 Safari/604.1", "Safari"): 6,
        _phone(f"{_IPHONE} {_GECKO} CriOS/150.0.7300.61 Mobile/15E148 Safari/604.1", "Chrome"): 5,
        _phone(f"{_IPHONE} {_GECKO} FxiOS/152.0 Mobile/15E148 Safari/605.1.15", "Firefox"): 1,
        _phone(f"{_IPHONE} {_GECKO} Mobile/23B85 Instagram 410.0.0.28.71", "Instagram"): 4,
        _phone(f"{_ANDROID} Chrome/150.0.0.0 Mobile Safari/537.36", "Chrome", "Android"): 25,
        _phone(f"{_ANDROID} Chrome/149.0.0.0 Mobile Safari/537.36", "Chrome", "Android"): 9,
        _phone(
            f"{_ANDROID} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
            "Samsung Internet",
            "Android",
        ): 7,
        _phone(
            f"{_ANDROID} Chrome/150.0.0.0 Mobile Safari/537.36 EdgA/150.0.0.0", "Edge", "Android"
        ): 1,
        _phone(
            "Mozilla/5.0 (Android 15; Mobile; rv:152.0) Gecko/152.0 Firefox/152.0",
            "Firefox",
            "Android",
        ): 2,
        _tablet(f"{_IPAD} {_GECKO} Version/26.1 Mobile/15E148 Safari/604.1", "Safari"): 4,
        _tablet(f"{_IPAD} {_GECKO} CriOS/150.0.7300.61 Mobile/15E148 Safari/604.1", "Chrome"): 1,
        _tablet(f"{_ANDROID} Chrome/150.0.0.0 Safari/537.36", "Chrome", "Android"): 2,
    }
)
_COMPATIBLE = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible"
BOTS = Odds(
    {
        _bot(
            f"{_COMPATIBLE}; Googlebot/2.1; +http://www.google.com/bot.html)"
            " Chrome/149.0.0.0 Safari/537.36",
            "Googlebot",
            "search-engine",
        ): 5,
        _bot(
            f"{_COMPATIBLE}; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
            " Chrome/136.0.0.0 Safari/537.36",
            "bingbot",
            "search-engine",
        ): 3,
        _bot(f"{_COMPATIBLE}; GPTBot/1.2; +https://openai.com/gptbot)", "GPTBot", "ai-crawler"): 3,
        _bot(
            "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "AhrefsBot", "seo"
        ): 2,
        _bot(
            f"{_LINUX} HeadlessChrome/149.0.0.0 Safari/537.36",
            "HeadlessChrome",
            "browser-automation",
            "Linux",
        ): 1,
    }
)
# Those that a site meets now and then; the last one is on no list.
RARE_BOTS = (
    _bot("curl/8.14.1", "curl", "http-library"),
    _bot(
        "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        "UptimeRobot",
        "monitoring",
    ),
    _bot(
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "FacebookBot",
        "preview",
    ),
    _bot("Feedly/1.0 (+http://www.feedly.com/fetcher.html)", "", "feed-reader"),
    _bot("Mozilla/5.0 zgrab/0.x", "", "scanner"),
    _bot(
        "Mozilla/5.0 (compatible; QuarryBot/0.3; +https://quarry.example/bot)",
        "QuarryBot",
        "unlisted",
    ),
)
SCREENS = {
    "desktop": ("1920x1080", "2560x1440", "1536x864", "1440x900", "1366x768", "3840x2160"),
    "phone": ("390x844", "393x852", "412x915", "360x800", "430x932", "384x832"),
}
# Beginnings of blocks that providers of the country give to their customers, and its language.
COUNTRIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "AT": ("de-AT", ("62.46", "178.112", "84.112")),
    "AU": ("en-AU", ("1.120", "101.160", "124.176")),
    "BE": ("nl-BE", ("81.240", "91.176")),
    "CA": ("en-CA", ("70.24", "99.224", "142.112", "184.144")),
    "CH": ("de-CH", ("85.0", "83.76", "178.192")),
    "CZ": ("cs-CZ", ("89.176",)),
    "DE": ("de-DE", ("91.12", "84.160", "79.192", "87.128", "93.192", "217.80", "95.88", "46.114")),
    "DK": ("da-DK", ("80.160", "87.48")),
    "ES": ("es-ES", ("83.32", "88.0", "79.144")),
    "FR": ("fr-FR", ("90.0", "86.192", "82.64", "88.160")),
    "GB": ("en-GB", ("86.128", "81.128", "90.192", "82.0")),
    "IE": ("en-IE", ("86.40", "89.100")),
    "IN": ("en-IN", ("117.192", "49.32")),
    "IT": ("it-IT", ("79.0", "87.0", "93.32")),
    "JP": ("ja-JP", ("126.0", "60.64")),
    "NL": ("nl-NL", ("77.160", "84.24", "82.72")),
    "PL": ("pl-PL", ("83.0", "79.184", "89.64")),
    "SE": ("sv-SE", ("78.64", "90.224")),
    "US": ("en-US", ("73.0", "98.192", "68.32", "71.96", "24.0", "107.192", "172.56", "174.192")),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A browser at an address: what the statistics take for a visitor of the day."""

    address: str
    browser: Browser
    country: str
    language: str
    screen: str

    @property
    def agent(self) -> str:
        return self.browser.agent

    @property
    def bot(self) -> bool:
        return bool(self.browser.bot)


# Somebody's server: it says nothing of whom it speaks.
NOBODY = Person("", Browser("", "", "", ""), "", "", "")

_LAST_NUMBER = re.compile(r"(?<=[./])\d+(?=\D*$)")


def numbered(browser: Browser, number: int) -> Browser:
    """A browser of the same kind that nobody else has: another version of its last part."""
    agent = _LAST_NUMBER.sub(lambda found: f"{found[0]}.{number}", browser.agent)
    return browser._replace(agent=agent)
