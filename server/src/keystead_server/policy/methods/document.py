"""The Authentication methods policy as JSON, in the names of Graph's `authenticationMethodsPolicy`.

What is ours beyond Graph: `isSecurityDefaultsEnabled` (Graph has a policy of its own for it),
`arePasswordsForbidden`, `retireWeakerMethodsOnPasskey`; in a configuration
`isSelfServiceRegistrationAllowed`, and the ids `Password`, `RecoveryCode` and `WindowsHelloForBusiness`;
in the campaign `allowedSnoozes`; targets of type `role`.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from keystead_server.domain.access_pass import MAX_LENGTH, MAX_LIFETIME, MIN_LENGTH, MIN_LIFETIME
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.model import (
    CONFIGURED,
    MAX_ALLOWED_SNOOZES,
    MAX_SNOOZE,
    Campaign,
    MethodConfiguration,
    MethodsPolicy,
    PassSettings,
    Preference,
    SystemPreferred,
)
from keystead_server.policy.passkeys.reading import a_choice, a_flag, a_list, a_text, an_object, at
from keystead_server.policy.people import Principal
from keystead_server.policy.people_document import principal_to_json, principals

IDS = {
    Method.WINDOWS_HELLO: "WindowsHelloForBusiness",
    Method.TEMPORARY_ACCESS_PASS: "TemporaryAccessPass",
    Method.SOFTWARE_OATH: "SoftwareOath",
    Method.RECOVERY_CODE: "RecoveryCode",
    Method.PASSWORD: "Password",
}
"""Methods as a document names them."""

_BY_ID = {name: method for method, name in IDS.items()}
_PASSES = (
    "defaultLifetimeInMinutes",
    "minimumLifetimeInMinutes",
    "maximumLifetimeInMinutes",
    "defaultLength",
    "isUsableOnce",
)
_CAMPAIGN = "registrationEnforcement.authenticationMethodsRegistrationCampaign"
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def to_json(policy: MethodsPolicy) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.authenticationMethodsPolicy",
        "id": "authenticationMethodsPolicy",
        "isSecurityDefaultsEnabled": policy.security_defaults,
        "arePasswordsForbidden": policy.passwords_forbidden,
        "retireWeakerMethodsOnPasskey": policy.retire_weaker_on_passkey,
        "authenticationMethodConfigurations": [_configuration_to_json(policy, each) for each in policy.configurations],
        "registrationEnforcement": {
            "authenticationMethodsRegistrationCampaign": _campaign_to_json(policy.campaign),
        },
        "systemCredentialPreferences": {
            "state": policy.preferred.state.value,
            **_targets(policy.preferred.include, policy.preferred.exclude),
        },
    }


def _configuration_to_json(policy: MethodsPolicy, each: MethodConfiguration) -> dict[str, Any]:
    name = IDS[each.method]
    described: dict[str, Any] = {
        "@odata.type": f"#microsoft.graph.{name[0].lower()}{name[1:]}AuthenticationMethodConfiguration",
        "id": name,
        "state": _state(each.enabled),
        "isSelfServiceRegistrationAllowed": each.self_service,
        **_targets(each.include, each.exclude),
    }
    if each.method is Method.TEMPORARY_ACCESS_PASS:
        described |= passes_to_json(policy.passes)
    return described


def passes_to_json(passes: PassSettings) -> dict[str, Any]:
    return {
        "defaultLifetimeInMinutes": passes.default_lifetime // _MINUTE,
        "minimumLifetimeInMinutes": passes.minimum_lifetime // _MINUTE,
        "maximumLifetimeInMinutes": passes.maximum_lifetime // _MINUTE,
        "defaultLength": passes.length,
        "isUsableOnce": passes.one_time,
    }


def _campaign_to_json(campaign: Campaign) -> dict[str, Any]:
    return {
        "state": _state(campaign.enabled),
        "snoozeDurationInDays": campaign.snooze // _DAY,
        "enforceRegistrationAfterAllowedSnoozes": campaign.enforced,
        "allowedSnoozes": campaign.allowed_snoozes,
        "includeTargets": [
            {**principal_to_json(each), "targetedAuthenticationMethod": "fido2"} for each in sorted(campaign.include)
        ],
        "excludeTargets": [principal_to_json(each) for each in sorted(campaign.exclude)],
    }


def _targets(include: frozenset[Principal], exclude: frozenset[Principal]) -> dict[str, Any]:
    return {
        "includeTargets": [principal_to_json(each) for each in sorted(include)],
        "excludeTargets": [principal_to_json(each) for each in sorted(exclude)],
    }


def _state(enabled: bool) -> str:
    return "enabled" if enabled else "disabled"


def to_text(policy: MethodsPolicy) -> str:
    return json.dumps(to_json(policy), indent=2)


def from_text(text: str) -> MethodsPolicy:
    """Read a policy somebody wrote, or one that we kept.

    Raises:
        Invalid: it is not one; `target` names the property.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("policy_malformed", f"the policy is not JSON: {error}") from None
    return from_json(body)


