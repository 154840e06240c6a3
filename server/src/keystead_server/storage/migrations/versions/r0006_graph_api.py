"""What apps may do of our API, and the sign-in log by time."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name in ("delegated_permissions", "application_permissions"):
        op.add_column("apps", Column(name, Text, nullable=False, server_default="[]"))
    op.create_index("attempts_at", "attempts", ["tenant_id", "at", "id"])
