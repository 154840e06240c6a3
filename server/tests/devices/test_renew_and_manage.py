"""Renewing a certificate is for the TPM on record alone; what an administrator ends stays ended."""

from dataclasses import replace
from pathlib import Path

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.device import DeviceState
from keystead_server.domain.ids import DeviceId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Purpose
from keystead_server.flows.activation import Challenged
from keystead_server.flows.renew_device import Renewed
from keystead_testkit.device_desk import DeviceDesk, Laptop, open_with
from keystead_testkit.loop import run
from keystead_testkit.office import reason_of


def test_a_device_renews_by_itself(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.office.advance(days=31)

    renewed = desk.renew(laptop)

    assert isinstance(renewed, Renewed), renewed
    assert reason_of(desk.register(replace(laptop, chain=list(renewed.certificate.chain)))) == "granted"
    kept = desk.state_of(laptop)
    assert kept is not None
    assert kept.certificate_serial == renewed.certificate.serial != laptop.device.certificate_serial
    assert "device.renewed" in desk.office.audit
    row = next(row for row in desk.office.rows if row.purpose is Purpose.RENEW_DEVICE)
    assert (row.reason, row.user_id) == ("granted", desk.office.ada.id)


def test_a_copied_disk_in_another_computer_cannot_renew(desk: DeviceDesk, laptop: Laptop) -> None:
    # The files are the device's own, attestation key and all; the TPM is another of the same maker.
    elsewhere = replace(laptop.tpm, ek=desk.tpm().ek)

    assert reason_of(desk.renew(laptop, elsewhere)) == "activation_failed"


def test_a_cloned_virtual_machine_with_another_tpm_cannot_renew(desk: DeviceDesk, laptop: Laptop) -> None:
    assert reason_of(desk.renew(laptop, desk.tpm())) == "activation_failed"


def test_a_renewal_that_is_answered_twice_counts_once(desk: DeviceDesk, laptop: Laptop) -> None:
    flow, office = desk.office.services.renew_device, desk.office
    challenged = run(flow.begin(office.tenant, office.visitor(b""), laptop.device.id))
    assert isinstance(challenged, Challenged)
    secret = open_with(laptop.tpm, challenged)
    assert secret is not None

    outcomes = [run(flow.finish(office.tenant, office.visitor(b""), challenged.state, secret)) for _ in range(2)]

    assert [reason_of(outcome) for outcome in outcomes] == ["granted", "challenge_spent"]


def test_a_renewal_is_over_after_five_minutes(desk: DeviceDesk, laptop: Laptop) -> None:
    flow, office = desk.office.services.renew_device, desk.office
    challenged = run(flow.begin(office.tenant, office.visitor(b""), laptop.device.id))
    assert isinstance(challenged, Challenged)
    office.advance(minutes=5)

    outcome = run(flow.finish(office.tenant, office.visitor(b""), challenged.state, bytes(32)))

    assert reason_of(outcome) == "activation_expired"


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("disable", "device_disabled"),
        ("withdraw_attestation_key", "attestation_key_withdrawn"),
        ("withdraw_endorsement_key", "endorsement_key_withdrawn"),
        ("remove", "device_removed"),
    ],
)
@pytest.mark.parametrize("when", ["before it begins", "before it finishes"])
def test_a_device_that_is_out_does_not_renew(desk: DeviceDesk, laptop: Laptop, verb: str, code: str, when: str) -> None:
    office, flow = desk.office, desk.office.services.renew_device
    end = getattr(office.services.manage_device, verb)
    if when == "before it begins":
        run(end(office.tenant.id, laptop.device.id, by=OPERATOR))
        assert reason_of(run(flow.begin(office.tenant, office.visitor(b""), laptop.device.id))) == code
        return
    challenged = run(flow.begin(office.tenant, office.visitor(b""), laptop.device.id))
    assert isinstance(challenged, Challenged)
    run(end(office.tenant.id, laptop.device.id, by=OPERATOR))
    secret = open_with(laptop.tpm, challenged)
    assert secret is not None

    assert reason_of(run(flow.finish(office.tenant, office.visitor(b""), challenged.state, secret))) == code


def test_a_device_of_somebody_who_left_does_not_renew(desk: DeviceDesk, laptop: Laptop) -> None:
    run(desk.office.services.manage_user.disable(desk.office.ada, by=OPERATOR))
    assert reason_of(desk.renew(laptop)) == "user_disabled"

    run(desk.office.services.manage_user.remove(desk.office.now_of(desk.office.ada), by=OPERATOR))
    assert reason_of(desk.renew(laptop)) == "user_unknown"


