"""Windows Hello keys: of a person, on a computer."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

ORDERED = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "hello_keys",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("device_id", ORDERED, nullable=False),
        Column("public_key", LargeBinary, nullable=False),
        Column("name", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("last_used_at", BigInteger),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="hello_keys_user_id", ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "device_id"],
            ["devices.tenant_id", "devices.id"],
            name="hello_keys_device_id",
            ondelete="CASCADE",
        ),
        PrimaryKeyConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "user_id", "device_id", name="hello_keys_computer"),
        sqlite_with_rowid=False,
    )
    op.create_index("hello_keys_device", "hello_keys", ["tenant_id", "device_id"])
