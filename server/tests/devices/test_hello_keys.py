"""Windows Hello keys: where one is, its owner gets no passkey beside it; elsewhere, and others there, are free.

Nothing makes them yet, so tests put them where a computer that joins will.
"""

from pathlib import Path
from typing import Any

import pytest
from keystead_core.wire import b64url_decode
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.ids import HelloKeyId, PasskeyId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Role, User
from keystead_server.flows import register_on_behalf
from keystead_server.flows.manage_methods import Done
from keystead_server.flows.method_gate import NotDone
from keystead_server.flows.register_passkey import NotOffered, Offer, Offered, Registered
from keystead_server.ports.changes import Add, Remove, Written
from keystead_server.ports.store import SessionOwner
from keystead_testkit.api_caller import ApiCaller, own_token, permitted_app
from keystead_testkit.attesters import registration
from keystead_testkit.device_desk import DeviceDesk, Laptop
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of

CODE = "hello_key_on_this_device"


def hello_key(office: Office, laptop: Laptop, user: User | None = None) -> HelloKey:
    owner, now = user or office.ada, office.clock.now()
    key = HelloKey(
        HelloKeyId(office.entropy.new_id(now)),
        owner.tenant_id,
        owner.id,
        laptop.device.id,
        b"cose",
        "ada's laptop",
        now,
    )
    assert run(office.store.write(Add(key))) == Written()
    return key


def keys_of(office: Office, user: User) -> tuple[HelloKey, ...]:
    return run(office.store.secrets.of_user(user.tenant_id, user.id)).hello_keys


def begin(office: Office, owner: SessionOwner, **how: Any) -> Offer:
    return run(office.services.register_passkey.begin(office.tenant, office.visitor(), owner, **how))


# -- before the browser asks -------------------------------------------------------------------------


def test_whoever_signed_in_with_a_passkey_of_that_computer_is_told_before_the_browser_asks(
    desk: DeviceDesk, laptop: Laptop
) -> None:
    desk.register(laptop, passkey := desk.new_passkey())
    hello_key(desk.office, laptop)

    assert begin(desk.office, desk.office.session(passkey)) == NotOffered(CODE)


def test_a_browser_that_knows_a_passkey_of_that_computer_is_told_too(desk: DeviceDesk, laptop: Laptop) -> None:
    registered = desk.register(laptop)
    assert isinstance(registered, Registered)
    hello_key(desk.office, laptop)

    known = frozenset({registered.passkey.id})
    assert begin(desk.office, desk.office.session(), known_here=known) == NotOffered(CODE)
    assert isinstance(begin(desk.office, desk.office.session()), Offered)


def test_a_cookie_that_names_somebody_elses_passkey_says_nothing(desk: DeviceDesk, laptop: Laptop) -> None:
    hello_key(desk.office, laptop)

    assert isinstance(begin(desk.office, desk.office.session(), known_here={PasskeyId("another's")}), Offered)


