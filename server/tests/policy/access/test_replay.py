"""Replay: what a change would have done to sign-ins that happened, by the same `decide` as live."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.decide import Verdict, decide
from keystead_server.policy.access.facts import Facts, Person
from keystead_server.policy.access.locations import CountryLocation
from keystead_server.policy.access.replay import MAX_WITNESSES, Change, Effect, Replay, Replayed
from keystead_server.policy.access.vocabulary import UNKNOWN, State
from keystead_server.policy.strengths.model import MethodMode, Strength, combination

from .random_sets import sets, sign_ins
from .sets import ADA, BLOCK, BOB, NOW, PASSKEY, PASSWORD, RESISTANT, compiled, facts, policy

NOTHING = compiled()
ABROAD = {"includeLocations": ["All"], "excludeLocations": ["home"]}
HOME = CountryLocation("home", "Home", frozenset({"DE"}))


def sign_in(number: int = 0, who: str = ADA, **other: object) -> Replayed:
    return Replayed(f"row-{number}", who, facts(who=Person(who), **other))


def replayed(before: Compiled, after: Compiled, *sign_ins: Replayed) -> Effect:
    replay = Replay(before, after)
    replay.feed(sign_ins)
    return replay.effect()


def test_a_new_block_is_told_by_count_and_by_name() -> None:
    rows = [sign_in(number) for number in range(5)]

    effect = replayed(
        NOTHING, compiled(policy("shut", users={"includeUsers": [ADA]}, grant=BLOCK)), *rows, sign_in(9, BOB)
    )

    assert (effect.sign_ins, effect.people) == (6, 2)
    assert effect.changed[Change.BLOCKED] == 5
    assert effect.changed[Change.SAME] == 1
    (ada,) = effect.affected[Change.BLOCKED]
    assert (ada.person, ada.times, ada.policies, ada.surely) == (ADA, 5, ("shut",), True)
    assert len(ada.witnesses) == MAX_WITNESSES
    assert effect.takes_away


def test_a_new_strength_prompts_whoever_came_with_a_password_and_not_whoever_brought_a_passkey() -> None:
    rows = [sign_in(1, methods=(PASSWORD,)), sign_in(2, BOB, methods=(PASSKEY,))]

    effect = replayed(NOTHING, compiled(policy(grant=RESISTANT)), *rows)

    assert [one.person for one in effect.affected[Change.PROMPTED]] == [ADA]
    assert effect.changed[Change.SAME] == 1


def test_taking_a_policy_away_lets_in_whom_it_kept_out() -> None:
    effect = replayed(compiled(policy(grant=BLOCK)), NOTHING, sign_in())

    assert [one.person for one in effect.affected[Change.LET_IN]] == [ADA]
    assert not effect.takes_away


def test_what_nobody_can_meet_counts_as_a_block() -> None:
    joined = {"operator": "OR", "builtInControls": ["domainJoinedDevice"]}

    assert replayed(NOTHING, compiled(policy(grant=joined)), sign_in()).changed[Change.BLOCKED] == 1


def test_asking_for_more_than_was_asked_already_is_a_new_prompt() -> None:
    before, after = compiled(policy("mfa")), compiled(policy("mfa"), policy("resist", grant=RESISTANT))

    assert replayed(before, after, sign_in()).changed[Change.PROMPTED] == 1
    assert replayed(after, after, sign_in()).changed == {**dict.fromkeys(Change, 0), Change.SAME: 1}


def test_a_report_only_policy_changes_nothing_and_its_results_are_counted() -> None:
    draft = replace(policy("draft", grant=BLOCK), state=State.REPORT_ONLY)

    effect = replayed(NOTHING, compiled(draft), sign_in())

    assert effect.changed[Change.SAME] == 1
    assert effect.by_policy == {"draft": {"reportOnlyFailure": 1}}


def test_what_the_log_does_not_know_fails_closed_and_is_said() -> None:
    after = compiled(policy("abroad", locations=ABROAD, grant=BLOCK), locations=(HOME,))

    effect = replayed(NOTHING, after, sign_in(1, country=UNKNOWN), sign_in(2, BOB, country="FR"))

    assert effect.lacking == {"locations": 1}
    assert {one.person: one.surely for one in effect.affected[Change.BLOCKED]} == {ADA: False, BOB: True}


def test_whoever_is_affected_most_comes_first() -> None:
    rows = [sign_in(1, BOB), sign_in(2), sign_in(3, now=NOW + timedelta(hours=1))]

    ada, bob = replayed(NOTHING, compiled(policy(grant=BLOCK)), *rows).affected[Change.BLOCKED]

    assert (ada.person, ada.at, bob.person) == (ADA, NOW + timedelta(hours=1), BOB)


@settings(max_examples=80, deadline=None)
@given(sets(), sets(), st.lists(sign_ins, max_size=4))
def test_every_sign_in_is_counted_once_and_no_block_is_missed(
    before: PolicySet, after: PolicySet, happened: list[Facts]
) -> None:
    was, will_be = Compiled(before), Compiled(after)

    effect = replayed(was, will_be, *(Replayed(str(n), one.who.id, one) for n, one in enumerate(happened)))

    blocked = [one for one in happened if decide(will_be, one).verdict is Verdict.BLOCK]
    newly = [one for one in blocked if decide(was, one).can_be_met]
    assert sum(effect.changed.values()) == effect.sign_ins == len(happened)
    assert effect.changed[Change.BLOCKED] >= len(newly)
    assert sum(one.times for one in effect.affected[Change.BLOCKED]) == effect.changed[Change.BLOCKED]


@settings(max_examples=40, deadline=None)
@given(sets(), st.lists(sign_ins, max_size=4))
def test_what_is_in_force_changes_nothing(in_force: PolicySet, happened: list[Facts]) -> None:
    same = Compiled(in_force)

    effect = replayed(same, Compiled(in_force), *(Replayed(str(n), one.who.id, one) for n, one in enumerate(happened)))

    assert effect.changed[Change.SAME] == len(happened)
    assert not effect.takes_away


def test_a_strength_that_asks_for_more_prompts_though_no_policy_changed() -> None:
    asks = policy(grant={"operator": "AND", "authenticationStrength": {"id": "ours"}})
    weak, strong = (Strength("ours", "Ours", (combination(mode),)) for mode in (MethodMode.PASSWORD, MethodMode.FIDO2))
    before, after = (compiled(asks, strengths={"ours": one}) for one in (weak, strong))

    assert replayed(before, after, sign_in(methods=(PASSWORD,))).changed[Change.PROMPTED] == 1
    assert replayed(after, after, sign_in(methods=(PASSWORD,))).changed[Change.SAME] == 1


def test_terms_that_are_no_longer_there_keep_out_though_no_policy_changed() -> None:
    asks = policy(grant={"operator": "AND", "termsOfUse": ["house-rules"]})

    effect = replayed(compiled(asks, terms=frozenset({"house-rules"})), compiled(asks), sign_in())

    assert effect.changed[Change.BLOCKED] == 1
