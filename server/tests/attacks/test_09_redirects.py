"""Class 9: no address but a registered one, character by character, is ever gone to."""

from itertools import chain
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.office import Office
from keystead_testkit.relying_party import AFTER_LOGOUT, CALLBACK, authorization_parameters

HOST = "app.example.net"


def lookalikes(registered: str) -> list[str]:
    """Addresses each of which has passed for the registered one somewhere, by a rule that is not equality."""
    path = urlsplit(registered).path
    hosts = [
        f"{HOST}.evil.test", f"{HOST}@evil.test", f"evil.test#{HOST}", f"evil.test?{HOST}", f"evil.test\\{HOST}",
        f"evil.test/{HOST}", f"evil{HOST}", f"sub.{HOST}", f"{HOST}:443", f"{HOST}:8443", f"{HOST}:", f"{HOST}.",
        HOST.upper(), f"user@{HOST}", f"user:pass@{HOST}", f"@{HOST}", f"{HOST}%00.evil.test", f"{HOST}%2eevil.test",
        f"{HOST}%2fevil.test", f"{HOST}\\@evil.test", f"{HOST};evil.test", f"{HOST},evil.test", f"{HOST}&evil.test",
        f"{HOST} evil.test", f"{HOST}\tevil.test", f"{HOST}\nevil.test", "example.net", "*.example.net",
        "аpp.example.net", "app。example.net", "xn--pp-8ka.example.net", "[::1]", "127.0.0.1", "localhost",
        "2130706433", "0x7f000001", "app-example.net", "appxexample.net", "app.example.netevil.test", "",
    ]  # fmt: skip
    paths = [
        f"{path}/", f"{path}/..", f"{path}/../evil", f"{path}/%2e%2e/evil", f"{path}?", f"{path}?x=y", f"{path}#",
        f"{path}#x", f"{path};x", f"{path}%20", f"{path}%00", f"{path}%0d%0aLocation:%20https://evil.test", path.upper(),
        path[:-1], f"{path}x", f"/{path}", f"/.{path}", f"/x/..{path}", f"\\{path[1:]}", "", "/", f"{path}&x", f"{path}*",
        f"{path}?next=https://evil.test", f"{path}?code=stolen", f"{path}//evil.test", f"{path} ", f" {path}", "/*",
        f"/%{ord(path[1]):02x}{path[2:]}",
    ]  # fmt: skip
    whole = [
        "https://evil.test/", "//evil.test/", "///evil.test", "/\\evil.test", "\\\\evil.test", "https:evil.test",
        "https:/evil.test", "https:///evil.test", "http://evil.test", f"http://{HOST}{path}", f"HTTPS://{HOST}{path}",
        f"https//{HOST}{path}", f"//{HOST}{path}", path, path[1:], f"{HOST}{path}", "javascript:alert(1)",
        "javascript://app.example.net/%0aalert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "about:blank",
        "blob:https://evil.test/x", "intent://evil.test#Intent;end", "ftp://evil.test", "mailto:x@evil.test",
        f"{registered},https://evil.test", f"{registered} https://evil.test", f"https://evil.test/?{registered}",
        f"https://evil.test#{registered}", "null", "undefined", "*", ".", "/", "?", "#",
    ]  # fmt: skip
    made = chain((f"https://{host}{path}" for host in hosts), (f"https://{HOST}{tail}" for tail in paths), whole)
    return sorted(set(made) - {registered})


AT_AUTHORIZE, AT_LOGOUT = lookalikes(CALLBACK), lookalikes(AFTER_LOGOUT)


def test_there_are_a_hundred_of_each() -> None:
    assert len(AT_AUTHORIZE) > 100
    assert len(AT_LOGOUT) > 100


@pytest.mark.parametrize("signed_in", [True, False])
def test_authorize_sends_nobody_to_a_lookalike(office: Office, browser: HttpBrowser, signed_in: bool) -> None:
    app = office.app()
    asking = browser if signed_in else office.http()

    for uri in AT_AUTHORIZE:
        for how in ({}, {"prompt": "none"}, {"response_mode": "form_post"}, {"response_type": "nonsense"}):
            query = urlencode(authorization_parameters(app.app.id, redirect_uri=uri, **how))
            answer = asking.get(f"/contoso/oauth2/v2.0/authorize?{query}")
            assert answer.status_code == 400, uri
            assert "location" not in answer.headers, uri
            assert "<form method" not in answer.text, uri


