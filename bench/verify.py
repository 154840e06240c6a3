"""Assertions verified per second of CPU: ours beside py_webauthn and python-fido2, turn about in one run.

Each gets the JSON text that a browser sends and a stored credential, and does every check it knows.
Ours keeps the parsed key, as the server does; the others get theirs as their documentation shows.
"""

import json
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)
from keystead_core.webauthn import AssertionExpectation, parse_assertion, verify_assertion
from keystead_testkit.soft_passkey import SoftPasskey
from webauthn import verify_authentication_response

from bench.unit import measure_v

_CALLS = 1500
_RP_ID = "id.example.org"
_ORIGIN = "https://id.example.org"


def candidates() -> dict[str, Callable[[], object]]:
    passkey = SoftPasskey(rp_id=_RP_ID, origin=_ORIGIN, user_handle=os.urandom(32))
    stored = passkey.stored()
    challenge = os.urandom(32)
    text = json.dumps(passkey.answer(challenge))
    raw = text.encode()
    expected = AssertionExpectation(challenge=challenge, origins=frozenset({_ORIGIN}), rp_id=_RP_ID)

    def ours() -> object:
        return verify_assertion(parse_assertion(raw), expected, stored)

    def py_webauthn() -> object:
        return verify_authentication_response(
            credential=text,
            expected_challenge=challenge,
            expected_rp_id=_RP_ID,
            expected_origin=_ORIGIN,
            credential_public_key=stored.public_key.raw,
            credential_current_sign_count=0,
            require_user_verification=True,
        )

    server = Fido2Server(PublicKeyCredentialRpEntity(name="bench", id=_RP_ID))
    public_key = CoseKey.parse(cbor.decode(stored.public_key.raw))
    credential = AttestedCredentialData.create(Aaguid.NONE, stored.credential_id, public_key)
    _, state = server.authenticate_begin(
        [credential], challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
    )

    def python_fido2() -> object:
        return server.authenticate_complete(state, [credential], AuthenticationResponse.from_dict(json.loads(text)))

    return {"keystead": ours, "py_webauthn": py_webauthn, "python-fido2": python_fido2}


def measure(rounds: int = 7) -> dict[str, Any]:
    """Microseconds of CPU per assertion, and ours as a multiple of each peer's rate: medians of paired rounds."""
    tried = candidates()
    for call in tried.values():
        call()
    took: dict[str, list[float]] = {name: [] for name in tried}
    units = []
    for _ in range(rounds):
        units.append(measure_v())
        for name, call in tried.items():
            calls = _CALLS if name != "python-fido2" else _CALLS // 5
            started = time.process_time()
            for _ in range(calls):
                call()
            took[name].append((time.process_time() - started) / calls * 1e6)
    return {
        "v_us": round(median(units), 1),
        "microseconds": {name: round(median(values), 1) for name, values in took.items()},
        "per_second_per_core": {name: round(1e6 / median(values)) for name, values in took.items()},
        "our_rate_over": {
            name: round(median(theirs / ours for theirs, ours in zip(values, took["keystead"], strict=True)), 2)
            for name, values in took.items()
            if name != "keystead"
        },
    }
