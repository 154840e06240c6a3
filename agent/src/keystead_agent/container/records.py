"""What a container remembers, as values; `stored` has the one form in which they are kept.

Provider   an identity provider that was enrolled: the only sites a key is used for
Account, Traits   what is asked for when one is made
Passkey    one credential
Proof      what an identity provider has certified about this chip
PinFacts   about the PIN, without it: since when, what came before, how it has gone
Contents   all of a container, at one moment
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from keystead_core.link.pin_policy import PinPolicy
from keystead_core.wire.base64url import b64url_encode

from keystead_agent.container.errors import PinRulesContradict
from keystead_agent.container.ladder import NO_FAILURES, Ladder
from keystead_agent.container.pin_rules import PinRules, strictest
from keystead_agent.keystore.interface import AttestationKey, Foundation, Gate, KeyBlob, PublicPoint, UnlockKey


class Kind(StrEnum):
    """What a key signs: what sites ask for, or what its own identity provider asks of a device that it manages.

    One of them never does the other's work, and no front that a site can reach finds a Hello key.
    """

    PASSKEY = "passkey"
    HELLO = "hello"


@dataclass(frozen=True, slots=True)
class Provider:
    """An enrolled identity provider, as pinned at enrolment.

    Attributes:
        origins: serialised; a page is this provider's if its origin is exactly one of them.
        url: where its description was fetched.
    """

    rp_id: str
    origins: tuple[str, ...]
    issuer: str
    name: str
    tenant_id: str
    tenant_name: str
    url: str
    enrolled_at: datetime

    def to_json(self) -> dict[str, object]:
        return {
            "rp_id": self.rp_id,
            "origins": list(self.origins),
            "issuer": self.issuer,
            "name": self.name,
            "tenant": {"id": self.tenant_id, "name": self.tenant_name},
            "url": self.url,
            "enrolled_at": self.enrolled_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Account:
    """Who a new passkey is for, in the site's words."""

    user_handle: bytes
    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What is asked of a new key besides a signature (CTAP 2.1 §12.1, §12.5).

    Attributes:
        kind: HELLO for an account's key at its own identity provider; no site can ask for it.
    """

    protection: int = 1
    discoverable: bool = True
    hmac_secret: bool = False
    kind: Kind = Kind.PASSKEY


@dataclass(frozen=True, slots=True)
class Passkey:
    """One credential of this container.

    Attributes:
        sign_count: signatures made; only ever grows.
        protection: the level of CTAP's credProtect.
        discoverable: a site may find it without naming it, and it takes the place of an older one for its account.
        secret: the HMAC key of CTAP's hmac-secret; empty if the site did not ask for one.
        kind: a passkey, or the Hello key of an account at its identity provider.
    """

    credential_id: bytes
    rp_id: str
    user_handle: bytes
    name: str
    display_name: str
    created_at: datetime
    key: KeyBlob
    x: bytes
    y: bytes
    sign_count: int = 0
    protection: int = 1
    discoverable: bool = True
    secret: KeyBlob = KeyBlob(b"")  # noqa: RUF009 (bytes are immutable)
    kind: Kind = Kind.PASSKEY

    @property
    def public(self) -> PublicPoint:
        return PublicPoint(self.x, self.y)

    def replaces(self, known: "Passkey") -> bool:
        if self.credential_id == known.credential_id:
            return True
        same_account = (self.kind, self.rp_id, self.user_handle) == (known.kind, known.rp_id, known.user_handle)
        # Of those that are named by their ids there may be several: ssh makes all its keys for one account.
        return same_account and self.discoverable and known.discoverable

    def to_json(self) -> dict[str, object]:
        return {
            "credential": b64url_encode(self.credential_id),
            "rp_id": self.rp_id,
            "name": self.name,
            "display_name": self.display_name,
            "created_at": self.created_at.isoformat(),
            "sign_count": self.sign_count,
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """An identity provider's word that our attestation key is in a TPM.

    Attributes:
        issuer: the provider's.
        device_id, device_name: as the provider knows this computer.
        certificates: DER, the one for the attestation key first.
        user_handle: of the account in whose name it was proven; empty where the provider did not say.
        unlock: who may give the person's tries back; None where the provider did not say.
        pin: what it asks of a PIN; None where it did not say.
    """

    issuer: str
    device_id: str
    device_name: str
    certificates: tuple[bytes, ...]
    expires_at: datetime
    user_handle: bytes = b""
    unlock: UnlockKey | None = None
    pin: PinPolicy | None = None

    @property
    def chain(self) -> tuple[bytes, ...]:
        """What a statement carries: what the site trusts needs not be sent to it."""
        return self.certificates[:-1] or self.certificates

    def to_json(self) -> dict[str, object]:
        return {"device": self.device_id, "name": self.device_name, "expires_at": self.expires_at.isoformat()}


@dataclass(frozen=True, slots=True)
class PinFacts:
    """What is remembered about the PIN.

    Attributes:
        former: keyed digests of the PINs so far, the present one last; the key is behind the gate.
        unlock: who may give tries back.
    """

    set_at: datetime | None = None
    former: tuple[bytes, ...] = ()
    ladder: Ladder = NO_FAILURES
    unlock: UnlockKey | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """Attributes:
    mark: of the system on which it was written last; see `machine`.
    """

    foundation: Foundation
    gate: Gate | None = None
    providers: tuple[Provider, ...] = ()
    passkeys: tuple[Passkey, ...] = ()
    pin: PinFacts = PinFacts()
    attestation_key: AttestationKey | None = None
    proofs: tuple[Proof, ...] = ()
    mark: bytes = b""

    def pin_rules(self, own: PinRules) -> PinRules:
        """This computer's *own* rules and every provider's together.

        Raises:
            PinRulesContradict: no PIN could meet all of them.
        """
        try:
            return strictest([own, *(proof.pin for proof in self.proofs if proof.pin is not None)])
        except ValueError as error:
            raise PinRulesContradict(str(error)) from None

    @property
    def unlock_wanted(self) -> UnlockKey | None:
        """Who should give tries back: who does, as long as a proof says so, or the key that took that one's place.

        One index has one such key, so of several providers it is the one that was proven first.
        """
        offered = [proof.unlock for proof in self.proofs if proof.unlock is not None]
        held = self.pin.unlock
        if held is not None and held in offered:
            return held
        same = [unlock for unlock in offered if held is not None and unlock.person == held.person]
        return next(iter((*same, *offered)), None)

    def with_gate(self, gate: Gate, pin: PinFacts) -> Self:
        return replace(self, gate=gate, pin=pin)

    def with_ladder(self, ladder: Ladder) -> Self:
        return replace(self, pin=replace(self.pin, ladder=ladder))

    def with_provider(self, provider: Provider) -> Self:
        others = tuple(known for known in self.providers if known.issuer != provider.issuer)
        return replace(self, providers=(*others, provider))

    def without_provider(self, issuer: str) -> Self:
        providers = tuple(known for known in self.providers if known.issuer != issuer)
        return replace(self, providers=providers, proofs=self._proofs_but(issuer))

    def with_proof(self, proof: Proof) -> Self:
        return replace(self, proofs=(*self._proofs_but(proof.issuer), proof))

    def without_attestation(self) -> Self:
        """What was certified was certified for the key that goes."""
        return replace(self, attestation_key=None, proofs=())

    def _proofs_but(self, issuer: str) -> tuple[Proof, ...]:
        return tuple(known for known in self.proofs if known.issuer != issuer)

    def with_passkey(self, passkey: Passkey) -> Self:
        """Add or update.

        WebAuthn §6.3.2: a new passkey takes the place of one for the same relying party and user handle.
        """
        others = tuple(known for known in self.passkeys if not passkey.replaces(known))
        return replace(self, passkeys=(*others, passkey))

    def without_passkeys(self, credential_ids: set[bytes]) -> Self:
        return replace(self, passkeys=tuple(p for p in self.passkeys if p.credential_id not in credential_ids))
