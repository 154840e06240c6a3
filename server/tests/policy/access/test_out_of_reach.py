"""A strength that nobody in scope can meet is found, and one that a single person can is not."""

from typing import Any
from uuid import UUID

import pytest
from keystead_server.policy.access.facts import Person
from keystead_server.policy.access.finding import Directory
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.out_of_reach import out_of_reach
from keystead_server.policy.strengths.model import Fido2Configuration, MethodMode, Strength

from .sets import ADA, BOB, NOW, RESISTANT, STAFF, compiled, policy

PEOPLE = (Person(ADA, frozenset({STAFF})), Person(BOB))
PASSWORDS = frozenset({MethodMode.PASSWORD, MethodMode.SOFTWARE_OATH})
PUSH = Strength("push", "Push", (frozenset({MethodMode.AUTHENTICATOR_PUSH}),))


def found(*policies: Policy, modes: Any) -> list[tuple[str, ...]]:
    every = compiled(*policies, strengths={"push": PUSH})
    return [one.policies for one in out_of_reach(every, Directory(PEOPLE, modes=modes), NOW)]


def test_what_nobody_can_have_is_found() -> None:
    push = policy(grant={"operator": "OR", "authenticationStrength": {"id": "push"}})

    assert found(push, modes={ADA: PASSWORDS | {MethodMode.FIDO2}, BOB: PASSWORDS}) == [("p",)]


def test_one_person_who_can_is_enough_and_only_those_in_scope_count() -> None:
    modes = {ADA: PASSWORDS, BOB: frozenset({MethodMode.FIDO2})}

    assert found(policy(grant=RESISTANT), modes=modes) == []
    assert found(policy(grant=RESISTANT, users={"includeGroups": [STAFF]}), modes=modes) == [("p",)]


@pytest.mark.parametrize(
    "said",
    [
        {"grant": {"operator": "OR", "builtInControls": ["compliantDevice"], "authenticationStrength": {"id": "push"}}},
        {"grant": RESISTANT, "state": "disabled"},
        {"grant": RESISTANT, "users": {"includeUsers": ["None"]}},
    ],
)
def test_a_choice_a_policy_that_is_off_and_one_for_nobody_are_no_trouble(said: dict[str, Any]) -> None:
    assert found(policy(**said), modes={}) == []


LISTED, OTHER = UUID(int=1), UUID(int=2)
KEYS = frozenset({frozenset({MethodMode.FIDO2})})


def keys(*lists: set[UUID]) -> Strength:
    """Passkeys of models that stand on every one of *lists*."""
    return Strength("keys", "Keys", tuple(KEYS), fido2=tuple(Fido2Configuration(KEYS, frozenset(one)) for one in lists))


@pytest.mark.parametrize(
    ("strength", "may_register", "is_found"),
    [
        (keys({LISTED}), {LISTED}, False),
        (keys({LISTED}), {OTHER}, True),
        (keys({LISTED}), set(), True),
        (keys({LISTED, OTHER}), {OTHER}, False),
        (keys({LISTED}, {OTHER}), {LISTED, OTHER}, True),
        (keys(), set(), False),
    ],
)
def test_a_list_of_models_that_nobody_may_register_is_out_of_reach(
    strength: Strength, may_register: set[UUID], is_found: bool
) -> None:
    every = compiled(
        policy(grant={"operator": "OR", "authenticationStrength": {"id": "keys"}}), strengths={"keys": strength}
    )
    modes = {ADA: frozenset({MethodMode.FIDO2})}
    directory = Directory(PEOPLE[:1], modes=modes, models={ADA: frozenset(may_register)})

    assert bool(list(out_of_reach(every, directory, NOW))) is is_found
