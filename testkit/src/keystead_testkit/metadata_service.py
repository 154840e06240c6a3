"""A made-up FIDO Metadata Service: a root, who signs under it, and blobs with entries as tests want them."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from keystead_core.jose import Jwk, sign

from keystead_testkit.authority import Authority

SIGNER = "mds.fidoalliance.org"


def base64_of(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def report(status: str, since: str | None = None, **more: Any) -> dict[str, Any]:
    return {"status": status, **({} if since is None else {"effectiveDate": since}), **more}


def entry(
    aaguid: UUID, *reports: dict[str, Any], name: str = "A security key", roots: Sequence[Authority] = (), **more: Any
) -> dict[str, Any]:
    """An entry as the service has it; *more* goes into its metadata statement."""
    return {
        "aaguid": str(aaguid),
        "metadataStatement": {
            "description": name,
            "protocolFamily": "fido2",
            "attestationRootCertificates": [base64_of(root.certificate) for root in roots],
            **more,
        },
        "statusReports": list(reports),
        "timeOfLastStatusChange": "2026-01-01",
    }


@dataclass(frozen=True, slots=True)
class MetadataService:
    """Attributes:
    between: who issued the signer's certificate.
    """

    root: Authority
    between: Authority
    signer: Authority

    @classmethod
    def opened(cls) -> "MetadataService":
        root = Authority.root("A root for signing")
        between = root.authority("An issuer of signers")
        return cls(root, between, between.host(SIGNER))

    def blob(
        self,
        *entries: object,
        no: int = 1,
        next_update: str | None = "2026-04-01",
        chain: Sequence[Authority] | None = None,
        signed_by: Authority | None = None,
        **header: Any,
    ) -> bytes:
        """A signed blob; *chain* and *signed_by* are for lies about who signed."""
        chain = (self.signer, self.between) if chain is None else chain
        payload = {
            "legalHeader": "made up",
            "no": no,
            **({} if next_update is None else {"nextUpdate": next_update}),
            "entries": list(entries),
        }
        return self.signed(json.dumps(payload).encode(), chain, signed_by, **header)

    def signed(
        self, payload: bytes, chain: Sequence[Authority] = (), signed_by: Authority | None = None, **header: Any
    ) -> bytes:
        chain = chain or (self.signer, self.between)
        x5c = [base64_of(each.certificate) for each in chain]
        key = (signed_by or chain[0]).key
        return sign({"alg": "ES256", "typ": "JWT", "x5c": x5c, **header}, payload, Jwk(key)).encode()
