"""What proves the two logs whole; see domain/log_chain.py.

Written beside them in one transaction, and like them never changed and never swept.
"""

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint

from keystead_server.storage.schema.columns import bytes_, id_, moment, table, text

log_links = table(
    "log_links",
    id_("chain_id"),
    Column("number", BigInteger(), nullable=False),
    bytes_("previous"),
    bytes_("digest"),
    bytes_("rows"),
    PrimaryKeyConstraint("chain_id", "number"),
)

# The chains that have moved since a checkpoint last bound them; a row is only ever written by the
# chain's own process, so nobody waits for it.
log_heads = table(
    "log_heads",
    id_("chain_id"),
    Column("number", BigInteger(), nullable=False),
    PrimaryKeyConstraint("chain_id"),
)

# Numbered, so that of two processes that make the next one at once, one does.
log_checkpoints = table(
    "log_checkpoints",
    Column("number", BigInteger(), nullable=False, autoincrement=False),
    moment("at"),
    text("token"),
    PrimaryKeyConstraint("number"),
)
