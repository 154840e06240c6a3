"""Devices at an office: codes, enrolments and registrations, with each step open to lies.

desk = DeviceDesk(tmp_path)                 # an office that trusts one TPM maker
laptop = desk.enrol(desk.tpm())             # ada's, enrolled
assert desk.register(laptop).passkey.proof is Proof.PROVEN
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from keystead_core.tpm import build, pin_index
from keystead_core.tpm.pin_index import UnlockRequest
from keystead_core.webauthn.aaguids import KEYSTEAD_TPM
from keystead_core.wire import b64url_decode
from keystead_server.domain.device import Device, TpmFacts
from keystead_server.domain.tenant import Tenant
from keystead_server.flows import register_passkey
from keystead_server.flows.activation import Challenged
from keystead_server.flows.allow_unlock import Allowed
from keystead_server.flows.ask_unlock import Asked, Collected, Waiting
from keystead_server.flows.attempts import Refused
from keystead_server.flows.device_checks import Presented
from keystead_server.flows.device_terms import DeviceTerms
from keystead_server.flows.enrol_device import Enrolled, Offered
from keystead_server.flows.renew_device import Renewed
from keystead_server.ports.store import SessionOwner

from keystead_testkit.attesters import registration
from keystead_testkit.loop import run
from keystead_testkit.office import Office
from keystead_testkit.soft_passkey import SoftPasskey
from keystead_testkit.soft_tpm import Attester, SoftTpm, TpmMaker

LOCK = b"\x00\x0b" + bytes(32)
CLAIMED_FACTS = TpmFacts("id:494E5443", "Claimed", "id:00000001")


@dataclass(frozen=True, slots=True)
class Laptop:
    """A TPM with what a server issued for its attestation key, and told it besides."""

    tpm: SoftTpm
    device: Device
    chain: list[bytes]
    terms: DeviceTerms

    def unlock_request(self, nonce: bytes = bytes(16)) -> UnlockRequest:
        """What its chip waits with, once the person's count was entrusted as the server said and is used up."""
        return unlock_request(self.terms.unlock_key, self.terms.unlock_person, nonce)


