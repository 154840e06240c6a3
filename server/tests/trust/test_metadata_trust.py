"""What the metadata change for people: whose attestation counts, who is refused, and what models are called."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from keystead_core.webauthn import KEYSTEAD_TPM
from keystead_core.wire import b64url_decode
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Proof
from keystead_server.flows.register_passkey import Offered, Outcome, Registered
from keystead_server.main.foundation import open_metadata
from keystead_server.policy.passkeys.decide import COMPROMISED
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_server.ports.metadata import model_name
from keystead_server.trust.chains import RootStore
from keystead_server.trust.metadata.shelf import KEPT, MetadataShelf
from keystead_testkit.attesters import registration
from keystead_testkit.authority import EARLY, Authority, attested_by
from keystead_testkit.metadata_service import SIGNER, MetadataService, base64_of, entry, report
from keystead_testkit.office import Office, reason_of
from keystead_testkit.soft_passkey import SoftPasskey

KEY, OTHER_KEY = UUID(int=0x11), UUID(int=0x22)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SERVICE = MetadataService.opened()
MAKER = Authority.root()


def chain(*links: Authority) -> list[x509.Certificate]:
    return [link.certificate for link in links]


@pytest.fixture
def shelf(tmp_path: Path) -> MetadataShelf:
    return MetadataShelf(tmp_path / KEPT, [SERVICE.root.certificate], SIGNER)


def anchors(shelf: MetadataShelf, *entries: object) -> RootStore:
    shelf.accept(SERVICE.blob(*entries), NOW)
    return RootStore({}, shelf)


# -- whose attestation counts ----------------------------------------------------------------------


def test_a_root_of_the_metadata_vouches_for_its_own_model_only(shelf: MetadataShelf) -> None:
    store = anchors(shelf, entry(KEY, roots=[MAKER]), entry(OTHER_KEY, roots=[Authority.root()]))
    leaf = chain(MAKER.authenticator(SoftPasskey(aaguid=KEY)))

    assert store.trusts(KEY, leaf, now=NOW)
    assert not store.trusts(OTHER_KEY, leaf, now=NOW)
    assert not store.trusts(UUID(int=0x33), leaf, now=NOW)


def test_the_operators_roots_count_beside_those_of_the_metadata(shelf: MetadataShelf) -> None:
    shelf.accept(SERVICE.blob(entry(KEY, roots=[Authority.root()])), NOW)
    store = RootStore({KEY: [MAKER.certificate]}, shelf)

    assert store.trusts(KEY, chain(MAKER.authenticator(SoftPasskey(aaguid=KEY))), now=NOW)


def test_an_intermediate_may_be_the_end_of_a_chain_in_the_metadata_and_not_in_the_operators_folder(
    shelf: MetadataShelf,
) -> None:
    factory = MAKER.authority()
    leaf = chain(factory.authenticator(SoftPasskey(aaguid=KEY)))

    assert anchors(shelf, entry(KEY, roots=[factory])).trusts(KEY, leaf, now=NOW)
    assert not RootStore({KEY: [factory.certificate]}).trusts(KEY, leaf, now=NOW)


def test_an_attestation_certificate_that_is_listed_itself_is_trusted_for_its_model_only(shelf: MetadataShelf) -> None:
    leaf = MAKER.authenticator(SoftPasskey(aaguid=KEY))
    own = Authority.by_itself(SoftPasskey(aaguid=KEY))
    store = anchors(shelf, entry(KEY, roots=[leaf, own]), entry(OTHER_KEY))

    assert store.trusts(KEY, chain(leaf), now=NOW)
    assert store.trusts(KEY, chain(own), now=NOW)
    assert not store.trusts(OTHER_KEY, chain(leaf), now=NOW)
    assert not store.trusts(KEY, chain(MAKER.authenticator(SoftPasskey(aaguid=KEY))), now=NOW)


def test_a_listed_attestation_certificate_vouches_for_nothing_below_it(shelf: MetadataShelf) -> None:
    own = Authority.by_itself(SoftPasskey(aaguid=KEY))
    store = anchors(shelf, entry(KEY, roots=[own]))

    assert not store.trusts(KEY, chain(own.authenticator(SoftPasskey(aaguid=KEY)), own), now=NOW)


def test_a_listed_attestation_certificate_is_trusted_while_it_is_valid(shelf: MetadataShelf) -> None:
    own = Authority.by_itself(SoftPasskey(aaguid=KEY), not_after=NOW + timedelta(days=1))
    store = anchors(shelf, entry(KEY, roots=[own]))

    assert not store.trusts(KEY, chain(own), now=NOW + timedelta(days=2))
    assert not store.trusts(KEY, chain(own), now=EARLY - timedelta(seconds=1))


@pytest.mark.parametrize("field", ["certificate", "batchCertificate"])
def test_a_batch_whose_attestation_key_leaked_is_no_longer_vouched_for_and_others_are(
    shelf: MetadataShelf, field: str
) -> None:
    one, two = MAKER.authority("One"), MAKER.authority("Two")
    leaked, sound = one.authenticator(SoftPasskey(aaguid=KEY)), two.authenticator(SoftPasskey(aaguid=KEY))
    reported = report("ATTESTATION_KEY_COMPROMISE", "2026-03-02", **{field: base64_of(one.certificate)})
    store = anchors(shelf, entry(KEY, reported, roots=[MAKER]))

    assert not store.trusts(KEY, chain(leaked, one), now=NOW)
    assert store.trusts(KEY, chain(leaked, one), now=NOW - timedelta(days=1))
    assert store.trusts(KEY, chain(sound, two), now=NOW)
    model = shelf.about(KEY)
    assert model is not None
    assert not model.statuses_on(NOW.date()) & COMPROMISED
    # The operator's own roots do not make good what leaked.
    assert not RootStore({None: [MAKER.certificate]}, shelf).trusts(KEY, chain(leaked, one), now=NOW)


# -- who is refused --------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Its one passkey in use is of the model KEY; no metadata have come yet."""
    (tmp_path / "root.pem").write_bytes(SERVICE.root.pem)
    office = Office(
        data=tmp_path, fido_metadata=str(tmp_path / "blob.jwt"), fido_metadata_root=str(tmp_path / "root.pem")
    )
    office.passkey = office.with_passkey(office.ada, aaguid=KEY)
    return office


