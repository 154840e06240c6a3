"""Redirect URIs: a corpus of hostile ones, and the rules for registering one."""

from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.oidc import errors
from keystead_core.oidc.redirect import MAX_URI_CHARACTERS, check_redirect_uri, match_redirect
from keystead_core.oidc.reply import location

REGISTERED = "https://app.example.com/callback"

# Each has passed for the registered address somewhere, or would, by some rule that is not equality.
LOOKALIKES = """
https://app.example.com/callback/
https://app.example.com/callback/..
https://app.example.com/callback/../evil
https://app.example.com/callback/%2e%2e/evil
https://app.example.com/callback/..;/evil
https://app.example.com/callback%2f..%2fevil
https://app.example.com/callback%00
https://app.example.com/callback%0a
https://app.example.com/callback%0d%0aLocation:%20https://evil.test
https://app.example.com/callback%20
https://app.example.com/callback.evil
https://app.example.com/callback;evil
https://app.example.com/callback?
https://app.example.com/callback?x=y
https://app.example.com/callback?next=https://evil.test
https://app.example.com/callback?code=stolen
https://app.example.com/callback&x=y
https://app.example.com/callback#
https://app.example.com/callback#fragment
https://app.example.com/callback#@evil.test
https://app.example.com/Callback
https://app.example.com/CALLBACK
https://app.example.com/call%62ack
https://app.example.com/%63allback
https://app.example.com/callbac
https://app.example.com/callbackk
https://app.example.com//callback
https://app.example.com/./callback
https://app.example.com/x/../callback
https://app.example.com/x/%2e%2e/callback
https://app.example.com\\callback
https://app.example.com/\\evil.test
https://app.example.com
https://app.example.com/
https://app.example.com/*
https://app.example.com/call*
https://app.example.com:443/callback
https://app.example.com:8443/callback
https://app.example.com:80/callback
https://app.example.com:/callback
https://app.example.com:0443/callback
https://app.example.com:99999/callback
https://app.example.com:443@evil.test/callback
https://app.example.com@evil.test/callback
https://app.example.com%40evil.test/callback
https://app.example.com%2eevil.test/callback
https://app.example.com%2fevil.test/callback
https://app.example.com%23@evil.test/callback
https://app.example.com%00.evil.test/callback
https://app.example.com\\@evil.test/callback
https://app.example.com#@evil.test/callback
https://app.example.com?@evil.test/callback
https://app.example.com;@evil.test/callback
https://app.example.com&@evil.test/callback
https://app.example.com.evil.test/callback
https://app.example.com./callback
https://app.example.com../callback
https://app.example.comevil.test/callback
https://app.example.com,evil.test/callback
https://app.example.com evil.test/callback
https://.app.example.com/callback
https://*.example.com/callback
https://*.app.example.com/callback
https://evil.app.example.com/callback
https://xapp.example.com/callback
https://app-example.com/callback
https://appxexample.com/callback
https://app.example.org/callback
https://app.example.co/callback
https://example.com/callback
https://APP.example.com/callback
https://app.EXAMPLE.com/callback
https://app.examp1e.com/callback
https://app.exаmple.com/callback
https://app。example.com/callback
https://app．example.com/callback
https://ａpp.example.com/callback
https://app.example.com/callbаck
https://app.exam­ple.com/callback
https://app.example\u200b.com/callback
https://xn--pp-8ka.example.com/callback
https://evil.test/https://app.example.com/callback
https://evil.test/?https://app.example.com/callback
https://evil.test/#https://app.example.com/callback
https://evil.test\\https://app.example.com/callback
https://evil.test/callback
https://user@app.example.com/callback
https://user:password@app.example.com/callback
https://@app.example.com/callback
https://:@app.example.com/callback
https:///app.example.com/callback
https:////app.example.com/callback
https:/app.example.com/callback
https:app.example.com/callback
https:\\\\app.example.com\\callback
https//app.example.com/callback
//app.example.com/callback
/\\app.example.com/callback
///app.example.com/callback
/callback
callback
app.example.com/callback
app.example.com:443/callback
http://app.example.com/callback
HTTPS://app.example.com/callback
hTTps://app.example.com/callback
httpss://app.example.com/callback
xhttps://app.example.com/callback
ftp://app.example.com/callback
ws://app.example.com/callback
file:///app.example.com/callback
view-source:https://app.example.com/callback
blob:https://app.example.com/callback
javascript:alert(1)
javascript://app.example.com/callback%0aalert(1)
JaVaScRiPt:alert(1)//https://app.example.com/callback
data:text/html,<script>alert(1)</script>
vbscript:msgbox(1)
about:blank
intent://app.example.com/callback#Intent;scheme=https;end
android-app://com.example/https/app.example.com/callback
http://localhost/callback
http://localhost:1234/callback
http://127.0.0.1/callback
http://127.1/callback
http://2130706433/callback
https://0x7f000001/callback
https://0177.0.0.1/callback
https://127.0.0.1.nip.io/callback
https://[::1]/callback
https://[::ffff:127.0.0.1]/callback
https://[app.example.com]/callback
https://[::1/callback
https://::1]/callback
null
undefined
about:srcdoc
*
https://*
https://
https:
:
""".strip("\n").split("\n")
WITH_CONTROLS = [
    "",
    " ",
    REGISTERED + " ",
    " " + REGISTERED,
    REGISTERED + "\n",
    REGISTERED + "\r\nSet-Cookie: a=b",
    REGISTERED + "\t",
    REGISTERED + "\x00",
    REGISTERED + "\x7f",
    REGISTERED + "\u2028",
    REGISTERED + "\ufeff",
    "\ufeff" + REGISTERED,
    "\x01" + REGISTERED,
    "ht\ntps://app.example.com/callback",
    "https://app.exam\tple.com/callback",
    "https://app.example.com/call\nback",
    f"{REGISTERED} {REGISTERED}",
    f"{REGISTERED},{REGISTERED}",
    REGISTERED + "/" + "a" * 5000,
]
HOSTILE = LOOKALIKES + WITH_CONTROLS

