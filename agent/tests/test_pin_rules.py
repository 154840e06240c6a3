"""What may be a PIN."""

from datetime import timedelta
from hashlib import sha256

import pytest
from keystead_agent.container.errors import PinUnfit
from keystead_agent.container.pin import hash_pin
from keystead_agent.container.pin_rules import PinRules, strictest
from keystead_core.link.pin_policy import Presence


@pytest.mark.parametrize(
    "pin", ["137946", "correct horse", "éèàùç!", "0" * 5 + "1", "１３７９４６", "123123", "187254", "x" * 126 + "y"]
)
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
        ("135791", "straight sequence"),
        ("963074", "straight sequence"),
        ("159371", "straight sequence"),
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


def test_a_hundred_pins_of_each_length_are_trivial_and_no_more() -> None:
    refused = []
    for number in range(10_000):
        try:
            PinRules(4).admit(f"{number:04}")
        except PinUnfit:
            refused.append(f"{number:04}")

    assert len(refused) == 100
    assert {"1111", "1234", "1357", "9630", "1593", "7036"} <= set(refused)
    assert not {"1231", "1872"} & set(refused)


@pytest.mark.parametrize(
    ("name", "with_it", "without", "spoken"),
    [
        ("digits", "abcde7", "abcdeg", "a digit"),
        ("lowercase", "ABCDEg", "ABCDEG", "a lower-case letter"),
        ("uppercase", "abcdeG", "abcdeg", "an upper-case letter"),
        ("special", "abcde!", "abcdeg", "a special character"),
    ],
)
def test_each_class_of_characters_can_be_asked_for_or_kept_out(
    name: str, with_it: str, without: str, spoken: str
) -> None:
    required, kept_out = (PinRules(**{name: presence}) for presence in (Presence.REQUIRE, Presence.DISALLOW))

    assert required.admit(with_it)
    assert kept_out.admit(without)
    with pytest.raises(PinUnfit, match=f"needs {spoken}"):
        required.admit(without)
    with pytest.raises(PinUnfit, match=f"may not have {spoken}"):
        kept_out.admit(with_it)


def test_rules_that_no_pin_could_satisfy_are_refused() -> None:
    nothing = dict.fromkeys(("digits", "lowercase", "uppercase", "special"), Presence.DISALLOW)

    with pytest.raises(ValueError, match="at least one class"):
        PinRules(**nothing)  # type: ignore[arg-type]
    for wrong in (-1, 51):
        with pytest.raises(ValueError, match="0 to 50"):
            PinRules(history=wrong)
    for days in (-1, 731):
        with pytest.raises(ValueError, match="730 days"):
            PinRules(expiry=timedelta(days=days))


def test_a_pin_expires_when_it_is_as_old_as_it_may_be() -> None:
    rules = PinRules(expiry=timedelta(days=30))

    assert not rules.expired(timedelta(days=29, hours=23))
    assert rules.expired(timedelta(days=30))
    assert not PinRules().expired(timedelta(days=10_000))


def test_of_several_rules_the_strictest_count() -> None:
    ours = PinRules(6, digits=Presence.REQUIRE, history=2, expiry=timedelta(days=90))
    theirs = PinRules(8, special=Presence.DISALLOW, history=5, expiry=timedelta(days=30))

    assert strictest([ours, theirs, PinRules()]) == PinRules(
        8, digits=Presence.REQUIRE, special=Presence.DISALLOW, history=5, expiry=timedelta(days=30)
    )
    assert strictest([]) == PinRules()
    with pytest.raises(ValueError, match="digits are required by one"):
        strictest([ours, PinRules(digits=Presence.DISALLOW)])