@pytest.fixture
def publish(office: Office) -> Callable[..., None]:
    """The service publishes a blob with these entries, and the office has refreshed."""
    numbers = iter(range(1, 100))

    def published(*entries: dict[str, Any]) -> None:
        shelf = office.services.metadata
        assert isinstance(shelf, MetadataShelf)
        shelf.accept(SERVICE.blob(*entries, no=next(numbers)), office.clock.now())

    return published


@pytest.mark.parametrize("status", sorted(COMPROMISED))
def test_a_passkey_of_a_compromised_model_does_not_sign_in_until_a_later_blob_lifts_it(
    office: Office, publish: Callable[..., None], status: str
) -> None:
    publish(entry(KEY, report(status, "2026-03-01")))
    assert reason_of(office.sign_in()) == "authenticator_compromised"
    assert status in office.rows[-1].detail

    publish(entry(KEY, report(status, "2026-03-01"), report("UPDATE_AVAILABLE", "2026-03-02")))
    assert reason_of(office.sign_in()) == "granted"
    publish(entry(KEY, report(status, "2026-03-01")))
    assert reason_of(office.sign_in()) == "authenticator_compromised"
    publish()
    assert reason_of(office.sign_in()) == "granted"


@pytest.mark.parametrize("status", ["NOT_FIDO_CERTIFIED", "FIDO_CERTIFIED_L1", "UPDATE_AVAILABLE", "RETIRED"])
def test_other_reports_refuse_nobody(office: Office, publish: Callable[..., None], status: str) -> None:
    publish(entry(KEY, report(status, "2026-03-01")))

    assert reason_of(office.sign_in()) == "granted"


def test_a_report_refuses_from_its_day_on(office: Office, publish: Callable[..., None]) -> None:
    publish(entry(KEY, report("REVOKED", "2026-03-03")))

    assert reason_of(office.sign_in()) == "granted"
    office.advance(days=1)
    assert reason_of(office.sign_in()) == "authenticator_compromised"


def test_without_metadata_nobody_is_refused_and_what_was_kept_counts_after_a_restart(
    office: Office, publish: Callable[..., None]
) -> None:
    assert reason_of(office.sign_in()) == "granted"

    publish(entry(KEY, report("REVOKED", "2026-03-01")))
    office.services = office.started()
    assert reason_of(office.sign_in()) == "authenticator_compromised"

    (office.config.data / KEPT).write_bytes(b"damaged")
    office.services = office.started()
    assert reason_of(office.sign_in()) == "granted"


def test_switched_off_again_what_was_kept_does_not_count(office: Office, publish: Callable[..., None]) -> None:
    publish(entry(KEY, report("REVOKED", "2026-03-01")))

    assert open_metadata(replace(office.config, fido_metadata="")).about(KEY) is None


def register(office: Office, passkey: SoftPasskey, maker: Authority) -> Outcome:
    owner = office.session_by_pass(office.ada)
    offer = office.begin_registration(owner)
    assert isinstance(offer, Offered)
    passkey.user_handle = office.ada.handle
    challenge = b64url_decode(offer.options["challenge"])
    return office.finish_registration(registration(passkey, challenge, "packed", attested_by(passkey, maker)), owner)


def test_a_compromised_model_is_not_registered(office: Office, publish: Callable[..., None]) -> None:
    publish(entry(KEY, report("USER_KEY_REMOTE_COMPROMISE", "2026-03-01"), roots=[MAKER]))

    assert reason_of(register(office, office.new_passkey(aaguid=KEY), MAKER)) == "authenticator_compromised"


def test_a_model_in_the_metadata_is_attested_and_named_without_any_folder_of_roots(
    office: Office, publish: Callable[..., None]
) -> None:
    publish(entry(OTHER_KEY, report("FIDO_CERTIFIED_L1"), name="Maker's key with a name " + "n" * 80, roots=[MAKER]))

    outcome = register(office, office.new_passkey(aaguid=OTHER_KEY), MAKER)

    assert isinstance(outcome, Registered)
    assert outcome.passkey.proof is Proof.ATTESTED
    assert outcome.passkey.name == ("Maker's key with a name " + "n" * 80)[:64]


def test_a_policy_cannot_be_saved_when_metadata_leave_no_administrator_a_passkey(
    office: Office, publish: Callable[..., None]
) -> None:
    office.with_passkey(office.administrator, aaguid=OTHER_KEY)
    office.save_policy(FIRST_POLICY)
    publish(entry(OTHER_KEY, report("REVOKED")))

    with pytest.raises(Invalid) as refused:
        office.save_policy(FIRST_POLICY)

    assert refused.value.code == "locks_out_administrators"


# -- what models are called ------------------------------------------------------------------------


def test_our_own_name_of_a_model_comes_before_its_makers(shelf: MetadataShelf) -> None:
    anchors(shelf, entry(KEYSTEAD_TPM, name="Something else"), entry(KEY, name="A maker's key"))

    assert model_name(shelf, KEYSTEAD_TPM) == "Keystead on a TPM"
    assert model_name(shelf, KEY) == "A maker's key"
    assert model_name(shelf, OTHER_KEY) is None
