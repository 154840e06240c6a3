"""RS1: an attestation that an old TPM signed over SHA-1 is taken, remembered as such, and refused where a profile says so."""

from dataclasses import replace
from uuid import UUID

import pytest
from keystead_core.cose import RS1, RS256
from keystead_core.wire import b64url_decode
from keystead_server.domain.passkey import Passkey
from keystead_server.flows.register_passkey import Offered, Outcome, Registered
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_testkit.attesters import registration, tpm
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of
from keystead_testkit.soft_passkey import SoftPasskey

WINDOWS_HELLO = UUID("08987058-cadc-4b81-b6e1-30de50dcbe96")


def allow_legacy(office: Office, allowed: bool) -> None:
    (profile,) = FIRST_POLICY.profiles
    office.save_policy(replace(FIRST_POLICY, profiles=(replace(profile, allow_legacy_attestation=allowed),)))


def register(office: Office, passkey: SoftPasskey, algorithm: int) -> Outcome:
    owner = office.session_by_pass(office.ada)
    offer = office.begin_registration(owner)
    assert isinstance(offer, Offered)
    challenge = b64url_decode(offer.options["challenge"])
    answer = registration(passkey, challenge, "tpm", tpm(passkey, algorithm=algorithm))
    passkey.user_handle = b64url_decode(offer.options["user"]["id"])
    return office.finish_registration(answer, owner)


def kept(office: Office, outcome: Outcome) -> Passkey:
    assert isinstance(outcome, Registered), outcome
    found = run(office.store.passkeys.get(office.tenant.id, outcome.passkey.id))
    assert found is not None
    return found


@pytest.mark.parametrize(("algorithm", "legacy"), [(RS1, True), (RS256, False)])
def test_it_is_accepted_by_default_and_recorded(office: Office, algorithm: int, legacy: bool) -> None:
    outcome = register(office, office.new_passkey(aaguid=WINDOWS_HELLO), algorithm)

    assert kept(office, outcome).legacy_attestation is legacy


def test_a_profile_that_does_not_take_it_refuses_it_and_no_other(office: Office) -> None:
    allow_legacy(office, False)

    refused = register(office, office.new_passkey(aaguid=WINDOWS_HELLO), RS1)

    assert reason_of(refused) == "attestation_legacy"
    assert "SHA-1" in office.rows[-1].detail
    assert not kept(office, register(office, office.new_passkey(aaguid=WINDOWS_HELLO), RS256)).legacy_attestation


def test_one_that_is_here_already_is_quarantined_and_comes_back_with_the_policy(office: Office) -> None:
    passkey = office.new_passkey(aaguid=WINDOWS_HELLO)
    register(office, passkey, RS1)

    allow_legacy(office, False)
    assert reason_of(office.sign_in(passkey)) == "attestation_legacy"

    allow_legacy(office, True)
    assert reason_of(office.sign_in(passkey)) == "granted"
