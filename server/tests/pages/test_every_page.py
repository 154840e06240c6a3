"""What holds for every page: its headers, no script or style inside, addresses that are ours."""

import re
from typing import Any

import pytest
from keystead_server.http.pages import assets
from keystead_server.http.pages.render import moment, page
from keystead_server.http.problems import TENANT_UNKNOWN, UNAVAILABLE

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


@pytest.fixture(scope="module")
def pages(found: Any) -> dict[str, Any]:
    """Every page of the house, by its address."""
    office = found()
    person, group, app = office.person("bob@example.org"), office.add_group("Staff"), office.register_app()
    ada = office.signed_in(office.ada)
    passkey = office.passkeys_of(office.ada)[0]
    device = office.keep_device(office.ada)
    own = ["", "/devices/new", "/unlock", "/passkeys/new", f"/passkeys/{passkey.id}/remove"]
    admin = [
        "", "/users", f"/users/{person.id}", "/devices", f"/devices/{device.id}", "/groups", f"/groups/{group.id}", "/apps", f"/apps/{app.id}",
        "/passkey-policy", "/passkey-policy/try", f"/passkey-policy/try?user=bob@example.org&passkey={passkey.id}",
        "/passkey-policy/history", "/passkey-policy/quarantine", "/pin-rules", "/sign-ins", "/audit", "/users/none",
        "/access/what-if", "/access/what-if?user=bob@example.org", "/access/replay", "/access/analyse",
        "/access/impact", "/access/terms", "/access/terms/none",
        "/access", "/access/new", "/access/templates", "/access/history", "/access/trial", "/access/emergency",
    ]  # fmt: skip
    anybody = ["/example/sign-in", "/example/sign-in/pass", "/example/signed-out", "/nowhere/account", "/example/none"]
    answers = {path: office.browser().get(path) for path in anybody}
    answers |= {path: ada.get(path) for path in (f"/example/account{p}" for p in own)}
    answers |= {path: ada.get(path) for path in (f"/example/admin{p}" for p in admin)}
    return answers


def test_every_page_holds_the_strict_policy(pages: dict[str, Any]) -> None:
    for path, answer in pages.items():
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["cache-control"] == "no-store", path


def test_no_page_has_a_script_or_a_style_inside(pages: dict[str, Any]) -> None:
    for path, answer in pages.items():
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|javascript:", answer.text), path


def test_no_page_loads_anything_from_elsewhere(pages: dict[str, Any]) -> None:
    for path, answer in pages.items():
        assert not re.search(r'(?:src|href|action)="(?:https?:|//)', answer.text), path


def test_every_page_says_its_language_and_has_one_heading_and_one_main(pages: dict[str, Any]) -> None:
    for path, answer in pages.items():
        assert answer.text.startswith('<!doctype html>\n<html lang="en">'), path
        assert len(re.findall(r"<h1[ >]", answer.text)) == 1, path
        assert len(re.findall(r"<main[ >]", answer.text)) == 1, path


def test_no_id_stands_twice_on_a_page(pages: dict[str, Any]) -> None:
    for path, answer in pages.items():
        ids = re.findall(r'\sid="([^"]+)"', answer.text)
        assert len(ids) == len(set(ids)), path


def test_every_button_of_an_administrators_form_has_its_token(pages: dict[str, Any]) -> None:
    for path, answer in pages.items():
        for form in re.findall(r'<form[^>]*method="post".*?</form>', answer.text, re.DOTALL):
            assert 'name="form_token"' in form, path


# -- the way in ------------------------------------------------------------------------------


def test_with_one_organisation_the_bare_address_leads_there(office: Any) -> None:
    assert office.browser().get("/").headers["location"] == "/example/account"
    assert office.browser().get("/example").headers["location"] == "/example/account"


def test_with_several_the_bare_address_asks_which(office: Any) -> None:
    office.found_tenant("other")
    browser = office.browser()

    assert "Which organisation?" in browser.get("/").text
    assert browser.get("/?organisation=OTHER").headers["location"] == "/other/account"
    assert browser.get("/?organisation=Example%20Works").headers["location"] == "/example/account"
    unknown = browser.get('/?organisation=//evil.test/"><script>')
    assert unknown.status_code == 404
    assert "<script>" not in unknown.text
    assert "&lt;script&gt;" in unknown.text


