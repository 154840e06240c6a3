"""A passkey's life in a real browser: made quietly, refused and forgotten, given by somebody else, renamed, removed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Role
from keystead_server.domain.visitor import Visitor
from keystead_server.policy.methods.model import FIRST_METHODS
from keystead_testkit.browser import Chromium, add_virtual_authenticator
from playwright.sync_api import Page, expect

from .asgi_browser import run
from .in_chromium import NEEDS_CHROMIUM, add_passkey, look, sign_in_with_pass, sign_out, url, without_autofill
from .page_office import office_on_a_port

pytestmark = NEEDS_CHROMIUM

# Chromium's own conditional create() waits for a password manager, which a test has none of. What is
# put in its place makes the passkey at once, and is otherwise the browser's own.
QUIETLY = """
    const create = navigator.credentials.create.bind(navigator.credentials);
    window.asked = [];
    navigator.credentials.create = ({ mediation, publicKey, signal }) => {
      window.asked.push([mediation ?? "", publicKey.authenticatorSelection.userVerification]);
      return create({ publicKey, signal });
    };
"""


def test_after_a_pass_the_browser_may_make_the_passkey_by_itself(open_office: Any, page: Page) -> None:
    authenticator = add_virtual_authenticator(page)
    page.add_init_script(QUIETLY)
    person = open_office.person("quiet@example.org")

    sign_in_with_pass(page, open_office, person)
    page.wait_for_url("**/account?done=passkey_added")

    (kept,) = open_office.passkeys_of(person)
    assert len(authenticator.credentials()) == 1
    expect(page.get_by_role("heading", name=kept.name)).to_be_visible()
    # Who has a passkey is asked for a gesture.
    page.goto(url(open_office, "/account/passkeys/new"))
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("already has a passkey for your account")
    assert page.evaluate("window.asked") == [["", "required"]]


def test_the_button_works_while_the_browser_waits_for_a_quiet_moment(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page)
    person = open_office.person("unquiet@example.org")
    with page.expect_response("**/account/passkeys/options") as asked:
        sign_in_with_pass(page, open_office, person)
    assert asked.value.json()["authenticatorSelection"]["userVerification"] == "preferred"

    page.get_by_role("button", name="Add a passkey").click()

    page.wait_for_url("**/account?done=passkey_added")


def test_what_the_browser_refused_is_in_the_log_by_its_code(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page)
    person = open_office.person("again@example.org")
    sign_in_with_pass(page, open_office, person)
    add_passkey(page, open_office)
    page.goto(url(open_office, "/account/passkeys/new"))

    with page.expect_response("**/account/passkeys/abandoned") as noted:
        page.get_by_role("button", name="Add a passkey").click()

    assert noted.value.status == 204
    latest = open_office.attempts()[0]
    assert (latest.reason, latest.user_id) == ("passkey_on_this_device", person.id)
    page.goto(url(open_office, "/account"))
    page.get_by_text("Passkey not added").click()
    expect(page.get_by_text("the device already had a passkey for the account")).to_be_visible()


def test_a_passkey_that_was_made_and_then_refused_is_forgotten_by_the_device(
    open_office: Any, page: Page, chromium: Chromium
) -> None:
    authenticator = add_virtual_authenticator(page)
    person = open_office.person("orphan@example.org")
    sign_in_with_pass(page, open_office, person)
    page.goto(url(open_office, "/account/passkeys/new"))
    policy = open_office.policy()

    def refuse(route: Any) -> None:
        # Between the question and the answer the policy changes.
        (profile,) = policy.profiles
        proving = replace(profile, attestation_enforcement=type(profile.attestation_enforcement)("registrationOnly"))
        open_office.change_policy(profiles=(proving,))
        route.continue_()

    page.route("**/account/passkeys?name=*", refuse)
    page.get_by_role("button", name="Add a passkey").click()

    expect(page.get_by_role("alert")).to_contain_text("Your organisation does not accept this passkey")
    expect(page.get_by_role("alert")).to_contain_text(open_office.attempts()[0].id)
    assert authenticator.credentials() == []
    open_office.change_policy(profiles=policy.profiles)
    assert all("422" in problem for problem in chromium.problems)
    chromium.problems.clear()


def test_a_renamed_account_keeps_its_passkeys(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page)
    without_autofill(page)
    person = open_office.person("maiden@example.org")
    sign_in_with_pass(page, open_office, person)
    add_passkey(page, open_office)
    sign_out(page)
    manage = open_office.services.manage_user
    run(manage.rename(person, username="married@example.org", display_name="Married", by=OPERATOR))

    page.goto(url(open_office, "/sign-in"))
    page.get_by_label("Username").fill("married@example.org")
    page.keyboard.press("Enter")

    page.wait_for_url("**/account")
    expect(page.get_by_role("heading", name="Married")).to_be_visible()


def give_passkey(office: Any, person: Any, page: Page) -> None:
    """The operator registers a passkey for *person*, made by the browser's own authenticator."""
    flow = office.services.register_on_behalf
    offer = run(flow.begin(office.tenant, OPERATOR, person))
    answer = page.evaluate(
        """async (options) => (await navigator.credentials.create(
             { publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })).toJSON()""",
        dict(offer.options),
    )
    visitor = Visitor(bytes(16), "192.0.2.7")
    run(
        flow.finish(
            office.tenant, OPERATOR, person, visitor, display_name="Red key", payload=json.dumps(answer).encode()
        )
    )


