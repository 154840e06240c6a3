"""A sign-in as somebody supposes it, in the fields of a form whose address can be passed on.

Asked       what was typed or chosen, all of it text
choices     what the lists offer in this organisation
supposed    the same as what the flow takes; or which field is wrong
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias
from urllib.parse import urlencode

from keystead_server.domain.passkey import Proof
from keystead_server.domain.sign_in import Attempt, Method
from keystead_server.flows.access_facts import ACCOUNT_APP, OWN_APPS, Place, modes_of
from keystead_server.flows.logged_sign_ins import credentials_of
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.policy_choices import SUPPOSED
from keystead_server.http.pages.next_page import printable
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.facts import DeviceFacts, Facts
from keystead_server.policy.access.vocabulary import (
    ClientApp,
    InsiderRisk,
    RiskLevel,
    Unknown,
    UserAction,
)
from keystead_server.policy.access.words_given import CLIENT_WORDS, FLOW_WORDS, PLATFORM_WORDS
from keystead_server.policy.strengths.model import MethodMode
from keystead_server.policy.strengths.words import METHOD_WORDS

Choices: TypeAlias = Sequence[tuple[str, str]]

COMPLIANT, JOINED, BOTH, DESCRIBED = "compliant", "joined", "both", "described"
_ACTIONS: Choices = (
    (f"action:{UserAction.REGISTER_SECURITY_INFO}", "Register security information"),
    (f"action:{UserAction.REGISTER_DEVICE}", "Register a device"),
)


def _large(words: str) -> str:
    return words[:1].upper() + words[1:]


_HERE = modes_of(Method)
_AS_NOW = ("", "As it is now")
_LEVELS = (RiskLevel.NONE, RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)
FIXED: Mapping[str, Choices] = {
    "methods": tuple((mode.value, _large(words)) for mode, words in METHOD_WORDS.items() if mode in _HERE),
    "methods_elsewhere": tuple(
        (mode.value, _large(words)) for mode, words in METHOD_WORDS.items() if mode not in _HERE
    ),
    "proof": SUPPOSED["proofs"],
    "client": tuple((one.value, _large(words)) for one, words in CLIENT_WORDS.items()),
    "platform": (("", "One that is not recognised"), *((one.value, words) for one, words in PLATFORM_WORDS.items())),
    "risk": (_AS_NOW, *((level.value, level.value.capitalize()) for level in _LEVELS)),
    "insider_risk": (_AS_NOW, *((level.value, level.value.capitalize()) for level in InsiderRisk)),
    "flow": (("", "An ordinary one"), *((one.value, f"By {words}") for one, words in FLOW_WORDS.items())),
    "rules": (("", "As they are now"), ("enforced", "As if the report-only ones were on")),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Attributes:
    user: username; empty when nothing was asked yet.
    target: `app:…`, `action:…` or `context:…`.
    location: id of a named location that the address is in.
    device: one of the kinds, `device:…` for one that is enrolled, or empty for one that is not registered.
    """

    user: str = ""
    target: str = f"app:{ACCOUNT_APP}"
    methods: tuple[str, ...] = ()
    aaguid: str = ""
    proof: str = Proof.NONE.value
    location: str = ""
    ip: str = ""
    country: str = ""
    device: str = ""
    attributes: str = ""
    client: str = ClientApp.BROWSER.value
    platform: str = ""
    sign_in_risk: str = ""
    user_risk: str = ""
    insider_risk: str = ""
    flow: str = ""
    rules: str = ""

    @classmethod
    def typed(cls, call: Call) -> "Asked":
        pairs = call.query_pairs()
        said = {key: printable_lines(value).strip() for key, value in reversed(pairs) if key in _NAMES}
        methods = tuple(value for key, value in pairs if key == "methods")
        return cls(**{**said, "methods": methods})  # type: ignore[arg-type]

    @property
    def query(self) -> str:
        """The address of this question, as short as it can be."""
        pairs: list[tuple[str, str]] = []
        for name in _NAMES:
            value = getattr(self, name)
            if name == "methods":
                pairs += [(name, one) for one in value]
            elif value != getattr(NOTHING, name):
                pairs.append((name, value))
        return urlencode(pairs)

    @classmethod
    def of(cls, facts: Facts, username: str, *, rules: str = "") -> "Asked":
        """The question that *facts* are an answer to; what is not known is left as it is."""
        address, country = _known(facts.address), _known(facts.country)
        device = None if isinstance(facts.device, Unknown) else facts.device
        credentials = [used.credential for used in facts.methods]
        passkey = next((one for one in credentials if one.mode is MethodMode.FIDO2), None)
        return cls(
            user=username,
            target=_target_of(facts),
            methods=tuple(one.mode.value for one in credentials),
            aaguid="" if passkey is None or passkey.aaguid is None else str(passkey.aaguid),
            proof=NOTHING.proof if passkey is None else passkey.proof.value,
            ip=address,
            country=country,
            device="" if device is None else DESCRIBED,
            attributes="" if device is None else _lines_of(device),
            client=_known(facts.client) or NOTHING.client,
            platform=_known(facts.platform),
            sign_in_risk=_known(facts.sign_in_risk),
            user_risk=_known(facts.user_risk),
            insider_risk=_known(facts.insider_risk),
            flow=_known(facts.flow),
            rules=rules,
        )

    @classmethod
    def about(cls, attempt: Attempt) -> "Asked":
        """What a row of the sign-in log was, asked of the policies of now."""
        place = Place.said(attempt.client_address, attempt.user_agent)
        return cls(
            user=attempt.username or "",
            target=f"app:{attempt.app_id or ACCOUNT_APP}",
            methods=tuple(one.mode.value for one in credentials_of(attempt)),
            aaguid="" if attempt.aaguid is None else str(attempt.aaguid),
            proof=attempt.proof or Proof.NONE.value,
            ip=_known(place.address),
            platform=_known(place.platform),
        )


