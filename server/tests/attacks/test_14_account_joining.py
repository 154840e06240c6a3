"""Class 14: an account is its id. No name, address or handle that can change, or be given again, leads to another's."""

from dataclasses import replace

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.user import User
from keystead_server.ports.changes import Add, Conflict
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import claims_of

LOOKALIKES = ["ADA@CONTOSO.EXAMPLE", "\uff41da@contoso.example", " ada@contoso.example "]


def rename(office: Office, user: User, username: str) -> User:
    return run(office.services.manage_user.rename(user, username=username, display_name=username, by=OPERATOR))


@pytest.mark.parametrize("name", LOOKALIKES)
def test_a_name_that_folds_to_another_persons_is_given_to_nobody(office: Office, name: str) -> None:
    mallory = office.add_person("mallory@contoso.example")

    with pytest.raises(Invalid) as added:
        office.add_person(name)
    with pytest.raises(Invalid) as renamed:
        rename(office, mallory, name)

    assert {added.value.code, renamed.value.code} == {"username_taken"}


def test_who_takes_over_a_name_takes_over_nothing_else(office: Office) -> None:
    office.allow_passwords()
    app, session = office.app(), office.session()
    before = claims_of(office.tokens(app, session).id_token)
    mallory = office.add_person("mallory@contoso.example")
    rename(office, office.ada, "countess@contoso.example")
    mallory = rename(office, mallory, office.ada.username)

    of_ada = claims_of(office.tokens(app, office.session()).id_token)
    of_mallory = claims_of(office.tokens(app, office.session_by_pass(mallory)).id_token)

    assert (of_ada["sub"], of_ada["preferred_username"]) == (before["sub"], "countess@contoso.example")
    assert of_mallory["preferred_username"] == before["preferred_username"]
    assert of_mallory["sub"] != before["sub"]
    assert mallory.handle != office.ada.handle


def test_a_passkey_signs_in_its_owner_and_not_who_has_the_name_now(office: Office) -> None:
    rename(office, office.ada, "countess@contoso.example")
    office.add_person("ada@contoso.example")

    assert reason_of(office.sign_in(username="ada@contoso.example")) != "granted"
    assert office.session().user.id == office.ada.id


def test_an_account_that_is_made_again_under_the_name_of_a_removed_one_is_a_stranger(office: Office) -> None:
    app, session = office.app(), office.session()
    code = office.code(app, session)
    run(office.services.manage_user.remove(office.ada, by=OPERATOR))
    again = office.add_person(office.ada.username)

    assert reason_of(office.sign_in()) == "passkey_unknown"
    assert reason_of(office.redeem(app, code)) == "session_over"
    assert run(office.store.passkeys.of_user(again.tenant_id, again.id)) == []
    assert again.id != office.ada.id
    assert again.handle != office.ada.handle


def test_a_mail_address_is_no_name_whoever_has_it(office: Office) -> None:
    mallory = office.with_mail(office.add_person("mallory@contoso.example"), office.ada.username)
    issued = office.issue_pass(mallory)

    assert office.http().sign_in_with_pass("contoso", office.ada.username, issued.code).status_code == 401


def test_two_people_with_one_mail_address_are_two(office: Office) -> None:
    office.allow_passwords()
    ada = office.with_mail(office.ada, "shared@contoso.example")
    grace = office.with_mail(office.add_person("grace@contoso.example"), "shared@contoso.example")
    app = office.app()

    subjects = {claims_of(office.tokens(app, office.session_by_pass(user)).id_token)["sub"] for user in (ada, grace)}

    assert subjects == {ada.id, grace.id}


def test_a_credential_that_is_known_becomes_nobody_elses(office: Office) -> None:
    mallory = office.add_person("mallory@contoso.example")
    copied = office.new_passkey()
    copied.credential_id = office.passkey.credential_id

    outcome = office.register(copied, owner=office.session_by_pass(mallory))

    assert reason_of(outcome) == "passkey_already_registered"
    assert office.session().user.id == office.ada.id


def test_the_store_itself_keeps_a_credential_to_one_owner(office: Office) -> None:
    mallory = office.add_person("mallory@contoso.example")
    (kept,) = run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))
    copied: Passkey = replace(kept, id=kept.id[:-1] + "0", user_id=mallory.id)

    assert isinstance(run(office.store.write(Add(copied))), Conflict)


def test_one_name_in_two_organisations_is_two_people(office: Office) -> None:
    fabrikam, _ = office.found("fabrikam")
    namesake = office.add_person(office.ada.username, tenant=fabrikam)

    assert reason_of(office.sign_in(tenant=fabrikam)) == "passkey_unknown"
    assert namesake.id != office.ada.id
