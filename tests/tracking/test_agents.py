"""Who is a person and who is not, by the agents that real ones send."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import crawleruseragents
import pytest

from tracking.agents import CLASSES, MAX_AGENT, agent_facts, lists_version
from tracking.models import Agent

DATA = Path(__file__).parents[1] / "data"
BROWSERS: list[str] = json.loads((DATA / "user-agents.json").read_text())
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
CHROMIUM = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
# On the list of crawlers, and yet the window in which an application's people read a page.
PEOPLE_ALL_THE_SAME = "MetaIAB Facebook"


def listed() -> list[tuple[str, str]]:
    """Every real agent of the list of crawlers, with the class that the list gives it."""
    return [
        (agent[:MAX_AGENT], CLASSES[entry["tags"][0]])
        for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA
        for agent in entry["instances"]
    ]


def test_every_listed_bot_is_one():
    agents = listed()
    missed = [agent for agent, _bot in agents if not agent_facts(agent).bot]
    print(f"{len(agents) - len(missed)} of {len(agents)} bots found; missed: {missed}")
    assert len(agents) > 2_000
    assert [agent for agent in missed if PEOPLE_ALL_THE_SAME not in agent] == []


def test_a_bot_has_the_class_of_the_list_where_only_one_fits():
    other = [agent for agent, bot in listed() if agent_facts(agent).bot not in ("", bot)]
    print(f"{len(other)} have words of two classes: {other}")
    assert len(other) <= 20


def test_no_browser_of_a_person_is_a_bot():
    facts = {agent: agent_facts(agent) for agent in BROWSERS}
    assert len(facts) >= 300
    assert [agent for agent, fact in facts.items() if fact.bot] == []
    assert [agent for agent, fact in facts.items() if not (fact.browser and fact.os)] == []
    assert Counter(fact.device for fact in facts.values()).keys() == {"desktop", "mobile", "tablet"}


@pytest.mark.parametrize(
    "agent",
    [
        f"{SAFARI} (KHTML, like Gecko) Mobile/21F90 [FBAN/FBIOS;FBAV/467.0.0.40;FBLC/de_DE]",
        f"{SAFARI} (KHTML, like Gecko) Mobile/15E148 Instagram 335.0.0.29 (iPhone14,2; de_DE)",
        f"{SAFARI} (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29.8962",
        f"{SAFARI} (KHTML, like Gecko) Mobile/15E148 Twitter for iPhone/10.44",
        f"{SAFARI} (KHTML, like Gecko) Mobile/21F90 [Pinterest/iOS]",
        f"{SAFARI} (KHTML, like Gecko) Mobile/15E148 Snapchat/12.90.0.46 (like Safari/8618)",
        f"{SAFARI} (KHTML, like Gecko) Mobile/15E148 Safari Line/14.9.0",
        f"{SAFARI} (KHTML, like Gecko) Mobile/15E148 Mastodon/2024.3",
        f"{CHROMIUM} Version/4.0 Chrome/125.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/468.0;]",
        f"{CHROMIUM} Version/4.0 Chrome/146.0 Mobile Safari/537.36 {PEOPLE_ALL_THE_SAME}",
        f"{CHROMIUM} Version/4.0 Chrome/125.0 Mobile Safari/537.36 Telegram-Android/10.14.0",
        f"{CHROMIUM} Version/4.0 Chrome/125.0 Mobile Safari/537.36 AppName/musical_ly",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Viber/21.0",
        "Mozilla/5.0 (Linux; Android 10; CUBOT P40) AppleWebKit/537.36 Chrome/125.0 Mobile",
        "Lynx/2.9.0dev.10 libwww-FM/2.14 SSL-MM/1.4.1",
        "w3m/0.5.3+git20230121",
        "AcmeShop/4.2 CFNetwork/1494.0.7 Darwin/23.4.0",
        "",
    ],
)
def test_people_in_applications_and_rare_browsers_are_people(agent):
    assert agent_facts(agent).bot == ""


@pytest.mark.parametrize(
    ("agent", "bot"),
    [
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "preview"),
        (f"{SAFARI} (KHTML) facebookexternalhit/1.1 Facebot Twitterbot/1.0", "preview"),
        ("Twitterbot/1.0", "preview"),
        ("WhatsApp/2.23.20.0", "preview"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "preview"),
        ("TelegramBot (like TwitterBot)", "preview"),
        ("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "preview"),
        ("LinkedInBot/1.0 (compatible; Mozilla/5.0; +http://www.linkedin.com)", "preview"),
        ("Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", "preview"),
        ("Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)", "preview"),
        ("Mastodon/4.2.9 (http.rb/5.1.1; +https://mastodon.social/)", "preview"),
        ("Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)", "preview"),
        ("Viber", "preview"),
        (f"{SAFARI} Version/13.1 Safari/605.1.15 (Applebot/0.1)", "search-engine"),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "search-engine",
        ),
        ("Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", "ai-crawler"),
        ("Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "ai-crawler"),
        ("Mozilla/5.0 (compatible; Perplexity-User/1.0)", "ai-crawler"),
        ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "monitoring"),
        ("Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", "monitoring"),
        ("ELB-HealthChecker/2.0", "monitoring"),
        ("kube-probe/1.29", "monitoring"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/125.0", "browser-automation"),
        ("Mozilla/5.0 (X11) HeadlessChrome/87.0 YextBot/Java Safari/537.36", "seo"),
        ("python-requests/2.32", "http-library"),
        ("PostmanRuntime/7.39", "http-library"),
        ("MyOwnCrawler/1.0", "unlisted"),
    ],
)
def test_a_bot_is_told_by_what_it_wants(agent, bot):
    assert agent_facts(agent).bot == bot


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423", "mobile"),
        ("Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 Silk/122.4 Safari", "tablet"),
    ],
)
def test_a_telephone_is_no_tablet(agent, device):
    assert agent_facts(agent).device == device


@pytest.mark.parametrize(
    "agent",
    [
        "a" * 8_192,
        "SonyEricssonK750i" * 500,
        "Mozilla/5.0 (" + " " * 8_000,
        "Mozilla/5.0 (Linux; Android 9; " + "A;" * 4_000 + ")",
        "Mozilla/5.0 (Linux; U; " + "Build/" * 1_300,
        "HbbTV/1.2.1 (" + ";" * 8_000,
        "Opera/" + "0" * 8_000,
        "/".join(["bot"] * 2_700),
        "\u202e\U0001f600" * 2_000,
        "(" * 8_000,
    ],
    ids=lambda agent: agent[:12],
)
def test_no_agent_keeps_the_parser_busy(agent):
    """A pattern that goes back and forth over these would take minutes, not milliseconds."""
    agent_facts(GENTLE)  # the lists are read once
    began = time.perf_counter()
    agent_facts.__wrapped__(agent[:MAX_AGENT])
    assert time.perf_counter() - began < 1


GENTLE = "Mozilla/5.0"


def test_what_judged_fits_where_it_is_written_down():
    assert len(lists_version()) <= Agent._meta.get_field("lists").max_length
