"""Saving what was previewed, going back, and what people are told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.domain.user import Role, User
from keystead_server.flows.preview_passkey_policy import Preview
from keystead_server.policy.passkeys.decide import Operation, PasskeyFacts
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    FIRST_POLICY,
    PasskeyPolicy,
    PasskeyProfile,
    ProfileCombination,
    Target,
    role,
)
from keystead_server.policy.passkeys.model import group as group_target
from keystead_server.policy.passkeys.model import user as user_target
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of


def only(*types: PasskeyType, **changes: Any) -> PasskeyPolicy:
    profile = replace(FIRST_POLICY.profiles[0], passkey_types=frozenset(types), **changes)
    return replace(FIRST_POLICY, profiles=(profile,))


BOUND, SYNCED = only(PasskeyType.DEVICE_BOUND), only(PasskeyType.SYNCED)


def preview(office: Office, policy: PasskeyPolicy) -> Preview:
    return run(office.services.preview_passkey_policy(office.tenant.id, policy))


# -- saving what was previewed ---------------------------------------------------------------------


def test_what_was_previewed_is_not_saved_over_another_version(office: Office) -> None:
    foreseen = preview(office, BOUND)
    office.save_policy(FIRST_POLICY)

    with pytest.raises(Invalid) as refused:
        run(
            office.services.save_passkey_policy(
                office.tenant.id, foreseen.after, by=OPERATOR, expected=foreseen.version
            )
        )

    assert refused.value.code == "policy_changed_meanwhile"


@pytest.mark.parametrize("target", ["includeTargets", "excludeTargets"])
def test_a_user_who_is_not_there_is_refused(office: Office, target: str) -> None:
    nobody = user_target("00000000-0000-7000-8000-000000000000")
    changes: dict[str, Any] = (
        {"include": (Target(nobody, ()),)} if target == "includeTargets" else {"exclude": frozenset({nobody})}
    )

    with pytest.raises(Invalid) as refused:
        office.save_policy(replace(FIRST_POLICY, **changes))

    assert (refused.value.code, refused.value.target) == ("user_unknown", target)


@pytest.mark.parametrize("combination", ProfileCombination)
def test_administrators_are_counted_by_the_rules_of_the_policy(office: Office, combination: ProfileCombination) -> None:
    office.with_passkey(office.administrator)
    lax, strict = PasskeyProfile("lax", "Lax"), PasskeyProfile("strict", "Strict", minimum_proof=Proof.PROVEN)
    administrators = role(Role.GLOBAL_ADMINISTRATOR)
    policy = PasskeyPolicy(
        True, True, (Target(ALL_USERS, ("lax",)), Target(administrators, ("strict",))), frozenset(), (lax, strict),
        combination,
    )  # fmt: skip

    if combination is ProfileCombination.ANY:
        office.save_policy(policy)
    else:
        with pytest.raises(Invalid) as refused:
            office.save_policy(policy)
        assert refused.value.code == "locks_out_administrators"


# -- going back ------------------------------------------------------------------------------------


def test_going_back_is_a_new_version_with_the_old_policy(office: Office) -> None:
    office.save_policy(BOUND)
    office.save_policy(only(*PasskeyType))

    found = run(office.services.roll_back_passkey_policy(office.tenant.id, 1))
    by = Actor(office.administrator)
    office.clock.advance(timedelta(milliseconds=1))
    run(office.services.save_passkey_policy(office.tenant.id, found.policy, by=by, expected=2, restores=1))

    newest, *older = run(office.store.policies.versions(office.tenant.id, "passkeys"))
    assert (newest.version, newest.changed_by, newest.body) == (3, office.administrator.id, older[1].body)
    (line, *_) = run(office.store.logs.audit(office.tenant.id, limit=1))
    assert (line.detail["restores"], line.detail["version"]) == ("1", "3")


def test_version_0_is_what_every_organisation_begins_with(office: Office) -> None:
    office.save_policy(BOUND)

    assert run(office.services.roll_back_passkey_policy(office.tenant.id, 0)).policy == FIRST_POLICY


def test_who_was_removed_since_is_left_out_of_a_restored_version(office: Office) -> None:
    groups = office.services.manage_group
    staff = run(groups.create(office.tenant.id, name="Staff", by=OPERATOR))
    bob = office.add_person("bob@contoso.example")
    gone = frozenset({group_target(staff.id), user_target(bob.id)})
    kept = role(Role.GLOBAL_READER)
    office.save_policy(replace(FIRST_POLICY, exclude=gone | {kept}))
    run(groups.remove(staff, by=OPERATOR))
    run(office.services.manage_user.remove(bob, by=OPERATOR))

    found = run(office.services.roll_back_passkey_policy(office.tenant.id, 1))

    assert found.left_out == gone
    assert found.policy == replace(FIRST_POLICY, exclude=frozenset({kept}))
    office.save_policy(found.policy)


def test_a_version_that_never_was_is_not_found(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        run(office.services.roll_back_passkey_policy(office.tenant.id, 1))

    assert refused.value.code == "policy_version_unknown"


# -- what the person is told -----------------------------------------------------------------------


def test_a_refusal_carries_what_the_person_may_read(office: Office) -> None:
    office.save_policy(only(*PasskeyType, minimum_proof=Proof.PROVEN))

    refused = office.sign_in()

    assert refused.policy is not None  # type: ignore[union-attr]
    assert refused.policy.says == "device binding is claimed and at least proven is asked for"  # type: ignore[union-attr]
    assert office.rows[0].detail == f"Default passkey profile: {refused.policy.says}"  # type: ignore[union-attr]


def test_a_spent_challenge_is_the_reason_before_any_policy(office: Office) -> None:
    answer = office.passkey.answer_to(office.begin())
    office.save_policy(BOUND if office.passkey.backup_eligible else SYNCED)
    first, second = office.finish(answer), office.finish(answer)

    assert (reason_of(first), reason_of(second)) == ("passkey_type_not_allowed", "challenge_spent")
    assert second.policy is None  # type: ignore[union-attr]


def test_the_browser_is_offered_only_signatures_that_are_allowed(office: Office) -> None:
    office.save_policy(only(*PasskeyType, algorithms=frozenset({-8, -257})))

    offer: Any = office.begin_registration(office.session_by_pass(office.ada))

    assert [each["alg"] for each in offer.options["pubKeyCredParams"]] == [-8, -257]


def test_where_no_signature_is_left_nobody_is_asked_to_make_a_passkey(office: Office) -> None:
    one, two = (PasskeyProfile(str(n), "P", algorithms=frozenset({n})) for n in (-7, -8))
    both = (Target(ALL_USERS, (one.id, two.id)),)
    office.save_policy(PasskeyPolicy(True, True, both, frozenset(), (one, two), ProfileCombination.STRICTEST))

    assert reason_of(office.begin_registration(office.session_by_pass(office.ada))) == "no_algorithm_left"


def test_explaining_is_deciding_with_the_persons_own_groups_and_roles(office: Office) -> None:
    reader = office.add_person("reader@contoso.example", Role.GLOBAL_READER)
    office.save_policy(replace(FIRST_POLICY, exclude=frozenset({role(Role.GLOBAL_READER)})))
    facts = PasskeyFacts(PasskeyType.SYNCED, UUID(int=0), Proof.NONE)

    def accepted(person: User) -> bool:
        return run(
            office.services.explain_passkey(office.tenant.id, person, facts, Operation.SIGN_IN)
        ).explanation.accepted

    assert (accepted(reader), accepted(office.ada)) == (False, True)
