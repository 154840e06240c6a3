"""One's own page: everything one signs in with, what could be added, and what changed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import Role
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration

from .security_info import ACCOUNT, PASSWORD, set_password, set_up_totp, sign_in, totp, words


@pytest.fixture
def office(office: Any) -> Any:
    office.allow_passwords()
    return office


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


# -- the list --------------------------------------------------------------------------------


def test_a_pass_that_took_the_place_of_a_used_one_is_not_used_yet(office: Any) -> None:
    grace = office.person("grace@example.org")
    browser = office.sign_in_with_pass(grace)
    office.clock.advance(timedelta(minutes=1))

    assert "Last used" in words(browser.get(ACCOUNT)).partition("More ways")[0]
    office.issue_pass(grace)
    assert "Last used" not in words(browser.get(ACCOUNT)).partition("More ways")[0]


def test_one_list_has_every_method_with_what_it_is(office: Any, ada: Any) -> None:
    set_password(ada)
    secret = set_up_totp(office, ada, "Telephone")
    ada.submit(f"{ACCOUNT}/recovery-codes", f"{ACCOUNT}/recovery-codes", {})
    office.issue_pass(office.ada)
    sign_in(office, "ada@example.org", totp(office, secret))

    page = words(ada.get(ACCOUNT))

    for said in (
        "Passkey on a device Device-bound Can sign in",
        "Temporary Access Pass Can be used An administrator issued it. It ends 2 Mar 2026, 13:00 UTC.",
        "Password Can be used The first of two: a code follows it.",
        "Telephone Authenticator app Can be used",
        "Recovery codes Can be used 10 of 10 are left.",
    ):
        assert said in page, said


def test_each_says_when_and_where_it_was_last_used(office: Any) -> None:
    ada = office.signed_in(office.ada)
    set_password(ada)
    secret, other = set_up_totp(office, ada, "Telephone"), set_up_totp(office, ada, "Tablet")
    assert other
    sign_in(office, "ada@example.org", totp(office, secret))

    page = words(ada.get(ACCOUNT))

    # A test's browser names itself to nobody.
    where = "Last used 2 Mar 2026, 12:00 UTC with Another program from 192.0.2.7."
    assert re.search(r"Passkey on a device .*?" + re.escape(where), page)
    assert re.search(r"Password Can be used .*?" + re.escape(where), page)
    assert re.search(r"Telephone Authenticator app .*?" + re.escape(where), page)
    assert (
        "Tablet Authenticator app Can be used Shows a code that follows your password. On one device, unless its app keeps copies. Added 2 Mar 2026, 12:00 UTC. Not used yet."
        in page
    )


def test_an_app_that_was_signed_in_to_is_named_where_a_method_was_used(office: Any) -> None:
    app = office.register_app(name="Wiki")
    ada = office.signed_in(office.ada)
    set_password(ada)
    secret = set_up_totp(office, ada)
    going = f"?continue={office.sealed_continuation('/x', app_id=app.id)}"
    browser = office.browser()
    page = f"/example/sign-in/password{going}"
    half = browser.submit(page, page, {"user": "ada@example.org", "password": PASSWORD})
    partial = re.search(r'name="partial" value="([^"]+)"', half.text)[1]  # type: ignore[index]
    done = browser.post_form(
        f"/example/sign-in/code{going}", {"partial": partial, "code": totp(office, secret)},
        token=office.form_token(half),
    )  # fmt: skip

    assert done.headers["location"].startswith("/example/oauth2/v2.0/resume?continue=")
    assert "from 192.0.2.7, for Wiki." in words(ada.get(ACCOUNT))


def test_what_the_policy_no_longer_lets_one_use_is_marked_with_the_reason(office: Any, ada: Any) -> None:
    set_password(ada)
    set_up_totp(office, ada)
    off = MethodConfiguration(Method.SOFTWARE_OATH, enabled=False)

    office.allow_passwords(configurations=FIRST_METHODS.having(off).configurations)

    page = words(ada.get(ACCOUNT))
    assert "Not allowed now Not accepted at sign-in now, because signing in with a password is switched off." in page
    assert re.search("because signing in with an authenticator app is switched off\\.", page)


def test_why_something_cannot_be_added_stands_beside_it(office: Any, ada: Any) -> None:
    office.allow_passwords(configurations=FIRST_METHODS.configurations)

    page = ada.get(ACCOUNT)

    said = words(page)
    assert "You cannot, because signing in with a password is switched off." in said
    assert "You cannot, because an authenticator app follows a password, and this account can have none." in said
    assert "You cannot, because a recovery code follows a password, and this account can have none." in said
    assert f'href="{ACCOUNT}/password"' not in page.text
    assert f'href="{ACCOUNT}/authenticator-apps/new"' not in page.text


def test_what_changed_lately_says_what_and_by_whom(office: Any, ada: Any) -> None:
    boss = office.person("boss@example.org", display_name="The Boss", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    set_password(ada)
    browser = office.signed_in(boss)
    person = f"/example/admin/users/{office.ada.id}"
    password = office.secrets_of(office.ada).password
    browser.submit(person, f"{person}/methods/{password.id}/remove", {})

    page = words(ada.get(ACCOUNT))

    assert "The password was removed By The Boss" in page
    assert "A password was set 2 Mar 2026" in page
    assert "A passkey was added: Passkey on a device 2 Mar 2026" in page
    assert "A Temporary Access Pass was issued By the operator of this server" in page


def test_somebody_elses_changes_are_not_shown(office: Any, ada: Any) -> None:
    other = office.person("other@example.org")
    set_password(office.sign_in_with_pass(other))

    assert "A password was set" not in words(ada.get(ACCOUNT))


# -- setting up ------------------------------------------------------------------------------


def test_a_password_is_typed_twice_and_kept_as_it_was_typed(office: Any, ada: Any) -> None:
    page = f"{ACCOUNT}/password"
    differing = ada.submit(page, page, {"password": PASSWORD, "repeated": f"{PASSWORD} "})
    assert (differing.status_code, "The two are not the same." in differing.text) == (422, True)
    weak = ada.submit(page, page, {"password": "password1", "repeated": "password1"})
    assert (weak.status_code, "among the first that anybody tries" in weak.text) == (422, True)
    assert office.secrets_of(office.ada).password is None

    assert set_password(ada, "  with spaces  ").headers["location"] == f"{ACCOUNT}?done=password_set"
    set_up_totp(office, ada)
    signing_in = "/example/sign-in/password"
    browser = office.browser()
    for typed, status in (("with spaces", 401), ("  with spaces  ", 200)):
        fields = {"user": "ada@example.org", "password": typed}
        assert browser.submit(signing_in, signing_in, fields).status_code == status


def test_no_page_repeats_a_password_that_was_typed(office: Any, ada: Any) -> None:
    page, signing_in = f"{ACCOUNT}/password", "/example/sign-in/password"
    secret = "Password4711"

    answers = [
        ada.submit(page, page, {"password": secret, "repeated": secret}),
        office.browser().submit(signing_in, signing_in, {"user": "ada@example.org", "password": secret}),
    ]

    assert [answer.status_code for answer in answers] == [422, 401]
    assert not any(secret in answer.text for answer in answers)


@pytest.mark.parametrize("what", ["password", "authenticator-apps/new", "recovery-codes"])
def test_after_five_minutes_the_page_leads_to_signing_in_again_and_back(office: Any, ada: Any, what: str) -> None:

    office.clock.advance(timedelta(minutes=6))

    page = ada.get(f"{ACCOUNT}/{what}")

    assert "you must have signed in within the last five minutes" in page.text
    sealed = re.search(r'href="/example/sign-in\?continue=([^"]+)"', page.text)[1]  # type: ignore[index]
    assert office.opened_continuation(sealed).to == f"{ACCOUNT}/{what}"
    assert "<form class" not in page.text


def test_recovery_codes_are_shown_once_and_never_kept_by_a_browser(office: Any, ada: Any) -> None:
    page = f"{ACCOUNT}/recovery-codes"
    shown = ada.submit(page, page, {})

    codes = re.findall(r"<li><code>([A-Z0-9]{5}-[A-Z0-9]{5})</code></li>", shown.text)
    assert len(codes) == 10
    assert shown.headers["cache-control"] == "no-store"
    assert not any(code in ada.get(path).text for code in codes for path in (page, ACCOUNT))


def test_a_qr_code_is_a_picture_in_the_page(office: Any, ada: Any) -> None:
    page = ada.get(f"{ACCOUNT}/authenticator-apps/new").text

    picture = re.search(r'<svg class="qr".*?</svg>', page)
    assert picture
    assert 'aria-label="QR code for your authenticator app"' in picture[0]
    assert not re.search(r"style=|href=|<script", picture[0])


def test_a_broken_set_up_begins_anew(office: Any, ada: Any) -> None:
    new = f"{ACCOUNT}/authenticator-apps/new"
    for sealed in ("", "xxxx", "a" * 200):
        answer = ada.submit(new, f"{ACCOUNT}/authenticator-apps", {"set_up": sealed, "code": "123456"})
        assert answer.status_code == 422
        assert "This took too long. Scan the new code below." in answer.text


# -- rename and remove -----------------------------------------------------------------------


def test_an_app_is_renamed_and_a_bad_name_is_said_beside_its_field(office: Any, ada: Any) -> None:
    set_up_totp(office, ada)
    (app,) = office.secrets_of(office.ada).totp
    rename = f"{ACCOUNT}/methods/{app.id}/rename"

    bad = ada.submit(ACCOUNT, rename, {"name": "a\u202eb"})
    assert (bad.status_code, f'id="name-{app.id}-error"' in bad.text) == (422, True)
    assert ada.submit(ACCOUNT, rename, {"name": "Phone"}).headers["location"] == f"{ACCOUNT}?done=totp_renamed"
    assert office.secrets_of(office.ada).totp[0].name == "Phone"


def test_a_method_of_somebody_else_or_of_nobody_is_not_there(office: Any, ada: Any) -> None:
    other = office.person("other@example.org")
    set_password(office.sign_in_with_pass(other))
    theirs = office.secrets_of(other).password.id

    for method in (theirs, "none", "%00"):
        assert ada.get(f"{ACCOUNT}/methods/{method}/remove").status_code == 404
        for verb in ("rename", "remove"):
            assert ada.submit(ACCOUNT, f"{ACCOUNT}/methods/{method}/{verb}", {"name": "x"}).status_code == 404
    assert office.secrets_of(other).password is not None


def test_what_follows_from_removing_the_only_passkey_depends_on_what_else_there_is(office: Any, ada: Any) -> None:
    path = f"{ACCOUNT}/passkeys/{office.passkeys_of(office.ada)[0].id}/remove"
    assert "only sign in when an administrator gives you" in words(ada.get(path))

    set_password(ada)
    set_up_totp(office, ada)

    assert "Without it you sign in with your password and a code" in words(ada.get(path))


# -- administrators --------------------------------------------------------------------------


def test_an_administrator_sees_and_removes_what_a_person_signs_in_with(office: Any, ada: Any) -> None:
    person = office.person("two@example.org")
    browser = office.sign_in_with_pass(person)
    set_password(browser)
    set_up_totp(office, browser, "Telephone")
    page = f"/example/admin/users/{person.id}"
    (app,) = office.secrets_of(person).totp

    assert "Telephone Authenticator app Can be used" in words(ada.get(page))
    removed = ada.submit(page, f"{page}/methods/{app.id}/remove", {})

    assert removed.headers["location"] == f"{page}?done=method_removed"
    assert office.secrets_of(person).totp == ()
    assert ada.submit(page, f"{page}/methods/{app.id}/remove", {}).status_code == 404


def test_a_reader_sees_but_does_not_remove(office: Any) -> None:
    person = office.person("two@example.org")
    set_password(office.sign_in_with_pass(person))
    reader = office.signed_in(office.person("reader@example.org", roles=frozenset({Role.GLOBAL_READER})))
    page = f"/example/admin/users/{person.id}"
    password = office.secrets_of(person).password

    assert "Remove this" not in reader.get(page).text
    assert reader.submit(ACCOUNT, f"{page}/methods/{password.id}/remove", {}).status_code == 403