_NAMES = tuple(field.name for field in fields(Asked))
NOTHING = Asked()


def printable_lines(typed: str) -> str:
    return "\n".join(printable(line) for line in typed.splitlines())


def _known(value: object) -> str:
    return "" if value is None or isinstance(value, Unknown) else str(value)


def _target_of(facts: Facts) -> str:
    if facts.action is not None:
        return f"action:{facts.action}"
    if facts.contexts:
        return f"context:{min(facts.contexts)}"
    return f"app:{facts.apps[0].id}" if facts.apps else NOTHING.target


def _lines_of(device: DeviceFacts) -> str:
    return "\n".join(
        f"{name}={value if isinstance(value, str) else ', '.join(value)}" for name, value in device.attributes.items()
    )


# -- what can be chosen ---------------------------------------------------------------------------------


async def choices(call: Call, rules: AccessRules, asked: Asked) -> dict[str, Choices]:
    apps = {app.id: app.name for app in await call.services.store.apps.all(call.tenant.id)} | OWN_APPS
    named = sorted(((f"app:{one}", f"Reach {name}") for one, name in apps.items()), key=lambda pair: pair[1].casefold())
    contexts = [(f"context:{one.id}", f"Reach what {one.id} protects: {one.name}") for one in rules.contexts]
    offered: dict[str, Choices] = {
        **FIXED,
        "target": (*named, *_ACTIONS, *contexts),
        "location": (("", "The address and country typed here"), *((one.id, one.name) for one in rules.set.locations)),
        "device": await _devices(call, asked.user),
    }
    # Of something that is not in a list, such as an app that was removed, the question must not quietly be another.
    if asked.target not in dict(offered["target"]):
        offered["target"] = ((asked.target, asked.target.partition(":")[2] or asked.target), *offered["target"])
    return offered


async def _devices(call: Call, username: str) -> Choices:
    kinds = [
        ("", "One that is not registered"),
        (COMPLIANT, "Registered and compliant"),
        (JOINED, "Joined to the organisation"),
        (BOTH, "Joined and compliant"),
        (DESCRIBED, "Registered, as described below"),
    ]
    user = await call.services.store.users.by_username(call.tenant.id, username) if username else None
    if user is not None:
        theirs = await call.services.store.devices.of_user(call.tenant.id, user.id)
        kinds += [(f"device:{one.id}", f"{one.name}, enrolled by them") for one in theirs]
    return kinds
