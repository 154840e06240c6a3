"""What Conditional Access said of an attempt; empty in older rows."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("attempts", Column("access", Text))
