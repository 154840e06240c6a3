"""Attestation chains, judged at a chosen moment (WebAuthn L3 §7.1, the step about trust anchors).

`cryptography`'s own path validation is made for web servers and refuses real TPM and older key
makers' chains, so the chain is built by OpenSSL's store, which takes a time (docs/decisions/0006).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from cryptography import x509
from OpenSSL import crypto

_MAX_CHAIN = 8


class RootStore:
    """The TrustAnchors port over root certificates that the operator chose.

    Without any, no attestation is trusted: passkeys are `claimed`, never `attested`.

    Args:
        roots: for each model the roots that may vouch for it, and under None those for every model.
    """

    def __init__(self, roots: Mapping[UUID | None, Sequence[x509.Certificate]]) -> None:
        self._roots = {model: tuple(kept) for model, kept in roots.items()}

    def trusts(self, aaguid: UUID, trust_path: Sequence[x509.Certificate], *, now: datetime) -> bool:
        # One maker's root must not vouch for another maker's model.
        roots = self._roots.get(aaguid, ()) + self._roots.get(None, ())
        if not roots or not trust_path or len(trust_path) > _MAX_CHAIN:
            return False
        store = crypto.X509Store()
        for root in roots:
            store.add_cert(crypto.X509.from_cryptography(root))
        # OpenSSL wants UTC without a zone.
        store.set_time(now.replace(tzinfo=None))
        leaf, *others = (crypto.X509.from_cryptography(certificate) for certificate in trust_path)
        try:
            crypto.X509StoreContext(store, leaf, others).verify_certificate()
        except crypto.X509StoreContextError:
            return False
        return True
