"""The tenant, its people, groups and apps, its policies, and the keys that sign for all."""

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    literal_column,
)

from keystead_server.storage.schema.columns import (
    bytes_,
    flag,
    id_,
    list_,
    moment,
    of,
    of_tenant,
    optional_id,
    optional_moment,
    ordered,
    table,
    text,
)

tenants = table(
    "tenants",
    id_(),
    ordered("name"),
    text("display_name"),
    moment("created_at"),
    Column("policy_version", BigInteger(), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name", name="tenants_name"),
)

users = table(
    "users",
    id_(),
    id_("tenant_id"),
    text("username"),
    text("display_name"),
    bytes_("handle"),
    moment("created_at"),
    moment("sessions_valid_from"),
    flag("enabled"),
    text("roles"),
    Column("mail", Text()),
    ordered("username_folded"),
    ordered("display_name_folded"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "username_folded", name="users_username"),
    of_tenant("users"),
)

# Few people have a role, and "who is an administrator" is asked before the last one is let go.
HAS_ROLES: ColumnElement[bool] = literal_column("roles <> '[]'")
Index("users_with_roles", users.c.tenant_id, users.c.id, sqlite_where=HAS_ROLES, postgresql_where=HAS_ROLES)

groups = table(
    "groups",
    id_(),
    id_("tenant_id"),
    text("name"),
    moment("created_at"),
    ordered("name_folded"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "name_folded", name="groups_name"),
    of_tenant("groups"),
)

memberships = table(
    "memberships",
    id_("tenant_id"),
    id_("group_id"),
    id_("user_id"),
    PrimaryKeyConstraint("tenant_id", "user_id", "group_id"),
    Index("memberships_group", "tenant_id", "group_id", "user_id"),
    of("memberships", "groups", "group_id"),
    of("memberships", "users", "user_id"),
)

apps = table(
    "apps",
    id_(),
    id_("tenant_id"),
    text("name"),
    text("redirect_uris"),
    text("post_logout_redirect_uris"),
    text("secret_digests"),
    moment("created_at"),
    text("id_token_alg"),
    flag("enabled"),
    ordered("name_folded"),
    list_("delegated_permissions"),
    list_("application_permissions"),
    PrimaryKeyConstraint("tenant_id", "id"),
    of_tenant("apps"),
)

policy_documents = table(
    "policy_documents",
    id_("tenant_id"),
    ordered("kind"),
    Column("version", Integer(), nullable=False),
    text("body"),
    moment("changed_at"),
    optional_id("changed_by"),
    PrimaryKeyConstraint("tenant_id", "kind", "version"),
    of_tenant("policy_documents"),
)

signing_keys = table(
    "signing_keys",
    ordered("kid"),
    text("alg"),
    bytes_("sealed"),
    text("public_jwk"),
    moment("created_at"),
    optional_moment("retired_at"),
    PrimaryKeyConstraint("kid"),
)
