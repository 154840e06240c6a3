"""The kinds of columns, and how a table hangs in its tenant."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

metadata = MetaData()

# Ordered by code point on both engines, whatever locale the database was made in: pages of users and
# groups come in one order everywhere, and a locale update cannot corrupt these indexes.
Ordered: TypeEngine[str] = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def table(name: str, *parts: SchemaItem) -> Table:
    return Table(name, metadata, *parts, sqlite_with_rowid=False)


def ordered(name: str) -> Column[str]:
    return Column(name, Ordered, nullable=False)


def id_(name: str = "id") -> Column[str]:
    return ordered(name)


def optional_id(name: str) -> Column[str]:
    return Column(name, Ordered)


def text(name: str) -> Column[str]:
    return Column(name, Text(), nullable=False)


def bytes_(name: str) -> Column[bytes]:
    return Column(name, LargeBinary(), nullable=False)


def list_(name: str) -> Column[str]:
    """A JSON list, empty in rows that are older than the column."""
    return Column(name, Text(), nullable=False, server_default="[]")


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean(), nullable=False)


def moment(name: str) -> Column[int]:
    return Column(name, BigInteger(), nullable=False)


def optional_bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary())


def optional_moment(name: str) -> Column[int]:
    return Column(name, BigInteger())


def of_tenant(child: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"{child}_tenant")


def of(child: str, parent: str, column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{parent}.tenant_id", f"{parent}.id"], name=f"{child}_{column}", ondelete="CASCADE"
    )
