"""Judges an attestation's chain, apart from its statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cryptography import x509


class TrustAnchors(Protocol):
    def trusts(self, aaguid: UUID, trust_path: Sequence[x509.Certificate], *, now: datetime) -> bool:
        """Whether *trust_path* (leaf first) chains, at *now*, to a root kept for attestation of this model."""
        ...
