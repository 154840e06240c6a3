"""Passwords, authenticator apps and recovery codes; guesses are counted for all of them; an account's own audit events."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

ORDERED = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
REFUSED_GUESS = text(
    "method IN ('temporaryAccessPass', 'password', 'softwareOath', 'recoveryCode') AND result = 'refused'"
)


def _of_user(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name=f"{table}_user_id", ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "passwords",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("hashed", Text, nullable=False),
        Column("set_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "user_id", name="passwords_user"),
        _of_user("passwords"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "totp_authenticators",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("name", Text, nullable=False),
        Column("sealed_secret", LargeBinary, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("registered_by", ORDERED, nullable=False),
        Column("last_step", BigInteger, nullable=False),
        Column("last_used_at", BigInteger),
        PrimaryKeyConstraint("tenant_id", "id"),
        _of_user("totp_authenticators"),
        sqlite_with_rowid=False,
    )
    op.create_index("totp_authenticators_user", "totp_authenticators", ["tenant_id", "user_id"])
    op.create_table(
        "recovery_codes",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("digests", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("last_used_at", BigInteger),
        PrimaryKeyConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "user_id", name="recovery_codes_user"),
        _of_user("recovery_codes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "guesses",
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("number", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant_id", "user_id"),
        _of_user("guesses"),
        sqlite_with_rowid=False,
    )
    _indexes()


def _indexes() -> None:
    op.drop_index("attempts_refused_pass", "attempts")
    op.create_index(
        "attempts_refused_guess",
        "attempts",
        ["tenant_id", "user_id", "method", "at"],
        sqlite_where=REFUSED_GUESS,
        postgresql_where=REFUSED_GUESS,
    )
    op.create_index("audit_events_target", "audit_events", ["tenant_id", "target_id", "id"])
