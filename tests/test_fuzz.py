"""Nothing that a stranger sends breaks a parser: arbitrary bytes, and good input bent in a few places."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.targets import TARGETS, Target

_BENDS = st.lists(st.tuples(st.integers(0, 1 << 16), st.sampled_from("fid"), st.binary(max_size=4)), max_size=4)


@st.composite
def inputs(draw: st.DrawFn, target: Target) -> bytes:
    if not target.seeds or draw(st.integers(0, 3)) == 0:
        return draw(st.binary(max_size=200))
    data = bytearray(draw(st.sampled_from(target.seeds)))
    for where, how, what in draw(_BENDS):
        at = where % (len(data) + 1)
        match how:
            case "f" if data:
                data[at - 1] ^= 1 << (where % 8)
            case "i":
                data[at:at] = what
            case _:
                del data[at : at + 1 + len(what)]
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_is_answered_or_refused_in_its_own_words(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(inputs(target))
    def feed(data: bytes) -> None:
        target(data)

    feed()


def test_a_finding_is_one() -> None:
    careless = Target(lambda data: data.decode("ascii"), (KeyError,))

    with pytest.raises(UnicodeDecodeError):
        careless(b"\xff")