def test_with_none_the_bare_address_says_how_to_found_one(found: Any) -> None:
    assert "keystead init" in found(tenant=False).browser().get("/").text


# -- when something is wrong -----------------------------------------------------------------


def test_an_error_page_says_what_to_do_and_carries_the_number_of_the_log(office: Any) -> None:
    answer = office.browser().get("/nowhere/account")

    assert answer.status_code == 404
    assert TENANT_UNKNOWN.message in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_an_error_page_escapes_the_address_it_was_asked_for(office: Any) -> None:
    answer = office.browser().get('/example/"><script>alert(1)</script>?"><script>')

    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_a_post_without_a_session_is_not_repeated_but_leads_to_sign_in(office: Any) -> None:
    ada = office.signed_in(office.ada)
    token = office.form_token(ada.get("/example/account"))
    del ada.cookies["__Host-keystead-example"]

    answer = ada.post_form("/example/account/sign-out", {}, token=token)

    assert answer.status_code == 401
    assert 'href="/example/sign-in?continue=' in answer.text


def test_when_the_store_is_away_the_page_says_so_and_offers_to_try_again(office: Any) -> None:
    office.lose_the_store()

    answer = office.browser().get("/example/sign-in?continue=%22")

    assert answer.status_code == 503
    assert UNAVAILABLE.message in answer.text
    assert 'href="/example/sign-in?continue=%22"' in answer.text
    assert answer.headers["retry-after"] == "5"


def test_the_link_to_try_again_never_leads_to_another_host(office: Any) -> None:
    office.lose_the_store()

    answer = office.browser().get("https://id.example.org//evil.test/sign-in")

    assert answer.status_code == 503
    assert 'href="/evil.test/sign-in"' in answer.text


def test_coming_back_after_signing_in_keeps_the_question(office: Any) -> None:
    sign_in = office.browser().get("/example/admin/sign-ins?user=a%26b&result=refused").headers["location"]

    continuation = office.opened_continuation(sign_in.partition("continue=")[2])

    assert continuation.to == "/example/admin/sign-ins?user=a%26b&result=refused"


@pytest.mark.parametrize(
    "path", ["admin/users/%00", "admin/groups/%00", "admin/apps/%00", "account/passkeys/%00/remove"]
)
def test_an_address_that_no_id_can_have_is_not_found(office: Any, path: str) -> None:
    ada = office.signed_in(office.ada)
    office.refuse_nul()

    assert ada.get(f"/example/{path}").status_code == 404


# -- files -----------------------------------------------------------------------------------


def test_files_may_be_kept_for_ever_because_their_name_changes_with_them(office: Any) -> None:
    answer = office.browser().get(assets.ADDRESSES["parts.css"])

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "set-cookie" not in answer.headers


def test_a_script_imports_its_modules_under_their_versioned_names(office: Any) -> None:
    script = office.browser().get(assets.ADDRESSES["sign-in.js"]).text

    (module,) = re.findall(r'from "\./([^"]+)"', script)
    assert f"/assets/{module}" == assets.ADDRESSES["ceremony.js"]
    assert office.browser().get(f"/assets/{module}").status_code == 200


@pytest.mark.parametrize("name", ["..%2f..%2frender.py", "%2e%2e", "base.css", "%2e%2e%2fassets.py", "base.0.css"])
def test_nothing_else_is_served_as_a_file(office: Any, name: str) -> None:
    assert office.browser().get(f"/assets/{name}").status_code == 404


def test_scripts_are_small() -> None:
    for name in ("ceremony.js", "sign-in.js", "new-passkey.js"):
        assert len(assets._ORIGINALS[name]) < 6 * 1024


# -- the frame -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["https://a.test;script-src *", "https://a.test 'unsafe-inline'/cb", "https://a.test,b/cb"]
)
def test_an_address_cannot_add_to_the_policy(office: Any, address: str) -> None:
    answer = page(office.call(), "signed-out.html", ends_at=[address])

    assert answer.headers["content-security-policy"] == POLICY


def test_times_are_said_in_utc_and_can_be_read_by_machines(office: Any) -> None:
    assert moment(office.clock.now()) == '<time datetime="2026-03-02T12:00:00+00:00">2 Mar 2026, 12:00 UTC</time>'
