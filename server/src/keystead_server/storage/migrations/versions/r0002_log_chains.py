"""Chains of the logs, and their checkpoints."""

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, Text
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

ORDERED = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "log_links",
        Column("chain_id", ORDERED, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("previous", LargeBinary, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("rows", LargeBinary, nullable=False),
        PrimaryKeyConstraint("chain_id", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_heads",
        Column("chain_id", ORDERED, nullable=False),
        Column("number", BigInteger, nullable=False),
        PrimaryKeyConstraint("chain_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_checkpoints",
        Column("number", BigInteger, autoincrement=False, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("token", Text, nullable=False),
        PrimaryKeyConstraint("number"),
        sqlite_with_rowid=False,
    )
