"""One COSE key, one message, one signature, one verdict: the door for outside COSE vectors.

A record has `coseKey`, `msg` and `sig` in base64url. The signature has the form
it has in WebAuthn: for ECDSA, DER. `unsupported` is said of algorithms that we
do not know, and of nothing else.
"""

from collections.abc import Mapping

from keystead_core.cose import CoseError, UnsupportedAlgorithm, parse_cose_key

from keystead_server.conformance.record import RecordMalformed, octets


def judge(record: Mapping[str, object]) -> tuple[str, str]:
    """Return the verdict and the reason: accept, reject or unsupported."""
    try:
        key = parse_cose_key(octets(record, "coseKey"))
        key.verify(octets(record, "sig"), octets(record, "msg"))
    except UnsupportedAlgorithm as refused:
        return "unsupported", f"{refused.code}: {refused}"
    except (CoseError, RecordMalformed) as refused:
        return "reject", f"{refused.code}: {refused}"
    return "accept", "ok"
