"""Mail addresses and letters; passkeys registered on behalf are acknowledged; where a passkey was last used."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, LargeBinary, PrimaryKeyConstraint, Text
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

ORDERED = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("users", Column("mail", Text))
    op.add_column("passkeys", Column("acknowledged_at", BigInteger))
    op.add_column("passkeys", Column("last_used_address", Text))
    op.add_column("passkeys", Column("last_used_agent", Text))
    op.add_column("passes", Column("delivered_to", Text))
    op.create_table(
        "letters",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("user_id", ORDERED, nullable=False),
        Column("occasion", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("due_at", BigInteger, nullable=False),
        Column("over_at", BigInteger, nullable=False),
        Column("tries", Integer, nullable=False),
        PrimaryKeyConstraint("tenant_id", "id"),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="letters_user_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("letters_due", "letters", ["due_at"])
    op.create_index("letters_over", "letters", ["over_at"])