@pytest.mark.parametrize("signed_in", [True, False])
def test_logout_sends_nobody_to_a_lookalike(office: Office, browser: HttpBrowser, signed_in: bool) -> None:
    app = office.app()
    asking = browser if signed_in else office.http()

    for uri in AT_LOGOUT:
        query = urlencode({"client_id": app.app.id, "post_logout_redirect_uri": uri})
        answer = asking.get(f"/contoso/oauth2/v2.0/logout?{query}")
        assert answer.status_code == 400, uri
        assert "location" not in answer.headers, uri
    assert not signed_in or browser.get("/contoso/account").status_code == 200


def test_an_address_for_signing_in_is_none_for_signing_out_nor_the_other_way_round(office: Office) -> None:
    app, browser = office.app(), office.http()
    signing_in = urlencode(authorization_parameters(app.app.id, redirect_uri=AFTER_LOGOUT))
    signing_out = urlencode({"client_id": app.app.id, "post_logout_redirect_uri": CALLBACK})

    assert browser.get(f"/contoso/oauth2/v2.0/authorize?{signing_in}").status_code == 400
    assert browser.get(f"/contoso/oauth2/v2.0/logout?{signing_out}").status_code == 400


def test_what_is_not_gone_to_is_shown_as_text_only(office: Office) -> None:
    query = urlencode(authorization_parameters(office.app().app.id, redirect_uri='https://evil.test/"><script>x'))

    page = office.http().get(f"/contoso/oauth2/v2.0/authorize?{query}").text

    assert "<script>x" not in page
    assert 'href="https://evil.test' not in page


@pytest.mark.parametrize("to", [*AT_AUTHORIZE[:40], "https://evil.test", "//evil.test", "/\\evil.test"])
def test_signing_in_leads_to_a_page_of_ours_whatever_the_query_says(office: Office, to: str) -> None:
    browser = office.http()
    query = "?" + urlencode([("continue", to), ("next", to), ("redirect", to), ("redirect_uri", to), ("ReturnUrl", to)])

    answer = browser.sign_in("contoso", office.passkey, to=query)

    assert answer.json() == {"redirect": "/contoso/account"}


@pytest.mark.parametrize(
    "path", ["//evil.test", "//evil.test/contoso/account", "/\\evil.test", "/contoso/account//evil.test"]
)
def test_an_address_of_ours_that_looks_like_another_hosts_leads_to_no_other_host(office: Office, path: str) -> None:
    answer = office.http().get(path)

    location = answer.headers.get("location", "")
    assert not location.startswith(("//", "/\\", "http"))


def test_state_is_given_back_and_adds_no_parameters_of_its_own(office: Office, browser: HttpBrowser) -> None:
    state = "s&code=stolen#x?iss=https://evil.test"
    query = urlencode(authorization_parameters(office.app().app.id, state=state))

    location = browser.get(f"/contoso/oauth2/v2.0/authorize?{query}").headers["location"]

    parameters = parse_qsl(urlsplit(location).query)
    assert sorted(name for name, _ in parameters) == ["code", "iss", "state"]
    assert dict(parameters)["state"] == state
    assert urlsplit(location).fragment == ""


@pytest.mark.parametrize("state", ["x\r\nLocation: https://evil.test", "x\nSet-Cookie: a=b", "x\0"])
def test_a_state_that_could_end_a_header_ends_none(office: Office, browser: HttpBrowser, state: str) -> None:
    query = urlencode(authorization_parameters(office.app().app.id, state=state))

    answer = browser.get(f"/contoso/oauth2/v2.0/authorize?{query}")

    assert answer.headers["location"].startswith(f"{CALLBACK}?error=invalid_request")
    assert "\n" not in answer.headers["location"]
    assert "set-cookie" not in answer.headers
