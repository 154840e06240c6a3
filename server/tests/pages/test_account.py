"""One's own account: passkeys, sign-ins, sessions."""

import re
from datetime import timedelta
from typing import Any

import pytest
from keystead_core.webauthn import KEYSTEAD_SOFTWARE

ACCOUNT = "/example/account"


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def passkey_id(office: Any, user: Any = None) -> str:
    return office.passkeys_of(user or office.ada)[0].id


def test_the_account_shows_each_passkey_and_how_far_it_is_bound(office: Any, ada: Any) -> None:
    page = ada.get(ACCOUNT).text

    assert "Passkey on a device" in page
    assert "Device-bound" in page
    assert "The device says that this key cannot leave it; nothing proves it." in page
    assert "Can sign in" in page
    assert '<time datetime="2026-03-02T12:00:00+00:00">2 Mar 2026, 12:00 UTC</time>' in page


def test_a_passkey_that_the_policy_no_longer_accepts_is_marked_with_the_reason(office: Any, ada: Any) -> None:
    person = office.person("syn@example.org")
    browser = office.sign_in_with_pass(person)
    office.add_passkey(browser, "syn@example.org", backup_eligible=True)
    assert "Can sign in" in browser.get(ACCOUNT).text

    office.allow_only_device_bound()

    page = browser.get(ACCOUNT).text
    assert "Quarantined" in page
    assert "synced passkeys are not allowed. Use a device-bound passkey." in " ".join(
        re.sub(r"<[^>]+>", " ", page).split()
    )
    assert "None of your passkeys can sign in now." in page


def test_refused_sign_ins_are_listed_in_words_with_their_number(office: Any, ada: Any) -> None:
    office.sign_in("ada@example.org", spoil_signature=True)

    page = ada.get(ACCOUNT).text

    assert "It was refused because the signature was wrong." in page
    assert office.attempts()[0].id in page


def test_keys_in_a_file_are_called_so_on_every_page_that_shows_them(office: Any, ada: Any) -> None:
    person = office.person("file@example.org")
    browser = office.sign_in_with_pass(person)
    office.add_passkey(browser, "file@example.org", aaguid=KEYSTEAD_SOFTWARE)
    office.sign_in("file@example.org", browser)

    own, administrators = browser.get(ACCOUNT).text, ada.get(f"/example/admin/users/{person.id}").text
    log = ada.get("/example/admin/sign-ins").text

    for page in (own, administrators, log):
        assert "Keystead in software (keys on disk)" in page
    for page in (own, administrators):
        assert "Its key is in a file, not in a security chip" in page


def test_somebody_elses_sign_ins_and_passkeys_are_not_shown(office: Any, ada: Any) -> None:
    other = office.person("other@example.org")
    office.add_passkey(office.sign_in_with_pass(other), "other@example.org", aaguid=office.KEYSTEAD_TPM)

    assert "Keystead on a TPM" not in ada.get(ACCOUNT).text


def test_a_name_is_escaped_wherever_it_is_shown(office: Any) -> None:
    person = office.person("<script>x", display_name="<script>alert(1)</script>")
    browser = office.sign_in_with_pass(person)
    office.add_passkey(browser, person.username)
    rename = f"{ACCOUNT}/passkeys/{passkey_id(office, person)}/rename"
    browser.submit(ACCOUNT, rename, {"name": '"><img src=x onerror=alert(1)>'})
    admin = office.signed_in(office.ada)

    pages = [
        browser.get(ACCOUNT).text,
        admin.get("/example/admin/users").text,
        admin.get(f"/example/admin/users/{person.id}").text,
        admin.get("/example/admin/sign-ins").text,
        admin.get("/example/admin/audit").text,
    ]

    for page in pages:
        assert "<script>alert" not in page
        assert "<script>x" not in page
        assert "<img" not in page


def test_renaming_a_passkey(office: Any, ada: Any) -> None:
    rename = f"{ACCOUNT}/passkeys/{passkey_id(office)}/rename"

    answer = ada.submit(ACCOUNT, rename, {"name": "Work laptop"})

    assert answer.headers["location"] == "/example/account?done=passkey_renamed"
    assert office.passkeys_of(office.ada)[0].name == "Work laptop"


def test_a_name_that_cannot_be_one_comes_back_with_the_reason_beside_it(office: Any, ada: Any) -> None:
    rename = f"{ACCOUNT}/passkeys/{passkey_id(office)}/rename"

    answer = ada.submit(ACCOUNT, rename, {"name": "evil\u202egnp.exe"})

    assert answer.status_code == 422
    assert "control characters" in answer.text
    assert "evil\u202egnp.exe" in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize("verb", ["rename", "remove"])
def test_nobody_touches_another_persons_passkey(office: Any, ada: Any, verb: str) -> None:
    other = office.signed_in(office.person("other@example.org"))
    theirs = f"{ACCOUNT}/passkeys/{passkey_id(office)}/{verb}"

    answer = other.submit(ACCOUNT, theirs, {"name": "mine", "even_the_last": "yes"})

    assert answer.status_code == 404
    assert other.get(f"{ACCOUNT}/passkeys/{passkey_id(office)}/remove").status_code == 404
    assert office.passkeys_of(office.ada)[0].name == "Passkey on a device"


