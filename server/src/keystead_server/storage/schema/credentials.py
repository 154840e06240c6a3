"""What people sign in with, how often they were guessed at, and how often they put a passkey off."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, PrimaryKeyConstraint, Text, UniqueConstraint, false

from keystead_server.storage.schema.columns import (
    bytes_,
    flag,
    id_,
    moment,
    of,
    optional_id,
    optional_moment,
    table,
    text,
)

passkeys = table(
    "passkeys",
    id_(),
    id_("tenant_id"),
    id_("user_id"),
    bytes_("credential_id"),
    bytes_("public_key"),
    Column("algorithm", Integer(), nullable=False),
    text("aaguid"),
    Column("sign_count", BigInteger(), nullable=False),
    flag("backup_eligible"),
    flag("backed_up"),
    text("transports"),
    text("attestation_format"),
    text("attestation_kind"),
    text("proof"),
    text("name"),
    moment("created_at"),
    id_("registered_by"),
    optional_moment("last_used_at"),
    optional_moment("acknowledged_at"),
    Column("last_used_address", Text()),
    Column("last_used_agent", Text()),
    # No foreign key: a passkey whose device was removed says so, and is refused for it.
    optional_id("device_id"),
    Column("legacy_attestation", Boolean(), nullable=False, server_default=false()),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "credential_id", name="passkeys_credential_id"),
    Index("passkeys_user", "tenant_id", "user_id"),
    of("passkeys", "users", "user_id"),
)

passes = table(
    "passes",
    id_(),
    id_("tenant_id"),
    id_("user_id"),
    bytes_("digest"),
    moment("starts_at"),
    moment("expires_at"),
    flag("usable_once"),
    moment("created_at"),
    optional_id("created_by"),
    optional_moment("used_at"),
    Column("delivered_to", Text()),
    moment("over_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "user_id", name="passes_user"),
    Index("passes_over", "over_at"),
    of("passes", "users", "user_id"),
)

passwords = table(
    "passwords",
    id_(),
    id_("tenant_id"),
    id_("user_id"),
    text("hashed"),
    moment("set_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "user_id", name="passwords_user"),
    of("passwords", "users", "user_id"),
)

totp_authenticators = table(
    "totp_authenticators",
    id_(),
    id_("tenant_id"),
    id_("user_id"),
    text("name"),
    bytes_("sealed_secret"),
    moment("created_at"),
    id_("registered_by"),
    Column("last_step", BigInteger(), nullable=False),
    optional_moment("last_used_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("totp_authenticators_user", "tenant_id", "user_id"),
    of("totp_authenticators", "users", "user_id"),
)

recovery_codes = table(
    "recovery_codes",
    id_(),
    id_("tenant_id"),
    id_("user_id"),
    text("digests"),
    moment("made_at"),
    optional_moment("last_used_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "user_id", name="recovery_codes_user"),
    of("recovery_codes", "users", "user_id"),
)

hello_keys = table(
    "hello_keys",
    id_(),
    id_("tenant_id"),
    id_("user_id"),
    id_("device_id"),
    bytes_("public_key"),
    text("name"),
    moment("created_at"),
    optional_moment("last_used_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "user_id", "device_id", name="hello_keys_computer"),
    Index("hello_keys_device", "tenant_id", "device_id"),
    of("hello_keys", "users", "user_id"),
    of("hello_keys", "devices", "device_id"),
)

# How many guesses at each person were judged: what puts those that come at once in an order.
# Only who is guessed at has a row, and only their own guesses wait for it.
guesses = table(
    "guesses",
    id_("tenant_id"),
    id_("user_id"),
    Column("number", BigInteger(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    of("guesses", "users", "user_id"),
)

# How often somebody put off adding a passkey. Apart from `users`, which every sign-in reads and this is not in.
campaign_snoozes = table(
    "campaign_snoozes",
    id_("tenant_id"),
    id_("user_id"),
    Column("count", Integer(), nullable=False),
    optional_moment("last_at"),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    of("campaign_snoozes", "users", "user_id"),
)
