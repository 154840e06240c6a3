"""A value made fast is the value that `dataclasses` alone would have made."""

from copy import copy
from dataclasses import FrozenInstanceError, dataclass, field, replace
from inspect import signature

import pytest
from keystead_core.fast_init import fast_init


@dataclass(frozen=True, slots=True)
class Plain:
    name: str
    number: int = 7
    kept: list[str] = field(default_factory=list)


@fast_init
@dataclass(frozen=True, slots=True)
class Fast:
    name: str
    number: int = 7
    kept: list[str] = field(default_factory=list)


def test_it_takes_what_it_would_have_taken_and_holds_it() -> None:
    assert list(signature(Fast).parameters) == list(signature(Plain).parameters)
    for made in (Fast("a", 1, ["b"]), Fast(kept=["b"], number=1, name="a"), replace(Fast("a"), number=1, kept=["b"])):
        assert (made.name, made.number, made.kept) == ("a", 1, ["b"])
        assert made == Fast("a", 1, ["b"]) == copy(made)
    assert repr(Fast("a")) == repr(Plain("a")).replace("Plain", "Fast")


def test_what_is_not_given_is_as_the_class_says_and_nobody_shares_a_list() -> None:
    first, second = Fast("a"), Fast("a")

    assert (first.number, first.kept) == (7, [])
    assert first.kept is not second.kept


def test_it_stays_frozen() -> None:
    made = Fast("a")

    with pytest.raises(FrozenInstanceError):
        made.name = "b"  # type: ignore[misc]
    assert not hasattr(made, "__dict__")


def test_what_is_missing_is_said_as_ever() -> None:
    with pytest.raises(TypeError, match=r"Fast.__init__\(\) missing 1 required positional argument: 'name'"):
        Fast()  # type: ignore[call-arg]


def test_a_class_that_checks_its_fields_is_refused() -> None:
    with pytest.raises(TypeError, match="does more"):

        @fast_init
        @dataclass(frozen=True, slots=True)
        class Checked:
            name: str

            def __post_init__(self) -> None:
                raise ValueError(self.name)


def test_a_class_without_slots_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Loose\.name has no slot"):

        @fast_init
        @dataclass(frozen=True)
        class Loose:
            name: str


@pytest.mark.parametrize("how", [{"init": False}, {"kw_only": True}])
def test_a_field_that_is_not_set_by_position_is_refused(how: dict[str, bool]) -> None:
    with pytest.raises(TypeError, match="not set by position"):

        @fast_init
        @dataclass(frozen=True, slots=True)
        class Named:
            name: str = field(**how)  # type: ignore[call-overload]
