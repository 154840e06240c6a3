"""The order in which a request is checked, and what it is told when it fails."""

from dataclasses import replace
from typing import Any

import pytest
from keystead_server.http.route import BROWSING, Access, Face, Route
from keystead_server.http.route_tree import RouteTree
from keystead_server.http.table import routes
from keystead_server.main.wiring import build_app
from keystead_server.policy.api_permissions import ByToken
from keystead_server.ports.store import StorageUnavailable
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.office import Office
from starlette.responses import Response

OPTIONS = "/contoso/sign-in/options"
ASSERTION = "/contoso/sign-in/assertion"
SAME_ORIGIN = {"origin": "https://id.example.org", "sec-fetch-site": "same-origin"}


UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


# -- addresses -------------------------------------------------------------------------------------


def test_an_address_that_is_not_there_is_told_as_a_page_with_a_number(office: Office) -> None:
    answer = office.http().get("/contoso/nothing/here")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-request-id"] in answer.text


def test_a_tenant_that_is_not_there_is_a_404(office: Office) -> None:
    assert office.http().get("/fabrikam/sign-in").status_code == 404
    told = office.http().post_json("/fabrikam/sign-in/options", {}).json()
    assert (told["code"], set(told)) == ("tenant_unknown", {"code", "message", "correlationId"})


def test_a_method_that_is_not_there_is_told_which_are(office: Office) -> None:
    answer = office.http().send("DELETE", "/contoso/sign-in/pass")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_head_is_get_without_more_rights(office: Office) -> None:
    assert office.http().send("HEAD", "/healthz").status_code == 200
    assert office.http().send("HEAD", OPTIONS).status_code == 405


@pytest.mark.parametrize("path", ["//contoso/sign-in", "/contoso//sign-in", "/contoso/sign-in/", "/./contoso/sign-in"])
def test_an_address_leads_to_one_page_or_to_none(office: Office, path: str) -> None:
    answer = office.http().get(path)

    assert answer.status_code in (200, 404)
    assert "location" not in answer.headers


def test_two_routes_cannot_share_an_address(office: Office) -> None:
    async def handler(_: Any) -> Response:
        return Response()

    one = Route("GET", "/{tenant}/x", handler, "x", Access.PUBLIC, BROWSING, Face.JSON)
    with pytest.raises(ValueError, match="two routes"):
        RouteTree([one, one])
    with pytest.raises(ValueError, match="is called"):
        RouteTree([one, replace(one, path="/{organisation}/y")])


# -- how much --------------------------------------------------------------------------------------


def test_a_body_that_says_it_is_too_large_is_not_read(office: Office) -> None:
    answer = office.http().send("POST", ASSERTION, content=b"", headers={"content-length": "99999999", **SAME_ORIGIN})

    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "0x10", ""])
def test_a_length_that_is_no_number_is_no_way_around(office: Office, length: str) -> None:
    headers = {"content-length": length, "content-type": "application/json", **SAME_ORIGIN}

    answer = office.http().send("POST", ASSERTION, content=b"x" * 20_000, headers=headers)

    assert answer.status_code == 413


def test_a_stream_is_cut_off_where_the_limit_is(office: Office) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b"x" * 4096

    headers = {"content-type": "application/json", **SAME_ORIGIN}
    answer = office.http().send("POST", ASSERTION, content=endless(), headers=headers)

    assert answer.status_code == 413


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_another_content_type_is_refused(office: Office, content_type: str) -> None:
    # Not only neatness: a cross-site form can send text/plain, but not application/json.
    headers = {"content-type": content_type, **SAME_ORIGIN}

    assert office.http().send("POST", OPTIONS, content=b"{}", headers=headers).status_code == 415


def test_a_charset_beside_the_content_type_is_fine(office: Office) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8", **SAME_ORIGIN}

    assert office.http().send("POST", OPTIONS, content=b"{}", headers=headers).status_code == 200


def test_a_thousand_form_fields_are_refused_as_malformed(office: Office) -> None:
    fields = [(f"f{number}", "x") for number in range(1000)]

    assert office.http().post_form("/contoso/sign-in/pass", fields).status_code == 400