def test_a_device_of_another_organisation_does_not_renew_here(desk: DeviceDesk, laptop: Laptop) -> None:
    fabrikam, _ = desk.office.found("fabrikam")
    flow, visitor = desk.office.services.renew_device, desk.office.visitor(b"")

    assert reason_of(run(flow.begin(fabrikam, visitor, laptop.device.id))) == "device_removed"
    challenged = run(flow.begin(desk.office.tenant, visitor, laptop.device.id))
    assert isinstance(challenged, Challenged)
    assert reason_of(run(flow.finish(fabrikam, visitor, challenged.state, bytes(32)))) == "activation_not_ours"


def test_a_question_for_an_enrolment_is_none_for_a_renewal(desk: DeviceDesk) -> None:
    challenged = desk.begin(desk.tpm())
    assert isinstance(challenged, Challenged)
    flow, office = desk.office.services.renew_device, desk.office

    outcome = run(flow.finish(office.tenant, office.visitor(b""), challenged.state, bytes(32)))

    assert reason_of(outcome) == "activation_not_ours"


# -- administrators --------------------------------------------------------------------------------


def test_each_change_has_its_line_in_the_audit(desk: DeviceDesk, laptop: Laptop) -> None:
    manage, tenant = desk.office.services.manage_device, desk.office.tenant.id
    before = len(desk.office.audit)

    for verb in (manage.disable, manage.enable, manage.enable, manage.disable, manage.remove):
        desk.office.advance(milliseconds=1)
        run(verb(tenant, laptop.device.id, by=OPERATOR))

    names = desk.office.audit[before:]
    assert names == ["device.disabled", "device.enabled", "device.disabled", "device.removed"], "no line for no change"


def test_withdrawing_a_chip_has_a_line_for_each_of_its_devices(desk: DeviceDesk, laptop: Laptop) -> None:
    desk.enrol(laptop.tpm.with_new_attestation_key())
    manage, tenant = desk.office.services.manage_device, desk.office.tenant.id

    for _ in range(2):
        run(manage.withdraw_endorsement_key(tenant, laptop.device.id, by=OPERATOR))

    assert desk.office.audit.count("device.endorsement_key_withdrawn") == 2
    assert {d.state for d in run(desk.office.store.devices.page(tenant, limit=9))} == {
        DeviceState.ENDORSEMENT_WITHDRAWN
    }


@pytest.mark.parametrize("withdraw", ["withdraw_attestation_key", "withdraw_endorsement_key"])
@pytest.mark.parametrize("verb", ["enable", "disable", "remove"])
def test_what_was_withdrawn_stays_so(desk: DeviceDesk, laptop: Laptop, withdraw: str, verb: str) -> None:
    manage, tenant = desk.office.services.manage_device, desk.office.tenant.id
    run(getattr(manage, withdraw)(tenant, laptop.device.id, by=OPERATOR))

    with pytest.raises(Invalid) as refused:
        run(getattr(manage, verb)(tenant, laptop.device.id, by=OPERATOR))

    assert refused.value.code == "device_withdrawn"


def test_an_attestation_key_that_was_withdrawn_can_lose_its_chip_too(desk: DeviceDesk, laptop: Laptop) -> None:
    manage, tenant = desk.office.services.manage_device, desk.office.tenant.id
    run(manage.withdraw_attestation_key(tenant, laptop.device.id, by=OPERATOR))

    device = run(manage.withdraw_endorsement_key(tenant, laptop.device.id, by=OPERATOR))

    assert device is not None
    assert device.state is DeviceState.ENDORSEMENT_WITHDRAWN


@pytest.mark.parametrize(
    "verb", ["enable", "disable", "remove", "withdraw_attestation_key", "withdraw_endorsement_key"]
)
def test_a_device_of_another_organisation_is_not_there(desk: DeviceDesk, laptop: Laptop, verb: str) -> None:
    fabrikam, _ = desk.office.found("fabrikam")
    act = getattr(desk.office.services.manage_device, verb)

    assert run(act(fabrikam.id, laptop.device.id, by=OPERATOR)) is None
    assert run(act(desk.office.tenant.id, DeviceId("nothing"), by=OPERATOR)) is None
    assert desk.state_of(laptop) == laptop.device


def test_first_use_is_said_in_one_of_three_words(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="maybe"):
        DeviceDesk(tmp_path, tpm_first_use="maybe")
