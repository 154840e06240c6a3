"""Sessions, grants, and the two logs."""

from sqlalchemy import Column, ColumnElement, Index, LargeBinary, PrimaryKeyConstraint, Text, literal_column

from keystead_server.storage.schema.columns import id_, moment, optional_id, optional_moment, table, text

sessions = table(
    "sessions",
    id_(),
    id_("tenant_id"),
    id_("user_id"),
    text("method"),
    text("acr"),
    moment("signed_in_at"),
    moment("expires_at"),
    optional_id("passkey_id"),
    optional_moment("closed_at"),
    moment("over_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("sessions_over", "over_at"),
)

grants = table(
    "grants",
    id_(),
    id_("tenant_id"),
    id_("session_id"),
    id_("app_id"),
    id_("user_id"),
    text("scope"),
    moment("issued_at"),
    moment("expires_at"),
    optional_moment("revoked_at"),
    moment("over_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("grants_over", "over_at"),
)

attempts = table(
    "attempts",
    id_(),
    id_("tenant_id"),
    moment("at"),
    text("purpose"),
    text("method"),
    text("result"),
    text("reason"),
    text("client_address"),
    text("user_agent"),
    text("detail"),
    optional_id("user_id"),
    Column("username", Text()),
    optional_id("app_id"),
    Column("credential_id", LargeBinary()),
    Column("aaguid", Text()),
    Column("proof", Text()),
    Column("profile", Text()),
    optional_id("challenge_id"),
    Column("access", Text()),
    # Backwards, the primary key is "newest first".
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("attempts_user", "tenant_id", "user_id", "id"),
)

# An attempt's id is as old as its challenge. That of a granted sign-in is a few minutes old at most, so the
# key has it by moment, nearly; of the rest any may be old, and only those pay for an index by moment.
GRANTED_SIGN_IN: ColumnElement[bool] = literal_column("(purpose = 'signIn' AND result = 'granted')")
OTHER_ATTEMPT: ColumnElement[bool] = literal_column("(purpose <> 'signIn' OR result <> 'granted')")
Index(
    "attempts_other",
    attempts.c.tenant_id,
    attempts.c.at,
    attempts.c.id,
    sqlite_where=OTHER_ATTEMPT,
    postgresql_where=OTHER_ATTEMPT,
)

# What `guesses` counts, and nothing else: signing in with a passkey does not pay for it.
REFUSED_GUESS: ColumnElement[bool] = literal_column(
    "method IN ('temporaryAccessPass', 'password', 'softwareOath', 'recoveryCode') AND result = 'refused'"
)
Index(
    "attempts_refused_guess",
    attempts.c.tenant_id,
    attempts.c.user_id,
    attempts.c.method,
    attempts.c.at,
    sqlite_where=REFUSED_GUESS,
    postgresql_where=REFUSED_GUESS,
)

audit_events = table(
    "audit_events",
    id_(),
    id_("tenant_id"),
    moment("at"),
    text("name"),
    optional_id("actor_id"),
    text("target_id"),
    text("detail"),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("audit_events_target", "tenant_id", "target_id", "id"),
)
