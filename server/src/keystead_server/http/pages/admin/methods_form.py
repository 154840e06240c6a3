"""The Authentication methods policy as a form: every field as text, so that nothing typed is lost when one is wrong.

policy → MethodsForm → page → what was typed → MethodsForm → JSON → policy
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import Errors, number_or_text
from keystead_server.http.pages.admin.policy_form import WhoForm
from keystead_server.policy.methods.document import IDS
from keystead_server.policy.methods.model import CONFIGURED, MethodConfiguration, MethodsPolicy
from keystead_server.policy.passkeys.explain import Names
from keystead_server.policy.people import Principal

TITLES = {
    Method.WINDOWS_HELLO: "Windows Hello key",
    Method.TEMPORARY_ACCESS_PASS: "Temporary Access Pass",
    Method.SOFTWARE_OATH: "Authenticator app (TOTP)",
    Method.RECOVERY_CODE: "Recovery code",
    Method.PASSWORD: "Password",
}
SWITCHES = {
    "security-defaults": "isSecurityDefaultsEnabled",
    "passwords-forbidden": "arePasswordsForbidden",
    "retire-weaker": "retireWeakerMethodsOnPasskey",
}
# Fields of text or choices, with the property of the document that each is.
PASSES = {
    "pass-default": "defaultLifetimeInMinutes",
    "pass-minimum": "minimumLifetimeInMinutes",
    "pass-maximum": "maximumLifetimeInMinutes",
    "pass-length": "defaultLength",
}
CAMPAIGN = {"campaign-snooze": "snoozeDurationInDays", "campaign-snoozes": "allowedSnoozes"}
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ScopeForm:
    """Something that is on or off, and for whom.

    Attributes:
        more: its other checkbox: self-service of a method, enforcement of the campaign.
    """

    prefix: str
    title: str
    enabled: bool
    more: bool
    include: WhoForm
    exclude: WhoForm

    @classmethod
    def of(
        cls, prefix: str, title: str, enabled: bool, more: bool,
        include: frozenset[Principal], exclude: frozenset[Principal], names: Names,
    ) -> "ScopeForm":  # fmt: skip
        return cls(prefix, title, enabled, more, WhoForm.of(sorted(include), names), WhoForm.of(sorted(exclude), names))

    @classmethod
    def typed(cls, call: Call, prefix: str, title: str) -> "ScopeForm":
        return cls(
            prefix,
            title,
            call.field(f"{prefix}-enabled") == "yes",
            call.field(f"{prefix}-more") == "yes",
            WhoForm.typed(call, f"{prefix}-include"),
            WhoForm.typed(call, f"{prefix}-exclude"),
        )

    def to_json(self, ids: Mapping[str, str]) -> dict[str, Any]:
        return {
            "state": "enabled" if self.enabled else "disabled",
            "includeTargets": [{"targetType": kind, "id": named} for kind, named in self.include.principals(ids)],
            "excludeTargets": [{"targetType": kind, "id": named} for kind, named in self.exclude.principals(ids)],
        }


@dataclass(frozen=True, slots=True)
class MethodsForm:
    """Attributes:
    version: of the policy that the form was opened with; 0 before the first change.
    switches: those of SWITCHES that are ticked, and `pass-once`.
    values: the fields of PASSES and CAMPAIGN, and `preferred`, as text.
    """

    version: str
    switches: frozenset[str]
    values: Mapping[str, str]
    methods: tuple[ScopeForm, ...]
    campaign: ScopeForm
    preferred: ScopeForm

    @classmethod
    def of(cls, policy: MethodsPolicy, version: int, names: Names) -> "MethodsForm":
        passes, campaign, preferred = policy.passes, policy.campaign, policy.preferred
        flags = {
            "security-defaults": policy.security_defaults,
            "passwords-forbidden": policy.passwords_forbidden,
            "retire-weaker": policy.retire_weaker_on_passkey,
            "pass-once": passes.one_time,
        }
        values = {
            "pass-default": str(passes.default_lifetime // _MINUTE),
            "pass-minimum": str(passes.minimum_lifetime // _MINUTE),
            "pass-maximum": str(passes.maximum_lifetime // _MINUTE),
            "pass-length": str(passes.length),
            "campaign-snooze": str(campaign.snooze.days),
            "campaign-snoozes": str(campaign.allowed_snoozes),
            "preferred": preferred.state.value,
        }
        return cls(
            version=str(version),
            switches=frozenset(name for name, on in flags.items() if on),
            values=values,
            methods=tuple(_method(each, names) for each in policy.configurations),
            campaign=ScopeForm.of(
                "campaign", "Registration campaign", campaign.enabled, campaign.enforced,
                campaign.include, campaign.exclude, names,
            ),
            preferred=ScopeForm.of(
                "preferred", "The strongest method first", True, False, preferred.include, preferred.exclude, names
            ),
        )  # fmt: skip

    @classmethod
    def typed(cls, call: Call) -> "MethodsForm":
        return cls(
            version=call.field("version"),
            switches=frozenset(name for name in (*SWITCHES, "pass-once") if call.field(name) == "yes"),
            values={name: call.field(name) for name in (*PASSES, *CAMPAIGN, "preferred")},
            methods=tuple(ScopeForm.typed(call, IDS[method], TITLES[method]) for method in CONFIGURED),
            campaign=ScopeForm.typed(call, "campaign", "Registration campaign"),
            preferred=ScopeForm.typed(call, "preferred", "The strongest method first"),
        )

    @property
    def usernames(self) -> dict[str, list[str]]:
        """What was typed, by the field in which it stands."""
        scopes = (*self.methods, self.campaign, self.preferred)
        return {
            f"{scope.prefix}-{side}-users": who.usernames
            for scope in scopes
            for side, who in (("include", scope.include), ("exclude", scope.exclude))
        }

    def to_json(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """As `policy.methods.document` reads it; *ids* are those of folded usernames."""
        return {
            **{name: field in self.switches for field, name in SWITCHES.items()},
            "authenticationMethodConfigurations": [self._configuration(scope, ids) for scope in self.methods],
            "registrationEnforcement": {
                "authenticationMethodsRegistrationCampaign": {
                    **self.campaign.to_json(ids),
                    "enforceRegistrationAfterAllowedSnoozes": self.campaign.more,
                    **{name: number_or_text(self.values[field]) for field, name in CAMPAIGN.items()},
                }
            },
            "systemCredentialPreferences": {**self.preferred.to_json(ids), "state": self.values["preferred"]},
        }

    def _configuration(self, scope: ScopeForm, ids: Mapping[str, str]) -> dict[str, Any]:
        configuration = {**scope.to_json(ids), "id": scope.prefix, "isSelfServiceRegistrationAllowed": scope.more}
        if scope.prefix == IDS[Method.TEMPORARY_ACCESS_PASS]:
            configuration |= {name: number_or_text(self.values[field]) for field, name in PASSES.items()}
            configuration["isUsableOnce"] = "pass-once" in self.switches
        return configuration


def _method(each: MethodConfiguration, names: Names) -> ScopeForm:
    return ScopeForm.of(
        IDS[each.method], TITLES[each.method], each.enabled, each.self_service, each.include, each.exclude, names
    )


def errors_of(invalid: Invalid) -> Errors:
    """The document's complaint, beside the field that it is about."""
    prop = (invalid.target or "").rpartition(".")[2]
    fields = {name: field for field, name in (PASSES | CAMPAIGN | SWITCHES).items()}
    (message,) = Errors.of(invalid).by_field.values()
    return Errors({fields.get(prop, ""): message})
