"""The outbox."""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint

from keystead_server.storage.schema.columns import bytes_, id_, moment, of, table, text

# Whoever sends a letter moves `due_at` first, so of several processes one tries it.
letters = table(
    "letters",
    id_(),
    id_("tenant_id"),
    id_("user_id"),
    text("occasion"),
    text("address"),
    bytes_("sealed"),
    moment("created_at"),
    moment("due_at"),
    moment("over_at"),
    Column("tries", Integer(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("letters_due", "due_at"),
    Index("letters_over", "over_at"),
    of("letters", "users", "user_id"),
)