# Addresses that somebody may honestly register, though they are not the one registered here.
HONEST = {
    "https://app.example.com",
    "https://app.example.com/",
    "https://app.example.com/callback/",
    "https://app.example.com/callback.evil",
    "https://app.example.com/callback;evil",
    "https://app.example.com/callback&x=y",
    "https://app.example.com/callback?",
    "https://app.example.com/callback?x=y",
    "https://app.example.com/callback?next=https://evil.test",
    "https://app.example.com/callback/..;/evil",
    "https://app.example.com/callback%2f..%2fevil",
    "https://app.example.com/callback%00",
    "https://app.example.com/callback%0a",
    "https://app.example.com/callback%0d%0aLocation:%20https://evil.test",
    "https://app.example.com/callback%20",
    "https://app.example.com/Callback",
    "https://app.example.com/CALLBACK",
    "https://app.example.com/call%62ack",
    "https://app.example.com/%63allback",
    "https://app.example.com/callbac",
    "https://app.example.com/callbackk",
    "https://app.example.com//callback",
    "https://app.example.com:443/callback",
    "https://app.example.com:8443/callback",
    "https://app.example.com:80/callback",
    "https://app.example.com.evil.test/callback",
    "https://app.example.comevil.test/callback",
    "https://evil.app.example.com/callback",
    "https://xapp.example.com/callback",
    "https://app-example.com/callback",
    "https://appxexample.com/callback",
    "https://app.example.org/callback",
    "https://app.example.co/callback",
    "https://example.com/callback",
    "https://app.examp1e.com/callback",
    "https://xn--pp-8ka.example.com/callback",
    "https://evil.test/https://app.example.com/callback",
    "https://evil.test/?https://app.example.com/callback",
    "https://evil.test/callback",
    "https://127.0.0.1.nip.io/callback",
    "https://[::1]/callback",
    "https://[::ffff:127.0.0.1]/callback",
    "https://app.example.com?@evil.test/callback",
    f"{REGISTERED},{REGISTERED}",
    "http://localhost/callback",
    "http://localhost:1234/callback",
    "http://127.0.0.1/callback",
}


