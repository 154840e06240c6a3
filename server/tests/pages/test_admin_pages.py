"""What administrators do on their pages."""

from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import Role
from keystead_server.http.pages import words
from keystead_testkit.loop import run

ADMIN = "/example/admin"


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def test_a_person_is_added_gets_a_pass_and_adds_a_passkey(office: Any, ada: Any) -> None:
    added = ada.submit(f"{ADMIN}/users", f"{ADMIN}/users", {"username": "bob@example.org", "display_name": "Bob"})
    account = added.headers["location"].partition("?")[0]
    issued = ada.submit(account, f"{account}/pass", {"lifetime": "60", "usable_once": "yes"})
    link = issued.text.partition('aria-labelledby="link">')[2].partition("<")[0].replace("&amp;", "&")

    browser = office.browser()
    page = link.removeprefix("https://id.example.org")
    code = link.partition("pass=")[2]
    signed_in = browser.submit(page, "/example/sign-in/pass", {"user": "bob@example.org", "pass": code})

    assert signed_in.headers["location"] == "/example/account/passkeys/new"
    assert code in issued.text
    assert "It works once" in issued.text
    assert code not in ada.get(account).text
    office.add_passkey(browser, "bob@example.org")


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [("two words", "no spaces"), ("ADA@example.org", "already a user"), ("", "no spaces")],
)
def test_a_username_that_cannot_be_one_keeps_what_was_typed(ada: Any, typed: str, complaint: str) -> None:
    users = f"{ADMIN}/users"

    answer = ada.submit(users, users, {"username": typed, "display_name": "Bob <B>"})

    assert answer.status_code == 422
    assert complaint in answer.text
    assert f'value="{typed}"' in answer.text
    assert 'value="Bob &lt;B&gt;"' in answer.text
    assert 'aria-describedby="username-hint username-error"' in answer.text


def test_people_are_found_and_paged(office: Any, ada: Any) -> None:
    for number in range(60):
        office.person(f"p{number:02}@example.org", display_name=f"Person {number:02}")

    first = ada.get(f"{ADMIN}/users?search=person")
    following = first.text.partition(f'href="{ADMIN}/users?search=person&amp;after=')[2].partition('"')[0]
    second = ada.get(f"{ADMIN}/users?search=person&after={following}")

    assert first.text.count("Person ") == 50
    assert second.text.count("Person ") == 10
    assert "Next page" not in second.text
    assert ada.get(f"{ADMIN}/users?search=nobody").text.count("Person ") == 0


