"""The API's pages: what is read there is escaped and bounded, what is sent there is a program's."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from rest_framework.exceptions import ParseError

from accounts.api_pages import marked
from accounts.models import Site
from accounts.parsers import as_json

HTML = {"Accept": "text/html"}
SITES = "/api/v1/sites"
FORM = "application/x-www-form-urlencoded"


def test_a_form_says_the_same_as_a_body_of_json():
    form = QueryDict(
        urlencode(
            {
                "_form": "1",
                "name": " a ",
                "team:null": "",
                "currency:given": "",
                "on:flag": ["", "true"],
                "off:flag": "",
                "domains:lines": "a.test\r\n\r\n b.test ",
                "scopes:choices": ["", "read", "write"],
                "none:choices": "",
                "pages:json": '{"demo": ["/x"]}',
                "broken:json": "{",
                "address.city": "Berlin",
                "address.zip:null": "",
            },
            doseq=True,
        )
    )
    assert as_json(form) == {
        "name": " a ",
        "team": None,
        "on": True,
        "off": False,
        "domains": ["a.test", "b.test"],
        "scopes": ["read", "write"],
        "none": [],
        "pages": {"demo": ["/x"]},
        "broken": "{",
        "address": {"city": "Berlin", "zip": None},
    }


@pytest.mark.parametrize("text", ["[1]", "{", "[" * 100_000, "1" * 5_000])
def test_pasted_json_that_is_no_object_is_refused(text):
    with pytest.raises(ParseError):
        as_json(QueryDict(urlencode({"_form": "1", "_json": text})))


def test_an_answer_is_escaped_and_only_addresses_of_the_web_are_links():
    body = {"<b>": "</code><script>", "bad": "javascript:alert(1)", "url": "https://a.test/?x=1&y"}
    text = json.dumps(body, indent=2)
    html = marked.body(text).html
    assert "<script" not in html
    assert "<b>" not in html
    assert re.findall(r'href="([^"]*)"', html) == ["https://a.test/?x=1&amp;y"]
    assert unescape(re.sub("<[^>]+>", "", html)) == text


def test_a_body_of_megabytes_is_cut_and_says_so():
    rows = [{"id": number} for number in range(200_000)]
    for body in ({"rows": rows}, {"text": '"' * 3_000_000}):
        shown = marked.body(json.dumps(body, indent=2))
        assert shown.is_cut
        assert shown.shown <= marked.MOST_CHARACTERS
        assert len(shown.html) < 4_000_000


@pytest.mark.django_db
def test_the_page_sends_by_form_alone_and_only_with_its_token(owner, site):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner.user)
    page = browser.get(SITES, headers=HTML).content.decode()
    assert f'href="{SITES}/{site.pk}"' in page, "the ids of rows lead to them"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    given = {"_form": "1", "name": "B", "domains:lines": "b.test", "csrfmiddlewaretoken": token}
    made = browser.post(SITES, urlencode(given), FORM, headers=HTML)
    assert (made.status_code, made["Content-Type"]) == (201, "text/html; charset=utf-8")
    pasted = given | {"_json": '{"name": "C", "domains": ["c.test"]}'}
    assert browser.post(SITES, urlencode(pasted), FORM, headers=HTML).status_code == 201
    assert list(Site.plain.order_by("pk").values_list("name", "domains"))[1:] == [
        ("B", ["b.test"]),
        ("C", ["c.test"]),
    ]
    del given["csrfmiddlewaretoken"]
    assert browser.post(SITES, urlencode(given), FORM, headers=HTML).status_code == 403


@pytest.mark.django_db
def test_errors_stand_at_their_fields_with_what_was_typed(signed_in, owner, site):
    given = {"_form": "1", "name": "", "domains:lines": "no domain", "currency:given": "CHF"}
    page = signed_in(owner).post(SITES, urlencode(given), FORM, headers=HTML).content.decode()
    assert 'id="post-name-error"' in page
    assert re.search(r'id="post-domains"[^>]*"post-domains-error [^>]*>no domain<', page)
    assert re.search(r'id="post-currency"[^>]*value="CHF"', page)


@pytest.mark.django_db
def test_a_page_offers_what_the_reader_may_send(client, signed_in, owner, member, site):
    path = f"{SITES}/{site.pk}"
    assert 'id="send-delete"' in signed_in(owner).get(path, headers=HTML).content.decode()
    viewer = signed_in(member("viewer")).get(path, headers=HTML).content.decode()
    assert 'id="send-delete"' not in viewer
    assert site.name in viewer
    nobody = client.get(path, headers=HTML)
    assert nobody.status_code == 401
    assert f"/accounts/login/?next={path}" in nobody.content.decode()
    assert 'class="offers"' not in nobody.content.decode()


@pytest.mark.django_db
def test_a_secret_that_was_typed_is_not_shown_again(client):
    given = {"_form": "1", "email": "ada@acme.test", "password": "never-shown"}
    page = client.post("/auth/login", urlencode(given), FORM, headers=HTML)
    assert page.status_code == 401
    assert "never-shown" not in page.content.decode()
    assert 'value="ada@acme.test"' in page.content.decode()
