"""The tables, once: statements, migrations and the documentation all come from here.

What holds for every table, and why:

    ids             text of a UUIDv7, made by the application: no sequence, no hot counter
    primary key     (tenant_id, id): nothing is found without naming its tenant, a tenant can be
                    moved to a database of its own, and new rows land at the end
    times           UTC, whole microseconds since 1970, 64 bits
    names           compared by a second, folded column, because databases' collations differ
    JSON            text that is read whole; never joined on or searched
    foreign keys    inside one tenant, for what people administer. Logs, sessions and grants have
                    none: a log does not forget, and the reads of the others join their user, so
                    that what belonged to a removed user is found no more
    over_at         when a row stopped being of use, kept by the writes; what `sweep` goes by

A column is added in the table's module (none is called like a table, which would hide it here), in a migration,
in `rows` and in the domain value.
"""

from keystead_server.storage.schema.activity import (
    GRANTED_SIGN_IN,
    OTHER_ATTEMPT,
    REFUSED_GUESS,
    attempts,
    audit_events,
    grants,
    sessions,
)
from keystead_server.storage.schema.chains import log_checkpoints, log_heads, log_links
from keystead_server.storage.schema.columns import metadata
from keystead_server.storage.schema.credentials import (
    campaign_snoozes,
    guesses,
    hello_keys,
    passes,
    passkeys,
    passwords,
    recovery_codes,
    totp_authenticators,
)
from keystead_server.storage.schema.directory import (
    HAS_ROLES,
    apps,
    groups,
    memberships,
    policy_documents,
    signing_keys,
    tenants,
    users,
)
from keystead_server.storage.schema.enrolment import authorities, devices
from keystead_server.storage.schema.outbox import letters

__all__ = [
    "GRANTED_SIGN_IN",
    "HAS_ROLES",
    "OTHER_ATTEMPT",
    "REFUSED_GUESS",
    "apps",
    "attempts",
    "audit_events",
    "authorities",
    "campaign_snoozes",
    "devices",
    "grants",
    "groups",
    "guesses",
    "hello_keys",
    "letters",
    "log_checkpoints",
    "log_heads",
    "log_links",
    "memberships",
    "metadata",
    "passes",
    "passkeys",
    "passwords",
    "policy_documents",
    "recovery_codes",
    "sessions",
    "signing_keys",
    "tenants",
    "totp_authenticators",
    "users",
]
