"""Whether somebody could add a passkey now: for helpers to know before anybody tries."""

from dataclasses import replace

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.flows.check_registration import RegistrationCheck
from keystead_server.flows.new_passkeys import passkey_name
from keystead_server.flows.registration_checks import MAX_PASSKEYS
from keystead_server.policy.passkeys.model import FIRST_POLICY, EnforcementType, KeyRestrictions
from keystead_server.ports.changes import Add
from keystead_testkit.loop import run
from keystead_testkit.office import Office


def check(office: Office) -> RegistrationCheck:
    return run(office.services.check_registration(office.tenant.id, office.now_of(office.ada)))


def codes(office: Office) -> tuple[str | None, str | None]:
    found = check(office)
    themselves, on_behalf = found.themselves, found.on_behalf
    return (None if themselves is None else themselves.code), (None if on_behalf is None else on_behalf.code)


def test_nothing_stands_in_the_way(office: Office) -> None:
    assert check(office) == RegistrationCheck(None, None)


def test_the_self_service_switch_leaves_the_administrators_way(office: Office) -> None:
    office.save_policy(replace(FIRST_POLICY, self_service=False))

    assert codes(office) == ("self_service_off", None)
    obstacle = check(office).themselves
    assert obstacle is not None
    assert obstacle.change == "Let people add passkeys by themselves in the policy."


def test_what_no_profile_admits_stands_in_both(office: Office) -> None:
    nobodys = KeyRestrictions(is_enforced=True, enforcement_type=EnforcementType.ALLOW)
    (first,) = FIRST_POLICY.profiles
    office.save_policy(replace(FIRST_POLICY, profiles=(replace(first, key_restrictions=nobodys),)))

    assert codes(office) == ("no_passkey_admitted", "no_passkey_admitted")


def test_a_closed_account_can_only_be_prepared(office: Office) -> None:
    run(office.services.manage_user.disable(office.ada, by=OPERATOR))

    assert codes(office) == ("user_disabled", None)


def test_too_many_are_too_many_for_both(office: Office) -> None:
    (passkey,) = run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))
    for _ in range(MAX_PASSKEYS - 1):
        office.advance(seconds=1)
        again = replace(passkey, id=office.entropy.new_id(office.clock.now()), credential_id=office.entropy.token(16))
        run(office.store.write(Add(again)))

    assert codes(office) == ("too_many_passkeys", "too_many_passkeys")


# -- sensible names ----------------------------------------------------------------------------------

EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("model", "synced", "on_this_device", "agent", "name"),
    [
        ("Windows Hello (hardware)", False, True, EDGE, "Windows Hello (hardware) on Windows, Edge"),
        ("Keystead on a TPM", False, True, FIREFOX, "Keystead on a TPM on Linux, Firefox"),
        ("YubiKey 5", False, False, EDGE, "YubiKey 5"),
        ("iCloud Keychain", True, False, EDGE, "iCloud Keychain"),
        (None, True, True, EDGE, "Synced passkey on Windows, Edge"),
        (None, False, True, "Mozilla/5.0 (Linux) curl", "Passkey on Linux"),
        (None, False, False, EDGE, "Passkey on a device"),
        (None, False, True, "", "Passkey on a device"),
        ("x" * 100, False, True, EDGE, "x" * 64),
    ],
)
def test_a_passkey_is_named_for_authenticator_device_and_browser(
    model: str | None, synced: bool, on_this_device: bool, agent: str, name: str
) -> None:
    named = passkey_name("", model=model, synced=synced, on_this_device=on_this_device, user_agent=agent)

    assert named == name


def test_what_the_person_chose_comes_first() -> None:
    assert passkey_name(" Mine ", model="M", synced=False, on_this_device=True, user_agent=EDGE) == "Mine"
