"""What people are told by mail: written with what it tells of, sealed, and only where there is somebody to tell."""

from datetime import timedelta

import pytest
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion, check_mail
from keystead_server.domain.user import Role, User
from keystead_server.flows.letters import open_letter
from keystead_server.flows.manage_passkey import Done
from keystead_server.flows.register_on_behalf import Offered
from keystead_server.mail.words import words
from keystead_server.ports.sealer import SealBroken
from keystead_testkit.loop import run
from keystead_testkit.office import Office

MAIL = {"smtp_url": "smtp://localhost:1", "mail_from": "no-reply@contoso.example"}


@pytest.fixture
def posting() -> Office:
    """An office whose server sends mail, and ada, who has an address."""
    office = Office(**MAIL)
    office.ada = office.with_mail(office.ada)
    return office


def told(office: Office) -> list[tuple[Occasion, str]]:
    return [(letter.occasion, letter.address) for letter, _ in office.letters]


TO_ADA = "ada@contoso.example"


def test_a_new_passkey_is_told_of(posting: Office) -> None:
    posting.register(owner=posting.session(), name="Work laptop")

    ((letter, said),) = posting.letters
    assert (letter.occasion, letter.address, said["name"]) == (Occasion.PASSKEY_REGISTERED, TO_ADA, "Work laptop")


def test_what_a_new_passkey_retires_is_told_of_in_the_same_letter(posting: Office) -> None:
    grace = posting.with_mail(posting.add_person("grace@contoso.example"))
    posting.allow_passwords(retire_weaker_on_passkey=True)
    posting.with_password(grace)

    posting.register(owner=posting.session_by_pass(grace), name="Work laptop")

    (letter, said) = next(each for each in posting.letters if each[0].occasion is Occasion.PASSKEY_REGISTERED)
    assert letter.address == "grace@contoso.example"
    text = words(letter, said, posting.tenant, "https://id.example.org").text
    assert "so this does not work any more: a password, an authenticator app, a Temporary Access Pass." in text


def test_a_letter_of_a_passkey_that_retires_nothing_says_nothing_of_it(posting: Office) -> None:
    posting.register(owner=posting.session())

    ((letter, said),) = posting.letters
    assert "any more" not in words(letter, said, posting.tenant, "https://id.example.org").text


def test_a_removed_passkey_is_told_of_with_who_removed_it(posting: Office) -> None:
    (passkey,) = run(posting.store.passkeys.of_user(posting.tenant.id, posting.ada.id))

    removed = run(
        posting.services.manage_passkey.remove_for(posting.tenant.id, passkey.id, by=Actor(posting.administrator))
    )

    assert isinstance(removed, Done)
    ((letter, said),) = posting.letters
    assert (letter.occasion, said["by"]) == (Occasion.PASSKEY_REMOVED, posting.administrator.username)


