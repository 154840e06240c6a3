"""Replay over the sign-in log: who would newly be blocked, asked for more, or let in, by count and by name."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.sign_in import Result
from keystead_server.flows.replay_access import Foreseen, switched_on
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.decide import Result as PolicyResult
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.replay import Change
from keystead_server.policy.access.templates import TEMPLATES, body
from keystead_testkit.loop import run
from keystead_testkit.office import Office

EVERYBODY = {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}}
BLOCK = {"operator": "OR", "builtInControls": ["block"]}


def policy(**changes: Any) -> Policy:
    said = {
        "displayName": "Nobody",
        "state": "enabled",
        "conditions": EVERYBODY,
        "grantControls": BLOCK,
    }
    return read_policy(said | changes, new_id="p").policy


def template(key: str) -> PolicySet:
    found = next(each for each in TEMPLATES if each.key == key)
    return PolicySet((read_policy(body(found), new_id=key).policy,))


def replay(office: Office, after: PolicySet, **how: Any) -> Foreseen:
    office.advance(minutes=1)
    return run(office.services.replay_access(office.tenant.id, after, **{"days": 7, **how}))


def named(foreseen: Foreseen, change: Change) -> dict[str, int]:
    return {foreseen.names[one.person]: one.times for one in foreseen.effect.affected[change]}


def test_a_block_is_foreseen_by_count_and_by_name(office: Office) -> None:
    office.sign_in()
    office.sign_in(spoil_signature=True)

    foreseen = replay(office, PolicySet((policy(),)))

    # Her pass, before she had a passkey, and the passkey; what was refused anyway is no sign-in.
    assert named(foreseen, Change.BLOCKED) == {"ada@contoso.example": 2}
    assert foreseen.effect.sign_ins == 2


def test_whoever_came_with_a_passkey_is_not_asked_for_more_and_whoever_came_with_a_pass_is(office: Office) -> None:
    office.sign_in()
    bob = office.add_person("bob@contoso.example")
    office.sign_in_with_pass(office.issue_pass(bob).code, username=bob.username)

    foreseen = replay(office, switched_on(template("phishing-resistant-everybody")))

    assert named(foreseen, Change.PROMPTED) == {"ada@contoso.example": 1, "bob@contoso.example": 1}
    assert foreseen.effect.changed[Change.SAME] == 1


def test_a_report_only_policy_changes_nothing_until_it_is_thought_switched_on(office: Office) -> None:
    draft = template("phishing-resistant-everybody")

    assert replay(office, draft).effect.changed[Change.PROMPTED] == 0
    assert replay(office, draft).effect.by_policy["phishing-resistant-everybody"]
    assert replay(office, switched_on(draft)).effect.changed[Change.PROMPTED] == 1
    assert switched_on(draft, ids=[]) == draft


def test_whom_a_policy_keeps_out_today_is_let_in_by_its_removal(office: Office) -> None:
    office.allow_passwords()
    spared = policy(conditions={
        "users": {"includeUsers": [office.ada.id]}, "applications": {"includeApplications": ["All"]}
    })  # fmt: skip
    edit = lambda rules: replace(rules, set=PolicySet((spared,)))  # noqa: E731
    run(office.services.manage_access.change(office.tenant.id, edit, by=OPERATOR, about="test"))
    office.sign_in()

    foreseen = replay(office, PolicySet())

    assert office.rows[-1].result is Result.REFUSED
    assert named(foreseen, Change.LET_IN)["ada@contoso.example"] >= 1


def test_groups_of_now_count(office: Office) -> None:
    staff = run(office.services.manage_group.create(office.tenant.id, name="Staff", by=OPERATOR))
    users = {"includeGroups": [staff.id]}
    after = PolicySet((policy(conditions={"users": users, "applications": {"includeApplications": ["All"]}}),))

    assert replay(office, after).effect.changed[Change.BLOCKED] == 0
    run(office.services.manage_group.add_member(staff, office.ada, by=OPERATOR))
    assert replay(office, after).effect.changed[Change.BLOCKED] == 1


def test_only_the_days_asked_for_are_looked_at(office: Office) -> None:
    office.advance(days=3)

    assert replay(office, PolicySet((policy(),)), days=2).effect.sign_ins == 0
    assert replay(office, PolicySet((policy(),)), days=4).effect.sign_ins == 1


def test_a_counter_that_went_back_makes_the_next_sign_in_one_of_a_person_at_risk(office: Office) -> None:
    office.advance(minutes=1)
    at_risk = template("remediate-high-risk")
    assert replay(office, switched_on(at_risk)).effect.changed[Change.PROMPTED] == 0

    office.sign_in()
    office.passkey.sign_count = 0
    office.sign_in()
    office.passkey.sign_count = 100
    office.sign_in()

    assert "counter_regressed" in office.log
    results = replay(office, at_risk).effect.by_policy["remediate-high-risk"]
    assert results == {PolicyResult.REPORT_ONLY_INTERRUPTED: 1}


def test_progress_goes_from_little_to_all(office: Office) -> None:
    told: list[float] = []
    office.advance(days=1)
    office.sign_in()

    replay(office, PolicySet(), progress=told.append)

    assert told == sorted(told)
    assert 0 < told[-1] <= 1


def test_what_was_said_of_a_person_counts_for_the_sign_ins_behind_it_until_it_is_dismissed(office: Office) -> None:
    at_risk = PolicySet((policy(conditions=EVERYBODY | {"userRiskLevels": ["high"]}),))
    manage = office.services.manage_risk
    office.sign_in()
    office.advance(minutes=1)
    run(manage.supply(office.ada, level="high", event_type="leakedCredentials", says="on a list", by=OPERATOR))
    office.advance(minutes=1)
    office.sign_in()
    office.advance(minutes=1)
    run(manage.dismiss([office.ada], by=OPERATOR))
    office.advance(minutes=1)
    office.sign_in()

    assert named(replay(office, at_risk), Change.BLOCKED) == {"ada@contoso.example": 1}


def test_an_insider_risk_counts_for_the_sign_ins_behind_it_until_it_is_over(office: Office) -> None:
    insiders = PolicySet((policy(conditions=EVERYBODY | {"insiderRiskLevels": "elevated"}),))
    until = office.clock.now() + timedelta(minutes=3)
    office.sign_in()
    office.advance(minutes=1)
    said = {"level": "elevated", "says": "case 7", "until": until, "by": OPERATOR}
    run(office.services.manage_risk.set_insider_risk(office.ada, **said))
    office.advance(minutes=1)
    office.sign_in()
    office.advance(minutes=2)
    office.sign_in()

    assert named(replay(office, insiders), Change.BLOCKED) == {"ada@contoso.example": 1}


def test_of_more_sign_ins_than_may_be_looked_at_the_newest_are(office: Office) -> None:
    office.advance(days=1)
    for _ in range(5):
        office.sign_in()
        office.advance(minutes=1)
    office.sign_in()
    begin = office.services.replay_access.begin

    def foreseen(at_most: int, limit: int) -> Foreseen:
        replaying = run(begin(office.tenant.id, PolicySet(), days=7, at_most=at_most))
        while not replaying.is_done:
            run(replaying.step(limit))
        return replaying.outcome()

    for limit in (1, 2, 100):
        some, every = foreseen(3, limit), foreseen(100, limit)
        assert some.effect.sign_ins == 3
        assert some.since > every.since
        assert every.effect.sign_ins == 6
        assert every.until - every.since == timedelta(days=7)
