"""What holds for any set of policies and any sign-in."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from keystead_server.policy.access.applying import applying
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.conditions import conditions_of
from keystead_server.policy.access.decide import Verdict, decide
from keystead_server.policy.access.early import BlockedEarly, MayContinue, decide_early
from keystead_server.policy.access.explain import explain
from keystead_server.policy.access.facts import Facts, Person
from keystead_server.policy.access.match import Match, all_of
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.access.writing import policy_to_json

from . import naive
from .random_sets import policies, sets, sign_ins

BLOCK = st.just({"operator": "OR", "builtInControls": ["block"]})
STRICTNESS = [Verdict.ALLOW, Verdict.CONTROLS_REQUIRED, Verdict.BLOCK]
thorough = settings(max_examples=120, deadline=None)


def with_policies(policy_set: PolicySet, every: tuple[Policy, ...]) -> Compiled:
    return Compiled(replace(policy_set, policies=every))


@thorough
@given(sets(), sign_ins)
def test_the_index_decides_as_a_plain_reading_does(policy_set: PolicySet, facts: Facts) -> None:
    decision = decide(Compiled(policy_set), facts)

    assert ([one.policy_id for one in decision.applied], decision.verdict) == naive.verdict(policy_set, facts)


@thorough
@given(sets(), sign_ins)
def test_what_surely_applies_is_what_a_plain_reading_is_sure_of(policy_set: PolicySet, facts: Facts) -> None:
    compiled = Compiled(policy_set)

    surely = compiled.chosen(applying(compiled, facts, surely=True))

    assert [one.id for one in surely] == [
        one.id for one in policy_set.policies if naive.applies(policy_set, one, facts).surely
    ]


@thorough
@given(sets(), sign_ins)
def test_the_explanation_says_what_was_decided(policy_set: PolicySet, facts: Facts) -> None:
    compiled = Compiled(policy_set)

    explanation = explain(compiled, facts)

    assert explanation.decision == decide(compiled, facts)
    for one in explanation.policies:
        found = conditions_of(one.policy.conditions, facts, compiled.places, policy_set.break_glass)
        match = all_of(condition.match for condition in found)
        assert one.conditions == found
        assert one.applies is (match is not Match.NO and one.policy.state is not State.DISABLED)
        assert (one.analysis_reasons == "notSet") is (one.applies and match is Match.YES)


@given(sets(), sign_ins, policies("more", BLOCK), st.integers(0, 5))
def test_adding_a_block_never_lets_anybody_in(policy_set: PolicySet, facts: Facts, block: Policy, at: int) -> None:
    more = (*policy_set.policies[:at], block, *policy_set.policies[at:])

    before, after = decide(Compiled(policy_set), facts), decide(with_policies(policy_set, more), facts)

    assert STRICTNESS.index(after.verdict) >= STRICTNESS.index(before.verdict)


@given(sets(), sign_ins, st.data())
def test_adding_an_exclusion_never_blocks(policy_set: PolicySet, facts: Facts, data: st.DataObject) -> None:
    if not policy_set.policies or not isinstance(facts.who, Person):
        return
    number = data.draw(st.integers(0, len(policy_set.policies) - 1))
    chosen = policy_set.policies[number]
    users = replace(chosen.conditions.users, exclude=chosen.conditions.users.exclude | {facts.who.id})
    spared = replace(chosen, conditions=replace(chosen.conditions, users=users))
    more = (*policy_set.policies[:number], spared, *policy_set.policies[number + 1 :])

    before, after = decide(Compiled(policy_set), facts), decide(with_policies(policy_set, more), facts)

    assert spared.id not in [one.policy_id for one in after.applied]
    assert not (after.verdict is Verdict.BLOCK and before.verdict is not Verdict.BLOCK)


@given(sets(), sign_ins, st.randoms())
def test_the_order_of_policies_never_matters(policy_set: PolicySet, facts: Facts, dice: st.DataObject) -> None:
    shuffled = list(policy_set.policies)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]

    before, after = decide(Compiled(policy_set), facts), decide(with_policies(policy_set, tuple(shuffled)), facts)

    assert sorted(before.applied) == sorted(after.applied)
    assert replace(before, applied=(), blocked_by=()) == replace(after, applied=(), blocked_by=())
    assert set(before.blocked_by) == set(after.blocked_by)


@given(sets(), sign_ins, st.sampled_from(["groups", "roles", "guest"]))
def test_knowing_less_never_lets_anybody_in(policy_set: PolicySet, facts: Facts, forgotten: str) -> None:
    """No policy that applied stops to apply because a fact could not be established."""
    unknown = Facts.__dataclass_fields__["client"].default
    less = replace(
        facts, client=unknown, platform=unknown, address=unknown, country=unknown, device=unknown, flow=unknown
    )
    if isinstance(facts.who, Person):
        less = replace(less, who=replace(facts.who, **{forgotten: unknown}))
    compiled = Compiled(policy_set)

    assert applying(compiled, facts) & ~applying(compiled, less) == 0


@given(sets(), sign_ins)
def test_who_is_blocked_early_is_blocked_in_the_end(policy_set: PolicySet, facts: Facts) -> None:
    compiled = Compiled(policy_set)
    early = decide_early(compiled, replace(facts, methods=()))

    if isinstance(early, BlockedEarly):
        assert set(early.blocked_by) <= set(decide(compiled, facts).blocked_by)


@given(sets(), sign_ins)
def test_whoever_gets_in_was_offered_the_way(policy_set: PolicySet, facts: Facts) -> None:
    compiled = Compiled(policy_set)
    early = decide_early(compiled, replace(facts, methods=()))

    if isinstance(early, MayContinue) and early.ways is not None:
        used = {method.credential.mode for method in facts.methods}
        admitted = decide(compiled, facts).verdict is Verdict.ALLOW
        assert not admitted or any(way <= used for way in early.ways)


@given(sets())
def test_written_and_read_again_a_policy_is_the_same(policy_set: PolicySet) -> None:
    for policy in policy_set.policies:
        written = policy_to_json(policy)
        again = read_policy(written)

        assert again.policy == policy
        assert policy_to_json(again.policy) == written
        assert again.notes == ()
