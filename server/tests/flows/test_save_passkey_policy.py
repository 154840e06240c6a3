"""Changing the passkey policy: in force at once, never locking everybody out, never lost."""

from dataclasses import replace
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.ids import GroupId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import PasskeyType
from keystead_server.domain.policy_document import PASSKEYS
from keystead_server.domain.user import Role
from keystead_server.policy.passkeys.document import from_text
from keystead_server.policy.passkeys.model import ALL_USERS, FIRST_POLICY, PasskeyPolicy, Target
from keystead_server.policy.passkeys.model import group as group_target
from keystead_testkit.loop import run, run_together
from keystead_testkit.office import Office, reason_of

SYNCED_ONLY = replace(
    FIRST_POLICY, profiles=(replace(FIRST_POLICY.profiles[0], passkey_types=frozenset({PasskeyType.SYNCED})),)
)
NOWHERE = GroupId("00000000-0000-7000-8000-000000000000")


def refusal(office: Office, policy: PasskeyPolicy) -> Invalid:
    with pytest.raises(Invalid) as refused:
        office.save_policy(policy)
    return refused.value


def test_versions_are_counted_and_kept_with_who_wrote_them(office: Office) -> None:
    save, by = office.services.save_passkey_policy, Actor(office.administrator)
    run(save(office.tenant.id, FIRST_POLICY, by=by))
    run(save(office.tenant.id, SYNCED_ONLY, by=OPERATOR))

    newest, first = run(office.store.policies.versions(office.tenant.id, PASSKEYS))

    assert (newest.version, newest.changed_by) == (2, None)
    assert (first.version, first.changed_by) == (1, office.administrator.id)
    assert from_text(first.body) == FIRST_POLICY
    assert from_text(newest.body) == SYNCED_ONLY


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"include": (Target(group_target(NOWHERE), ()),)}, "includeTargets"),
        ({"exclude": frozenset({group_target(NOWHERE)})}, "excludeTargets"),
    ],
)
def test_a_group_that_is_not_there_is_refused(office: Office, changes: dict[str, Any], target: str) -> None:
    refused = refusal(office, replace(FIRST_POLICY, **changes))

    assert (refused.code, refused.target) == ("group_unknown", target)


def test_a_group_of_another_tenant_is_not_there(office: Office) -> None:
    fabrikam, _ = office.found("fabrikam")
    theirs = run(office.services.manage_group.create(fabrikam.id, name="Staff", by=OPERATOR))

    assert refusal(office, replace(FIRST_POLICY, exclude=frozenset({group_target(theirs.id)}))).code == "group_unknown"


@pytest.mark.parametrize(
    "policy",
    [
        SYNCED_ONLY,
        replace(FIRST_POLICY, enabled=False),
        replace(FIRST_POLICY, exclude=frozenset({ALL_USERS})),
        replace(FIRST_POLICY, include=()),
    ],
)
def test_a_policy_under_which_no_administrator_could_sign_in_is_refused(office: Office, policy: PasskeyPolicy) -> None:
    office.with_passkey(office.administrator)

    assert refusal(office, policy).code == "locks_out_administrators"

    assert run(office.store.policies.current(office.tenant.id, PASSKEYS)) is None


def test_one_administrator_with_one_good_passkey_is_enough(office: Office) -> None:
    office.with_passkey(office.administrator)
    office.with_passkey(office.administrator, backup_eligible=True)

    office.save_policy(SYNCED_ONLY)


def test_a_disabled_administrators_passkey_does_not_count(office: Office) -> None:
    other = office.add_person("other@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    office.with_passkey(other, backup_eligible=True)
    office.with_passkey(office.administrator)
    run(office.services.manage_user.disable(other, by=OPERATOR))

    assert refusal(office, SYNCED_ONLY).code == "locks_out_administrators"


def test_groups_are_looked_at_when_administrators_are_counted(office: Office) -> None:
    office.with_passkey(office.administrator)
    manage = office.services.manage_group
    group = run(manage.create(office.tenant.id, name="Leavers", by=OPERATOR))
    run(manage.add_member(group, office.administrator, by=OPERATOR))

    assert (
        refusal(office, replace(FIRST_POLICY, exclude=frozenset({group_target(group.id)}))).code
        == "locks_out_administrators"
    )


def test_as_long_as_administrators_have_only_passes_any_policy_may_be_written(office: Office) -> None:
    office.save_policy(replace(FIRST_POLICY, enabled=False))


def test_of_two_who_save_at_once_the_second_is_told(office_on_disk: Office) -> None:
    office = office_on_disk

    async def save(policy: PasskeyPolicy) -> str:
        try:
            return str((await office.services.save_passkey_policy(office.tenant.id, policy, by=OPERATOR)).version)
        except Invalid as invalid:
            return invalid.code

    assert sorted(run_together(save(FIRST_POLICY), save(SYNCED_ONLY))) == ["1", "policy_changed_meanwhile"]


@pytest.mark.parametrize("changes", [{"passkey_types": frozenset()}, {"name": ""}, {"id": ""}])
def test_what_could_not_be_read_again_is_not_written(office: Office, changes: dict[str, Any]) -> None:
    broken = replace(FIRST_POLICY, profiles=(replace(FIRST_POLICY.profiles[0], **changes),))

    assert refusal(office, broken).code == "policy_malformed"

    assert reason_of(office.sign_in()) == "granted"


def test_saving_is_audited(office: Office) -> None:
    office.save_policy(FIRST_POLICY)

    event = run(office.store.logs.audit(office.tenant.id, limit=1))[0]
    assert (event.name, event.detail["version"]) == ("passkey_policy.changed", "1")