def test_a_passkey_that_was_given_says_so_until_its_owner_knows(open_office: Any, page: Page) -> None:
    authenticator = add_virtual_authenticator(page, transport="usb")
    without_autofill(page)
    person = open_office.person("given@example.org", display_name="Given")
    page.goto(url(open_office, "/sign-in"))
    give_passkey(open_office, person, page)

    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/account")
    expect(page.get_by_text("Somebody else added a passkey to your account:")).to_be_visible()
    look(page, "given")
    page.get_by_role("button", name="I know of it").click()

    expect(page.get_by_role("status")).to_contain_text("you know of this passkey")
    expect(page.get_by_text("Somebody else added a passkey to your account:")).to_be_hidden()
    expect(page.get_by_text("Added by an administrator")).to_be_visible()
    assert len(authenticator.credentials()) == 1


def test_a_computer_with_a_hello_key_says_so_and_a_security_key_is_added_from_there(
    open_office: Any, page: Page, chromium: Chromium
) -> None:
    add_virtual_authenticator(page, transport="internal")
    without_autofill(page)
    person = open_office.person("hello@example.org")
    sign_in_with_pass(page, open_office, person)
    add_passkey(page, open_office, "Container")
    open_office.keep_hello_key_beside_passkey(person)

    page.goto(url(open_office, "/account/passkeys/new"))
    expect(page.get_by_text("This computer has a Windows Hello key of your account")).to_be_visible()
    look(page, "hello-key-here")
    add_virtual_authenticator(page, transport="usb")
    page.get_by_label("Name").fill("Red key")
    page.get_by_role("button", name="Add one to a security key").click()

    expect(page.get_by_role("heading", name="Red key")).to_be_visible()
    expect(page.get_by_text("Windows Hello key", exact=True)).to_be_visible()
    look(page, "account-with-hello-key")


def test_removed_by_an_administrator_it_is_gone_from_the_device_at_the_next_visit(open_office: Any, page: Page) -> None:
    authenticator = add_virtual_authenticator(page)
    without_autofill(page)
    person = open_office.person("taken@example.org")
    page.goto(url(open_office, "/sign-in"))
    give_passkey(open_office, person, page)
    (passkey,) = open_office.passkeys_of(person)
    run(open_office.services.manage_passkey.remove_for(open_office.tenant.id, passkey.id, by=OPERATOR))
    assert len(authenticator.credentials()) == 1

    sign_in_with_pass(page, open_office, person)
    page.goto(url(open_office, "/account"))

    expect(page.get_by_text("You have no passkey yet.").first).to_be_visible()
    page.wait_for_function("true")
    assert authenticator.credentials() == []


def test_a_link_that_was_mailed_signs_in_at_the_press_of_its_button(mailing_office: Any, page: Page) -> None:
    person = mailing_office.person("mailed@example.org")
    services = mailing_office.services
    person = run(services.manage_user.set_mail(person, "mailed@example.org", by=OPERATOR))
    run(services.issue_pass.deliver(person, by=OPERATOR))
    link = url(mailing_office, f"/sign-in/link/{mailing_office.last_letter()['link']}")

    page.goto(link)
    page.goto(link)  # a mail server looks first
    expect(page.get_by_text("You will be signed in as mailed@example.org")).to_be_visible()
    look(page, "link")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account/passkeys/new")
    look(page, "new-passkey")


def test_a_helpdesk_sends_a_link_and_sees_no_pass(mailing_office: Any, page: Page) -> None:
    office = mailing_office
    helpdesk = office.person("helpdesk@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    person = office.person("caller@example.org")
    sign_in_with_pass(page, office, helpdesk)
    page.goto(url(office, f"/admin/users/{person.id}"))
    page.get_by_label("Mail address").fill("caller@example.org")
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_role("status")).to_contain_text("The mail address was changed.")
    look(page, "person-mail")
    page.get_by_label("How it reaches them").select_option("mail")
    page.get_by_role("button", name="Issue a pass").click()

    expect(page.get_by_role("status")).to_contain_text("The link is on its way.")
    expect(page.get_by_text("Its link went to caller@example.org; nobody else has seen it.")).to_be_visible()
    assert office.last_letter()["link"] not in page.content()


@pytest.fixture(scope="module")
def mailing_office() -> Iterator[Any]:
    with office_on_a_port(smtp_url="smtp://localhost:1", mail_from="no-reply@example.org") as office:
        # So that an administrator without a passkey is not held to making one first.
        relaxed = replace(FIRST_METHODS, security_defaults=False)
        run(office.services.save_methods_policy(office.tenant.id, relaxed, by=OPERATOR))
        yield office
