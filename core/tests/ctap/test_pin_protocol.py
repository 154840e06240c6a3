"""PIN/UV auth protocols one and two, beside python-fido2's."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import CoseKey
from fido2.ctap2.pin import PinProtocolV1, PinProtocolV2
from keystead_core.ctap.entities import PeerKey
from keystead_core.ctap.pin_protocol import protocol_number, public_key
from keystead_core.ctap.status import CtapError, Status

PAIRS = [(1, PinProtocolV1()), (2, PinProtocolV2())]
IV = bytes(range(16))


@pytest.mark.parametrize(("number", "theirs"), PAIRS)
def test_both_ends_come_to_the_same_secret(number: int, theirs: Any) -> None:
    ours, private = protocol_number(number), ec.generate_private_key(ec.SECP256R1())
    their_key, their_secret = theirs.encapsulate(CoseKey.parse(public_key(private)))

    secret = ours.shared_secret(private, PeerKey(their_key[-2], their_key[-3]))

    assert secret == their_secret
    assert ours.decrypt(secret, theirs.encrypt(secret, b"s" * 64)) == b"s" * 64
    assert theirs.decrypt(secret, ours.encrypt(secret, b"t" * 32, IV)) == b"t" * 32
    assert ours.authenticate(secret, b"m") == theirs.authenticate(secret, b"m")
    assert ours.authenticate(b"k" * 32, b"m") == theirs.authenticate(b"k" * 32, b"m")


@pytest.mark.parametrize("number", [1, 2])
def test_refuses_a_point_that_is_not_on_the_curve(number: int) -> None:
    with pytest.raises(CtapError) as refused:
        protocol_number(number).shared_secret(
            ec.generate_private_key(ec.SECP256R1()), PeerKey(b"\x01" * 32, b"\x02" * 32)
        )

    assert refused.value.status is Status.INVALID_PARAMETER


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("spoiled", [b"", b"short", b"\0" * 16])
def test_refuses_a_code_that_is_not_the_one(number: int, spoiled: bytes) -> None:
    with pytest.raises(CtapError) as refused:
        protocol_number(number).verify(b"k" * 32, b"message", spoiled)

    assert refused.value.status is Status.PIN_AUTH_INVALID


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("encrypted", [b"", b"x" * 15, b"x" * 16 + b"y"])
def test_refuses_what_cannot_have_been_encrypted(number: int, encrypted: bytes) -> None:
    with pytest.raises(CtapError) as refused:
        protocol_number(number).decrypt(b"k" * 64 if number == 2 else b"k" * 32, encrypted)

    assert refused.value.status is Status.INVALID_PARAMETER


@pytest.mark.parametrize("number", [0, 3, -1])
def test_there_are_two_protocols(number: int) -> None:
    with pytest.raises(CtapError):
        protocol_number(number)
