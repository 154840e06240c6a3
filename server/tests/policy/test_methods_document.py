"""The Authentication methods policy as JSON: read back as it was written, and refused with the property's name."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import Role
from keystead_server.policy.methods.document import from_json, from_text, to_json, to_text
from keystead_server.policy.methods.model import (
    FIRST_METHODS,
    Campaign,
    MethodConfiguration,
    PassSettings,
    Preference,
    SystemPreferred,
)
from keystead_server.policy.people import ALL_USERS, group, role, user

ENGINEERS = frozenset({group("engineers"), user("ada"), role(Role.GLOBAL_READER)})
EVERYTHING = replace(
    FIRST_METHODS.having(
        MethodConfiguration(Method.SOFTWARE_OATH, enabled=False, self_service=False, include=ENGINEERS)
    ),
    passes=PassSettings(timedelta(hours=2), timedelta(hours=1), timedelta(days=1), 20, one_time=True),
    campaign=Campaign(True, timedelta(days=3), False, 5, ENGINEERS, frozenset({ALL_USERS})),
    preferred=SystemPreferred(Preference.ENABLED, frozenset(), ENGINEERS),
    security_defaults=False,
    passwords_forbidden=True,
    retire_weaker_on_passkey=True,
)
CAMPAIGN = "registrationEnforcement.authenticationMethodsRegistrationCampaign"


@pytest.mark.parametrize("policy", [FIRST_METHODS, EVERYTHING])
def test_a_policy_is_read_as_it_was_written(policy: Any) -> None:
    assert from_text(to_text(policy)) == policy


def document(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(to_text(FIRST_METHODS))
    change(body)
    return body


def passes(body: dict[str, Any]) -> dict[str, Any]:
    return next(c for c in body["authenticationMethodConfigurations"] if c["id"] == "TemporaryAccessPass")


def campaign(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["registrationEnforcement"]["authenticationMethodsRegistrationCampaign"]
    return found


CONFIGURATIONS = "authenticationMethodConfigurations"


@pytest.mark.parametrize(
    ("change", "target"),
    [
        (lambda b: b.update(surprise=1), "surprise"),
        (lambda b: b.pop("isSecurityDefaultsEnabled"), "isSecurityDefaultsEnabled"),
        (lambda b: b.update(arePasswordsForbidden="yes"), "arePasswordsForbidden"),
        (lambda b: b.pop("retireWeakerMethodsOnPasskey"), "retireWeakerMethodsOnPasskey"),
        (lambda b: b[CONFIGURATIONS].pop(), CONFIGURATIONS),
        (lambda b: b[CONFIGURATIONS].append(b[CONFIGURATIONS][0]), f"{CONFIGURATIONS}[5]"),
        (lambda b: b[CONFIGURATIONS][0].update(id="Sms"), f"{CONFIGURATIONS}[0].id"),
        (lambda b: b[CONFIGURATIONS].insert(0, "Sms"), f"{CONFIGURATIONS}[0].id"),
        (lambda b: b[CONFIGURATIONS][0].update(state="on"), f"{CONFIGURATIONS}[0].state"),
        (lambda b: b[CONFIGURATIONS][0].update(isUsableOnce=True), f"{CONFIGURATIONS}[0].isUsableOnce"),
        (lambda b: b[CONFIGURATIONS][0].pop("isSelfServiceRegistrationAllowed"),
         f"{CONFIGURATIONS}[0].isSelfServiceRegistrationAllowed"),
        (lambda b: b[CONFIGURATIONS][0].update(excludeTargets=[{"targetType": "role", "id": "King"}]),
         f"{CONFIGURATIONS}[0].excludeTargets[0].id"),
        (lambda b: passes(b).update(minimumLifetimeInMinutes=9), f"{CONFIGURATIONS}[1].minimumLifetimeInMinutes"),
        (lambda b: passes(b).update(maximumLifetimeInMinutes=43201), f"{CONFIGURATIONS}[1].maximumLifetimeInMinutes"),
        (lambda b: passes(b).update(defaultLifetimeInMinutes=True), f"{CONFIGURATIONS}[1].defaultLifetimeInMinutes"),
        (lambda b: passes(b).update(minimumLifetimeInMinutes=61), f"{CONFIGURATIONS}[1].defaultLifetimeInMinutes"),
        (lambda b: passes(b).update(maximumLifetimeInMinutes=59), f"{CONFIGURATIONS}[1].defaultLifetimeInMinutes"),
        (lambda b: passes(b).update(defaultLength=7), f"{CONFIGURATIONS}[1].defaultLength"),
        (lambda b: passes(b).update(defaultLength=49), f"{CONFIGURATIONS}[1].defaultLength"),
        (lambda b: b.pop("registrationEnforcement"), "registrationEnforcement"),
        (lambda b: campaign(b).update(snoozeDurationInDays=15), f"{CAMPAIGN}.snoozeDurationInDays"),
        (lambda b: campaign(b).update(snoozeDurationInDays=-1), f"{CAMPAIGN}.snoozeDurationInDays"),
        (lambda b: campaign(b).update(allowedSnoozes=101), f"{CAMPAIGN}.allowedSnoozes"),
        (lambda b: campaign(b)["includeTargets"][0].update(targetedAuthenticationMethod="microsoftAuthenticator"),
         f"{CAMPAIGN}.includeTargets[0].targetedAuthenticationMethod"),
        (lambda b: b["systemCredentialPreferences"].update(state="on"), "systemCredentialPreferences.state"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_property(change: Callable[[dict[str, Any]], object], target: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_json(document(change))

    assert (refused.value.code, refused.value.target) == ("policy_malformed", target)


def test_passwords_are_not_forbidden_and_switched_on_at_once() -> None:
    policy = replace(FIRST_METHODS.having(MethodConfiguration(Method.PASSWORD)), passwords_forbidden=True)

    with pytest.raises(Invalid) as refused:
        from_json(to_json(policy))

    assert refused.value.target == "arePasswordsForbidden"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", "null", '"policy"'])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        from_text(text)
