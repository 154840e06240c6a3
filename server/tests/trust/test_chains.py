"""Chains of attestation, judged against the roots that an operator chose, at a chosen moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from keystead_core.wire import b64url_decode
from keystead_server.domain.passkey import Proof
from keystead_server.flows.register_passkey import Offered, Outcome, Registered
from keystead_server.policy.passkeys.model import FIRST_POLICY, AttestationEnforcement
from keystead_server.trust.chains import RootStore
from keystead_server.trust.roots import RootsUnreadable, read_roots
from keystead_testkit.attesters import registration
from keystead_testkit.authority import EARLY, LATE, Authority, attested_by
from keystead_testkit.office import Office, reason_of
from keystead_testkit.soft_passkey import SoftPasskey

MODEL, OTHER_MODEL = UUID(int=0x11), UUID(int=0x22)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def chain(*links: Authority) -> list[x509.Certificate]:
    return [link.certificate for link in links]


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


@pytest.fixture(scope="module")
def passkey() -> SoftPasskey:
    return SoftPasskey(aaguid=MODEL)


def trusts(roots: dict[UUID | None, list[Authority]], links: list[x509.Certificate], now: datetime = NOW) -> bool:
    kept = {model: [each.certificate for each in those] for model, those in roots.items()}
    return RootStore(kept).trusts(MODEL, links, now=now)


def test_a_model_is_believed_when_its_chain_leads_to_a_root_for_it(root: Authority, passkey: SoftPasskey) -> None:
    factory = root.authority()

    assert trusts({MODEL: [root]}, chain(root.authenticator(passkey)))
    assert trusts({None: [root]}, chain(root.authenticator(passkey)))
    assert trusts({None: [root]}, chain(factory.authenticator(passkey), factory))
    assert trusts({None: [root]}, chain(factory.authenticator(passkey), factory, root))


def test_without_roots_or_without_a_chain_nobody_is_believed(root: Authority, passkey: SoftPasskey) -> None:
    assert not trusts({}, chain(root.authenticator(passkey)))
    assert not trusts({None: []}, chain(root.authenticator(passkey)))
    assert not trusts({None: [root]}, [])


def test_another_root_of_the_same_name_is_another_root(root: Authority, passkey: SoftPasskey) -> None:
    impostor = Authority.root("A maker's root")

    assert not trusts({None: [root]}, chain(impostor.authenticator(passkey)))
    assert not trusts({None: [root]}, chain(impostor.authenticator(passkey), impostor))


def test_a_root_for_one_model_does_not_vouch_for_another(root: Authority, passkey: SoftPasskey) -> None:
    assert not trusts({OTHER_MODEL: [root]}, chain(root.authenticator(passkey)))


def test_a_link_must_not_be_missing(root: Authority, passkey: SoftPasskey) -> None:
    assert not trusts({None: [root]}, chain(root.authority().authenticator(passkey)))


def test_a_certificate_that_is_no_authority_issues_nothing(root: Authority, passkey: SoftPasskey) -> None:
    customer = root.authority("Somebody's authenticator", ca=False)

    assert not trusts({None: [root]}, chain(customer.authenticator(passkey), customer))


@pytest.mark.parametrize("late", ["leaf", "factory", "root"])
def test_what_has_expired_is_judged_by_the_moment_that_is_given(passkey: SoftPasskey, late: str) -> None:
    end = NOW + timedelta(days=1)
    ends = {which: end if which == late else LATE for which in ("leaf", "factory", "root")}
    root = Authority.root(not_after=ends["root"])
    factory = root.authority(not_after=ends["factory"])
    links = chain(factory.authenticator(passkey, not_after=ends["leaf"]), factory)

    assert trusts({None: [root]}, links, NOW)
    assert not trusts({None: [root]}, links, end + timedelta(seconds=1))
    assert not trusts({None: [root]}, links, EARLY - timedelta(seconds=1))


def test_a_chain_longer_than_any_maker_needs_is_refused(root: Authority, passkey: SoftPasskey) -> None:
    authorities = [root]
    for _ in range(8):
        authorities.insert(0, authorities[0].authority(f"Factory {len(authorities)}"))

    assert not trusts({None: [root]}, chain(authorities[0].authenticator(passkey), *authorities[:-1]))


# -- the folder of roots ---------------------------------------------------------------------------


def test_a_file_named_by_a_model_is_for_that_model_and_any_other_for_all(tmp_path: Path, root: Authority) -> None:
    (tmp_path / f"{MODEL}.pem").write_bytes(root.pem)
    (tmp_path / "makers.pem").write_bytes(root.pem + Authority.root().pem)
    (tmp_path / "README.txt").write_text("not looked at")

    roots = read_roots(tmp_path)

    assert {model: len(kept) for model, kept in roots.items()} == {MODEL: 1, None: 2}


def test_without_a_folder_there_are_none() -> None:
    assert read_roots(None) == {}


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_that_cannot_be_read_is_named_and_not_skipped(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.pem").write_bytes(content)

    with pytest.raises(RootsUnreadable, match=r"broken\.pem") as refused:
        read_roots(tmp_path)

    assert refused.value.code == "attestation_roots_unreadable"


# -- through the flow ------------------------------------------------------------------------------


def register(office: Office, passkey: SoftPasskey, maker: Authority) -> Outcome:
    owner = office.session()
    offer = office.begin_registration(owner)
    assert isinstance(offer, Offered)
    passkey.user_handle = office.ada.handle
    challenge = b64url_decode(offer.options["challenge"])
    return office.finish_registration(registration(passkey, challenge, "packed", attested_by(passkey, maker)), owner)


@pytest.fixture
def strict_office(tmp_path: Path, root: Authority) -> Office:
    """Wants attested passkeys, and keeps one root for one model."""
    (tmp_path / f"{MODEL}.pem").write_bytes(root.pem)
    office = Office(attestation_roots=str(tmp_path))
    (profile,) = FIRST_POLICY.profiles
    strict = replace(profile, attestation_enforcement=AttestationEnforcement.REGISTRATION_ONLY)
    office.save_policy(replace(FIRST_POLICY, profiles=(strict,)))
    return office


def test_a_passkey_whose_model_is_proven_is_attested_and_admitted(strict_office: Office, root: Authority) -> None:
    outcome = register(strict_office, strict_office.new_passkey(aaguid=MODEL), root)

    assert isinstance(outcome, Registered)
    assert (outcome.passkey.proof, outcome.passkey.attestation_format, outcome.passkey.attestation_kind) == (
        Proof.ATTESTED, "packed", "basic",
    )  # fmt: skip


def test_an_attested_passkey_signs_in_with_the_class_for_hardware(strict_office: Office, root: Authority) -> None:
    passkey = strict_office.new_passkey(aaguid=MODEL)
    register(strict_office, passkey, root)

    assert strict_office.session(passkey).session.acr == "phrh"


def test_a_maker_we_do_not_know_proves_nothing(strict_office: Office) -> None:
    outcome = register(strict_office, strict_office.new_passkey(aaguid=MODEL), Authority.root())

    assert reason_of(outcome) == "attestation_required"


def test_a_known_maker_does_not_prove_a_model_that_is_not_theirs(strict_office: Office, root: Authority) -> None:
    outcome = register(strict_office, strict_office.new_passkey(aaguid=OTHER_MODEL), root)

    assert reason_of(outcome) == "attestation_required"


def test_a_synced_passkey_is_not_called_device_bound_whatever_its_attestation(
    strict_office: Office, root: Authority
) -> None:
    outcome = register(strict_office, strict_office.new_passkey(aaguid=MODEL, backup_eligible=True), root)

    assert reason_of(outcome) == "attestation_required"
