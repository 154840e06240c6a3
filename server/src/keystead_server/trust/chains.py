"""Attestation chains, judged at a chosen moment (WebAuthn L3 §7.1, the step about trust anchors).

`cryptography`'s own path validation is made for web servers and refuses real TPM and older key
makers' chains, so the chain is built by OpenSSL's store, which takes a time (docs/decisions/0006).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cryptography import x509
from OpenSSL import crypto

MAX_CHAIN = 8


def verified_chain(
    roots: Sequence[x509.Certificate],
    path: Sequence[x509.Certificate],
    *,
    now: datetime,
    any_is_an_end: bool = False,
) -> list[x509.Certificate] | None:
    """The chain from the first of *path* up to one of *roots*, valid at *now*; None when there is none.

    With *any_is_an_end* a certificate in *roots* need not have signed itself.
    """
    if not roots or not path or len(path) > MAX_CHAIN:
        return None
    store = crypto.X509Store()
    if any_is_an_end:
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    for root in roots:
        store.add_cert(crypto.X509.from_cryptography(root))
    # OpenSSL wants UTC without a zone.
    store.set_time(now.replace(tzinfo=None))
    leaf, *others = (crypto.X509.from_cryptography(certificate) for certificate in path)
    try:
        chain = crypto.X509StoreContext(store, leaf, others).get_verified_chain()
    except crypto.X509StoreContextError:
        return None
    return [each.to_cryptography() for each in chain]


class ModelRoots(Protocol):
    """What the metadata have about the attestation of a model."""

    def roots_of(self, aaguid: UUID) -> Sequence[x509.Certificate]: ...

    def withdrawn(self, aaguid: UUID, now: datetime) -> Sequence[x509.Certificate]:
        """Certificates of this model's attestation whose key is known to be compromised."""
        ...


class RootStore:
    """The TrustAnchors port over roots that the operator chose, and those of the metadata.

    Without any, no attestation is trusted: passkeys are `claimed`, never `attested`.

    Args:
        roots: for each model the roots that may vouch for it, and under None those for every model.
        metadata: roots that vouch for their own model only.
    """

    def __init__(
        self, roots: Mapping[UUID | None, Sequence[x509.Certificate]], metadata: ModelRoots | None = None
    ) -> None:
        self._roots = {model: tuple(kept) for model, kept in roots.items()}
        self._metadata = metadata

    def trusts(self, aaguid: UUID, trust_path: Sequence[x509.Certificate], *, now: datetime) -> bool:
        # One maker's root must not vouch for another maker's model.
        chosen = self._roots.get(aaguid, ()) + self._roots.get(None, ())
        chain = verified_chain(chosen, trust_path, now=now)
        if self._metadata is None:
            return chain is not None
        if chain is None:
            # The metadata may end at an intermediate, or at the attestation certificate itself: it is
            # then this model's own, and vouches for nothing below it, being no authority.
            chain = verified_chain(self._metadata.roots_of(aaguid), trust_path, now=now, any_is_an_end=True)
        if chain is None:
            return False
        withdrawn = self._metadata.withdrawn(aaguid, now)
        return not any(each in withdrawn for each in (*chain, *trust_path))
