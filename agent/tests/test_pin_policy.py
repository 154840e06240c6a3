"""What organisations ask of a PIN: the strictest counts, and who has one that no longer fits chooses another."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from keystead_agent.authenticator.errors import NotApproved
from keystead_agent.container.container import Container
from keystead_agent.container.errors import PinExpired, PinOutgrown, PinRulesContradict, PinUnfit
from keystead_agent.container.records import Proof, Provider
from keystead_agent.gesture.interface import Cancelled
from keystead_agent.keystore.errors import GestureRefused
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_core.link.pin_policy import PinPolicy, Presence
from keystead_testkit.clock import NOON, FixedClock
from keystead_testkit.container_desk import PIN, RP_ID, Desk

HERE = "https://id.example.org"
LONG = "5820947361"
EIGHT = PinPolicy(minimum=8, history=3)


def provider(tenant: str) -> Provider:
    url = f"{HERE}/{tenant}"
    return Provider(RP_ID, (HERE,), f"{url}/v2.0", tenant.title(), "t", tenant, url, NOON)


def proof(of: Provider) -> Proof:
    return Proof(of.issuer, "0198", "laptop", (b"leaf", b"authority"), NOON + timedelta(days=30))


CONTOSO, FABRIKAM = provider("contoso"), provider("fabrikam")


@pytest.fixture
def desk(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> Desk:
    return Desk(tmp_path / "state", software, clock)


def asked(desk: Desk, policy: PinPolicy | None, of: Proof | None = None) -> None:
    desk.container.enrolments.keep_proof(replace(of or proof(CONTOSO), pin=policy))


def test_the_strictest_of_all_enrolments_counts(desk: Desk) -> None:
    asked(desk, EIGHT)
    asked(desk, PinPolicy(lowercase=Presence.REQUIRE), proof(FABRIKAM))

    assert desk.container.pin_minimum == 8
    with pytest.raises(PinUnfit, match="at least 8"):
        desk.container.admit_pin("58209q")
    with pytest.raises(PinUnfit, match="lower-case"):
        desk.container.admit_pin(LONG)
    desk.container.admit_pin("5820947q61")


def test_a_pin_that_no_longer_fits_is_changed_at_its_next_use_in_words(desk: Desk) -> None:
    desk.create()
    asked(desk, EIGHT)

    desk.get(PIN, LONG)

    prompt = desk.person.prompts[-1]
    assert "rules for PINs have changed" in prompt.error
    assert "at least 8 characters" in prompt.error
    desk.get(LONG)
    with pytest.raises(GestureRefused):
        desk.container.check_pin(PIN)


def test_who_chooses_no_other_pin_gets_no_signature(desk: Desk) -> None:
    desk.create()
    asked(desk, EIGHT)

    with pytest.raises(NotApproved):
        desk.get(PIN, Cancelled())
    with pytest.raises(PinOutgrown):
        desk.container.sign(desk.container.passkeys[0].credential_id, PIN, lambda count: bytes(32))


def test_who_does_not_know_the_pin_is_told_nothing_about_it(desk: Desk) -> None:
    desk.create()
    asked(desk, EIGHT)
    left = desk.container.counted_tries().left

    with pytest.raises(GestureRefused):
        desk.container.sign(desk.container.passkeys[0].credential_id, "000111", lambda count: bytes(32))

    assert desk.container.counted_tries().left == left - 1


def test_a_pin_that_is_too_old_is_changed_the_same_way(desk: Desk, clock: FixedClock) -> None:
    desk.create()
    asked(desk, PinPolicy(expiry=timedelta(days=30)))
    clock.advance(timedelta(days=30))
    with pytest.raises(PinExpired):
        desk.container.sign(desk.container.passkeys[0].credential_id, PIN, lambda count: bytes(32))

    desk.get(PIN, LONG)

    desk.get(LONG)


def test_rules_that_contradict_each_other_are_not_taken(desk: Desk) -> None:
    asked(desk, PinPolicy(digits=Presence.REQUIRE))

    with pytest.raises(PinRulesContradict) as refused:
        asked(desk, PinPolicy(digits=Presence.DISALLOW), proof(FABRIKAM))

    assert refused.value.code == "pin_rules_contradict"
    assert desk.container.enrolments.proof_of(FABRIKAM.issuer) is None


def test_the_rules_are_there_after_a_restart_and_go_with_their_provider(
    desk: Desk, tmp_path: Path, software: SoftwareKeystore, clock: FixedClock
) -> None:
    desk.container.enrolments.enrol(FABRIKAM)
    asked(desk, EIGHT, proof(FABRIKAM))

    again = Container(tmp_path / "state", software, clock.now, os.urandom)
    assert again.pin_minimum == 8
    again.enrolments.unenrol(FABRIKAM.issuer)

    assert again.pin_minimum == 6
    assert again.passkeys_for(RP_ID) == ()


@pytest.mark.parametrize(
    "said",
    [{}, {"minimum": 6}, PinPolicy().to_json() | {"more": 1}, PinPolicy().to_json() | {"minimum": 3},
     PinPolicy().to_json() | {"minimum": True}, PinPolicy().to_json() | {"expiryDays": 10**9}],
)  # fmt: skip
def test_rules_that_cannot_be_are_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"rules for PINs|minimum|expiry"):
        PinPolicy.from_json(said)