def unlock_request(unlock_key: ec.EllipticCurvePublicKey, person: bytes, nonce: bytes = bytes(16)) -> UnlockRequest:
    numbers = unlock_key.public_numbers()
    key = build.name(build.external_key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")))
    branches = pin_index.provider_branches(unlock_key=key, person=person, lock=LOCK)
    return UnlockRequest(branches.index(0x01800000).written().encoded(), LOCK, nonce)


class DeviceDesk:
    """Attributes:
    maker: the TPM maker whose root is in the office's folder.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.maker = TpmMaker.new()
        makers = folder / "tpm-makers"
        makers.mkdir()
        (makers / "maker.pem").write_bytes(self.maker.root.pem)
        self.office = Office(tpm_makers=str(makers), **settings)

    def tpm(self, **how: Any) -> SoftTpm:
        """A TPM of the trusted maker."""
        return SoftTpm.new(self.maker, **how)

    def code(self, owner: SessionOwner | None = None) -> str:
        offer = run(self.office.services.enrol_device.offer(owner or self.office.session()))
        assert isinstance(offer, Offered), offer
        return offer.code

    def presented(self, tpm: SoftTpm, /, **lies: Any) -> Presented:
        honest = Presented(
            name="ada's laptop",
            endorsement_public=tpm.endorsement_public,
            attestation_public=tpm.attestation_public,
            endorsement_certificate=tpm.certificate,
            tpm=CLAIMED_FACTS,
            firmware="600.18.0.0",
        )
        return replace(honest, **lies)

    def begin(
        self, tpm: SoftTpm, code: str | None = None, /, *, tenant: Tenant | None = None, **lies: Any
    ) -> Challenged | Refused:
        self.office.advance(milliseconds=1)
        flow, at = self.office.services.enrol_device, tenant or self.office.tenant
        code = self.code() if code is None else code
        return run(flow.begin(at, self.office.visitor(b""), code, self.presented(tpm, **lies)))

    def finish(
        self, challenged: Challenged | Refused, secret: bytes | None, *, tenant: Tenant | None = None
    ) -> Enrolled | Refused:
        assert isinstance(challenged, Challenged), challenged
        self.office.advance(milliseconds=1)
        flow, at = self.office.services.enrol_device, tenant or self.office.tenant
        return run(flow.finish(at, self.office.visitor(b""), challenged.state, secret or bytes(32)))

    def try_to_enrol(self, tpm: SoftTpm, code: str | None = None, /, **lies: Any) -> Enrolled | Refused:
        challenged = self.begin(tpm, code, **lies)
        if isinstance(challenged, Refused):
            return challenged
        return self.finish(challenged, open_with(tpm, challenged))

    def enrol(self, tpm: SoftTpm | None = None, code: str | None = None) -> Laptop:
        tpm = tpm or self.tpm()
        enrolled = self.try_to_enrol(tpm, code)
        assert isinstance(enrolled, Enrolled), enrolled
        return Laptop(tpm, enrolled.device, list(enrolled.certificate.chain), enrolled.terms)

    def renew(self, laptop: Laptop, tpm: SoftTpm | None = None) -> Renewed | Refused:
        """As *laptop*, with its own TPM or another."""
        self.office.advance(milliseconds=1)
        flow, visitor = self.office.services.renew_device, self.office.visitor(b"")
        challenged = run(flow.begin(self.office.tenant, visitor, laptop.device.id))
        if isinstance(challenged, Refused):
            return challenged
        secret = open_with(tpm or laptop.tpm, challenged) or bytes(32)
        self.office.advance(milliseconds=1)
        return run(flow.finish(self.office.tenant, visitor, challenged.state, secret))

    def ask_to_unlock(
        self, laptop: Laptop, tpm: SoftTpm | None = None, *, request: UnlockRequest | None = None
    ) -> Asked | Refused:
        """As *laptop*, with its own TPM or another, and with its own question or another."""
        challenged = self.begin_unlock(laptop, request)
        if isinstance(challenged, Refused):
            return challenged
        return self.finish_unlock(challenged, open_with(tpm or laptop.tpm, challenged))

    def begin_unlock(self, laptop: Laptop, request: UnlockRequest | None = None) -> Challenged | Refused:
        self.office.advance(milliseconds=1)
        flow, visitor = self.office.services.ask_unlock, self.office.visitor(b"")
        return run(flow.begin(self.office.tenant, visitor, laptop.device.id, request or laptop.unlock_request()))

    def finish_unlock(self, challenged: Challenged, secret: bytes | None) -> Asked | Refused:
        self.office.advance(milliseconds=1)
        flow, visitor = self.office.services.ask_unlock, self.office.visitor(b"")
        return run(flow.finish(self.office.tenant, visitor, challenged.state, secret or bytes(32)))

    def asks(self, laptop: Laptop) -> Asked:
        asked = self.ask_to_unlock(laptop)
        assert isinstance(asked, Asked), asked
        return asked

    def allow_unlock(self, code: str, owner: SessionOwner | None = None) -> Allowed | Refused:
        """As *owner*, or ada, who has just signed in."""
        owner = owner or self.office.session()
        self.office.advance(milliseconds=1)
        return run(self.office.services.allow_unlock.allow(owner, self.office.visitor(), code))

    def collect_unlock(self, asked: Asked) -> Collected | Waiting | Refused:
        self.office.advance(milliseconds=1)
        flow, visitor = self.office.services.ask_unlock, self.office.visitor(b"")
        return run(flow.collect(self.office.tenant, visitor, asked.ticket))

    def new_passkey(self, **how: Any) -> SoftPasskey:
        return self.office.new_passkey(**({"aaguid": KEYSTEAD_TPM} | how))

    def register(
        self,
        laptop: Laptop,
        passkey: SoftPasskey | None = None,
        *,
        owner: SessionOwner | None = None,
        attester: Attester | None = None,
        **lies: Any,
    ) -> register_passkey.Outcome:
        """Register *passkey* with a statement by *laptop*, or by another *attester*."""
        passkey, owner = passkey or self.new_passkey(), owner or self.office.session()
        offer = self.office.begin_registration(owner)
        assert isinstance(offer, register_passkey.Offered), offer
        passkey.user_handle = b64url_decode(offer.options["user"]["id"])
        made = attester or laptop.tpm.attest(passkey, laptop.chain, **lies)
        answer = registration(passkey, b64url_decode(offer.options["challenge"]), "tpm", made)
        return self.office.finish_registration(answer, owner)

    def state_of(self, laptop: Laptop) -> Device | None:
        return run(self.office.store.devices.get(self.office.tenant.id, laptop.device.id))


def open_with(tpm: SoftTpm, challenged: Challenged) -> bytes | None:
    return tpm.activate(challenged.credential.credential_blob, challenged.credential.secret)
