"""Who this TPM is, and what it vouches for: endorsement key, attestation key, TPM2_Certify.

The endorsement key is made from the chip's endorsement seed and the TCG's
template, so it is the one that the maker's certificate is about, each time. The
attestation key is an item like any other, kept in the container.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from keystead_core.tpm import build, commands, endorsement, nv
from keystead_core.tpm.codes import (
    EK_CERTIFICATE_P256,
    EK_CERTIFICATE_RSA,
    ENDORSEMENT,
    RSA_BITS,
    ResponseCode,
    SessionUse,
)
from keystead_core.tpm.commands import Created, Primary
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.faults import TpmError
from keystead_core.tpm.sessions import EMPTY_PASSWORD
from keystead_core.tpm.structures import parse_public_area

from keystead_agent.keystore.bus import Bus, using
from keystead_agent.keystore.chip import Chip
from keystead_agent.keystore.errors import ActivationRefused
from keystead_agent.keystore.interface import AttestationIdentity, Certification

_READ_AT_ONCE: Final = 512  # TPM_PT_NV_BUFFER_MAX is at least this
_TEMPLATES: Final = (
    # P-256 first: a chip makes it in a moment, an RSA key in seconds.
    (EK_CERTIFICATE_P256, endorsement.p256_endorsement_key()),
    (EK_CERTIFICATE_RSA, endorsement.rsa_endorsement_key()),
)
_NOT_FOR_IT: Final = frozenset(
    {
        ResponseCode.TPM_RC_INTEGRITY,
        ResponseCode.TPM_RC_VALUE,
        ResponseCode.TPM_RC_SIZE,
        ResponseCode.TPM_RC_ECC_POINT,
        ResponseCode.TPM_RC_INSUFFICIENT,
        # What swtpm says of a seed that was encrypted to another chip's RSA key. A chip that has failed for good
        # would not have come this far.
        ResponseCode.TPM_RC_FAILURE,
    }
)


def make_attestation_key(chip: Chip) -> Created:
    return chip.create(endorsement.attestation_key())


def identity(chip: Chip, attestation_key: Created) -> AttestationIdentity:
    """The endorsement key that the maker certified, else the P-256 one without a certificate."""
    for handle, template in _TEMPLATES:
        certificate = _certificate(chip.bus, handle)
        if certificate is not None:
            with _endorsement_key(chip.bus, template) as primary:
                if _certified_key(certificate) == _spki(primary.public):
                    return AttestationIdentity(certificate, primary.public, attestation_key.public)
    with _endorsement_key(chip.bus, endorsement.p256_endorsement_key()) as primary:
        return AttestationIdentity(None, primary.public, attestation_key.public)


def endorsement_name(bus: Bus) -> bytes:
    """What stays the same when the chip's owner clears it; empty if the chip does not say."""
    try:
        with _endorsement_key(bus, endorsement.p256_endorsement_key()) as primary:
            return build.name(primary.public)
    except TpmError:
        return b""


def activate(chip: Chip, attestation_key: Created, credential: bytes, secret: bytes) -> bytes:
    """Raises ActivationRefused."""
    with (
        chip.loaded(attestation_key) as key,
        _endorsement_key(chip.bus, _template_for(secret)) as primary,
        chip.policy_session() as live,
    ):
        chip.bus.run(commands.policy_secret(ENDORSEMENT, live.session.handle), EMPTY_PASSWORD)
        call = commands.activate_credential(key, primary.handle, credential, secret)
        try:
            return chip.bus.run(call, using(chip.session, attributes=SessionUse.ENCRYPT), using(live))
        except TpmError as error:
            if error.base in _NOT_FOR_IT:
                raise ActivationRefused from error
            raise


def _template_for(encrypted_seed: bytes) -> bytes:
    """Which endorsement key a server has encrypted its seed to: for RSA it is as long as the modulus."""
    is_rsa = len(encrypted_seed) == RSA_BITS // 8
    return endorsement.rsa_endorsement_key() if is_rsa else endorsement.p256_endorsement_key()


def certify(chip: Chip, item: Created, auth: bytes, by: Created, qualifying: bytes) -> Certification:
    with chip.loaded(item) as subject, chip.loaded(by) as signer:
        protection = using(chip.session, auth, SessionUse.DECRYPT)
        certified = chip.bus.run(commands.certify(subject, signer, qualifying), protection, EMPTY_PASSWORD)
    signature = encode_dss_signature(certified.signature.r, certified.signature.s)
    return Certification(certified.attested, signature, item.public)


@contextmanager
def _endorsement_key(bus: Bus, template: bytes) -> Iterator[Primary]:
    made = bus.run(commands.create_primary(ENDORSEMENT, template), EMPTY_PASSWORD)
    bus.learn_name(made.handle, made.public)
    with bus.flushing(made.handle):
        yield made


def _certificate(bus: Bus, handle: int) -> bytes | None:
    try:
        index = bus.run(nv.nv_read_public(handle))
        bus.learn(handle, index.name)
        return endorsement.first_certificate(_read(bus, handle, index.size))
    except (TpmError, TpmStructureInvalid):
        return None


def _read(bus: Bus, handle: int, size: int) -> bytes:
    content = b""
    while len(content) < size:
        wanted = min(_READ_AT_ONCE, size - len(content))
        content += bus.run(nv.nv_read(handle, wanted, len(content)), EMPTY_PASSWORD)
    return content


def _certified_key(certificate: bytes) -> bytes | None:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError:
        return None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spki(public: bytes) -> bytes:
    return parse_public_area(public).key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