def test_a_key_on_another_computer_stands_in_nobodys_way_here(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.register(laptop, passkey := desk.new_passkey())
    hello_key(desk.office, desk.enrol())

    assert isinstance(begin(desk.office, desk.office.session(passkey)), Offered)


def test_another_persons_key_on_this_computer_stands_in_nobodys_way(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.register(laptop, passkey := desk.new_passkey())
    hello_key(desk.office, laptop, desk.office.add_person("grace@contoso.example"))

    assert isinstance(begin(desk.office, desk.office.session(passkey)), Offered)
    assert isinstance(desk.register(laptop, owner=desk.office.session()), Registered)


def test_a_security_key_can_be_added_from_there(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.register(laptop, passkey := desk.new_passkey())
    hello_key(desk.office, laptop)

    offer = begin(desk.office, owner := desk.office.session(passkey), elsewhere=True)

    assert isinstance(offer, Offered)
    assert offer.options["authenticatorSelection"]["authenticatorAttachment"] == "cross-platform"
    answer = desk.office.new_passkey().register_with(dict(offer.options))
    assert isinstance(desk.office.finish_registration(answer, owner), Registered)


# -- whatever the browser said -----------------------------------------------------------------------


def test_what_that_computers_chip_made_is_refused_however_it_came(desk: DeviceDesk, laptop: Laptop) -> None:
    """Class 6: asking for options that are for a security key is no way around it."""
    hello_key(desk.office, laptop)

    assert reason_of(desk.register(laptop)) == CODE
    row = desk.office.rows[-1]
    assert (row.reason, row.user_id, row.proof) == (CODE, desk.office.ada.id, "proven")


def test_an_administrator_registers_none_there_either(desk: DeviceDesk, laptop: Laptop) -> None:
    office, passkey = desk.office, desk.new_passkey()
    hello_key(office, laptop)
    flow, by = office.services.register_on_behalf, Actor(office.administrator)
    offer = run(flow.begin(office.tenant, by, office.ada))
    assert isinstance(offer, register_on_behalf.Offered), offer
    passkey.user_handle = office.ada.handle
    made = laptop.tpm.attest(passkey, laptop.chain)
    answer = registration(passkey, b64url_decode(offer.options["challenge"]), "tpm", made)
    office.advance(seconds=1)

    outcome = run(flow.finish(office.tenant, by, office.ada, office.visitor(), display_name="Key", payload=answer))

    assert reason_of(outcome) == CODE


def test_once_it_is_gone_the_computer_makes_passkeys_again(desk: DeviceDesk, laptop: Laptop) -> None:
    key = hello_key(desk.office, laptop)
    run(desk.office.store.write(Remove(key.tenant_id, HelloKey, key.id)))

    assert isinstance(desk.register(laptop), Registered)


# -- on the pages ------------------------------------------------------------------------------------


def test_the_page_says_why_not_here_and_offers_a_security_key(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.register(laptop, passkey := desk.new_passkey())
    hello_key(desk.office, laptop)
    browser = desk.office.http()
    browser.sign_in("contoso", passkey)

    page = browser.get("/contoso/account/passkeys/new").text

    assert "This computer has a Windows Hello key of your account" in page
    assert "Add one to a security key or another device" in page
    assert "data-conditional" not in page
    options = "/contoso/account/passkeys/options"
    assert browser.post_json(options, {}).json()["code"] == CODE
    assert "challenge" in browser.post_json(options, {"elsewhere": True}).json()


def test_the_security_info_page_lists_it_and_its_owner_removes_it(desk: DeviceDesk, laptop: Laptop) -> None:
    key = hello_key(desk.office, laptop)
    browser = desk.office.http()
    browser.sign_in("contoso", desk.office.passkey)

    page = browser.get("/contoso/account").text
    asked = browser.get(f"/contoso/account/methods/{key.id}/remove").text
    run(desk.office.services.manage_methods.remove_own(desk.office.session(), key.id))

    assert ">ada&#39;s laptop</h3>" in page
    assert "Windows Hello key" in page
    assert "That computer does not sign you in with it any more." in asked
    assert keys_of(desk.office, desk.office.ada) == ()
    assert "A Windows Hello key was removed" in browser.get("/contoso/account").text


def test_an_old_session_removes_none(desk: DeviceDesk, laptop: Laptop) -> None:
    key, owner = hello_key(desk.office, laptop), desk.office.session()
    desk.office.advance(minutes=6)

    outcome = run(desk.office.services.manage_methods.remove_own(owner, key.id))

    assert outcome == NotDone("sign_in_not_fresh")
    assert keys_of(desk.office, desk.office.ada) == (key,)


# -- administrators ----------------------------------------------------------------------------------


@pytest.fixture
def app(office: Office) -> ApiCaller:
    return ApiCaller(
        office,
        own_token(
            office, permitted_app(office, application=("UserAuthenticationMethod.ReadWrite.All", "AuditLog.Read.All"))
        ),
    )


def test_graph_lists_one_and_takes_it_away(office: Office, laptop: Laptop, app: ApiCaller) -> None:
    key = hello_key(office, laptop)
    at = f"/users/{office.ada.id}/authentication/windowsHelloForBusinessMethods"

    (listed,) = app.get(at).json()["value"]
    one, among_all = app.get(f"{at}/{key.id}").json(), app.get(at.replace("windowsHelloForBusinessM", "m")).json()

    assert listed["@odata.type"] == "#microsoft.graph.windowsHelloForBusinessAuthenticationMethod"
    assert (listed["id"], listed["displayName"], listed["keyStrength"]) == (key.id, "ada's laptop", "normal")
    assert listed["keystead"] == {"deviceId": laptop.device.id, "lastUsedDateTime": None}
    assert one["id"] == key.id
    assert key.id in [each["id"] for each in among_all["value"]]
    assert app.send("DELETE", f"{at}/{key.id}").status_code == 204
    assert keys_of(office, office.ada) == ()
    assert office.audit[-1] == "hello_key.removed"


def test_graph_takes_nothing_away_at_the_address_of_another_person_or_kind(
    office: Office, laptop: Laptop, app: ApiCaller
) -> None:
    key, grace = hello_key(office, laptop), office.add_person("grace@contoso.example")

    for user, segment in ((grace, "windowsHelloForBusinessMethods"), (office.ada, "passwordMethods")):
        assert app.send("DELETE", f"/users/{user.id}/authentication/{segment}/{key.id}").status_code == 404
    assert keys_of(office, office.ada) == (key,)


def test_the_registration_report_names_it_and_counts_it_for_nothing_else(
    office: Office, laptop: Laptop, app: ApiCaller
) -> None:
    grace = office.add_person("grace@contoso.example")
    hello_key(office, laptop, grace)

    row = app.get(f"/reports/authenticationMethods/userRegistrationDetails/{grace.id}").json()

    assert row["methodsRegistered"] == ["windowsHelloForBusiness"]
    assert (row["isMfaRegistered"], row["isMfaCapable"], row["isPasswordlessCapable"]) == (False, False, False)


def test_whoever_may_help_people_removes_one_and_its_owner_is_told(office: Office, laptop: Laptop) -> None:
    helpdesk = Actor(office.add_person("helpdesk@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR))
    key = hello_key(office, laptop)
    of_administrator = hello_key(office, laptop, office.administrator)
    remove = office.services.manage_methods.remove_for

    assert isinstance(run(remove(office.tenant.id, office.ada.id, key.id, by=helpdesk)), Done)
    with pytest.raises(Invalid) as refused:
        run(remove(office.tenant.id, office.administrator.id, of_administrator.id, by=helpdesk))

    assert refused.value.code == "method_of_administrator"


def test_a_letter_tells_its_owner_that_it_is_gone(tmp_path: Path) -> None:
    desk = DeviceDesk(tmp_path, smtp_url="smtp://localhost", mail_from="id@id.example.org")
    office = desk.office
    office.ada = office.with_mail(office.ada)
    key = hello_key(office, desk.enrol())

    run(office.services.manage_methods.remove_for(office.tenant.id, office.ada.id, key.id, by=OPERATOR))

    assert office.letters[-1][1]["method"] == "hello_key"


def test_a_computer_that_is_removed_takes_its_keys_along(office: Office, laptop: Laptop) -> None:
    hello_key(office, laptop)

    run(office.services.manage_device.remove(office.tenant.id, laptop.device.id, by=OPERATOR))

    assert keys_of(office, office.ada) == ()