@pytest.mark.parametrize("body", [b"\xff", b"user=%ff", b"user=%", b"&&&&=="])
def test_a_form_that_cannot_be_read_is_refused_and_breaks_nothing(office: Office, body: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", **SAME_ORIGIN}

    answer = office.http().send("POST", "/contoso/sign-in/pass", content=body, headers=headers)

    assert answer.status_code in (400, 403)


# -- from where ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site", "origin": "https://evil.test"},
        {"sec-fetch-site": "cross-site", "origin": "https://id.example.org"},
        {"sec-fetch-site": "same-site", "origin": "https://id.example.org"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "https://evil.test"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "https://id.example.org.evil.test"},
        {"origin": "http://id.example.org"},
        {"origin": "https://id.example.org:8443"},
        {"referer": "https://id.example.org/contoso/sign-in"},
    ],
)
def test_another_sites_page_cannot_have_our_pages_requests_made(office: Office, headers: dict[str, str]) -> None:
    answer = office.http().send("POST", OPTIONS, json={}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request")


@pytest.mark.parametrize("headers", [SAME_ORIGIN, {"origin": SAME_ORIGIN["origin"]}, {"sec-fetch-site": "same-origin"}])
def test_our_own_pages_requests_are_known_by_either_header(office: Office, headers: dict[str, str]) -> None:
    assert office.http().send("POST", OPTIONS, json={}, headers=headers).status_code == 200


def test_everything_that_changes_something_under_a_cookie_asks_where_it_comes_from() -> None:
    by_apps = {"/{tenant}/oauth2/v2.0/token", "/{tenant}/oidc/userinfo"}
    # No cookie speaks for a container, but what its TPM answers.
    verbs = ("enrol", "renew", "unlock")
    by_containers = {f"/{{tenant}}/devices/{verb}/{part}" for verb in verbs for part in ("begin", "finish")}
    by_containers.add("/{tenant}/devices/unlock/collect")
    # Parameters of a request that may come from anywhere, and that changes nothing without our own form after it.
    by_any_page = {"/{tenant}/oauth2/v2.0/authorize", "/{tenant}/oauth2/v2.0/logout"}

    unguarded = {
        route.path
        for route in routes()
        # What a token opens looks at no cookie, and no page of another site holds a token.
        if route.method in UNSAFE and not route.from_our_pages and not isinstance(route.access, ByToken)
    }

    assert unguarded == by_apps | by_any_page | by_containers


# -- when things break -----------------------------------------------------------------------------


class BrokenStore:
    """A store whose every read fails."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def __getattr__(self, name: str) -> Any:
        raise self._failure


def broken(office: Office, failure: Exception) -> HttpBrowser:
    services = replace(office.services, store=BrokenStore(failure))  # type: ignore[arg-type]
    return HttpBrowser(build_app(services, office.config), office.config.public_url)


def test_a_database_that_is_down_is_a_503_and_not_somebody_elses_fault(office: Office) -> None:
    browser = broken(office, StorageUnavailable("down"))

    health, page, script = (
        browser.get("/healthz"), browser.get("/contoso/sign-in"), browser.post_json(OPTIONS, {}),
    )  # fmt: skip

    assert [answer.status_code for answer in (health, page, script)] == [503] * 3
    assert {answer.headers["retry-after"] for answer in (health, page, script)} == {"5"}
    assert script.json()["code"] == "storage_unavailable"
    assert "down" not in page.text + script.text


def test_what_breaks_shows_a_number_and_nothing_of_what_broke(office: Office) -> None:
    browser = broken(office, RuntimeError("secret detail"))

    answer = browser.get("/contoso/sign-in")

    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    assert "secret detail" not in answer.text


# -- Host ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/", "/contoso", "/contoso/sign-in", "/contoso/sign-in/pass", "/contoso/account", "/nowhere", "/openapi.json",
        "/contoso/v2.0/.well-known/openid-configuration", "/contoso/.well-known/keystead",
        "/contoso/oauth2/v2.0/authorize?client_id=x", "/contoso/oauth2/v2.0/logout",
    ],
)  # fmt: skip
def test_the_name_in_the_host_header_is_repeated_nowhere(office: Office, path: str) -> None:
    answer = office.http().get(path, host="evil.test", x_forwarded_host="evil.test", x_forwarded_proto="http")

    assert "evil.test" not in answer.text + repr(answer.headers)
