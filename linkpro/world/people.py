"""Who visits: browsers, screens, and addresses of the countries they live in."""

from __future__ import annotations

from dataclasses import dataclass

from linkpro.world.odds import Odds

_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
_ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15"
_IPAD = "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15"
_GECKO = "(KHTML, like Gecko)"

DESKTOPS = Odds(
    {
        f"{_WINDOWS} Chrome/150.0.0.0 Safari/537.36": 22,
        f"{_WINDOWS} Chrome/149.0.0.0 Safari/537.36": 9,
        f"{_WINDOWS} Chrome/147.0.0.0 Safari/537.36": 3,
        f"{_WINDOWS} Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0": 11,
        f"{_WINDOWS} Chrome/149.0.0.0 Safari/537.36 Edg/149.0.0.0": 3,
        f"{_WINDOWS} Chrome/148.0.0.0 Safari/537.36 OPR/124.0.0.0": 2,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0": 7,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0": 2,
        f"{_MAC}/605.1.15 {_GECKO} Version/26.1 Safari/605.1.15": 12,
        f"{_MAC}/605.1.15 {_GECKO} Version/18.6 Safari/605.1.15": 5,
        f"{_MAC}/537.36 {_GECKO} Chrome/150.0.0.0 Safari/537.36": 9,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:152.0) Gecko/20100101 Firefox/152.0": 2,
        f"{_LINUX} Chrome/150.0.0.0 Safari/537.36": 3,
        "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0": 3,
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0": 1,
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/149.0.0.0 Safari/537.36": 1,
    }
)
PHONES = Odds(
    {
        f"{_IPHONE} {_GECKO} Version/26.1 Mobile/15E148 Safari/604.1": 26,
        f"{_IPHONE} {_GECKO} Version/26.0 Mobile/15E148 Safari/604.1": 9,
        f"{_IPHONE} {_GECKO} Version/18.6 Mobile/15E148 Safari/604.1": 6,
        f"{_IPHONE} {_GECKO} CriOS/150.0.7300.61 Mobile/15E148 Safari/604.1": 5,
        f"{_IPHONE} {_GECKO} FxiOS/152.0 Mobile/15E148 Safari/605.1.15": 1,
        f"{_IPHONE} {_GECKO} Mobile/23B85 Instagram 410.0.0.28.71": 4,
        f"{_ANDROID} Chrome/150.0.0.0 Mobile Safari/537.36": 25,
        f"{_ANDROID} Chrome/149.0.0.0 Mobile Safari/537.36": 9,
        f"{_ANDROID} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36": 7,
        f"{_ANDROID} Chrome/150.0.0.0 Mobile Safari/537.36 EdgA/150.0.0.0": 1,
        "Mozilla/5.0 (Android 15; Mobile; rv:152.0) Gecko/152.0 Firefox/152.0": 2,
        f"{_IPAD} {_GECKO} Version/26.1 Mobile/15E148 Safari/604.1": 4,
        f"{_IPAD} {_GECKO} CriOS/150.0.7300.61 Mobile/15E148 Safari/604.1": 1,
        f"{_ANDROID} Chrome/150.0.0.0 Safari/537.36": 2,
    }
)
BOTS = Odds(
    {
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1;"
        " +http://www.google.com/bot.html) Chrome/149.0.0.0 Safari/537.36": 5,
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0;"
        " +http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36": 3,
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2;"
        " +https://openai.com/gptbot)": 3,
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)": 2,
        f"{_LINUX} HeadlessChrome/149.0.0.0 Safari/537.36": 1,
    }
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
    agent: str
    country: str
    language: str
    screen: str
    bot: bool = False
