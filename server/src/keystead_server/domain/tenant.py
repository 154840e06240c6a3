"""A tenant: one organisation, with its own people, apps and policy."""

import re
from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid

# A tenant's name is the first segment of every one of its addresses, so it may not be one of ours.
RESERVED_NAMES = frozenset(
    {
        "admin", "api", "assets", "common", "consumers", "graph", "healthz",
        "metrics", "openapi.json", "organizations", "well-known",
    }
)  # fmt: skip
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organisation.

    Attributes:
        name: as in `https://id.example.org/<name>/…`; lower case letters, digits and hyphens.
        policy_version: grows with every change of the tenant's policies; what was compiled
            for an older version is not used.
    """

    id: TenantId
    name: str
    display_name: str
    created_at: datetime
    policy_version: int = 1


def check_tenant_name(name: str) -> str:
    """Return *name* when it can be a tenant's.

    Raises:
        Invalid: it cannot; the message says what may be written.
    """
    if not _NAME.fullmatch(name) or name in RESERVED_NAMES:
        raise Invalid(
            "tenant_name_invalid",
            f'a tenant\'s name is 1 to 63 lower case letters, digits and hyphens, such as "contoso", not {name!r}',
            target="name",
        )
    return name
