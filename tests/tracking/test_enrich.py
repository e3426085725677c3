"""What is told from an address, an agent, a referrer and a URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import addresses
from accounts.addresses import client_address, plain_address
from tests.conftest import CHROME, IPHONE
from tracking import enrich
from tracking.agents import agent_facts
from tracking.enrich import source_of
from tracking.pages import page_of

OWN = frozenset({"acme.test"})


@pytest.fixture
def proxies(settings):
    """Believe 10.0.0.0/8 and the local host."""
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "127.0.0.1"]
    addresses._trusted_networks.cache_clear()
    addresses.is_trusted_proxy.cache_clear()
    yield
    addresses._trusted_networks.cache_clear()
    addresses.is_trusted_proxy.cache_clear()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("84.160.1.1", "84.160.1.1"),
        (" 84.160.1.1 ", "84.160.1.1"),
        ("84.160.1.1:4711", "84.160.1.1"),
        ("::ffff:84.160.1.1", "84.160.1.1"),
        ("[2003:de::1]:443", "2003:de::1"),
        ("2003:DE:0:0::1", "2003:de::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", ""),
        ("", ""),
        ("84.160.1.256", ""),
        ("٨٤.1.1.1", ""),
        ("'; DROP TABLE", ""),
    ],
)
def test_an_address_has_one_spelling(text, address):
    assert plain_address(text) == address


def test_nobody_is_believed_by_default():
    assert client_address("10.0.0.1", "84.160.1.1") == "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("10.0.0.1", "84.160.1.1", "84.160.1.1"),
        ("10.0.0.1", "1.2.3.4, 84.160.1.1", "84.160.1.1"),
        ("10.0.0.1", "1.2.3.4, 84.160.1.1, 10.0.0.9", "84.160.1.1"),
        ("84.160.9.9", "1.2.3.4", "84.160.9.9"),
        ("10.0.0.1", "1.2.3.4, evil", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", ",".join(["10.0.0.2"] * 500), "10.0.0.2"),
    ],
)
def test_a_trusted_proxys_word_is_read_from_the_right(proxies, peer, header, client):
    assert client_address(peer, header) == client


def test_a_public_address_has_a_country_and_a_private_one_none():
    assert enrich.country_of("84.160.1.1") == "DE"
    assert enrich.country_of("10.0.0.1") is None
    assert enrich.country_of("") is None


@pytest.mark.parametrize(
    ("agent", "browser", "os", "device"),
    [
        (CHROME, "Chrome", "Windows", "desktop"),
        (IPHONE, "Safari", "iOS", "mobile"),
        (IPHONE.replace("iPhone", "iPad"), "Safari", "iOS", "tablet"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
            "Firefox",
            "Linux",
            "desktop",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/131.0.0.0 Mobile Safari/537.36",
            "Chrome",
            "Android",
            "mobile",
        ),
    ],
)
def test_browsers_are_named_as_people_name_them(agent, browser, os, device):
    facts = agent_facts(agent)
    assert (facts.browser, facts.os, facts.device, facts.bot) == (browser, os, device, "")


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://acme.test/a?x=1&utm_source=y#z", "acme.test", "/a"),
        ("https://ACME.test", "acme.test", "/"),
        ("https://acme.test./a", "acme.test", "/a"),
        ("https://acme.test/#/route/1", "acme.test", "/#/route/1"),
        ("/a/b?c", None, "/a/b"),
        ("http://user:secret@acme.test:8080/a", "acme.test", "/a"),
        ("https://münchen.test/straße", "xn--mnchen-3ya.test", "/straße"),
        ("https://a b.test/x", None, "/x"),
        ("https://<script>/x", None, "/x"),
        ("https://\u202emoc.test/x", None, "/x"),
        ("http://[2001:db8::1]:80/x", "2001:db8::1", "/x"),
        ("http://[::1", None, None),
        ("", None, None),
    ],
)
def test_of_a_url_the_host_and_the_path_are_kept(url, host, path):
    assert (page_of(url).host, page_of(url).path) == (host, path)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/unsubscribe/ada@acme.test", "/unsubscribe/[e-mail]"),
        ("/unsubscribe/ada.l%40acme.test/now", "/unsubscribe/[e-mail]/now"),
        ("https://a.test/#/reset/ada@acme.test", "/#/reset/[e-mail]"),
        ("/shop;jsessionid=1A2B3C/cart", "/shop/cart"),
        ("/in/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/in/[token]"),
        ("/@ada", "/@ada"),
        ("/@ada@mastodon.social", "/@ada@mastodon.social"),
        ("/package/react@18.2.0", "/package/react@18.2.0"),
        ("/logo@2x.png", "/logo@2x.png"),
        ("/eyJustAWord", "/eyJustAWord"),
    ],
)
def test_a_path_is_kept_without_personal_data(url, path):
    assert page_of(url).path == path


def test_a_campaign_is_kept_without_personal_data():
    found = source_of("", page_of("/?utm_source=letter&utm_content=ada@acme.test").query, OWN)
    assert (found.source, found.content) == ("letter", "[e-mail]")


@pytest.mark.parametrize(
    ("referrer", "url", "source", "channel"),
    [
        ("", "/", None, "direct"),
        ("https://www.google.co.uk/search?q=x", "/", "Google", "organic_search"),
        ("https://t.co/x", "/", "Twitter", "organic_social"),
        ("https://pinterest.com/t.co", "/", "Pinterest", "organic_social"),
        ("https://chatgpt.com/", "/", "ChatGPT", "ai_assistant"),
        ("https://blog.example.org/post", "/", "blog.example.org", "referral"),
        ("https://notgoogle.com/", "/", "notgoogle.com", "referral"),
        ("https://google.evil.example/", "/", "google.evil.example", "referral"),
        ("https://www.acme.test/x", "/", None, "direct"),
        ("", "/?utm_source=google&utm_medium=cpc", "Google", "paid_search"),
        ("", "/?gclid=abc", "Google", "paid_search"),
        ("https://www.facebook.com/", "/?fbclid=abc", "Facebook", "organic_social"),
        ("", "/?utm_source=facebook&utm_medium=paid_social", "Facebook", "paid_social"),
        ("", "/?utm_source=october&utm_medium=email", "october", "email"),
        ("https://blog.example.org/", "/?ref=partner", "partner", "referral"),
        ("https://cn.bing.com/search?q=x", "/", "Bing", "organic_search"),
        ("https://accounts.google.com/", "/", "accounts.google.com", "referral"),
        ("https://docs.google.com/", "/", "docs.google.com", "referral"),
        ("https://mail.google.com/", "/", "Gmail", "email"),
        ("android-app://com.google.android.gm/", "/", "Gmail", "email"),
        ("android-app://com.facebook.katana/", "/", "Facebook", "organic_social"),
        ("not a url", "/", None, "direct"),
    ],
)
def test_a_visit_has_a_source_and_a_channel(referrer, url, source, channel):
    found = source_of(referrer, page_of(url).query, OWN)
    assert (found.source, found.channel) == (source, channel)


def test_the_five_parts_of_a_campaign_are_kept():
    url = "/?utm_source=s&utm_medium=m&utm_campaign=c&utm_term=t&utm_content=x"
    found = source_of("", page_of(url).query, OWN)
    assert (found.source, found.medium, found.campaign, found.term, found.content) == tuple("smctx")


@pytest.mark.parametrize(
    ("text", "language"),
    [("de-DE,de;q=0.9", "de-DE"), ("en", "en"), ("pt_br", "pt-BR"), ("*", None), ("", None)],
)
def test_the_first_language_is_kept(text, language):
    assert enrich.language_of(text) == language


@pytest.mark.parametrize("text", ["99999x99999x", "NaNxNaN", "0x0", "x", "", None, "1x1"])
def test_what_is_no_screen_size_is_dropped(text):
    assert enrich.screen_of(text) is None


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_upsets_the_parsers(one, two):
    plain_address(one)
    agent_facts(one)
    page_of(one)
    source_of(one, page_of(two).query, OWN)
    enrich.language_of(one)
    enrich.screen_of(one)
