"""The first tables."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

ORDERED = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    _directory()
    _credentials()
    _activity()


def _directory() -> None:
    """What administrators keep."""
    op.create_table(
        "tenants",
        Column("id", ORDERED, nullable=False),
        Column("name", ORDERED, nullable=False),
        Column("display_name", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("policy_version", BigInteger, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("name", name="tenants_name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("username", Text, nullable=False),
        Column("display_name", Text, nullable=False),
        Column("handle", LargeBinary, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("sessions_valid_from", BigInteger, nullable=False),
        Column("enabled", Boolean, nullable=False),
        Column("roles", Text, nullable=False),
        Column("username_folded", ORDERED, nullable=False),
        Column("display_name_folded", ORDERED, nullable=False),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="users_tenant"),
        PrimaryKeyConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "username_folded", name="users_username"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "users_with_roles",
        "users",
        ["tenant_id", "id"],
        sqlite_where=text("roles <> '[]'"),
        postgresql_where=text("roles <> '[]'"),
    )
    op.create_table(
        "groups",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("name", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("name_folded", ORDERED, nullable=False),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="groups_tenant"),
        PrimaryKeyConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "name_folded", name="groups_name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "memberships",
        Column("tenant_id", ORDERED, nullable=False),
        Column("group_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["groups.tenant_id", "groups.id"],
            name="memberships_group_id",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="memberships_user_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("tenant_id", "user_id", "group_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("memberships_group", "memberships", ["tenant_id", "group_id", "user_id"])
    op.create_table(
        "apps",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("name", Text, nullable=False),
        Column("redirect_uris", Text, nullable=False),
        Column("post_logout_redirect_uris", Text, nullable=False),
        Column("secret_digests", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("id_token_alg", Text, nullable=False),
        Column("enabled", Boolean, nullable=False),
        Column("name_folded", ORDERED, nullable=False),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="apps_tenant"),
        PrimaryKeyConstraint("tenant_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "policy_documents",
        Column("tenant_id", ORDERED, nullable=False),
        Column("kind", ORDERED, nullable=False),
        Column("version", Integer, nullable=False),
        Column("body", Text, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("changed_by", ORDERED),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="policy_documents_tenant"),
        PrimaryKeyConstraint("tenant_id", "kind", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signing_keys",
        Column("kid", ORDERED, nullable=False),
        Column("alg", Text, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
        Column("public_jwk", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("retired_at", BigInteger),
        PrimaryKeyConstraint("kid"),
        sqlite_with_rowid=False,
    )


def _credentials() -> None:
    """What people sign in with."""
    op.create_table(
        "passkeys",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("credential_id", LargeBinary, nullable=False),
        Column("public_key", LargeBinary, nullable=False),
        Column("algorithm", Integer, nullable=False),
        Column("aaguid", Text, nullable=False),
        Column("sign_count", BigInteger, nullable=False),
        Column("backup_eligible", Boolean, nullable=False),
        Column("backed_up", Boolean, nullable=False),
        Column("transports", Text, nullable=False),
        Column("attestation_format", Text, nullable=False),
        Column("attestation_kind", Text, nullable=False),
        Column("proof", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("registered_by", ORDERED, nullable=False),
        Column("last_used_at", BigInteger),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="passkeys_user_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "credential_id", name="passkeys_credential_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("passkeys_user", "passkeys", ["tenant_id", "user_id"])
    op.create_table(
        "passes",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("starts_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("usable_once", Boolean, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("created_by", ORDERED),
        Column("used_at", BigInteger),
        Column("over_at", BigInteger, nullable=False),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="passes_user_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "user_id", name="passes_user"),
        sqlite_with_rowid=False,
    )
    op.create_index("passes_over", "passes", ["over_at"])


def _activity() -> None:
    """What happened."""
    op.create_table(
        "sessions",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("method", Text, nullable=False),
        Column("acr", Text, nullable=False),
        Column("signed_in_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("passkey_id", ORDERED),
        Column("closed_at", BigInteger),
        Column("over_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_over", "sessions", ["over_at"])
    op.create_table(
        "grants",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("session_id", ORDERED, nullable=False),
        Column("app_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("scope", Text, nullable=False),
        Column("issued_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("revoked_at", BigInteger),
        Column("over_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("grants_over", "grants", ["over_at"])
    op.create_table(
        "attempts",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("purpose", Text, nullable=False),
        Column("method", Text, nullable=False),
        Column("result", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("client_address", Text, nullable=False),
        Column("user_agent", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("user_id", ORDERED),
        Column("username", Text),
        Column("app_id", ORDERED),
        Column("credential_id", LargeBinary),
        Column("aaguid", Text),
        Column("proof", Text),
        Column("profile", Text),
        Column("challenge_id", ORDERED),
        PrimaryKeyConstraint("tenant_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "attempts_refused_pass",
        "attempts",
        ["tenant_id", "user_id", "at"],
        sqlite_where=text("method = 'temporaryAccessPass' AND result = 'refused'"),
        postgresql_where=text("method = 'temporaryAccessPass' AND result = 'refused'"),
    )
    op.create_index("attempts_user", "attempts", ["tenant_id", "user_id", "id"])
    op.create_table(
        "audit_events",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("name", Text, nullable=False),
        Column("actor_id", ORDERED),
        Column("target_id", Text, nullable=False),
        Column("detail", Text, nullable=False),
        PrimaryKeyConstraint("tenant_id", "id"),
        sqlite_with_rowid=False,
    )
