"""The computers that vouch for passkeys, and the authorities that certified them."""

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint

from keystead_server.storage.schema.columns import (
    bytes_,
    id_,
    moment,
    of_tenant,
    optional_bytes,
    optional_moment,
    table,
    text,
)

devices = table(
    "devices",
    id_(),
    id_("tenant_id"),
    text("name"),
    bytes_("endorsement_digest"),
    bytes_("endorsement_public"),
    text("trust"),
    text("tpm_manufacturer"),
    text("tpm_model"),
    text("tpm_version"),
    text("firmware"),
    bytes_("attestation_digest"),
    bytes_("attestation_name"),
    bytes_("attestation_public"),
    text("certificate_serial"),
    moment("certificate_expires_at"),
    text("state"),
    # No foreign key: what was withdrawn stays on record when the person has left.
    id_("enrolled_by"),
    moment("enrolled_at"),
    optional_bytes("unlock"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "attestation_digest", name="devices_attestation_key"),
    Index("devices_endorsement_key", "tenant_id", "endorsement_digest"),
    Index("devices_person", "tenant_id", "enrolled_by"),
    of_tenant("devices"),
)

authorities = table(
    "authorities",
    id_(),
    id_("tenant_id"),
    bytes_("sealed"),
    bytes_("certificate"),
    moment("created_at"),
    optional_moment("retired_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    of_tenant("authorities"),
)
