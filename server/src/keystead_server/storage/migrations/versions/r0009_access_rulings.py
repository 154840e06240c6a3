"""What Conditional Access said of an attempt; empty in older rows."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("attempts", Column("access", Text))
