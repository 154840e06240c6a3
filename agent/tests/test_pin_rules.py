"""What may be a PIN."""

from hashlib import sha256

import pytest
from keystead_agent.container.errors import PinUnfit
from keystead_agent.container.pin import PinRules, hash_pin


@pytest.mark.parametrize("pin", ["137946", "correct horse", "éèàùç!", "0" * 5 + "1", "１３７９４６", "x" * 126 + "y"])
def test_admits(pin: str) -> None:
    assert PinRules().admit(pin) == hash_pin(pin)


@pytest.mark.parametrize(
    ("pin", "reason"),
    [
        ("", "too short"),
        ("13794", "too short"),
        ("x" * 127 + "y", "too long"),
        ("111111", "one character repeated"),
        ("éééééé", "one character repeated"),
        ("123456", "straight sequence"),
        ("654321", "straight sequence"),
        ("1234567890", "straight sequence"),
        ("567890", "straight sequence"),
        ("098765", "straight sequence"),
        ("789012", "straight sequence"),
        ("abcdef", "straight sequence"),
        ("fedcba", "straight sequence"),
    ],
)
def test_refuses_with_the_reason(pin: str, reason: str) -> None:
    with pytest.raises(PinUnfit, match=reason) as refused:
        PinRules().admit(pin)

    assert refused.value.code == "pin_unfit"


def test_the_minimum_can_be_set_between_four_and_the_longest() -> None:
    assert PinRules(4).admit("1379")
    with pytest.raises(PinUnfit, match="at least 8"):
        PinRules(8).admit("1379461")
    for wrong in (3, 0, 128):
        with pytest.raises(ValueError, match="4 to 127"):
            PinRules(wrong)


def test_length_is_counted_in_characters_after_composition() -> None:
    decomposed = "e\u0301" * 3 + "abc"  # six characters for a person, nine code points before NFC

    assert PinRules(6).admit(decomposed) == hash_pin("ééé" + "abc")
    with pytest.raises(PinUnfit, match="too short"):
        PinRules(7).admit(decomposed)


def test_what_is_kept_is_what_ctap_sends() -> None:
    assert hash_pin("137946") == sha256(b"137946").digest()[:16]