def test_the_corpus_is_large_and_has_nothing_twice() -> None:
    assert len(HOSTILE) >= 150
    assert len(set(HOSTILE)) == len(HOSTILE)
    assert set(HOSTILE) > HONEST


@pytest.mark.parametrize("uri", HOSTILE)
def test_matches_nothing_but_the_registered_address(uri: str) -> None:
    with pytest.raises(errors.RedirectUriNotRegistered) as refused:
        match_redirect((REGISTERED, "http://localhost:8500/callback"), uri)

    assert refused.value.presented == uri


def test_matches_the_registered_address() -> None:
    assert match_redirect([REGISTERED], REGISTERED) == REGISTERED


def test_a_part_of_an_address_is_not_the_address() -> None:
    with pytest.raises(TypeError):
        match_redirect(REGISTERED, "https://app.example.com/")


def test_the_port_of_a_loopback_address_is_registered_with_the_rest() -> None:
    with pytest.raises(errors.RedirectUriNotRegistered):
        match_redirect(["http://127.0.0.1/callback"], "http://127.0.0.1:51004/callback")


@pytest.mark.parametrize("uri", [uri for uri in HOSTILE if uri not in HONEST])
def test_refuses_to_register_what_nobody_honest_would(uri: str) -> None:
    with pytest.raises(errors.RedirectUriError):
        check_redirect_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        *sorted(HONEST),
        "http://[::1]:8500/callback",
        "https://192.0.2.7/callback",
        "https://[2001:db8::7]:8443/callback",
        "com.example.app:/callback",
        "com.example.app://callback",
        "https://app.example.com/a@b/callback",
    ],
)
def test_registers_what_an_honest_app_may_need(uri: str) -> None:
    assert check_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    ("uri", "change"),
    [
        (f"{REGISTERED}#fragment", "no fragment"),
        ("https://*.example.com/callback", "wildcards"),
        ("https://user@app.example.com/callback", "no user name"),
        ("https://app.example.com/übung", "percent-encode"),
        ("http://app.example.com/callback", "use https"),
        ("app.example.com:8443/callback", "use https"),
        ("https://app.example.com:99999/callback", "no port"),
        ("https://app.example.com/x/../callback", ".."),
    ],
)
def test_says_what_to_change(uri: str, change: str) -> None:
    with pytest.raises(errors.RedirectUriError) as refused:
        check_redirect_uri(uri)

    assert change in str(refused.value)


@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "error_description", "c%6fde"])
def test_refuses_an_address_with_parameters_of_ours(name: str) -> None:
    with pytest.raises(errors.RedirectUriError):
        check_redirect_uri(f"{REGISTERED}?a=b&{name}=x")


def test_refuses_an_address_longer_than_the_limit() -> None:
    longest = REGISTERED + "/" + "a" * (MAX_URI_CHARACTERS - len(REGISTERED) - 1)

    assert check_redirect_uri(longest) == longest
    with pytest.raises(errors.RedirectUriError):
        check_redirect_uri(longest + "a")


@given(st.text(max_size=50) | st.text(alphabet="htps:/\\[]@.%#?*0x1", max_size=30))
def test_no_text_makes_the_rules_crash(text: str) -> None:
    with suppress(errors.RedirectUriError):
        assert check_redirect_uri(text) == text


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=20)), min_size=1, max_size=4))
def test_an_answer_never_leaves_the_query(parameters: list[tuple[str, str]]) -> None:
    parameters = [(name, value.encode("utf-8", "replace").decode()) for name, value in parameters]
    there = urlsplit(location(f"{REGISTERED}?a=b", [(n.encode("utf-8", "replace").decode(), v) for n, v in parameters]))

    assert (there.scheme, there.netloc, there.path, there.fragment) == ("https", "app.example.com", "/callback", "")
    assert len(parse_qsl(there.query, keep_blank_values=True)) == 1 + len(parameters)


def test_an_answer_keeps_the_query_that_was_registered() -> None:
    assert location(REGISTERED, [("code", "a b")]) == f"{REGISTERED}?code=a+b"
    assert location(f"{REGISTERED}?a=b", [("code", "c&d")]) == f"{REGISTERED}?a=b&code=c%26d"
    assert location(REGISTERED, []) == REGISTERED
