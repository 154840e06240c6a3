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

A column is added here, in a migration, in `rows` and in the domain value.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

metadata = MetaData()

# Ordered by code point on both engines, whatever locale the database was made in: pages of users and
# groups come in one order everywhere, and a locale update cannot corrupt these indexes.
Ordered: TypeEngine[str] = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def _table(name: str, *parts: SchemaItem) -> Table:
    return Table(name, metadata, *parts, sqlite_with_rowid=False)


def _ordered(name: str) -> Column[str]:
    return Column(name, Ordered, nullable=False)


def _id(name: str = "id") -> Column[str]:
    return _ordered(name)


def _optional_id(name: str) -> Column[str]:
    return Column(name, Ordered)


def _text(name: str) -> Column[str]:
    return Column(name, Text(), nullable=False)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary(), nullable=False)


def _list(name: str) -> Column[str]:
    """A JSON list, empty in rows that are older than the column."""
    return Column(name, Text(), nullable=False, server_default="[]")


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(), nullable=False)


def _moment(name: str) -> Column[int]:
    return Column(name, BigInteger(), nullable=False)


def _optional_bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary())


def _optional_moment(name: str) -> Column[int]:
    return Column(name, BigInteger())


def _of_tenant(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"{table}_tenant")


def _of(table: str, parent: str, column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{parent}.tenant_id", f"{parent}.id"], name=f"{table}_{column}", ondelete="CASCADE"
    )


tenants = _table(
    "tenants",
    _id(),
    _ordered("name"),
    _text("display_name"),
    _moment("created_at"),
    Column("policy_version", BigInteger(), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name", name="tenants_name"),
)

users = _table(
    "users",
    _id(),
    _id("tenant_id"),
    _text("username"),
    _text("display_name"),
    _bytes("handle"),
    _moment("created_at"),
    _moment("sessions_valid_from"),
    _flag("enabled"),
    _text("roles"),
    Column("mail", Text()),
    _ordered("username_folded"),
    _ordered("display_name_folded"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "username_folded", name="users_username"),
    _of_tenant("users"),
)

# Few people have a role, and "who is an administrator" is asked before the last one is let go.
HAS_ROLES: ColumnElement[bool] = literal_column("roles <> '[]'")
Index("users_with_roles", users.c.tenant_id, users.c.id, sqlite_where=HAS_ROLES, postgresql_where=HAS_ROLES)

groups = _table(
    "groups",
    _id(),
    _id("tenant_id"),
    _text("name"),
    _moment("created_at"),
    _ordered("name_folded"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "name_folded", name="groups_name"),
    _of_tenant("groups"),
)

memberships = _table(
    "memberships",
    _id("tenant_id"),
    _id("group_id"),
    _id("user_id"),
    PrimaryKeyConstraint("tenant_id", "user_id", "group_id"),
    Index("memberships_group", "tenant_id", "group_id", "user_id"),
    _of("memberships", "groups", "group_id"),
    _of("memberships", "users", "user_id"),
)

passkeys = _table(
    "passkeys",
    _id(),
    _id("tenant_id"),
    _id("user_id"),
    _bytes("credential_id"),
    _bytes("public_key"),
    Column("algorithm", Integer(), nullable=False),
    _text("aaguid"),
    Column("sign_count", BigInteger(), nullable=False),
    _flag("backup_eligible"),
    _flag("backed_up"),
    _text("transports"),
    _text("attestation_format"),
    _text("attestation_kind"),
    _text("proof"),
    _text("name"),
    _moment("created_at"),
    _id("registered_by"),
    _optional_moment("last_used_at"),
    _optional_moment("acknowledged_at"),
    Column("last_used_address", Text()),
    Column("last_used_agent", Text()),
    # No foreign key: a passkey whose device was removed says so, and is refused for it.
    _optional_id("device_id"),
    Column("legacy_attestation", Boolean(), nullable=False, server_default=false()),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "credential_id", name="passkeys_credential_id"),
    Index("passkeys_user", "tenant_id", "user_id"),
    _of("passkeys", "users", "user_id"),
)