def test_an_account_is_renamed_switched_off_and_on_and_removed(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org")
    theirs, account = office.signed_in(bob), f"{ADMIN}/users/{bob.id}"

    ada.submit(account, f"{account}/rename", {"username": "robert@example.org", "display_name": "Robert"})
    assert "robert@example.org" in theirs.get("/example/account").text
    ada.submit(account, f"{account}/disable", {})
    assert theirs.get("/example/account").status_code == 303
    assert "Switched off" in ada.get(account).text
    ada.submit(account, f"{account}/enable", {})
    assert "Switched off" not in ada.get(account).text
    gone = ada.submit(account, f"{account}/remove", {})

    assert gone.headers["location"] == f"{ADMIN}/users?done=removed"
    assert ada.get(account).status_code == 404


def test_the_last_administrator_stays(office: Any, ada: Any) -> None:
    account = f"{ADMIN}/users/{office.ada.id}"

    for action in ("disable", "remove", "roles"):
        answer = ada.submit(account, f"{account}/{action}", {})
        assert answer.status_code == 422, action
        assert "only administrator who can sign in" in answer.text


def test_roles_are_given_exactly_as_ticked(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org", roles=frozenset({Role.GLOBAL_READER}))
    account = f"{ADMIN}/users/{bob.id}"

    ada.submit(account, f"{account}/roles", [("role", "Authentication Administrator"), ("role", "Emperor")])

    assert office.reread(bob).roles == {Role.AUTHENTICATION_ADMINISTRATOR}


def test_nobody_issues_a_pass_for_themselves(office: Any, ada: Any) -> None:
    account = f"{ADMIN}/users/{office.ada.id}"

    answer = ada.submit(account, f"{account}/pass", {"lifetime": "60"})

    assert answer.status_code == 422
    assert "Nobody can issue a pass for themselves" in answer.text


def test_whoever_helps_people_has_no_power_over_administrators(office: Any, ada: Any) -> None:
    helper = office.signed_in(office.person("h@example.org", roles=frozenset({Role.AUTHENTICATION_ADMINISTRATOR})))
    account = f"{ADMIN}/users/{office.ada.id}"
    passkey = office.passkeys_of(office.ada)[0]

    issued = helper.submit(account, f"{account}/pass", {"lifetime": "60"})
    removed = helper.submit(account, f"{account}/passkeys/{passkey.id}/remove", {})

    assert "Only a Global Administrator can issue a pass for an administrator" in issued.text
    assert "Only a Global Administrator can remove a passkey of an administrator" in removed.text
    assert office.passkeys_of(office.ada) == [passkey]


@pytest.mark.parametrize("lifetime", ["", "0", "-1", "1", "99999999", "9" * 30, "sixty"])
def test_a_pass_lives_as_long_as_the_list_offers(office: Any, ada: Any, lifetime: str) -> None:
    account = f"{ADMIN}/users/{office.person('bob@example.org').id}"

    answer = ada.submit(account, f"{account}/pass", {"lifetime": lifetime})

    assert answer.status_code == 422
    assert "10 minutes to 30 days" in answer.text


def test_a_lost_passkey_is_removed_from_its_owners_page_alone(office: Any, ada: Any) -> None:
    bob, eve = office.person("bob@example.org"), office.person("eve@example.org")
    office.signed_in(bob)
    passkey = office.passkeys_of(bob)[0]
    page = f"{ADMIN}/users/{bob.id}"

    wrong = ada.submit(page, f"{ADMIN}/users/{eve.id}/passkeys/{passkey.id}/remove", {})
    right = ada.submit(page, f"{ADMIN}/users/{bob.id}/passkeys/{passkey.id}/remove", {})

    assert (wrong.status_code, right.status_code) == (404, 303)
    assert office.sign_in("bob@example.org").json()["code"] == "passkey_unknown"


def test_a_group_gets_and_loses_members(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org")
    groups = f"{ADMIN}/groups"
    group = ada.submit(groups, groups, {"name": "Staff"}).headers["location"].partition("?")[0]

    joined = ada.submit(group, f"{group}/members", {"username": "BOB@example.org"})
    unknown = ada.submit(group, f"{group}/members", {"username": "nobody\x00"})
    page = ada.get(group).text
    ada.submit(group, f"{group}/members/{bob.id}/remove", {})

    assert joined.status_code == 303
    assert (unknown.status_code, "There is nobody with this username." in unknown.text) == (422, True)
    assert "bob@example.org" in page
    assert "bob@example.org" not in ada.get(group).text
    assert ada.submit(groups, groups, {"name": "STAFF"}).status_code == 422
    ada.submit(group, f"{group}/remove", {})
    assert ada.get(group).status_code == 404


def test_an_app_is_registered_and_its_secret_is_shown_once(office: Any, ada: Any) -> None:
    apps = f"{ADMIN}/apps"
    fields = {"name": "Wiki", "redirect_uris": "https://wiki.example.org/cb\r\nhttps://wiki.example.org/two\r\n"}

    registered = ada.submit(apps, apps, fields)
    (app,) = office.apps()
    secret = registered.text.partition('class="secret long" aria-labelledby="secret">')[2].partition("<")[0]
    page = ada.get(f"{apps}/{app.id}").text

    assert app.redirect_uris == ("https://wiki.example.org/cb", "https://wiki.example.org/two")
    assert len(secret) == 46
    assert secret not in page
    assert "https://id.example.org/example/v2.0/.well-known/openid-configuration" in page
    ada.submit(f"{apps}/{app.id}", f"{apps}/{app.id}/secret", {})
    assert len(office.apps()[0].secret_digests) == 2


def test_a_redirect_uri_that_cannot_be_one_keeps_what_was_typed(office: Any, ada: Any) -> None:
    apps = f"{ADMIN}/apps"
    app = office.register_app()

    new = ada.submit(apps, apps, {"name": "Wiki 2", "redirect_uris": "javascript:alert(1)", "rs256": "yes"})
    old = ada.submit(f"{apps}/{app.id}", f"{apps}/{app.id}/redirect-uris", {"redirect_uris": "https://*.evil.test"})

    for answer in (new, old):
        assert answer.status_code == 422
        assert 'aria-describedby="redirect_uris-hint redirect_uris-error"' in answer.text
    assert "javascript:alert(1)</textarea>" in new.text
    assert 'value="Wiki 2"' in new.text
    assert 'name="rs256" value="yes" checked' in new.text
    assert "https://*.evil.test</textarea>" in old.text
    assert office.apps()[0].redirect_uris == app.redirect_uris


def test_the_sign_in_log_is_filtered_by_person_and_result(office: Any, ada: Any) -> None:
    office.signed_in(office.person("bob@example.org"))
    office.sign_in("bob@example.org", spoil_signature=True)
    log = f"{ADMIN}/sign-ins"

    refused = ada.get(f"{log}?user=BOB@example.org&result=refused").text

    assert refused.count("<details>") == 1
    assert "signature_invalid" in refused
    assert office.attempts()[0].id in refused
    assert "There is nobody with this username." in ada.get(f"{log}?user=nobody").text
    assert ada.get(f"{log}?user=bob@example.org").text.count("<details>") == 4


def test_an_app_that_was_refused_stands_in_the_log_too(office: Any, ada: Any) -> None:
    office.browser().post_form("/example/oauth2/v2.0/token", {"grant_type": "authorization_code"}, token="")

    assert "None: the app brought a code" in ada.get(f"{ADMIN}/sign-ins").text


@pytest.mark.parametrize("method", Method)
def test_every_method_has_its_words(method: Method) -> None:
    assert words.method(method)


def test_the_logs_are_paged_by_what_comes_before(office: Any, ada: Any) -> None:
    for number in range(60):
        office.person(f"p{number}@example.org")
    for _ in range(51):
        office.browser().submit("/example/sign-in/pass", "/example/sign-in/pass", {"user": "x", "pass": "y"})

    for log in (f"{ADMIN}/audit", f"{ADMIN}/sign-ins"):
        first = ada.get(log)
        older = first.text.rpartition("before=")[2].partition('"')[0]
        second = ada.get(f"{log}?before={older}")
        assert first.text.count("<details>") == 50
        assert 0 < second.text.count("<details>") < 50


def test_the_audit_log_names_who_did_it(office: Any, ada: Any) -> None:
    ada.submit(f"{ADMIN}/groups", f"{ADMIN}/groups", {"name": "Staff"})

    page = ada.get(f"{ADMIN}/audit").text

    entry = page.partition("<details>")[2].partition("</details>")[0]
    assert "group.created" in entry
    assert "ada@example.org" in entry
    assert "The operator" in page


def test_the_overview_counts_what_was_refused_lately(office: Any, ada: Any) -> None:
    for _ in range(3):
        office.sign_in("ada@example.org", spoil_signature=True)

    assert "<dd>3</dd>" in ada.get(ADMIN).text


def test_a_reader_sees_everything_and_no_button(office: Any, ada: Any) -> None:
    bob, group, app = office.person("bob@example.org"), office.add_group("Staff"), office.register_app()
    reader = office.signed_in(office.person("r@example.org", roles=frozenset({Role.GLOBAL_READER})))

    pages = ["/users", f"/users/{bob.id}", "/groups", f"/groups/{group.id}", "/apps", f"/apps/{app.id}"]

    for page in pages:
        # The one form left is the sign-out in the bar.
        assert reader.get(ADMIN + page).text.count('method="post"') == 1, page
    assert '<fieldset class="stack" disabled>' in reader.get(f"{ADMIN}/passkey-policy").text


def test_whoever_has_no_role_sees_no_way_to_administration(office: Any) -> None:
    browser = office.signed_in(office.person("bob@example.org"))

    assert "/example/admin" not in browser.get("/example/account").text


def test_an_app_that_signs_nobody_in_stands_in_the_list(office: Any, ada: Any) -> None:
    register = office.services.manage_app.register(
        office.tenant.id, name="Nightly", redirect_uris=[], signs_in=False, by=OPERATOR
    )
    run(register)

    listed = ada.get(f"{ADMIN}/apps")

    assert listed.status_code == 200
    assert "Nightly" in listed.text
    assert "it calls the API by itself" in listed.text