def from_json(body: object) -> MethodsPolicy:
    """Read a policy from decoded JSON.

    Raises:
        Invalid: a property is missing, unknown, or not what it may be; `target` names it.
    """
    policy = an_object(body, "", {
        "@odata.type", "@odata.context", "id", "isSecurityDefaultsEnabled", "arePasswordsForbidden",
        "retireWeakerMethodsOnPasskey", "authenticationMethodConfigurations", "registrationEnforcement",
        "systemCredentialPreferences",
    })  # fmt: skip
    configurations, passes = _configurations(policy)
    forbidden = a_flag(policy, "arePasswordsForbidden", "")
    if forbidden and any(each.method is Method.PASSWORD and each.enabled for each in configurations):
        raise Invalid(
            "policy_malformed", "passwords are forbidden and switched on at once", target="arePasswordsForbidden"
        )
    return MethodsPolicy(
        configurations=configurations,
        passes=passes,
        campaign=_campaign(policy.get("registrationEnforcement")),
        preferred=_preferred(policy.get("systemCredentialPreferences")),
        security_defaults=a_flag(policy, "isSecurityDefaultsEnabled", ""),
        passwords_forbidden=forbidden,
        retire_weaker_on_passkey=a_flag(policy, "retireWeakerMethodsOnPasskey", ""),
    )


def _configurations(policy: Mapping[str, Any]) -> tuple[tuple[MethodConfiguration, ...], PassSettings]:
    name = "authenticationMethodConfigurations"
    found: dict[Method, MethodConfiguration] = {}
    passes = PassSettings()
    for i, item in enumerate(a_list(policy, name, "")):
        where = f"{name}[{i}]"
        method = _BY_ID.get(str(item.get("id"))) if isinstance(item, dict) else None
        if not isinstance(item, dict) or method is None:
            raise Invalid("policy_malformed", f"id must be one of: {', '.join(_BY_ID)}", target=f"{where}.id")
        if method in found:
            raise Invalid("policy_malformed", f"{IDS[method]} is configured twice", target=where)
        found[method] = _configuration(method, item, where)
        if method is Method.TEMPORARY_ACCESS_PASS:
            passes = _passes(item, where)
    missing = [IDS[method] for method in CONFIGURED if method not in found]
    if missing:
        # A method that is left out is not "off": whoever forgot it would switch it off unawares.
        raise Invalid("policy_malformed", f"these methods are left out: {', '.join(missing)}", target=name)
    return tuple(found[method] for method in CONFIGURED), passes


