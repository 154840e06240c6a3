"""What a change would do, before it is saved; and what is quarantined by it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import GroupId
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.domain.user import Role
from keystead_server.flows import list_quarantined, preview_passkey_policy
from keystead_server.flows.preview_passkey_policy import Preview
from keystead_server.policy.passkeys.decide import quarantined
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    FIRST_POLICY,
    PasskeyPolicy,
    PasskeyProfile,
    ProfileCombination,
    Subject,
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


def test_it_names_whom_a_change_refuses_and_who_is_left_without(office: Office) -> None:
    bob = office.add_person("bob@contoso.example")
    office.with_passkey(bob, backup_eligible=True)
    carol = office.add_person("carol@contoso.example")
    office.with_passkey(carol, backup_eligible=True)
    office.with_passkey(carol)

    foreseen = preview(office, BOUND)

    assert sorted(each.user.username for each in foreseen.newly_refused) == [bob.username, carol.username]
    assert {each.refusal.code for each in foreseen.newly_refused} == {"passkey_type_not_allowed"}
    assert [user.id for user in foreseen.stranded] == [bob.id]
    assert (foreseen.version, foreseen.passkeys, foreseen.people_refused) == (0, 4, 2)
    assert (foreseen.newly_accepted, foreseen.refusal) == ((), None)
    assert run(office.store.policies.current(office.tenant.id, "passkeys")) is None


def test_it_names_what_works_again(office: Office) -> None:
    office.with_passkey(office.add_person("bob@contoso.example"), backup_eligible=True)
    office.save_policy(BOUND)

    foreseen = preview(office, FIRST_POLICY)

    assert [each.user.username for each in foreseen.newly_accepted] == ["bob@contoso.example"]
    assert (foreseen.version, foreseen.people_accepted, foreseen.newly_refused) == (1, 1, ())


def test_what_cannot_be_saved_is_foreseen_to_be_refused(office: Office) -> None:
    office.with_passkey(office.administrator)

    refusal = preview(office, SYNCED).refusal

    assert refusal is not None
    assert refusal.code == "locks_out_administrators"


def test_it_reads_every_page_of_the_passkeys(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        office.with_passkey(office.add_person(f"p{number}@contoso.example"), backup_eligible=True)
    whole = preview(office, BOUND)

    for batch in (1, 2, 5):
        monkeypatch.setattr(preview_passkey_policy, "BATCH", batch)
        assert preview(office, BOUND) == whole
    assert (whole.passkeys, len(whole.newly_refused)) == (5, 4)


PROFILES = st.builds(
    PasskeyProfile, id=st.sampled_from(["a", "b"]), name=st.just("P"),
    passkey_types=st.frozensets(st.sampled_from(PasskeyType), min_size=1), minimum_proof=st.sampled_from(Proof),
)  # fmt: skip


@st.composite
def policies(draw: st.DrawFn, principals: list[Any]) -> PasskeyPolicy:
    profiles = tuple(draw(st.lists(PROFILES, max_size=2, unique_by=lambda p: p.id)))
    ids = tuple(p.id for p in profiles)
    include = tuple(Target(who, ids) for who in draw(st.lists(st.sampled_from(principals), max_size=3)))
    return PasskeyPolicy(
        True, True, include, draw(st.frozensets(st.sampled_from(principals), max_size=1)), profiles,
        draw(st.sampled_from(ProfileCombination)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def populated() -> tuple[Office, list[Any]]:
    """An office with people of every kind, and whom a policy may name there."""
    office = Office()
    staff = run(office.services.manage_group.create(office.tenant.id, name="Staff", by=OPERATOR))
    people = [office.add_person(f"p{n}@contoso.example", *([Role.GLOBAL_READER] * (n % 2))) for n in range(4)]
    for number, person in enumerate(people):
        office.with_passkey(person, backup_eligible=number < 2)
        office.with_passkey(person)
        if number % 3 == 0:
            run(office.services.manage_group.add_member(staff, person, by=OPERATOR))
    principals = [ALL_USERS, group_target(staff.id), role(Role.GLOBAL_READER), user_target(people[1].id)]
    return office, principals


@settings(max_examples=60)
@given(data=st.data())
def test_the_preview_is_what_deciding_about_each_passkey_gives(
    populated: tuple[Office, list[Any]], data: st.DataObject
) -> None:
    office, principals = populated
    after = data.draw(policies(principals))

    foreseen = preview(office, after)

    refused, accepted = set(), set()
    for person in run(office.store.users.page(office.tenant.id, limit=99)):
        groups = frozenset(GroupId(g.id) for g in run(office.store.users.groups_of(office.tenant.id, person.id)))
        for passkey in run(office.store.passkeys.of_user(office.tenant.id, person.id)):
            subject, facts = Subject.of(person, groups), office.services.list_quarantined.models.facts_of(passkey)
            was, will = quarantined(foreseen.before, subject, facts), quarantined(after, subject, facts)
            if (was is None) != (will is None):
                (refused if was is None else accepted).add(passkey.id)
    assert {each.passkey.id for each in foreseen.newly_refused} == refused
    assert {each.passkey.id for each in foreseen.newly_accepted} == accepted


@pytest.mark.parametrize(
    "policy",
    [
        BOUND,
        SYNCED,
        FIRST_POLICY,
        replace(FIRST_POLICY, enabled=False),
        replace(FIRST_POLICY, exclude=frozenset({role(Role.GLOBAL_READER)})),
        replace(FIRST_POLICY, include=()),
        only(*PasskeyType, algorithms=frozenset({-8})),
        only(*PasskeyType, minimum_proof=Proof.CLAIMED),
    ],
)
def test_what_is_quarantined_is_exactly_what_sign_in_refuses(office: Office, policy: PasskeyPolicy) -> None:
    reader = office.add_person("reader@contoso.example", Role.GLOBAL_READER)
    passkeys = [office.passkey, office.with_passkey(reader), office.with_passkey(reader, backup_eligible=True)]
    office.save_policy(policy)

    found, more = run(office.services.list_quarantined.of_tenant(office.tenant.id, limit=9))

    reasons = {each.passkey.credential_id: each.refusal.code for each in found}
    for passkey in passkeys:
        assert reason_of(office.sign_in(passkey)) == reasons.get(passkey.credential_id, "granted")
    assert more is None
    stranded = {each.user.id for each in found if each.stranded}
    for person in (office.ada, reader):
        theirs = run(office.services.list_quarantined.of_user(office.tenant.id, office.now_of(person)))
        assert (person.id in stranded) == all(quarantine for _, quarantine in theirs)


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_the_quarantine_is_paged_without_gap_or_repeat(
    office: Office, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(list_quarantined, "BATCH", batch)
    for number in range(5):
        office.with_passkey(office.add_person(f"p{number}@contoso.example"), backup_eligible=number != 2)
    office.save_policy(BOUND)

    pages, after = [], None
    while True:
        found, after = run(office.services.list_quarantined.of_tenant(office.tenant.id, limit=2, after=after))
        pages.append([each.user.username[:2] for each in found])
        if after is None:
            break

    assert pages == [["p0", "p1"], ["p3", "p4"]]
