"""How often people put off adding a passkey."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, Text
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

ORDERED = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "campaign_snoozes",
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("count", Integer, nullable=False),
        Column("last_at", BigInteger),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="campaign_snoozes_user_id",
            ondelete="CASCADE",
        ),
        PrimaryKeyConstraint("tenant_id", "user_id"),
        sqlite_with_rowid=False,
    )