def test_the_last_passkey_goes_only_when_its_owner_says_so(office: Any, ada: Any) -> None:
    remove = f"{ACCOUNT}/passkeys/{passkey_id(office)}/remove"

    asked = ada.get(remove)
    first = ada.submit(remove, remove, {})
    kept = office.passkeys_of(office.ada)
    second = ada.submit(remove, remove, {"even_the_last": "yes"})

    assert "It is your only passkey." in asked.text
    assert first.status_code == 422
    assert "Tick the box" in first.text
    assert len(kept) == 1
    assert second.headers["location"] == "/example/account?done=passkey_removed"
    assert office.passkeys_of(office.ada) == []


def test_removing_asks_for_a_fresh_sign_in_and_says_how(office: Any, ada: Any) -> None:
    remove = f"{ACCOUNT}/passkeys/{passkey_id(office)}/remove"
    office.clock.advance(timedelta(minutes=6))

    page = ada.get(remove).text
    answer = ada.submit(ACCOUNT, remove, {"even_the_last": "yes"})

    assert "within the last five minutes" in page
    assert "/example/sign-in?continue=" in page
    assert answer.status_code == 422
    assert len(office.passkeys_of(office.ada)) == 1


def test_a_pass_does_not_remove_passkeys(office: Any, ada: Any) -> None:
    browser = office.sign_in_with_pass(office.ada)
    remove = f"{ACCOUNT}/passkeys/{passkey_id(office)}/remove"

    answer = browser.submit(ACCOUNT, remove, {"even_the_last": "yes"})

    assert answer.status_code == 422
    assert "sign in with a passkey first" in answer.text
    assert len(office.passkeys_of(office.ada)) == 1


def test_signing_out_ends_this_session_and_no_other(office: Any, ada: Any) -> None:
    other = office.signed_in(office.ada)

    answer = ada.submit(ACCOUNT, f"{ACCOUNT}/sign-out", {})

    assert answer.headers["location"] == "/example/signed-out"
    assert "__Host-keystead-example=; " in answer.headers["set-cookie"]
    assert ada.get(ACCOUNT).status_code == 303
    assert other.get(ACCOUNT).status_code == 200


def test_the_cookie_of_a_closed_session_is_worth_nothing(office: Any, ada: Any) -> None:
    kept = dict(ada.cookies)
    ada.submit(ACCOUNT, f"{ACCOUNT}/sign-out", {})

    ada.cookies = kept

    assert ada.get(ACCOUNT).status_code == 303


def test_signing_out_everywhere_ends_every_session(office: Any, ada: Any) -> None:
    other = office.signed_in(office.ada)
    office.clock.advance(timedelta(seconds=1))

    ada.submit(ACCOUNT, f"{ACCOUNT}/sign-out-everywhere", {})

    assert [ada.get(ACCOUNT).status_code, other.get(ACCOUNT).status_code] == [303, 303]


# -- adding a passkey ------------------------------------------------------------------------


def test_a_passkey_gets_the_name_its_owner_chose(office: Any, ada: Any) -> None:
    passkey = office.new_passkey()
    options = ada.post_json(f"{ACCOUNT}/passkeys/options", {}).json()

    answer = ada.post_json(f"{ACCOUNT}/passkeys?name=Phone%20%26%20watch", passkey.register_with(options))

    assert answer.json() == {"redirect": "/example/account?done=passkey_added"}
    assert office.passkeys_of(office.ada)[-1].name == "Phone & watch"


def test_the_page_says_beforehand_that_one_must_sign_in_again(office: Any, ada: Any) -> None:
    office.clock.advance(timedelta(minutes=6))

    page = ada.get(f"{ACCOUNT}/passkeys/new").text
    options = ada.post_json(f"{ACCOUNT}/passkeys/options", {})

    assert "Sign in again" in page
    assert "new-passkey" not in page.partition("</head>")[0]
    assert (options.status_code, options.json()["code"]) == (403, "sign_in_not_fresh")


def test_the_page_says_beforehand_what_the_policy_has_against_it(office: Any, ada: Any) -> None:
    office.change_policy(self_service=False)

    page = ada.get(f"{ACCOUNT}/passkeys/new").text

    assert "You cannot add a passkey in your organisation because people may not add passkeys by themselves." in page


def test_a_passkey_that_the_policy_refuses_is_refused_in_words(office: Any, ada: Any) -> None:
    office.allow_only_device_bound()
    options = ada.post_json(f"{ACCOUNT}/passkeys/options", {}).json()

    answer = ada.post_json(f"{ACCOUNT}/passkeys", office.new_passkey(backup_eligible=True).register_with(options))

    assert answer.status_code == 422
    assert answer.json()["message"] == (
        "Your organisation does not accept this passkey: synced passkeys are not allowed. Use a device-bound passkey."
    )
    assert answer.json()["correlationId"] == office.attempts()[0].id


def test_a_challenge_to_register_is_its_users_alone(office: Any, ada: Any) -> None:
    other = office.signed_in(office.person("other@example.org"))
    other.cookies["__Host-keystead-browser"] = ada.cookies["__Host-keystead-browser"]
    options = ada.post_json(f"{ACCOUNT}/passkeys/options", {}).json()

    answer = other.post_json(f"{ACCOUNT}/passkeys", office.new_passkey().register_with(options))

    assert answer.json()["code"] == "challenge_not_ours"
