"""An index by moment for attempts that are not granted sign-ins: those are found by their ids."""

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    others = text("(purpose <> 'signIn' OR result <> 'granted')")
    columns = ["tenant_id", "at", "id"]
    op.create_index("attempts_other", "attempts", columns, sqlite_where=others, postgresql_where=others)
    op.drop_index("attempts_at", "attempts")
