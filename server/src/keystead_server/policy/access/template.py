"""What a ready-made policy is: Graph's JSON of a policy in report-only mode.

So it can be kept, read and replayed before it is switched on. Ids are ours and stay the same.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from keystead_server.policy.access.vocabulary import State

_IDS = UUID("6d0c9a52-7f0e-5b0a-9d5e-2f7c0c1a7b11")
# The roles that Microsoft's administrator templates name, by their role template ids.
PRIVILEGED_ROLES: Final[Mapping[str, str]] = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
    "c4e39bd9-1100-46d3-8c65-fb160da0071f": "Authentication Administrator",
    "b0f54661-2d74-4c50-afa3-1ec803f12efe": "Billing Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
    "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
    "966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
    "194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
}


class Scenario(StrEnum):
    """Graph's `templateScenarios`; the last two are not in it."""

    SECURE_FOUNDATION = "secureFoundation"
    ZERO_TRUST = "zeroTrust"
    REMOTE_WORK = "remoteWork"
    PROTECT_ADMINS = "protectAdmins"
    EMERGING_THREATS = "emergingThreats"
    AI_AGENTS = "aiAgents"
    KEYSTEAD = "keystead"


@dataclass(frozen=True, slots=True)
class Template:
    """Attributes:
    details: `conditions`, `grantControls` and `sessionControls` in Graph's JSON; not to be changed.
    needs: what must be there before it can be met or can match, and is not there by itself.
    """

    key: str
    name: str
    description: str
    scenarios: frozenset[Scenario]
    details: Mapping[str, Any] = field(hash=False)
    needs: str = ""

    @property
    def id(self) -> str:
        return str(uuid5(_IDS, self.key))

    @property
    def is_about_people(self) -> bool:
        return "clientApplications" not in self.details["conditions"]


def body(template: Template, *, sparing: Iterable[str] = ()) -> dict[str, Any]:
    """*template* as a policy in report-only mode, for `read_policy`.

    Args:
        sparing: ids of people whom it is not for, such as its author. Break-glass accounts need no mention.
    """
    policy: dict[str, Any] = {
        "displayName": template.name,
        "description": template.description,
        "templateId": template.id,
        "state": State.REPORT_ONLY.value,
        **deepcopy(dict(template.details)),
    }
    if template.is_about_people:
        users = policy["conditions"]["users"]
        users["excludeUsers"] = sorted({*users.get("excludeUsers", ()), *sparing})
    return policy
