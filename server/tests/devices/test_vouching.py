"""A device vouches for a passkey when it is registered, and is asked about at every sign-in."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from keystead_core.webauthn.aaguids import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM
from keystead_core.wire import b64url_decode
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.passkey import Proof
from keystead_server.flows import register_on_behalf
from keystead_server.flows.register_passkey import Offered, Registered
from keystead_server.policy.passkeys.model import FIRST_POLICY, AttestationEnforcement, PasskeyPolicy
from keystead_testkit.attesters import registration, tpm
from keystead_testkit.authority import Authority, attested_by
from keystead_testkit.device_desk import DeviceDesk, Laptop
from keystead_testkit.loop import run
from keystead_testkit.office import reason_of
from keystead_testkit.soft_tpm import SoftTpm

VERBS = [
    ("disable", "device_disabled"),
    ("withdraw_attestation_key", "attestation_key_withdrawn"),
    ("withdraw_endorsement_key", "endorsement_key_withdrawn"),
    ("remove", "device_removed"),
]


def asking_for(proof: Proof) -> PasskeyPolicy:
    (profile,) = FIRST_POLICY.profiles
    return replace(FIRST_POLICY, profiles=(replace(profile, minimum_proof=proof),))


def administer(desk: DeviceDesk, laptop: Laptop, verb: str) -> None:
    run(getattr(desk.office.services.manage_device, verb)(desk.office.tenant.id, laptop.device.id, by=OPERATOR))


# -- registration ----------------------------------------------------------------------------------


def test_a_passkey_that_an_enrolled_device_vouches_for_is_proven(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.office.save_policy(asking_for(Proof.PROVEN))

    owner = desk.office.session_by_pass(desk.office.ada)
    outcome = desk.register(laptop, passkey := desk.new_passkey(), owner=owner)

    assert isinstance(outcome, Registered), outcome
    kept = run(desk.office.store.passkeys.get(desk.office.tenant.id, outcome.passkey.id))
    assert kept is not None
    assert (kept.proof, kept.device_id, kept.aaguid) == (Proof.PROVEN, laptop.device.id, KEYSTEAD_TPM)
    assert (kept.attestation_format, kept.attestation_kind) == ("tpm", "attca")
    granted = desk.office.sign_in(passkey)
    assert reason_of(granted) == "granted"
    assert desk.office.rows[-1].proof == "proven"


@pytest.mark.parametrize(("first_use", "proof"), [("claimed", Proof.CLAIMED), ("proven", Proof.PROVEN)])
def test_what_a_tpm_without_papers_says_is_worth_what_the_operator_says(
    tmp_path: Path, first_use: str, proof: Proof
) -> None:
    desk = DeviceDesk(tmp_path, tpm_first_use=first_use)

    outcome = desk.register(laptop := desk.enrol(SoftTpm.new()))

    assert isinstance(outcome, Registered), outcome
    assert (outcome.passkey.proof, outcome.passkey.device_id) == (proof, laptop.device.id)


def test_a_container_that_is_not_enrolled_claims_and_no_more(desk: DeviceDesk) -> None:
    for attestation in ("none", "self"):
        outcome = desk.office.register(desk.new_passkey(), owner=desk.office.session(), attestation=attestation)

        assert isinstance(outcome, Registered), outcome
        assert (outcome.passkey.proof, outcome.passkey.device_id) == (Proof.CLAIMED, None)


@pytest.mark.parametrize("attestation", ["none", "self"])
@pytest.mark.parametrize("proof", [Proof.ATTESTED, Proof.PROVEN])
def test_whoever_borrows_our_aaguid_is_refused_where_proof_is_asked_for(
    desk: DeviceDesk, attestation: str, proof: Proof
) -> None:
    desk.office.save_policy(asking_for(proof))
    owner = desk.office.session_by_pass(desk.office.ada)

    outcome = desk.office.register(desk.new_passkey(), owner=owner, attestation=attestation)

    assert reason_of(outcome) == "container_unproven"


def test_whoever_borrows_our_aaguid_is_refused_where_attestation_is_asked_for(desk: DeviceDesk) -> None:
    (profile,) = FIRST_POLICY.profiles
    always = replace(profile, attestation_enforcement=AttestationEnforcement.ALWAYS)
    desk.office.save_policy(replace(FIRST_POLICY, profiles=(always,)))

    owner = desk.office.session_by_pass(desk.office.ada)
    assert reason_of(desk.office.register(desk.new_passkey(), owner=owner)) == "container_unproven"


def test_another_model_without_proof_is_told_what_the_policy_says(desk: DeviceDesk) -> None:
    desk.office.save_policy(asking_for(Proof.PROVEN))

    outcome = desk.office.register(owner=desk.office.session_by_pass(desk.office.ada))

    assert reason_of(outcome) == "proof_too_weak"


# -- impostors -------------------------------------------------------------------------------------


def register_with(desk: DeviceDesk, attestation_format: str, make: object, passkey: object) -> object:
    owner = desk.office.session()
    offer = desk.office.begin_registration(owner)
    assert isinstance(offer, Offered)
    passkey.user_handle = desk.office.ada.handle  # type: ignore[attr-defined]
    challenge = b64url_decode(offer.options["challenge"])
    answer = registration(passkey, challenge, attestation_format, make)  # type: ignore[arg-type]
    return desk.office.finish_registration(answer, owner)


def test_a_software_impostor_with_certificates_of_its_own_is_refused(desk: DeviceDesk) -> None:
    passkey = desk.new_passkey()

    assert reason_of(register_with(desk, "tpm", tpm(passkey), passkey)) == "attestation_not_ours"


@pytest.mark.parametrize("aaguid", [KEYSTEAD_TPM, KEYSTEAD_SOFTWARE])
def test_a_root_for_every_model_does_not_vouch_for_ours(tmp_path: Path, aaguid: object) -> None:
    maker = Authority.root()
    (tmp_path / "any.pem").write_bytes(maker.pem)
    desk = DeviceDesk(tmp_path, attestation_roots=str(tmp_path))
    passkey = desk.new_passkey(aaguid=aaguid)

    assert reason_of(register_with(desk, "packed", attested_by(passkey, maker), passkey)) == "attestation_not_ours"


def test_another_organisations_authority_does_not_vouch_here(desk: DeviceDesk, laptop: Laptop) -> None:
    fabrikam, mallory = desk.office.found("fabrikam")
    owner = desk.office.session_by_pass(mallory)
    offer = run(desk.office.services.register_passkey.begin(fabrikam, desk.office.visitor(), owner))
    assert isinstance(offer, Offered)
    passkey = desk.new_passkey()
    passkey.user_handle = mallory.handle
    attester = laptop.tpm.attest(passkey, laptop.chain)
    answer = registration(passkey, b64url_decode(offer.options["challenge"]), "tpm", attester)

    outcome = desk.office.finish_registration(answer, owner, tenant=fabrikam)

    assert reason_of(outcome) == "attestation_not_ours"


def test_the_authoritys_own_certificate_is_none_of_a_tpm(desk: DeviceDesk, laptop: Laptop) -> None:
    outcome = desk.register(replace(laptop, chain=laptop.chain[1:]))

    assert reason_of(outcome) == "attestation_invalid"


def test_a_certificate_that_is_over_vouches_for_nothing(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.office.advance(days=31)

    assert reason_of(desk.register(laptop)) == "attestation_not_ours"


def test_a_certificate_lasts_as_long_as_it_says(desk: DeviceDesk, laptop: Laptop) -> None:
    certificate = x509.load_der_x509_certificate(laptop.chain[0])

    assert certificate.not_valid_after_utc == laptop.device.certificate_expires_at
    assert timedelta(days=29) < certificate.not_valid_after_utc - desk.office.clock.now() <= timedelta(days=30)


def test_a_statement_made_for_another_registration_is_refused(desk: DeviceDesk, laptop: Laptop) -> None:
    assert reason_of(desk.register(laptop, extra_data=bytes(32))) == "attestation_replayed"


def test_a_statement_by_another_key_under_the_devices_certificate_is_refused(desk: DeviceDesk, laptop: Laptop) -> None:
    passkey = desk.new_passkey()
    impostor = SoftTpm.new().attest(passkey, laptop.chain)

    assert reason_of(desk.register(laptop, passkey, attester=impostor)) == "attestation_invalid"


@pytest.mark.parametrize("missing", [1 << 1, 1 << 4, 1 << 5])
def test_a_key_that_was_made_elsewhere_or_may_leave_is_refused_though_a_tpm_certifies_it(
    desk: DeviceDesk, laptop: Laptop, missing: int
) -> None:
    bound = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 18

    assert reason_of(desk.register(laptop, attributes=bound & ~missing)) == "key_can_leave"
    assert reason_of(desk.register(laptop, attributes=bound | 1 << 11)) == "key_can_leave"
    assert reason_of(desk.register(laptop, attributes=bound)) == "granted"


def test_a_container_of_ours_whose_passkey_can_be_copied_is_none(desk: DeviceDesk, laptop: Laptop) -> None:
    copied = desk.new_passkey(backup_eligible=True)

    assert reason_of(desk.register(laptop, copied)) == "key_can_leave"
    assert reason_of(desk.office.register(desk.new_passkey(backup_eligible=True), owner=desk.office.session())) == (
        "key_can_leave"
    )


def test_a_certificate_for_the_tpm_model_does_not_serve_another_model(desk: DeviceDesk, laptop: Laptop) -> None:
    assert reason_of(desk.register(laptop, desk.new_passkey(aaguid=KEYSTEAD_SOFTWARE))) == "attestation_invalid"


def test_an_administrators_door_asks_for_the_same_proof(tmp_path: Path) -> None:
    maker = Authority.root()
    (tmp_path / "any.pem").write_bytes(maker.pem)
    desk = DeviceDesk(tmp_path, attestation_roots=str(tmp_path))
    office, passkey = desk.office, desk.new_passkey()
    flow, by = office.services.register_on_behalf, Actor(office.administrator)
    offer = run(flow.begin(office.tenant, by, office.ada))
    assert isinstance(offer, register_on_behalf.Offered), offer
    passkey.user_handle = office.ada.handle
    challenge = b64url_decode(offer.options["challenge"])
    answer = registration(passkey, challenge, "packed", attested_by(passkey, maker))

    outcome = run(flow.finish(office.tenant, by, office.ada, office.visitor(), display_name="Key", payload=answer))

    assert reason_of(outcome) == "attestation_not_ours"


# -- devices that are out --------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "code"), VERBS)
def test_a_device_that_is_out_vouches_for_nothing(desk: DeviceDesk, laptop: Laptop, verb: str, code: str) -> None:
    administer(desk, laptop, verb)

    assert reason_of(desk.register(laptop)) == code


@pytest.mark.parametrize(("verb", "code"), VERBS)
def test_a_passkey_of_a_device_that_is_out_is_counted_as_no_way_in(
    desk: DeviceDesk, laptop: Laptop, verb: str, code: str
) -> None:
    office, grace = desk.office, desk.office.add_person("grace@contoso.example")
    assert isinstance(desk.register(laptop, owner=office.session_by_pass(grace)), Registered)
    report, duty = office.services.registration_details, office.services.duty
    assert run(report.of(grace)).usable
    assert not run(duty.holds(office.session_by_pass(grace)))

    administer(desk, laptop, verb)

    assert run(report.of(grace)).usable == ()
    ((_, against),) = run(office.services.list_quarantined.of_user(office.tenant.id, grace))
    assert against is not None
    assert against.code == code
    assert run(duty.holds(office.session_by_pass(grace)))


@pytest.mark.parametrize(("verb", "code"), VERBS)
def test_a_passkey_of_a_device_that_is_out_is_refused_at_the_next_sign_in(
    desk: DeviceDesk, laptop: Laptop, verb: str, code: str
) -> None:
    desk.register(laptop, passkey := desk.new_passkey())
    assert reason_of(desk.office.sign_in(passkey)) == "granted"

    administer(desk, laptop, verb)

    assert reason_of(desk.office.sign_in(passkey)) == code
    assert desk.office.log[-1] == code
    assert reason_of(desk.office.sign_in()) == "granted", "her other passkey rests on no device"


def test_whose_signature_is_wrong_is_not_told_about_the_device(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.register(laptop, passkey := desk.new_passkey())
    administer(desk, laptop, "disable")

    assert reason_of(desk.office.sign_in(passkey, spoil_signature=True)) == "signature_invalid"


def test_an_enabled_device_is_good_again(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.register(laptop, passkey := desk.new_passkey())
    administer(desk, laptop, "disable")
    administer(desk, laptop, "enable")

    assert reason_of(desk.office.sign_in(passkey)) == "granted"


def test_a_withdrawn_chip_takes_the_passkeys_of_everybody_on_it(desk: DeviceDesk, laptop: Laptop) -> None:
    office = desk.office
    bob = office.add_person("bob@contoso.example")
    session = office.session_by_pass(bob)
    theirs = desk.enrol(laptop.tpm.with_new_attestation_key(), desk.code(session))
    desk.register(theirs, passkey := desk.new_passkey(), owner=session)

    administer(desk, laptop, "withdraw_endorsement_key")

    assert reason_of(office.sign_in(passkey)) == "endorsement_key_withdrawn"


def test_a_withdrawn_attestation_key_leaves_the_others_of_its_chip(desk: DeviceDesk, laptop: Laptop) -> None:
    office = desk.office
    bob = office.add_person("bob@contoso.example")
    session = office.session_by_pass(bob)
    theirs = desk.enrol(laptop.tpm.with_new_attestation_key(), desk.code(session))
    desk.register(theirs, passkey := desk.new_passkey(), owner=session)

    administer(desk, laptop, "withdraw_attestation_key")

    assert reason_of(office.sign_in(passkey)) == "granted"


# -- the authority ---------------------------------------------------------------------------------


def test_after_a_rotation_old_certificates_count_until_they_end_and_new_ones_come_from_the_new(
    desk: DeviceDesk, laptop: Laptop
) -> None:
    office = desk.office
    made = run(office.services.rotate_authority(office.tenant.id, by=OPERATOR))
    newer = desk.enrol()

    assert newer.chain[1] == made.certificate != laptop.chain[1]
    for each in (laptop, newer):
        assert reason_of(desk.register(each)) == "granted"
    assert [kept.retired_at is None for kept in run(office.store.authorities.all(office.tenant.id))] == [True, False]
    assert "authority.rotated" in office.audit


def test_an_authoritys_key_rests_sealed(desk: DeviceDesk, laptop: Laptop) -> None:
    (kept,) = run(desk.office.store.authorities.all(desk.office.tenant.id))

    assert x509.load_der_x509_certificate(kept.certificate).not_valid_after_utc > laptop.device.certificate_expires_at
    assert b"\x2a\x86\x48\xce\x3d\x02\x01" not in kept.sealed, "no DER of an elliptic-curve key is in it"


def test_a_restart_keeps_the_authority(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.office.services = desk.office.started()

    assert desk.enrol().chain[1] == laptop.chain[1]


def test_a_sign_in_makes_no_more_queries_for_a_passkey_on_a_device(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.register(laptop, passkey := desk.new_passkey())
    office = desk.office
    counted: list[str] = []

    class Counting:
        def __init__(self, inner: object, name: str) -> None:
            self._inner, self._name = inner, name

        def __getattr__(self, name: str) -> object:
            counted.append(f"{self._name}.{name}")
            return getattr(self._inner, name)

    class CountingStore:
        def __getattr__(self, name: str) -> object:
            inner = getattr(office.store, name)
            if name == "write":
                counted.append("write")
                return inner
            return Counting(inner, name)

    flow = replace(office.services.sign_in, store=CountingStore())  # type: ignore[arg-type]
    for each in (passkey, office.passkey):
        counted.clear()
        payload = json.dumps(each.answer_to(office.begin())).encode()

        run(flow.finish(office.tenant, office.visitor(), payload))

        assert counted == ["passkeys.owner_of", "write"]


def test_a_passkey_of_another_maker_is_judged_as_ever(tmp_path: Path) -> None:
    maker = Authority.root()
    (tmp_path / "any.pem").write_bytes(maker.pem)
    desk = DeviceDesk(tmp_path, attestation_roots=str(tmp_path))
    passkey = desk.office.new_passkey()

    outcome = register_with(desk, "packed", attested_by(passkey, maker), passkey)

    assert isinstance(outcome, Registered)
    assert (outcome.passkey.proof, outcome.passkey.device_id) == (Proof.ATTESTED, None)
