"""What holds for any policy, anybody and any passkey."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from keystead_server.policy.passkeys.decide import Admitted, NotAdmitted, admit, may_register, quarantined
from keystead_server.policy.passkeys.differences import differences
from keystead_server.policy.passkeys.document import from_text, to_text
from keystead_server.policy.passkeys.effect import touched
from keystead_server.policy.passkeys.explain import explain
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    PasskeyPolicy,
    PasskeyProfile,
    Principal,
    ProfileCombination,
    Subject,
    Target,
)
from keystead_server.policy.passkeys.rules import Operation, PasskeyFacts

from .random_policies import excluded, facts, policies, profiles, subjects

operations = st.sampled_from(Operation)


def with_one_more(before: PasskeyPolicy, profile: PasskeyProfile) -> PasskeyPolicy:
    more = replace(profile, id="more")
    return replace(before, profiles=(*before.profiles, more), include=(*before.include, Target(ALL_USERS, ("more",))))


@given(policies(ProfileCombination.ANY), subjects, facts, operations, profiles)
def test_under_any_adding_a_profile_never_refuses_what_was_admitted(
    before: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts, operation: Operation, more: PasskeyProfile
) -> None:
    if isinstance(admit(before, subject, passkey, operation), Admitted):
        assert isinstance(admit(with_one_more(before, more), subject, passkey, operation), Admitted)


@given(policies(ProfileCombination.STRICTEST), subjects, facts, operations, profiles)
def test_under_strictest_adding_a_profile_never_admits_what_a_profile_refused(
    before: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts, operation: Operation, more: PasskeyProfile
) -> None:
    refused = admit(before, subject, passkey, operation)

    # Whom no profile was meant for gets a first one: that admits, and is not what is meant here.
    if isinstance(refused, NotAdmitted) and refused.code != "no_profile_in_scope":
        assert isinstance(admit(with_one_more(before, more), subject, passkey, operation), NotAdmitted)


@given(policies(ProfileCombination.STRICTEST), subjects, facts, operations)
def test_strictest_never_admits_what_any_refuses(
    strictest: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts, operation: Operation
) -> None:
    if isinstance(admit(strictest, subject, passkey, operation), Admitted):
        lenient = replace(strictest, combination=ProfileCombination.ANY)
        assert isinstance(admit(lenient, subject, passkey, operation), Admitted)


@given(policies(), subjects, facts, operations, excluded)
def test_excluding_more_never_admits_what_was_refused(
    before: PasskeyPolicy,
    subject: Subject,
    passkey: PasskeyFacts,
    operation: Operation,
    more: frozenset[Principal],
) -> None:
    after = admit(replace(before, exclude=before.exclude | more), subject, passkey, operation)

    if isinstance(admit(before, subject, passkey, operation), NotAdmitted):
        assert isinstance(after, NotAdmitted)
    if any(principal.covers(subject) for principal in more):
        assert isinstance(after, NotAdmitted)


@given(policies(), subjects, facts)
def test_whoever_may_register_a_passkey_is_quarantined_only_for_what_registering_asks_too(
    policy: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts
) -> None:
    if isinstance(admit(policy, subject, passkey, Operation.REGISTER), Admitted):
        assert quarantined(policy, subject, passkey) is None


@given(policies(), subjects, facts, operations, st.booleans())
def test_the_explanation_agrees_with_the_decision(
    policy: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts, operation: Operation, self_service: bool
) -> None:
    told = explain(policy, subject, passkey, operation, self_service=self_service)
    decision = admit(policy, subject, passkey, operation)

    if operation is Operation.REGISTER:
        decision = may_register(policy, subject, self_service=self_service) or decision
    assert told.admission == decision
    accepting = [not judged.broken for judged in told.in_scope]
    enough = all if policy.combination is ProfileCombination.STRICTEST else any
    whatever_profiles_say = {"self_service_off", "authenticator_compromised"}
    if accepting and getattr(decision, "code", "") not in whatever_profiles_say:
        assert told.accepted == enough(accepting)
    else:
        assert told.accepted or told.beyond_profiles
    assert bool(told.excluded_by) == any(p.covers(subject) for p in policy.exclude)
    assert [p.id for p in policy.profiles] == [
        p.id for p in policy.profiles
        if p in [j.profile for j in told.in_scope] or p in [out for out, _ in told.out_of_scope]
    ]  # fmt: skip
    assert all(judged.through for judged in told.in_scope)


@given(policies(), subjects, facts, operations)
def test_every_refusal_has_its_code_what_to_do_and_a_sentence_for_each_profile_that_refused(
    policy: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts, operation: Operation
) -> None:
    decision = admit(policy, subject, passkey, operation)

    if isinstance(decision, NotAdmitted):
        refusing = [judged for judged in explain(policy, subject, passkey, operation).in_scope if judged.broken]
        if decision.code == "authenticator_compromised":
            refusing = []
        assert len(decision.because) == max(1, len(refusing))
        assert decision.code == decision.broken[0].code
        assert all(rule.says and rule.remedy.endswith(".") and rule.change.endswith(".") for rule in decision.broken)


@given(policies(), policies(), subjects, facts)
def test_what_a_change_touches_is_what_is_decided_otherwise_before_and_after(
    before: PasskeyPolicy, after: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts
) -> None:
    effect = touched(before, after, subject, passkey)

    was, will = quarantined(before, subject, passkey), quarantined(after, subject, passkey)
    assert (effect.usable_before, effect.usable_after) == (was is None, will is None)
    assert effect.newly_refused == (will if was is None else None)
    assert effect.newly_accepted == (was if will is None else None)


@given(policies(), policies(), subjects, facts, operations)
def test_where_no_difference_is_told_every_decision_is_the_same(
    before: PasskeyPolicy, after: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts, operation: Operation
) -> None:
    assert differences(before, before, {}) == ()
    if not differences(before, after, {}):
        one, other = (explain(each, subject, passkey, operation).accepted for each in (before, after))
        assert one == other


@given(policies())
def test_a_policy_survives_being_written_and_read(policy: PasskeyPolicy) -> None:
    assert from_text(to_text(policy)) == policy
