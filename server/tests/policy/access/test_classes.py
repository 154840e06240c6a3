"""The search over classes finds what trying every combination finds."""

from functools import reduce
from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from keystead_server.policy.access.classes import Class, Side, least, search

masks = st.integers(0, 255)
sides = st.lists(st.lists(masks, min_size=1, max_size=4), min_size=1, max_size=4)


def side(number: int, each: list[int]) -> Side:
    return tuple(Class({str(number): mask}, mask) for mask in each)


def meet(chosen: list[int]) -> int:
    return reduce(int.__and__, chosen)


@given(sides, masks, masks)
def test_a_combination_is_found_if_there_is_one_and_is_one(each: list[list[int]], all_of: int, none_of: int) -> None:
    def right(chosen: list[int]) -> bool:
        return meet(chosen) & all_of == all_of and not meet(chosen) & none_of

    there_is = any(right(list(chosen)) for chosen in product(*each))

    found = search([least(side(n, one), all_of, none_of) for n, one in enumerate(each)], none_of)

    assert (found is not None) is there_is
    if found is not None:
        original = {int(name): mask for one in found for name, mask in one.facts.items()}
        assert right([original[number] for number in range(len(each))])


def test_a_class_that_lets_more_through_than_another_is_left_out() -> None:
    kept = least(side(0, [0b0111, 0b1011, 0b1111, 0b0001, 0b0011]), 0b0011, 0b1100)

    assert [one.facts["0"] for one in kept] == [0b0011]
    assert len(least(side(0, [0b0111, 0b1011]), 0b0011, 0b1100)) == 2