def test_a_passkey_that_an_administrator_registered_is_told_of_with_who_did(posting: Office) -> None:
    by = Actor(posting.add_person("helpdesk@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR))
    flow = posting.services.register_on_behalf
    offer = run(flow.begin(posting.tenant, by, posting.ada))
    assert isinstance(offer, Offered)
    answer = posting.new_passkey().register_with(dict(offer.options))

    run(flow.finish(posting.tenant, by, posting.ada, posting.visitor(), display_name="Red key", payload=answer))

    ((letter, said),) = posting.letters
    assert letter.occasion is Occasion.PASSKEY_REGISTERED_ON_BEHALF
    assert said == {"name": "Red key", "by": "helpdesk@contoso.example"}


def test_a_pass_is_told_of_without_its_code(posting: Office) -> None:
    issued = posting.issue_pass()

    ((letter, said),) = posting.letters
    assert letter.occasion is Occasion.PASS_ISSUED
    assert issued.code not in str(said)


def test_what_one_signs_in_with_besides_passkeys_is_told_of(posting: Office) -> None:
    posting.allow_passwords()
    posting.with_password()
    codes, again = (posting.with_recovery_codes(posting.session()) for _ in range(2))
    run(posting.services.set_password(posting.session(), "another good phrase"))
    assert codes != again

    said = [(letter.occasion, about["method"]) for letter, about in posting.letters]
    # Letters of one moment are in no order.
    assert sorted(said) == [
        (Occasion.METHOD_ADDED, "password"),
        (Occasion.METHOD_ADDED, "recovery_codes"),
        (Occasion.METHOD_ADDED, "totp"),
        (Occasion.METHOD_CHANGED, "password"),
        (Occasion.METHOD_CHANGED, "recovery_codes"),
    ]
    assert not any("phrase" in value or value in again for _, about in posting.letters for value in about.values())


def test_what_an_administrator_takes_away_is_told_of_with_who_did(posting: Office) -> None:
    posting.allow_passwords()
    posting.with_password()
    secrets = run(posting.store.secrets.of_user(posting.tenant.id, posting.ada.id))

    for secret in secrets.all:
        remove = posting.services.manage_methods.remove_for
        run(remove(posting.tenant.id, posting.ada.id, secret.id, by=Actor(posting.administrator)))

    removed = [about for letter, about in posting.letters if letter.occasion is Occasion.METHOD_REMOVED]
    by = posting.administrator.username
    assert sorted((about["method"], about["by"]) for about in removed) == [("password", by), ("totp", by)]


def test_being_signed_out_everywhere_is_told_of(posting: Office) -> None:
    run(posting.services.sign_out.everywhere(posting.session()))

    assert told(posting) == [(Occasion.SIGNED_OUT_EVERYWHERE, TO_ADA)]


def test_the_address_before_hears_that_letters_go_elsewhere(posting: Office) -> None:
    posting.with_mail(posting.ada, "mallory@evil.example")

    assert told(posting) == [(Occasion.MAIL_CHANGED, TO_ADA)]
    assert posting.audit[-1] == "user.mail_changed"


def test_what_was_not_written_is_not_told(posting: Office) -> None:
    posting.register(posting.passkey, owner=posting.session())

    assert posting.log[-1] == "passkey_already_registered"
    assert posting.letters == []


def test_who_has_no_address_is_told_nothing(posting: Office) -> None:
    posting.with_passkey(posting.add_person("grace@contoso.example"))

    assert posting.letters == []


def test_a_server_without_mail_writes_no_letters(office: Office) -> None:
    office.ada = office.with_mail(office.ada)

    office.register(owner=office.session())

    assert office.letters == []


def test_letters_are_sealed_each_for_itself(posting: Office) -> None:
    posting.register(owner=posting.session(), name="Work laptop")
    run(posting.services.sign_out.everywhere(posting.session()))

    (first, _), (second, _) = posting.letters
    assert b"Work laptop" not in first.sealed
    forged = type(first)(**{name: getattr(first, name) for name in first.__slots__} | {"sealed": second.sealed})
    with pytest.raises(SealBroken):
        open_letter(posting.sealer, forged)


@pytest.mark.parametrize(
    "address",
    [
        "ada", "ada@", "@contoso.example", "a da@contoso.example", "ada@contoso.example\nBcc: all@contoso.example",
        "ada@contoso.example, eve@contoso.example", "<ada@contoso.example>", "ada@contoso..example", "ädä@contoso.example",
        '"ada"@contoso.example', "ada@contoso.example>", "ada@-contoso.example", "a" * 65 + "@contoso.example", "ada@@x",
    ],
)  # fmt: skip
def test_what_is_no_address_or_more_than_one_is_refused(office: Office, address: str) -> None:
    with pytest.raises(Invalid) as refused:
        office.with_mail(office.ada, address)

    assert (refused.value.code, refused.value.target) == ("mail_invalid", "mail")


def test_an_address_is_trimmed_and_may_be_taken_away(office: Office) -> None:
    ada = office.with_mail(office.ada, "  ada+keys@contoso.example ")
    assert ada.mail == "ada+keys@contoso.example" == check_mail(ada.mail)

    assert run(office.services.manage_user.set_mail(ada, " ", by=OPERATOR)).mail is None


def test_the_same_address_again_is_no_change(posting: Office) -> None:
    before = len(posting.audit)

    posting.with_mail(posting.ada, TO_ADA)

    assert (len(posting.audit), posting.letters) == (before, [])


def test_an_address_signs_nobody_in_and_joins_no_accounts(posting: Office) -> None:
    """Attack class 14: an unverified address is no name."""
    eve: User = posting.with_mail(posting.add_person("eve@contoso.example"), TO_ADA)

    assert run(posting.store.users.by_username(posting.tenant.id, TO_ADA)) == posting.ada
    assert posting.sign_in(posting.with_passkey(eve), username=TO_ADA) != posting.sign_in()


def test_tries_are_further_and_further_apart(posting: Office) -> None:
    posting.register(owner=posting.session())
    ((letter, _),) = posting.letters
    now = posting.clock.now()

    waits = []
    for tries in range(12):
        again = type(letter)(**{name: getattr(letter, name) for name in letter.__slots__} | {"tries": tries})
        waits.append(again.next_try(now) - now)

    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert waits[-1] == timedelta(hours=6)