def _configuration(method: Method, item: object, where: str) -> MethodConfiguration:
    more = _PASSES if method is Method.TEMPORARY_ACCESS_PASS else ()
    configuration = an_object(item, where, {
        "@odata.type", "id", "state", "isSelfServiceRegistrationAllowed", "includeTargets", "excludeTargets", *more,
    })  # fmt: skip
    return MethodConfiguration(
        method,
        enabled=_is_enabled(configuration, where),
        self_service=a_flag(configuration, "isSelfServiceRegistrationAllowed", where),
        # Graph's targets of other methods may ask for registration; ours is asked for by the campaign.
        include=principals(configuration, "includeTargets", where, ["isRegistrationRequired"]),
        exclude=principals(configuration, "excludeTargets", where),
    )


def _is_enabled(value: Mapping[str, Any], where: str) -> bool:
    state = a_text(value, "state", where)
    if state not in ("enabled", "disabled"):
        raise Invalid("policy_malformed", 'state is "enabled" or "disabled"', target=at(where, "state"))
    return state == "enabled"


def _passes(item: Mapping[str, Any], where: str) -> PassSettings:
    lowest, highest = MIN_LIFETIME // _MINUTE, MAX_LIFETIME // _MINUTE
    shortest, longest, usual = (
        _number(item, f"{which}LifetimeInMinutes", where, lowest, highest)
        for which in ("minimum", "maximum", "default")
    )
    if not shortest <= usual <= longest:
        raise Invalid(
            "policy_malformed",
            "the default lifetime lies between the minimum and the maximum",
            target=at(where, "defaultLifetimeInMinutes"),
        )
    return PassSettings(
        default_lifetime=usual * _MINUTE,
        minimum_lifetime=shortest * _MINUTE,
        maximum_lifetime=longest * _MINUTE,
        length=_number(item, "defaultLength", where, MIN_LENGTH, MAX_LENGTH),
        one_time=a_flag(item, "isUsableOnce", where),
    )


def _number(value: Mapping[str, Any], name: str, where: str, least: int, most: int) -> int:
    number = value.get(name)
    # A JSON true is the number 1 to Python.
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise Invalid("policy_malformed", f"{name} is a whole number from {least} to {most}", target=at(where, name))
    return number


def _campaign(item: object) -> Campaign:
    enforcement = an_object(item, "registrationEnforcement", {"authenticationMethodsRegistrationCampaign"})
    campaign = an_object(enforcement.get("authenticationMethodsRegistrationCampaign"), _CAMPAIGN, {
        "state", "snoozeDurationInDays", "enforceRegistrationAfterAllowedSnoozes", "allowedSnoozes",
        "includeTargets", "excludeTargets",
    })  # fmt: skip
    for i, target in enumerate(a_list(campaign, "includeTargets", _CAMPAIGN)):
        if isinstance(target, dict) and target.get("targetedAuthenticationMethod", "fido2") != "fido2":
            raise Invalid(
                "policy_malformed",
                'a campaign is for passkeys: targetedAuthenticationMethod is "fido2"',
                target=f"{_CAMPAIGN}.includeTargets[{i}].targetedAuthenticationMethod",
            )
    return Campaign(
        enabled=_is_enabled(campaign, _CAMPAIGN),
        snooze=_number(campaign, "snoozeDurationInDays", _CAMPAIGN, 0, MAX_SNOOZE // _DAY) * _DAY,
        enforced=a_flag(campaign, "enforceRegistrationAfterAllowedSnoozes", _CAMPAIGN),
        allowed_snoozes=_number(campaign, "allowedSnoozes", _CAMPAIGN, 0, MAX_ALLOWED_SNOOZES),
        include=principals(campaign, "includeTargets", _CAMPAIGN, ["targetedAuthenticationMethod"]),
        exclude=principals(campaign, "excludeTargets", _CAMPAIGN),
    )


def _preferred(item: object) -> SystemPreferred:
    where = "systemCredentialPreferences"
    preferred = an_object(item, where, {"state", "includeTargets", "excludeTargets"})
    return SystemPreferred(
        state=a_choice(Preference, preferred.get("state"), at(where, "state")),
        include=principals(preferred, "includeTargets", where),
        exclude=principals(preferred, "excludeTargets", where),
    )
