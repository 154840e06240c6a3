"""What the container keeps of a provider's proof, when it counts, and that a failed renewal ends nothing."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fido2.ctap2 import Ctap2
from fido2.hid import CtapHidDevice
from keystead_agent.authenticator.allow_list import Caller
from keystead_agent.container.container import Container
from keystead_agent.container.records import Proof, Provider
from keystead_agent.daemon.log import Log
from keystead_agent.daemon.offloading import OneThread
from keystead_agent.daemon.proving import Proving
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_testkit.clock import NOON, FixedClock
from keystead_testkit.ctap_agent import RP_ID, CtapAgent

HOST = "id.example.org"
ADA = b"ada"


def provider(tenant: str, origin: str = f"https://{HOST}") -> Provider:
    issuer, url = f"{origin}/{tenant}/v2.0", f"{origin}/{tenant}"
    return Provider(HOST, (origin,), issuer, tenant.title(), "t", tenant, url, NOON)


def proof(of: Provider, **changes: object) -> Proof:
    return Proof(of.issuer, "0198", "laptop", (b"leaf", b"authority"), NOON + timedelta(days=30))


@pytest.fixture
def container(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> Container:
    return Container(tmp_path / "state", software, clock.now, lambda size: b"r" * size)


CONTOSO, FABRIKAM = provider("contoso"), provider("fabrikam")


def test_a_proof_is_kept_until_it_ends(
    container: Container, tmp_path: Path, software: SoftwareKeystore, clock: FixedClock
) -> None:
    container.enrolments.enrol(CONTOSO)
    container.enrolments.keep_proof(proof(CONTOSO))

    reopened = Container(tmp_path / "state", software, clock.now, lambda size: b"r" * size)

    assert reopened.enrolments.proof_of(CONTOSO.issuer) == reopened.enrolments.proof_for(HOST, ADA) == proof(CONTOSO)
    assert reopened.enrolments.proof_for("elsewhere.example", ADA) is None
    clock.advance(timedelta(days=30))
    assert reopened.enrolments.proof_for(HOST, ADA) is None
    assert reopened.enrolments.proof_of(CONTOSO.issuer) is not None, "it can still be renewed"


def test_of_several_tenants_of_one_site_the_last_proven_counts(container: Container) -> None:
    for each in (CONTOSO, FABRIKAM):
        container.enrolments.enrol(each)
        container.enrolments.keep_proof(proof(each))
    assert container.enrolments.proof_for(HOST, ADA) == proof(FABRIKAM)

    container.enrolments.keep_proof(proof(CONTOSO))

    assert container.enrolments.proof_for(HOST, ADA) == proof(CONTOSO)


def test_of_several_tenants_of_one_site_the_accounts_own_counts_whichever_was_proven_last(
    container: Container,
) -> None:
    ours, theirs = replace(proof(CONTOSO), user_handle=ADA), replace(proof(FABRIKAM), user_handle=b"ada there")
    for enrolled, kept in ((CONTOSO, ours), (FABRIKAM, theirs)):
        container.enrolments.enrol(enrolled)
        container.enrolments.keep_proof(kept)

    for _ in range(2):
        assert container.enrolments.proof_for(HOST, ADA) == ours
        assert container.enrolments.proof_for(HOST, b"ada there") == theirs
        container.enrolments.keep_proof(ours)
    assert container.enrolments.proof_for(HOST, b"an account in whose name nothing was proven") == ours
    assert container.enrolments.proof_for("elsewhere.example", ADA) is None


def test_a_proof_goes_with_its_provider_and_with_the_key_it_is_about(container: Container) -> None:
    for each in (CONTOSO, FABRIKAM):
        container.enrolments.enrol(each)
        container.enrolments.keep_proof(proof(each))

    container.enrolments.unenrol(FABRIKAM.issuer)
    assert container.enrolments.proof_of(FABRIKAM.issuer) is None
    assert container.enrolments.proof_of(CONTOSO.issuer) is not None

    container.enrolments.forget_attestation_key()
    assert container.enrolments.proof_of(CONTOSO.issuer) is None


def test_what_the_site_trusts_is_not_sent_to_it() -> None:
    assert proof(CONTOSO).chain == (b"leaf",)
    assert Proof("i", "d", "n", (b"leaf",), NOON).chain == (b"leaf",)


def test_a_renewal_that_fails_is_logged_and_ends_nothing(
    container: Container, tmp_path: Path, clock: FixedClock
) -> None:
    nobody = provider("contoso", "http://localhost:9")
    container.enrolments.enrol(nobody)
    container.enrolments.keep_proof(proof(nobody))
    log = tmp_path / "agent.log"
    proving = Proving(clock.now, "laptop", OneThread(), OneThread(), Log(clock.now, log, stream=None))

    asyncio.run(proving.renew_for(container, Caller("http://localhost:9")))
    assert not log.exists(), "it is not due"
    clock.advance(timedelta(days=20))
    asyncio.run(proving.renew_for(container, Caller("https://elsewhere.example")))
    assert not log.exists(), "another site's page"
    asyncio.run(proving.renew_for(container, Caller("http://localhost:9")))

    assert '"event": "proof.unrenewed"' in log.read_text()
    assert '"code": "provider_unreachable"' in log.read_text()
    assert container.enrolments.proof_for(HOST, ADA) == proof(nobody)


# -- as a security key -----------------------------------------------------------------------------


@pytest.fixture
def plugged(tmp_path: Path, keystore: TpmKeystore) -> Iterator[CtapAgent]:
    (tmp_path / "agent").mkdir()
    with CtapAgent(tmp_path / "agent", keystore) as agent:
        yield agent


@pytest.mark.tpm
def test_a_security_key_vouches_where_it_is_proven(plugged: CtapAgent) -> None:
    (enrolled,) = [each for each in plugged.container.providers if each.rp_id == RP_ID]
    plugged.container.enrolments.keep_proof(
        Proof(enrolled.issuer, "0198", "laptop", (b"leaf", b"authority"), plugged.clock.now() + timedelta(days=30))
    )
    device: CtapHidDevice = plugged.plug_in().open()

    made = Ctap2(device).make_credential(
        b"h" * 32, {"id": RP_ID, "name": RP_ID}, {"id": b"ada", "name": "ada"}, [{"type": "public-key", "alg": -7}],
        options={"rk": True, "uv": True},
    )  # fmt: skip

    assert made.fmt == "tpm"
    assert made.att_stmt["x5c"] == [b"leaf"]
    assert made.att_stmt["certInfo"][:4] == b"\xffTCG"
