"""Devices, the authorities that certify their keys, and which device vouched for a passkey."""

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

revision = "0007"
down_revision = "0006"

ORDERED = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "devices",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("name", Text, nullable=False),
        Column("endorsement_digest", LargeBinary, nullable=False),
        Column("endorsement_public", LargeBinary, nullable=False),
        Column("trust", Text, nullable=False),
        Column("tpm_manufacturer", Text, nullable=False),
        Column("tpm_model", Text, nullable=False),
        Column("tpm_version", Text, nullable=False),
        Column("firmware", Text, nullable=False),
        Column("attestation_digest", LargeBinary, nullable=False),
        Column("attestation_name", LargeBinary, nullable=False),
        Column("attestation_public", LargeBinary, nullable=False),
        Column("certificate_serial", Text, nullable=False),
        Column("certificate_expires_at", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("enrolled_by", ORDERED, nullable=False),
        Column("enrolled_at", BigInteger, nullable=False),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="devices_tenant"),
        PrimaryKeyConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "attestation_digest", name="devices_attestation_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("devices_endorsement_key", "devices", ["tenant_id", "endorsement_digest"])
    op.create_index("devices_person", "devices", ["tenant_id", "enrolled_by"])
    op.create_table(
        "authorities",
        Column("id", ORDERED, nullable=False),
        Column("tenant_id", ORDERED, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
        Column("certificate", LargeBinary, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("retired_at", BigInteger),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="authorities_tenant"),
        PrimaryKeyConstraint("tenant_id", "id"),
        sqlite_with_rowid=False,
    )
    op.add_column("passkeys", Column("device_id", ORDERED))
