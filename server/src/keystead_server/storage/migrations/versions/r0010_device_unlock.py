"""What a device asks its person to allow."""

from alembic import op
from sqlalchemy import Column, LargeBinary

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("devices", Column("unlock", LargeBinary))