devices = _table(
    "devices",
    _id(),
    _id("tenant_id"),
    _text("name"),
    _bytes("endorsement_digest"),
    _bytes("endorsement_public"),
    _text("trust"),
    _text("tpm_manufacturer"),
    _text("tpm_model"),
    _text("tpm_version"),
    _text("firmware"),
    _bytes("attestation_digest"),
    _bytes("attestation_name"),
    _bytes("attestation_public"),
    _text("certificate_serial"),
    _moment("certificate_expires_at"),
    _text("state"),
    # No foreign key: what was withdrawn stays on record when the person has left.
    _id("enrolled_by"),
    _moment("enrolled_at"),
    _optional_bytes("unlock"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "attestation_digest", name="devices_attestation_key"),
    Index("devices_endorsement_key", "tenant_id", "endorsement_digest"),
    Index("devices_person", "tenant_id", "enrolled_by"),
    _of_tenant("devices"),
)

authorities = _table(
    "authorities",
    _id(),
    _id("tenant_id"),
    _bytes("sealed"),
    _bytes("certificate"),
    _moment("created_at"),
    _optional_moment("retired_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    _of_tenant("authorities"),
)

passes = _table(
    "passes",
    _id(),
    _id("tenant_id"),
    _id("user_id"),
    _bytes("digest"),
    _moment("starts_at"),
    _moment("expires_at"),
    _flag("usable_once"),
    _moment("created_at"),
    _optional_id("created_by"),
    _optional_moment("used_at"),
    Column("delivered_to", Text()),
    _moment("over_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "user_id", name="passes_user"),
    Index("passes_over", "over_at"),
    _of("passes", "users", "user_id"),
)

passwords = _table(
    "passwords",
    _id(),
    _id("tenant_id"),
    _id("user_id"),
    _text("hashed"),
    _moment("set_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "user_id", name="passwords_user"),
    _of("passwords", "users", "user_id"),
)

totp_authenticators = _table(
    "totp_authenticators",
    _id(),
    _id("tenant_id"),
    _id("user_id"),
    _text("name"),
    _bytes("sealed_secret"),
    _moment("created_at"),
    _id("registered_by"),
    Column("last_step", BigInteger(), nullable=False),
    _optional_moment("last_used_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("totp_authenticators_user", "tenant_id", "user_id"),
    _of("totp_authenticators", "users", "user_id"),
)

recovery_codes = _table(
    "recovery_codes",
    _id(),
    _id("tenant_id"),
    _id("user_id"),
    _text("digests"),
    _moment("made_at"),
    _optional_moment("last_used_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "user_id", name="recovery_codes_user"),
    _of("recovery_codes", "users", "user_id"),
)

hello_keys = _table(
    "hello_keys",
    _id(),
    _id("tenant_id"),
    _id("user_id"),
    _id("device_id"),
    _bytes("public_key"),
    _text("name"),
    _moment("created_at"),
    _optional_moment("last_used_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "user_id", "device_id", name="hello_keys_computer"),
    Index("hello_keys_device", "tenant_id", "device_id"),
    _of("hello_keys", "users", "user_id"),
    _of("hello_keys", "devices", "device_id"),
)

# How many guesses at each person were judged: what puts those that come at once in an order.
# Only who is guessed at has a row, and only their own guesses wait for it.
guesses = _table(
    "guesses",
    _id("tenant_id"),
    _id("user_id"),
    Column("number", BigInteger(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    _of("guesses", "users", "user_id"),
)

# How often somebody put off adding a passkey. Apart from `users`, which every sign-in reads and this is not in.
campaign_snoozes = _table(
    "campaign_snoozes",
    _id("tenant_id"),
    _id("user_id"),
    Column("count", Integer(), nullable=False),
    _optional_moment("last_at"),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    _of("campaign_snoozes", "users", "user_id"),
)

# The outbox. Whoever sends a letter moves `due_at` first, so of several processes one tries it.
letters = _table(
    "letters",
    _id(),
    _id("tenant_id"),
    _id("user_id"),
    _text("occasion"),
    _text("address"),
    _bytes("sealed"),
    _moment("created_at"),
    _moment("due_at"),
    _moment("over_at"),
    Column("tries", Integer(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("letters_due", "due_at"),
    Index("letters_over", "over_at"),
    _of("letters", "users", "user_id"),
)

apps = _table(
    "apps",
    _id(),
    _id("tenant_id"),
    _text("name"),
    _text("redirect_uris"),
    _text("post_logout_redirect_uris"),
    _text("secret_digests"),
    _moment("created_at"),
    _text("id_token_alg"),
    _flag("enabled"),
    _ordered("name_folded"),
    _list("delegated_permissions"),
    _list("application_permissions"),
    PrimaryKeyConstraint("tenant_id", "id"),
    _of_tenant("apps"),
)

sessions = _table(
    "sessions",
    _id(),
    _id("tenant_id"),
    _id("user_id"),
    _text("method"),
    _text("acr"),
    _moment("signed_in_at"),
    _moment("expires_at"),
    _optional_id("passkey_id"),
    _optional_moment("closed_at"),
    _moment("over_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("sessions_over", "over_at"),
)

grants = _table(
    "grants",
    _id(),
    _id("tenant_id"),
    _id("session_id"),
    _id("app_id"),
    _id("user_id"),
    _text("scope"),
    _moment("issued_at"),
    _moment("expires_at"),
    _optional_moment("revoked_at"),
    _moment("over_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("grants_over", "over_at"),
)

attempts = _table(
    "attempts",
    _id(),
    _id("tenant_id"),
    _moment("at"),
    _text("purpose"),
    _text("method"),
    _text("result"),
    _text("reason"),
    _text("client_address"),
    _text("user_agent"),
    _text("detail"),
    _optional_id("user_id"),
    Column("username", Text()),
    _optional_id("app_id"),
    Column("credential_id", LargeBinary()),
    Column("aaguid", Text()),
    Column("proof", Text()),
    Column("profile", Text()),
    _optional_id("challenge_id"),
    Column("access", Text()),
    # Backwards, the primary key is "newest first".
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("attempts_user", "tenant_id", "user_id", "id"),
)

# An attempt's id is as old as its challenge. That of a granted sign-in is a few minutes old at most, so the
# key has it by moment, nearly; of the rest any may be old, and only those pay for an index by moment.
GRANTED_SIGN_IN: ColumnElement[bool] = literal_column("(purpose = 'signIn' AND result = 'granted')")
OTHER_ATTEMPT: ColumnElement[bool] = literal_column("(purpose <> 'signIn' OR result <> 'granted')")
Index(
    "attempts_other",
    attempts.c.tenant_id,
    attempts.c.at,
    attempts.c.id,
    sqlite_where=OTHER_ATTEMPT,
    postgresql_where=OTHER_ATTEMPT,
)

# What `guesses` counts, and nothing else: signing in with a passkey does not pay for it.
REFUSED_GUESS: ColumnElement[bool] = literal_column(
    "method IN ('temporaryAccessPass', 'password', 'softwareOath', 'recoveryCode') AND result = 'refused'"
)
Index(
    "attempts_refused_guess",
    attempts.c.tenant_id,
    attempts.c.user_id,
    attempts.c.method,
    attempts.c.at,
    sqlite_where=REFUSED_GUESS,
    postgresql_where=REFUSED_GUESS,
)

audit_events = _table(
    "audit_events",
    _id(),
    _id("tenant_id"),
    _moment("at"),
    _text("name"),
    _optional_id("actor_id"),
    _text("target_id"),
    _text("detail"),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("audit_events_target", "tenant_id", "target_id", "id"),
)

# What proves the two logs whole; see domain/log_chain.py. Written beside them in one transaction, and like
# them never changed and never swept.
log_links = _table(
    "log_links",
    _id("chain_id"),
    Column("number", BigInteger(), nullable=False),
    _bytes("previous"),
    _bytes("digest"),
    _bytes("rows"),
    PrimaryKeyConstraint("chain_id", "number"),
)

# The chains that have moved since a checkpoint last bound them; a row is only ever written by the
# chain's own process, so nobody waits for it.
log_heads = _table(
    "log_heads",
    _id("chain_id"),
    Column("number", BigInteger(), nullable=False),
    PrimaryKeyConstraint("chain_id"),
)

# Numbered, so that of two processes that make the next one at once, one does.
log_checkpoints = _table(
    "log_checkpoints",
    Column("number", BigInteger(), nullable=False, autoincrement=False),
    _moment("at"),
    _text("token"),
    PrimaryKeyConstraint("number"),
)

policy_documents = _table(
    "policy_documents",
    _id("tenant_id"),
    _ordered("kind"),
    Column("version", Integer(), nullable=False),
    _text("body"),
    _moment("changed_at"),
    _optional_id("changed_by"),
    PrimaryKeyConstraint("tenant_id", "kind", "version"),
    _of_tenant("policy_documents"),
)

signing_keys = _table(
    "signing_keys",
    _ordered("kid"),
    _text("alg"),
    _bytes("sealed"),
    _text("public_jwk"),
    _moment("created_at"),
    _optional_moment("retired_at"),
    PrimaryKeyConstraint("kid"),
)
