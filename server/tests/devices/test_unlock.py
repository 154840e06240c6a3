"""Wrong PINs are forgotten for the person on record, on the device that asked, once; and for nobody else."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from keystead_core.tpm import pin_index
from keystead_core.webauthn.aaguids import KEYSTEAD_TPM
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.device_unlock import spoken_code
from keystead_server.domain.letter import Occasion
from keystead_server.domain.sign_in import Purpose, Result
from keystead_server.flows.activation import Challenged
from keystead_server.flows.allow_unlock import Allowed
from keystead_server.flows.ask_unlock import Asked, Collected, Waiting
from keystead_server.flows.manage_passkey import Done
from keystead_server.flows.renew_device import Renewed
from keystead_testkit.device_desk import DeviceDesk, Laptop, open_with
from keystead_testkit.loop import run
from keystead_testkit.office import reason_of


def is_signed(laptop: Laptop, signature: bytes, nonce: bytes = bytes(16)) -> bool:
    """Whether the chip would take it: written here from part 3, 23.3, and not by what signs."""
    request = laptop.unlock_request(nonce)
    index = pin_index.parse_nv_public(request.index_public)
    statement = nonce + (600).to_bytes(4, "big") + pin_index.reset_digest(index) + laptop.terms.unlock_person
    try:
        laptop.terms.unlock_key.verify(signature, statement, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def test_from_the_code_on_the_computer_to_the_signature_it_collects(desk: DeviceDesk, laptop: Laptop) -> None:
    asked = desk.asks(laptop)
    assert desk.collect_unlock(asked) == Waiting()

    allowed = desk.allow_unlock(spoken_code(asked.code).lower())
    assert isinstance(allowed, Allowed), allowed
    collected = desk.collect_unlock(asked)

    assert isinstance(collected, Collected), collected
    assert is_signed(laptop, collected.signature)
    assert not is_signed(laptop, collected.signature, nonce=b"n" * 16)
    names = [name for name in desk.office.audit if "unlock" in name]
    assert names == ["device.unlock_asked", "device.unlock_allowed", "device.unlock_collected"]
    (row,) = [row for row in desk.office.rows if row.purpose is Purpose.UNLOCK_DEVICE]
    assert (row.result, row.user_id) == (Result.GRANTED, desk.office.ada.id)


def test_the_person_is_told_by_letter(tmp_path: Path) -> None:
    desk = DeviceDesk(tmp_path, smtp_url="smtp://localhost:1", mail_from="keystead@id.example.org")
    desk.office.ada = desk.office.with_mail(desk.office.ada)
    laptop = desk.enrol()

    assert isinstance(desk.allow_unlock(desk.asks(laptop).code), Allowed)

    ((letter, said),) = desk.office.letters
    assert (letter.occasion, said["name"]) == (Occasion.DEVICE_UNLOCKED, "ada's laptop")


# -- who may ask (attack classes 2, 24 and 26) -------------------------------------------------------


def test_a_copy_of_the_disk_cannot_ask(desk: DeviceDesk, laptop: Laptop) -> None:
    assert reason_of(desk.ask_to_unlock(laptop, desk.tpm())) == "activation_failed"
    assert reason_of(desk.ask_to_unlock(laptop, replace(laptop.tpm, ek=desk.tpm().ek))) == "activation_failed"


def test_another_devices_index_is_not_unlocked_under_ones_own_name(desk: DeviceDesk, laptop: Laptop) -> None:
    """The same person's, and so the same account's: the policyRef of an index names its device."""
    other = desk.enrol(desk.tpm())

    refused = desk.ask_to_unlock(laptop, request=other.unlock_request())

    assert reason_of(refused) == "unlock_not_ours"


@pytest.mark.parametrize("lie", ["index", "lock", "nonce"])
def test_nothing_but_the_reset_of_the_own_index_is_ever_signed(desk: DeviceDesk, laptop: Laptop, lie: str) -> None:
    honest = laptop.unlock_request()
    lies = {
        "index": replace(honest, index_public=b"\x00" * 14),
        "lock": replace(honest, lock=bytes(34)),
        "nonce": replace(honest, nonce_tpm=bytes(48)),
    }

    assert reason_of(desk.ask_to_unlock(laptop, request=lies[lie])) == "unlock_not_ours"


def test_a_question_is_put_once(desk: DeviceDesk, laptop: Laptop) -> None:
    challenged = desk.begin_unlock(laptop)
    assert isinstance(challenged, Challenged)
    secret = open_with(laptop.tpm, challenged)
    first = desk.finish_unlock(challenged, secret)
    assert isinstance(first, Asked)

    assert reason_of(desk.finish_unlock(challenged, secret)) == "challenge_spent"
    assert isinstance(desk.allow_unlock(first.code), Allowed)
    assert isinstance(desk.collect_unlock(first), Collected)
    assert reason_of(desk.finish_unlock(challenged, secret)) == "challenge_spent"


def test_what_renews_does_not_unlock_and_what_unlocks_does_not_renew(desk: DeviceDesk, laptop: Laptop) -> None:
    office = desk.office
    renewal = run(office.services.renew_device.begin(office.tenant, office.visitor(b""), laptop.device.id))
    unlock = desk.begin_unlock(laptop)
    assert isinstance(renewal, Challenged)
    assert isinstance(unlock, Challenged)

    outcomes = [
        desk.finish_unlock(renewal, None),
        run(office.services.renew_device.finish(office.tenant, office.visitor(b""), unlock.state, bytes(32))),
    ]

    assert [reason_of(outcome) for outcome in outcomes] == ["activation_not_ours"] * 2


def test_a_newer_question_takes_the_place_of_an_older_one(desk: DeviceDesk, laptop: Laptop) -> None:
    older, newer = desk.asks(laptop), desk.asks(laptop)

    assert reason_of(desk.allow_unlock(older.code)) == "unlock_code_unknown"
    assert reason_of(desk.collect_unlock(older)) == "unlock_over"
    assert isinstance(desk.allow_unlock(newer.code), Allowed)


def test_an_older_answer_sent_again_does_not_push_out_the_newer_question(desk: DeviceDesk, laptop: Laptop) -> None:
    """Attack class 11."""
    older = desk.begin_unlock(laptop)
    assert isinstance(older, Challenged)
    secret = open_with(laptop.tpm, older)
    assert isinstance(desk.finish_unlock(older, secret), Asked)
    desk.office.advance(seconds=1)
    newer = desk.asks(laptop)

    assert reason_of(desk.finish_unlock(older, secret)) == "challenge_spent"
    assert isinstance(desk.allow_unlock(newer.code), Allowed)


# -- who may allow (attack classes 4, 18 and 21) -----------------------------------------------------


def test_somebody_else_cannot_allow_it(desk: DeviceDesk, laptop: Laptop) -> None:
    asked = desk.asks(laptop)
    other = desk.office.session_of(desk.office.add_person("bob@contoso.example"))

    assert reason_of(desk.allow_unlock(asked.code, other)) == "unlock_code_unknown"
    assert desk.collect_unlock(asked) == Waiting()


def test_without_a_fresh_sign_in_nobody_allows_it(desk: DeviceDesk, laptop: Laptop) -> None:
    session = desk.office.session()
    desk.office.advance(minutes=5, seconds=1)
    asked = desk.asks(laptop)

    assert reason_of(desk.allow_unlock(asked.code, session)) == "sign_in_not_fresh"
    assert desk.collect_unlock(asked) == Waiting()


def test_a_pass_is_no_step_up_for_who_has_a_passkey_elsewhere(desk: DeviceDesk, laptop: Laptop) -> None:
    asked = desk.asks(laptop)

    assert reason_of(desk.allow_unlock(asked.code, desk.office.session_by_pass(desk.office.ada))) == (
        "stronger_method_needed"
    )


def test_a_pass_helps_whose_only_passkey_is_locked_up(desk: DeviceDesk) -> None:
    bob = desk.office.add_person("bob@contoso.example")
    laptop = desk.enrol(desk.tpm(), desk.code(desk.office.session_by_pass(bob)))
    locked = desk.register(laptop, owner=desk.office.session_by_pass(bob))
    assert reason_of(locked) == "granted"

    assert isinstance(desk.allow_unlock(desk.asks(laptop).code, desk.office.session_by_pass(bob)), Allowed)


def test_the_locked_computers_own_passkey_does_not_speak_for_it(desk: DeviceDesk, laptop: Laptop) -> None:
    passkey = desk.new_passkey()
    assert reason_of(desk.register(laptop, passkey)) == "granted"
    asked = desk.asks(laptop)

    assert reason_of(desk.allow_unlock(asked.code, desk.office.session(passkey))) == "signed_in_by_this_device"
    assert isinstance(desk.allow_unlock(asked.code), Allowed), "another passkey does, with the same code"


def test_a_passkey_of_the_locked_computer_that_was_just_removed_does_not_speak_for_it(
    desk: DeviceDesk, laptop: Laptop
) -> None:
    """Attack class 4: a finger opens it, its passkey signs in, and is off the record before anybody asks."""
    office, passkey = desk.office, desk.new_passkey()
    assert reason_of(desk.register(laptop, passkey)) == "granted"
    asked, owner = desk.asks(laptop), office.session(passkey)
    (kept,) = [p for p in run(office.store.passkeys.of_user(office.tenant.id, office.ada.id)) if p.device_id]
    assert isinstance(run(office.services.manage_passkey.remove_own(owner, kept.id)), Done)

    assert reason_of(desk.allow_unlock(asked.code, owner)) == "signed_in_by_this_device"


def test_a_containers_passkey_of_unknown_chip_does_not_speak_for_a_locked_computer(
    desk: DeviceDesk, laptop: Laptop
) -> None:
    unproven = desk.office.with_passkey(desk.office.ada, aaguid=KEYSTEAD_TPM)
    asked = desk.asks(laptop)

    assert reason_of(desk.allow_unlock(asked.code, desk.office.session(unproven))) == "signed_in_by_this_device"


def test_a_disabled_computer_is_not_unlocked_at_any_step(desk: DeviceDesk, laptop: Laptop) -> None:
    manage, tenant = desk.office.services.manage_device, desk.office.tenant.id
    asked = desk.asks(laptop)
    run(manage.disable(tenant, laptop.device.id, by=OPERATOR))
    outcomes = [desk.ask_to_unlock(laptop), desk.allow_unlock(asked.code), desk.collect_unlock(asked)]
    assert [reason_of(outcome) for outcome in outcomes] == ["device_disabled"] * 3

    run(manage.enable(tenant, laptop.device.id, by=OPERATOR))
    assert isinstance(desk.allow_unlock(asked.code), Allowed)
    run(manage.disable(tenant, laptop.device.id, by=OPERATOR))

    assert reason_of(desk.collect_unlock(asked)) == "device_disabled", "not even what was allowed before"


def test_a_device_of_somebody_who_left_is_not_unlocked(desk: DeviceDesk, laptop: Laptop) -> None:
    asked = desk.asks(laptop)
    run(desk.office.services.manage_user.disable(desk.office.ada, by=Actor(desk.office.administrator)))

    assert reason_of(desk.collect_unlock(asked)) == "user_disabled"
    assert reason_of(desk.ask_to_unlock(laptop)) == "user_disabled"


def test_a_code_is_typed_once_and_collected_once(desk: DeviceDesk, laptop: Laptop) -> None:
    """Attack class 24: a statement is one reset, now."""
    asked = desk.asks(laptop)
    assert isinstance(desk.allow_unlock(asked.code), Allowed)
    assert reason_of(desk.allow_unlock(asked.code)) == "unlock_code_unknown"
    assert isinstance(desk.collect_unlock(asked), Collected)

    assert reason_of(desk.collect_unlock(asked)) == "unlock_over"


def test_a_code_is_over_before_the_chip_gives_up(desk: DeviceDesk, laptop: Laptop) -> None:
    asked = desk.asks(laptop)
    desk.office.advance(minutes=9)

    assert reason_of(desk.allow_unlock(asked.code)) == "unlock_over"
    assert reason_of(desk.collect_unlock(asked)) == "unlock_over"


def test_a_ticket_of_another_organisation_collects_nothing(desk: DeviceDesk, laptop: Laptop) -> None:
    """Attack class 26."""
    asked = desk.asks(laptop)
    fabrikam, _ = desk.office.found("fabrikam")
    flow = desk.office.services.ask_unlock

    assert reason_of(run(flow.collect(fabrikam, desk.office.visitor(b""), asked.ticket))) == "unlock_over"
    assert reason_of(run(flow.collect(fabrikam, desk.office.visitor(b""), "no ticket"))) == "unlock_over"


# -- the key -----------------------------------------------------------------------------------------


def test_after_a_rotation_what_was_entrusted_before_is_still_unlocked(desk: DeviceDesk, laptop: Laptop) -> None:
    run(desk.office.services.rotate_authority(desk.office.tenant.id, by=OPERATOR))

    asked = desk.asks(laptop)
    assert isinstance(desk.allow_unlock(asked.code), Allowed)
    collected = desk.collect_unlock(asked)

    assert isinstance(collected, Collected)
    assert is_signed(laptop, collected.signature)
    renewed = desk.renew(laptop)
    assert isinstance(renewed, Renewed)
    assert renewed.terms.unlock_key != laptop.terms.unlock_key, "from its renewal on, the new key"
    assert renewed.terms.unlock_person == laptop.terms.unlock_person


def test_an_unlock_key_is_an_organisations_own(desk: DeviceDesk, laptop: Laptop) -> None:
    fabrikam, admin = desk.office.found("fabrikam")
    authorities = desk.office.services.ask_unlock.authorities
    run(desk.office.services.rotate_authority(fabrikam.id, by=Actor(admin)))

    theirs = run(authorities.unlock_key(fabrikam.id))

    assert theirs != laptop.terms.unlock_key == run(authorities.unlock_key(desk.office.tenant.id))
    (kept,) = run(desk.office.store.authorities.all(desk.office.tenant.id))
    certifying = x509.load_der_x509_certificate(kept.certificate).public_key()
    assert laptop.terms.unlock_key != certifying, "what signs unlocks certifies nothing"
