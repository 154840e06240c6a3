"""What is said before anybody has proved anything."""

from typing import Any

from keystead_server.policy.access.early import BlockedEarly, Early, MayContinue, decide_early
from keystead_server.policy.access.facts import DeviceFacts, Person
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import UNKNOWN, RiskLevel, UserAction
from keystead_server.policy.strengths.model import PASSWORDLESS, PHISHING_RESISTANT, MethodMode, Strength

from .random_sets import LOCATIONS
from .sets import ADA, BLOCK, LEAVERS, MFA, RESISTANT, compiled, facts, policy

ABROAD = {"locations": {"includeLocations": ["All"], "excludeLocations": ["home"]}}
PASSWORD = frozenset({MethodMode.PASSWORD})
PASSKEY = frozenset({MethodMode.FIDO2})


def early(*policies: Policy, at: dict[str, Any] | None = None, **more: Any) -> Early:
    return decide_early(compiled(*policies, locations=LOCATIONS, **more), facts(methods=(), **(at or {})))


def test_a_blocked_country_is_told_before_anything_is_asked() -> None:
    assert early(policy("abroad", grant=BLOCK, **ABROAD), at={"country": "US"}) == BlockedEarly(("abroad",))
    assert early(policy("abroad", grant=BLOCK, **ABROAD)) == MayContinue()


def test_what_is_not_known_yet_does_not_block_early() -> None:
    risky = policy(grant=BLOCK, userRiskLevels=["high"])
    leavers = policy(users={"includeGroups": [LEAVERS]}, grant=BLOCK)
    spared = policy(users={"includeUsers": ["All"], "excludeGroups": [LEAVERS]}, grant=BLOCK)

    assert early(risky, at={"user_risk": UNKNOWN}) == MayContinue()
    assert early(leavers, at={"who": Person(ADA, groups=UNKNOWN)}) == MayContinue()
    assert early(spared, at={"who": Person(ADA, groups=UNKNOWN)}) == MayContinue()
    assert early(risky, at={"user_risk": RiskLevel.HIGH}) == BlockedEarly(("p",))


def test_report_only_blocks_nobody_early() -> None:
    assert early(policy(grant=BLOCK, state="enabledForReportingButNotEnforced")) == MayContinue()


def test_who_must_resist_phishing_is_never_offered_a_password() -> None:
    found = early(policy("mfa", grant=MFA), policy("strict", grant=RESISTANT))

    assert isinstance(found, MayContinue)
    assert found.offers(PASSKEY)
    assert not found.offers(PASSWORD)
    assert set(found.ways or ()) == set(PHISHING_RESISTANT.combinations)


def test_who_needs_some_second_factor_may_begin_with_a_password() -> None:
    found = early(policy(grant=MFA))

    assert isinstance(found, MayContinue)
    assert found.offers(PASSWORD)
    assert found.offers(PASSKEY)


def test_a_choice_asks_for_no_method_as_long_as_something_else_can_stand_in() -> None:
    choice = policy(grant={"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]})
    both = policy(grant={"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]})

    assert early(choice) == MayContinue()
    assert early(choice, at={"device": DeviceFacts.of({"isCompliant": True})}) == MayContinue()
    assert isinstance(early(both), MayContinue)
    assert early(both) != MayContinue()


def test_strengths_that_share_no_method_are_met_by_one_of_each() -> None:
    sms = Strength("sms", "Text message", (frozenset({MethodMode.PASSWORD, MethodMode.SMS}),))
    odd = policy("odd", grant={"operator": "OR", "authenticationStrength": {"id": "sms"}})
    keys = policy("keys", grant={"operator": "OR", "authenticationStrength": {"id": PASSWORDLESS.id}})

    found = early(odd, keys, strengths={"sms": sms})

    assert isinstance(found, MayContinue)
    assert found.offers(PASSWORD)
    assert found.offers(PASSKEY)
    assert frozenset({MethodMode.PASSWORD, MethodMode.SMS, MethodMode.FIDO2}) in (found.ways or ())


def test_a_strength_that_does_not_exist_leaves_no_way_in() -> None:
    found = early(policy(grant={"operator": "OR", "authenticationStrength": {"id": "gone"}}))

    assert found == MayContinue((), ())
    assert not found.offers(PASSKEY)


def test_registering_is_offered_what_its_own_strength_takes() -> None:
    boot = Strength("boot", "Bootstrap", (frozenset({MethodMode.PASS_ONE_TIME}),))
    own = policy("own", apps={"includeUserActions": ["urn:user:registersecurityinfo"]},
                 grant={"operator": "OR", "authenticationStrength": {"id": "boot"}})  # fmt: skip
    registering = {"apps": (), "action": UserAction.REGISTER_SECURITY_INFO}

    found = early(policy("all", grant=RESISTANT), own, at=registering, strengths={"boot": boot})

    assert isinstance(found, MayContinue)
    assert found.ways == (frozenset({MethodMode.PASS_ONE_TIME}),)
