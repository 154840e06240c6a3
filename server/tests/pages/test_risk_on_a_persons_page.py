"""A person's page says how risky they are and why, and lets an administrator say otherwise."""

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Role
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.loop import run
from keystead_testkit.office import Office


@pytest.fixture
def office() -> Office:
    office = Office()
    supply = office.services.manage_risk.supply
    run(supply(office.ada, level="high", event_type="generic", says="<b>on a list</b>", by=OPERATOR))
    office.advance(seconds=1)
    return office


def browser(office: Office, *roles: Role) -> HttpBrowser:
    person = office.administrator if not roles else office.add_person("reader@contoso.example", *roles)
    passkey = office.with_passkey(person)
    browser = office.http()
    browser.sign_in("contoso", passkey)
    return browser


def test_risk_is_shown_with_its_reason_and_dismissed(office: Office) -> None:
    page = f"/contoso/admin/users/{office.ada.id}"
    administrator = browser(office)
    shown = administrator.get(page)
    assert "&lt;b&gt;on a list&lt;/b&gt;" in shown.text
    assert "<b>on a list" not in shown.text

    done = administrator.submit(page, f"{page}/risk", {"verdict": "dismiss"})

    assert done.status_code == 303
    assert "Nothing counts" in administrator.get(page).text


def test_who_may_only_read_sees_it_and_has_no_buttons(office: Office) -> None:
    page = browser(office, Role.GLOBAL_READER).get(f"/contoso/admin/users/{office.ada.id}").text

    assert "on a list" in page
    assert "/risk" not in page


def test_nobody_judges_themselves_on_a_page(office: Office) -> None:
    run(office.services.manage_risk.supply(office.administrator, level="low", event_type="x", says="y", by=OPERATOR))
    own = f"/contoso/admin/users/{office.administrator.id}"
    administrator = browser(office)
    assert f"{own}/risk" not in administrator.get(own).text

    refused = administrator.submit(own, f"{own}/risk", {"verdict": "dismiss"})

    assert refused.status_code == 422
    assert "somebody else must look at the risk of your own account" in refused.text.casefold()


def test_what_another_system_found_is_said_on_the_page(office: Office) -> None:
    page = f"/contoso/admin/users/{office.ada.id}"
    administrator = browser(office)

    said = {"verdict": "supply", "kind": "insider:elevated", "reason": "<i>case 7</i>", "days": "7"}
    assert administrator.submit(page, f"{page}/risk", said).status_code == 303
    said = {"verdict": "supply", "kind": "signin:medium", "reason": "a strange network", "days": ""}
    assert administrator.submit(page, f"{page}/risk", said).status_code == 303

    shown = administrator.get(page).text
    assert "Insider risk: elevated" in shown
    assert "&lt;i&gt;case 7&lt;/i&gt;" in shown
    assert "a strange network" in shown


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reason": ""}, "The reason is one line"),
        ({"kind": "user:enormous"}, "Choose one from the list"),
        ({"days": "9999"}, "Choose one from the list"),
    ],
)
def test_what_cannot_be_kept_comes_back_with_its_reason(office: Office, wrong: dict[str, str], says: str) -> None:
    page = f"/contoso/admin/users/{office.ada.id}"
    typed = {"verdict": "supply", "kind": "user:low", "reason": "a reason that stays", "days": "1"} | wrong

    refused = browser(office).submit(page, f"{page}/risk", typed)

    assert refused.status_code == 422
    assert says in refused.text
    assert ("a reason that stays" in refused.text) is ("reason" not in wrong)
