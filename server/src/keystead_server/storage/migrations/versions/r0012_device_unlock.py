"""What a device asks its person to allow."""

from alembic import op
from sqlalchemy import Column, LargeBinary

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("devices", Column("unlock", LargeBinary))
