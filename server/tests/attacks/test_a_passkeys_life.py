"""What a passkey given by somebody else, and a link that was mailed, must not open: several classes."""

from typing import Any

import pytest
from keystead_core.wire import b64url_encode
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.user import Role
from keystead_server.flows.register_on_behalf import Offered, Registered
from keystead_testkit.http_browser import HttpBrowser, form_token
from keystead_testkit.loop import run
from keystead_testkit.office import Office

MAIL = {"smtp_url": "smtp://localhost:1", "mail_from": "no-reply@contoso.example"}
SCRIPT = '"><script>alert(1)</script>{{7*7}}'
EVIL = {"host": "evil.test", "x_forwarded_host": "evil.test", "forwarded": "host=evil.test"}


@pytest.fixture
def posting() -> Office:
    office = Office(**MAIL)
    office.ada = office.with_mail(office.ada)
    return office


def plant(office: Office, name: str) -> Registered:
    by, flow = Actor(office.administrator), office.services.register_on_behalf
    offer = run(flow.begin(office.tenant, by, office.ada))
    assert isinstance(offer, Offered)
    answer = office.new_passkey().register_with(dict(offer.options))
    office.advance(seconds=1)
    kept = run(flow.finish(office.tenant, by, office.ada, office.visitor(), display_name=name, payload=answer))
    assert isinstance(kept, Registered)
    return kept


def link(office: Office) -> str:
    run(office.services.issue_pass.deliver(office.ada, by=OPERATOR))
    return f"/contoso/sign-in/link/{office.letters[-1][1]['link']}"


def signed_in(office: Office) -> HttpBrowser:
    browser = office.http()
    assert browser.sign_in("contoso", office.passkey).status_code == 200
    return browser


# -- 20: stored script ---------------------------------------------------------------------------------


def test_20_a_name_given_by_somebody_else_is_text_on_its_owners_page(posting: Office) -> None:
    plant(posting, SCRIPT)

    page = signed_in(posting).get("/contoso/account").text

    assert "Somebody else added a passkey to your account" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "49" not in page.partition("Somebody else")[2].partition("I know of it")[0]


@pytest.mark.parametrize("agent", [SCRIPT, "\x1b[2J", "a" * 5000])
def test_20_and_08_a_browsers_name_for_itself_is_neither_script_nor_a_line_of_the_page(
    posting: Office, agent: str
) -> None:
    browser = posting.http()
    options = browser.post_json("/contoso/sign-in/options", {}, user_agent=agent).json()
    browser.post_json("/contoso/sign-in/assertion", posting.passkey.answer_to(options), user_agent=agent)

    page = browser.get("/contoso/account").text

    assert "<script>alert" not in page
    assert "Last used" in page
    (passkey,) = run(posting.store.passkeys.of_user(posting.tenant.id, posting.ada.id))
    assert passkey.last_used_address == "192.0.2.7"
    assert len(passkey.last_used_agent or "") <= 256


# -- 19: the host header -------------------------------------------------------------------------------


def test_19_a_mailed_link_is_made_from_the_settings_alone(posting: Office) -> None:
    root = posting.http()
    root.sign_in("contoso", posting.with_passkey(posting.administrator))
    path = f"/contoso/admin/users/{posting.ada.id}"
    form = {"lifetime": "60", "delivery": "mail", "form_token": form_token(root.get(path))}

    answer = root.post_form(f"{path}/pass", form, **EVIL)

    assert answer.status_code == 303
    assert "evil.test" not in str(posting.letters[-1])


# -- 1, 3, 24: the link ----------------------------------------------------------------------------------


def test_03_what_opens_a_link_to_look_at_it_does_not_spend_it(posting: Office) -> None:
    address = link(posting)
    scanner = posting.http()
    for _ in range(3):
        assert scanner.get(address).status_code == 200
        scanner.send("HEAD", address)

    browser = posting.http()
    answer = browser.submit(address, address, {})

    assert (answer.status_code, answer.headers["location"]) == (303, "/contoso/account/passkeys/new")
    assert scanner.set_cookies == [] or all("keystead-contoso" not in line for line in scanner.set_cookies)


def test_03_a_link_pressed_from_another_sites_page_signs_nobody_in(posting: Office) -> None:
    address = link(posting)
    browser = posting.http()
    token = form_token(browser.get(address))

    answer = browser.post_form(address, {"form_token": token}, origin="https://evil.test", sec_fetch_site="cross-site")

    assert answer.status_code == 403
    assert posting.log == []


def test_01_a_link_pressed_without_its_form_or_twice_opens_no_second_session(posting: Office) -> None:
    address = link(posting)
    browser = posting.http()
    assert browser.post_form(address, {}).status_code == 403
    token = form_token(browser.get(address))

    answers = [browser.post_form(address, {"form_token": token}).status_code for _ in range(2)]

    assert answers == [303, 401]
    assert sorted(posting.log) == ["granted", "pass_already_used"]


def test_24_a_link_opens_a_session_of_its_own(posting: Office) -> None:
    address = link(posting)
    browser = signed_in(posting)
    before = dict(browser.cookies)

    browser.post_form(address, {"form_token": form_token(posting.http().get(address))})
    other = posting.http()
    other.submit(address, address, {})

    assert other.cookies["__Host-keystead-contoso"] != before["__Host-keystead-contoso"]


def test_27_a_made_up_link_says_what_a_used_one_says(posting: Office) -> None:
    address = link(posting)
    used = posting.http()
    token = form_token(used.get(address))
    used.post_form(address, {"form_token": token})
    made_up = f"/contoso/sign-in/link/{b64url_encode(bytes(72))}"

    said = [posting.http().get(made_up).text, used.post_form(address, {"form_token": token}).text]

    assert all("That link does not work any more" in page for page in said)
    assert "ada@contoso.example" not in said[0]


# -- 21: side doors ------------------------------------------------------------------------------------


def test_21_nobody_acknowledges_for_another_by_its_address(posting: Office) -> None:
    kept = plant(posting, "Red key")
    eve = posting.http()
    eve.sign_in("contoso", posting.with_passkey(posting.add_person("eve@contoso.example")))

    answer = eve.submit("/contoso/account", f"/contoso/account/passkeys/{kept.passkey.id}/acknowledge", {})

    assert answer.status_code == 404
    stored: Any = run(posting.store.passkeys.get(posting.tenant.id, kept.passkey.id))
    assert stored.awaits_its_owner


def test_21_an_authentication_administrator_does_not_turn_letters_away(posting: Office) -> None:
    helpdesk = posting.add_person("helpdesk@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR)
    browser = posting.http()
    browser.sign_in("contoso", posting.with_passkey(helpdesk))

    path = f"/contoso/admin/users/{posting.ada.id}/mail"
    answer = browser.submit("/contoso/account", path, {"mail": "helpdesk@contoso.example"})

    assert answer.status_code == 403
    assert posting.now_of(posting.ada).mail == "ada@contoso.example"
