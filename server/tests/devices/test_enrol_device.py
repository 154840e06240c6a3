"""Enrolling a device: a person's code, a TPM's papers, and a secret that only that TPM can read."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from keystead_core.tpm import endorsement
from keystead_core.wire import b64url_decode, b64url_encode
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.device import DeviceState, EndorsementTrust, TpmFacts
from keystead_server.domain.sign_in import Purpose, Result
from keystead_server.flows.activation import Challenged
from keystead_server.flows.enrol_device import MAX_DEVICES, Enrolled, NotOffered
from keystead_testkit.device_desk import CLAIMED_FACTS, DeviceDesk, Laptop, open_with
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of
from keystead_testkit.soft_tpm import SoftTpm, TpmMaker


@pytest.mark.parametrize("is_rsa", [False, True])
def test_a_tpm_of_a_trusted_maker_is_enrolled(desk: DeviceDesk, is_rsa: bool) -> None:
    tpm = desk.tpm(is_rsa=is_rsa)

    laptop = desk.enrol(tpm)

    kept = desk.state_of(laptop)
    assert kept == laptop.device
    assert kept is not None
    assert (kept.name, kept.state, kept.trust) == ("ada's laptop", DeviceState.ENABLED, EndorsementTrust.CERTIFIED)
    assert kept.tpm == TpmFacts("id:4B455953", "A TPM", "id:00000001"), "from the maker's certificate"
    assert (kept.attestation_name, kept.enrolled_by) == (tpm.attestation_name, desk.office.ada.id)


def test_enrolling_leaves_a_row_in_the_log_and_lines_in_the_audit(desk: DeviceDesk) -> None:
    desk.enrol()

    row = desk.office.rows[-1]
    assert (row.purpose, row.result, row.username) == (Purpose.ENROL_DEVICE, Result.GRANTED, desk.office.ada.username)
    assert desk.office.audit[-3:] == ["enrolment_code.issued", "authority.made", "device.enrolled"]


def test_the_secret_is_nowhere_in_what_the_device_is_sent_but_encrypted(desk: DeviceDesk) -> None:
    challenged = desk.begin(tpm := desk.tpm())

    assert isinstance(challenged, Challenged)
    secret = open_with(tpm, challenged)
    assert secret is not None
    sent = b64url_decode(challenged.state) + challenged.credential.credential_blob + challenged.credential.secret
    assert secret not in sent


# -- the code --------------------------------------------------------------------------------------


def test_a_code_works_once(desk: DeviceDesk) -> None:
    code = desk.code()
    desk.enrol(code=code)

    assert reason_of(desk.begin(desk.tpm(), code)) == "enrolment_code_spent"


def test_a_code_is_spent_by_a_device_that_fails(desk: DeviceDesk) -> None:
    code = desk.code()
    assert reason_of(desk.finish(desk.begin(desk.tpm(), code), b"a wrong guess, of just any length")) == (
        "activation_failed"
    )

    assert reason_of(desk.begin(desk.tpm(), code)) == "enrolment_code_spent"


def test_of_two_devices_that_bring_one_code_one_is_enrolled(desk: DeviceDesk) -> None:
    code, first, second = desk.code(), desk.tpm(), desk.tpm()
    begun = [(tpm, desk.begin(tpm, code)) for tpm in (first, second)]

    outcomes = [
        desk.finish(challenged, open_with(tpm, challenged))
        for tpm, challenged in begun
        if isinstance(challenged, Challenged)
    ]

    assert [reason_of(outcome) for outcome in outcomes] == ["granted", "challenge_spent"]


def test_a_code_is_over_after_ten_minutes(desk: DeviceDesk) -> None:
    code = desk.code()
    desk.office.advance(minutes=10)

    assert reason_of(desk.begin(desk.tpm(), code)) == "enrolment_code_expired"


def test_a_code_of_another_organisation_is_nothing_here(desk: DeviceDesk) -> None:
    fabrikam, mallory = desk.office.found("fabrikam")
    theirs = desk.code(desk.office.session_by_pass(mallory))

    assert reason_of(desk.begin(desk.tpm(), theirs)) == "enrolment_code_invalid"
    assert isinstance(desk.begin(desk.tpm(), theirs, tenant=fabrikam), Challenged)


@pytest.mark.parametrize("code", ["", "AAAA", "not base64url!", "A" * 86])
def test_a_code_that_was_not_given_out_is_refused(desk: DeviceDesk, code: str) -> None:
    assert reason_of(desk.begin(desk.tpm(), code)) == "enrolment_code_invalid"


def test_what_was_sealed_for_something_else_is_no_code(desk: DeviceDesk) -> None:
    challenge = desk.office.begin()["challenge"]

    assert reason_of(desk.begin(desk.tpm(), challenge)) == "enrolment_code_invalid"


def test_a_code_is_given_to_somebody_who_signed_in_just_now(desk: DeviceDesk) -> None:
    owner = desk.office.session()
    desk.office.advance(minutes=5, seconds=1)

    assert run(desk.office.services.enrol_device.offer(owner)) == NotOffered("sign_in_not_fresh")


def test_nobody_enrols_devices_without_end(desk: DeviceDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keystead_server.flows.enrol_device.MAX_DEVICES", 1)
    desk.enrol()

    assert MAX_DEVICES == 50
    assert run(desk.office.services.enrol_device.offer(desk.office.session())) == NotOffered("too_many_devices")


@pytest.mark.parametrize("when", ["before it begins", "before it finishes"])
def test_a_code_dies_with_the_account_it_was_given_to(desk: DeviceDesk, when: str) -> None:
    office, tpm, code = desk.office, desk.tpm(), desk.code()
    if when == "before it begins":
        run(office.services.manage_user.disable(office.ada, by=OPERATOR))
        outcome: Any = desk.begin(tpm, code)
    else:
        challenged = desk.begin(tpm, code)
        run(office.services.manage_user.disable(office.ada, by=OPERATOR))
        assert isinstance(challenged, Challenged)
        outcome = desk.finish(challenged, open_with(tpm, challenged))

    assert reason_of(outcome) == "user_disabled"


# -- the TPM's answer ------------------------------------------------------------------------------


def test_an_attestation_key_in_another_tpm_than_the_endorsement_key_cannot_answer(desk: DeviceDesk) -> None:
    real, elsewhere = desk.tpm(), SoftTpm.new()
    # The papers of a real TPM, and the attestation key of a program.
    challenged = desk.begin(real, attestation_public=elsewhere.attestation_public)
    assert isinstance(challenged, Challenged)

    # The real TPM has no such key loaded; the program has no such endorsement key.
    assert open_with(real, challenged) is None
    assert open_with(elsewhere, challenged) is None
    assert reason_of(desk.finish(challenged, None)) == "activation_failed"


def test_an_answer_is_for_the_one_question(desk: DeviceDesk) -> None:
    tpm = desk.tpm()
    first, second = desk.begin(tpm), desk.begin(tpm)
    assert isinstance(first, Challenged)

    assert reason_of(desk.finish(second, open_with(tpm, first))) == "activation_failed"


def test_an_answer_is_over_after_five_minutes(desk: DeviceDesk) -> None:
    challenged = desk.begin(tpm := desk.tpm())
    assert isinstance(challenged, Challenged)
    desk.office.advance(minutes=5)

    assert reason_of(desk.finish(challenged, open_with(tpm, challenged))) == "activation_expired"


def test_an_answer_to_another_organisations_question_is_nothing_here(desk: DeviceDesk) -> None:
    fabrikam, _ = desk.office.found("fabrikam")
    challenged = desk.begin(tpm := desk.tpm())
    assert isinstance(challenged, Challenged)

    assert reason_of(desk.finish(challenged, open_with(tpm, challenged), tenant=fabrikam)) == "activation_not_ours"


@pytest.mark.parametrize("state", ["", "AAAA", "?"])
def test_an_answer_to_nothing_is_refused(desk: DeviceDesk, state: str) -> None:
    challenged = desk.begin(desk.tpm())
    assert isinstance(challenged, Challenged)

    assert reason_of(desk.finish(replace(challenged, state=state), bytes(32))) == "activation_not_ours"


def test_a_question_for_a_renewal_is_none_for_an_enrolment(desk: DeviceDesk, laptop: Laptop) -> None:
    office = desk.office
    begun = run(office.services.renew_device.begin(office.tenant, office.visitor(b""), laptop.device.id))
    assert isinstance(begun, Challenged)

    assert reason_of(desk.finish(begun, open_with(laptop.tpm, begun))) == "activation_not_ours"


# -- the keys --------------------------------------------------------------------------------------

_ATTRIBUTES = slice(4, 8)


def with_attributes(public: bytes, change: int) -> bytes:
    flipped = int.from_bytes(public[_ATTRIBUTES], "big") ^ change
    return public[:4] + flipped.to_bytes(4, "big") + public[8:]


@pytest.mark.parametrize("attribute", [1 << 1, 1 << 4, 1 << 5, 1 << 16, 1 << 17, 1 << 18])
def test_an_attestation_key_must_be_one_that_says_only_what_its_tpm_says(desk: DeviceDesk, attribute: int) -> None:
    tpm = desk.tpm()

    outcome = desk.try_to_enrol(tpm, attestation_public=with_attributes(tpm.attestation_public, attribute))

    assert reason_of(outcome) == "attestation_key_invalid"


@pytest.mark.parametrize("attribute", [1 << 1, 1 << 4, 1 << 5, 1 << 7, 1 << 16, 1 << 17, 1 << 18])
def test_an_endorsement_key_must_be_of_the_default_template(desk: DeviceDesk, attribute: int) -> None:
    tpm = desk.tpm()

    outcome = desk.try_to_enrol(tpm, endorsement_public=with_attributes(tpm.endorsement_public, attribute))

    assert reason_of(outcome) == "endorsement_key_invalid"


@pytest.mark.parametrize("which", ["endorsement_public", "attestation_public"])
@pytest.mark.parametrize("public", [b"", b"\0" * 90, endorsement.attestation_key()])
def test_what_is_no_public_area_is_refused(desk: DeviceDesk, which: str, public: bytes) -> None:
    outcome = desk.try_to_enrol(desk.tpm(), **{which: public})

    assert reason_of(outcome) == which.replace("public", "key_invalid")


# -- the maker's papers ----------------------------------------------------------------------------


def test_the_papers_of_another_tpm_are_refused(desk: DeviceDesk) -> None:
    outcome = desk.try_to_enrol(SoftTpm.new(), endorsement_certificate=desk.tpm().certificate)

    assert reason_of(outcome) == "endorsement_certificate_invalid"


_NO_NAMES = x509.SubjectAlternativeName([x509.DirectoryName(x509.Name([]))])


@pytest.mark.parametrize(
    "how",
    [
        {"usage": None},
        # A maker's root may certify attestation keys too, or a person's key for a website.
        {"usage": x509.ObjectIdentifier("2.23.133.8.3")},
        {"ca": True},
        {"names": _NO_NAMES},
    ],
    ids=["for nothing", "for another purpose", "an authority", "of no TPM"],
)
def test_a_certificate_that_is_none_of_an_endorsement_key_is_refused(desk: DeviceDesk, how: dict[str, Any]) -> None:
    tpm = SoftTpm.new()

    outcome = desk.try_to_enrol(tpm, endorsement_certificate=desk.maker.certify(tpm.ek, **how))

    assert reason_of(outcome) == "endorsement_certificate_invalid"


def test_bytes_that_are_no_certificate_are_refused(desk: DeviceDesk) -> None:
    outcome = desk.try_to_enrol(desk.tpm(), endorsement_certificate=b"\x30\x03\x02\x01\x00")

    assert reason_of(outcome) == "endorsement_certificate_invalid"


def test_a_tpm_without_papers_is_enrolled_as_what_it_is(desk: DeviceDesk) -> None:
    laptop = desk.enrol(SoftTpm.new())

    assert laptop.device.trust is EndorsementTrust.FIRST_USE
    assert laptop.device.tpm == CLAIMED_FACTS


def test_papers_of_a_maker_nobody_trusts_are_no_papers(desk: DeviceDesk) -> None:
    laptop = desk.enrol(SoftTpm.new(TpmMaker.new()))

    assert laptop.device.trust is EndorsementTrust.FIRST_USE


def test_a_certificate_in_the_folder_does_not_vouch_for_itself(tmp_path: Path) -> None:
    stranger = SoftTpm.new(TpmMaker.new())
    desk = DeviceDesk(tmp_path)
    assert stranger.certificate is not None
    certificate = x509.load_der_x509_certificate(stranger.certificate)
    (tmp_path / "tpm-makers" / "one.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    restarted = Office(tpm_makers=str(tmp_path / "tpm-makers"))
    desk.office = restarted

    assert desk.enrol(stranger).device.trust is EndorsementTrust.FIRST_USE


@pytest.mark.parametrize("maker", [None, TpmMaker.new()], ids=["no papers", "a stranger's papers"])
def test_where_first_use_is_refused_only_trusted_papers_will_do(tmp_path: Path, maker: TpmMaker | None) -> None:
    desk = DeviceDesk(tmp_path, tpm_first_use="refuse")

    assert reason_of(desk.try_to_enrol(SoftTpm.new(maker))) == "endorsement_untrusted"
    assert isinstance(desk.try_to_enrol(desk.tpm()), Enrolled)


@pytest.mark.parametrize(
    "lies",
    [
        {"tpm": replace(CLAIMED_FACTS, manufacturer="INTC")},
        {"tpm": replace(CLAIMED_FACTS, model="A\nmodel")},
        {"tpm": replace(CLAIMED_FACTS, model="x" * 65)},
        {"tpm": replace(CLAIMED_FACTS, version="")},
        {"firmware": "1.0 <b>"},
    ],
)
def test_what_a_device_says_of_its_tpm_must_fit_a_certificate_and_a_page(
    desk: DeviceDesk, lies: dict[str, Any]
) -> None:
    assert reason_of(desk.try_to_enrol(desk.tpm(), **lies)) == "device_facts_invalid"


@pytest.mark.parametrize("name", ["", " ", "a\u202eb", "x" * 257])
def test_a_device_has_a_name_that_can_be_shown(desk: DeviceDesk, name: str) -> None:
    assert reason_of(desk.try_to_enrol(desk.tpm(), name=name)) == "device_name_invalid"


# -- once more -------------------------------------------------------------------------------------


def test_a_device_that_enrols_again_is_the_same_device(desk: DeviceDesk, laptop: Laptop) -> None:
    again = desk.enrol(laptop.tpm)

    assert again.device.id == laptop.device.id
    assert again.device.certificate_serial != laptop.device.certificate_serial
    assert len(run(desk.office.store.devices.of_user(desk.office.tenant.id, desk.office.ada.id))) == 1


def test_another_persons_attestation_key_is_not_taken_over(desk: DeviceDesk, laptop: Laptop) -> None:
    bob = desk.office.add_person("bob@contoso.example")
    code = desk.code(desk.office.session_by_pass(bob))

    assert reason_of(desk.try_to_enrol(laptop.tpm, code)) == "attestation_key_taken"


def test_an_attestation_key_from_a_copied_disk_is_not_enrolled_with_another_chip(
    desk: DeviceDesk, laptop: Laptop
) -> None:
    other = desk.tpm()
    copied = replace(laptop.tpm, ek=other.ek, certificate=other.certificate)

    assert reason_of(desk.try_to_enrol(copied)) == "attestation_key_copied"
    assert run(desk.office.store.devices.of_user(desk.office.tenant.id, desk.office.ada.id)) == [laptop.device]


def test_two_people_on_one_computer_enrol_one_device_each(desk: DeviceDesk, laptop: Laptop) -> None:
    bob = desk.office.add_person("bob@contoso.example")

    theirs = desk.enrol(laptop.tpm.with_new_attestation_key(), desk.code(desk.office.session_by_pass(bob)))

    assert theirs.device.id != laptop.device.id
    assert theirs.device.endorsement_digest == laptop.device.endorsement_digest


@pytest.mark.parametrize(
    ("verb", "code"),
    [("disable", "device_disabled"), ("withdraw_attestation_key", "attestation_key_withdrawn")],
)
def test_an_attestation_key_that_is_out_does_not_come_in_again(
    desk: DeviceDesk, laptop: Laptop, verb: str, code: str
) -> None:
    manage = getattr(desk.office.services.manage_device, verb)
    run(manage(desk.office.tenant.id, laptop.device.id, by=OPERATOR))

    assert reason_of(desk.try_to_enrol(laptop.tpm)) == code
    assert isinstance(desk.try_to_enrol(laptop.tpm.with_new_attestation_key()), Enrolled)


def test_a_withdrawn_chip_does_not_come_in_again_under_any_key(desk: DeviceDesk, laptop: Laptop) -> None:
    manage = desk.office.services.manage_device
    run(manage.withdraw_endorsement_key(desk.office.tenant.id, laptop.device.id, by=OPERATOR))

    for tpm in (laptop.tpm, laptop.tpm.with_new_attestation_key()):
        assert reason_of(desk.try_to_enrol(tpm)) == "endorsement_key_withdrawn"


def test_a_chip_that_is_withdrawn_while_it_enrols_is_refused(desk: DeviceDesk, laptop: Laptop) -> None:
    fresh = laptop.tpm.with_new_attestation_key()
    challenged = desk.begin(fresh)
    assert isinstance(challenged, Challenged)
    manage = desk.office.services.manage_device
    run(manage.withdraw_endorsement_key(desk.office.tenant.id, laptop.device.id, by=OPERATOR))

    assert reason_of(desk.finish(challenged, open_with(fresh, challenged))) == "endorsement_key_withdrawn"


def test_a_code_says_nothing_to_whoever_reads_it(desk: DeviceDesk) -> None:
    code = b64url_decode(desk.code())

    assert desk.office.ada.id.replace("-", "") not in code.hex()
    assert b64url_encode(code) != desk.code()
