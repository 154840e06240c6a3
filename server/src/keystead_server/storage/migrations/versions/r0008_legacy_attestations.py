"""Whether a passkey's attestation is signed over SHA-1.

Of passkeys that are here already only the format and the kind were kept, so they count as not.
"""

from alembic import op
from sqlalchemy import Boolean, Column, false

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("passkeys", Column("legacy_attestation", Boolean, nullable=False, server_default=false()))
