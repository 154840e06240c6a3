"""What administrators keep: tenants, people, groups, apps, policies, signing keys."""

import json
from functools import lru_cache

from keystead_server.domain.app import App
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Group, Role, User, fold
from keystead_server.storage import schema
from keystead_server.storage.rows.columns import (
    all_but,
    to_list,
    to_micros,
    to_moment,
    to_optional_micros,
    to_optional_moment,
    to_tuple,
)
from keystead_server.storage.statement import Arguments, Row

TENANT = all_but(schema.tenants)


def tenant_row(t: Tenant) -> Arguments:
    return t.id, t.name, t.display_name, to_micros(t.created_at), t.policy_version


def tenant(row: Row) -> Tenant:
    id_, name, display_name, created_at, policy_version = row
    return Tenant(id_, name, display_name, to_moment(created_at), policy_version)


@lru_cache(maxsize=256)
def _roles(text: str) -> frozenset[Role]:
    return frozenset(map(Role, json.loads(text)))


USER = all_but(schema.users, "username_folded", "display_name_folded")


def user_row(u: User) -> Arguments:
    return (
        u.id,
        u.tenant_id,
        u.username,
        u.display_name,
        u.handle,
        to_micros(u.created_at),
        to_micros(u.sessions_valid_from),
        u.enabled,
        to_list(sorted(u.roles)),
        u.mail,
        fold(u.username),
        fold(u.display_name),
    )


def user(row: Row) -> User:
    id_, tenant_id, username, display_name, handle, created_at, valid_from, enabled, roles, mail = row
    return User(
        id_,
        tenant_id,
        username,
        display_name,
        handle,
        to_moment(created_at),
        to_moment(valid_from),
        bool(enabled),
        _roles(roles),
        mail,
    )


GROUP = all_but(schema.groups, "name_folded")


def group_row(g: Group) -> Arguments:
    return g.id, g.tenant_id, g.name, to_micros(g.created_at), fold(g.name)


def group(row: Row) -> Group:
    id_, tenant_id, name, created_at = row
    return Group(id_, tenant_id, name, to_moment(created_at))


APP = all_but(schema.apps, "name_folded")


def app_row(a: App) -> Arguments:
    return (
        a.id,
        a.tenant_id,
        a.name,
        to_list(a.redirect_uris),
        to_list(a.post_logout_redirect_uris),
        to_list([digest.hex() for digest in a.secret_digests]),
        to_micros(a.created_at),
        a.id_token_alg,
        a.enabled,
        fold(a.name),
        to_list(a.delegated_permissions),
        to_list(a.application_permissions),
    )


def app(row: Row) -> App:
    id_, tenant_id, name, redirect_uris, logout_uris, digests, created_at, alg, enabled, delegated, application = row
    return App(
        id_,
        tenant_id,
        name,
        to_tuple(redirect_uris),
        to_tuple(logout_uris),
        tuple(map(bytes.fromhex, to_tuple(digests))),
        to_moment(created_at),
        alg,
        bool(enabled),
        to_tuple(delegated),
        to_tuple(application),
    )


POLICY_DOCUMENT = all_but(schema.policy_documents)


def policy_document_row(d: PolicyDocument) -> Arguments:
    return d.tenant_id, d.kind, d.version, d.body, to_micros(d.changed_at), d.changed_by


def policy_document(row: Row) -> PolicyDocument:
    tenant_id, kind, version, body, changed_at, changed_by = row
    return PolicyDocument(tenant_id, kind, version, body, to_moment(changed_at), changed_by)


SIGNING_KEY = all_but(schema.signing_keys)


def signing_key_row(k: SigningKey) -> Arguments:
    return k.kid, k.alg, k.sealed, k.public_jwk, to_micros(k.created_at), to_optional_micros(k.retired_at)


def signing_key(row: Row) -> SigningKey:
    kid, alg, sealed, public_jwk, created_at, retired_at = row
    return SigningKey(kid, alg, sealed, public_jwk, to_moment(created_at), to_optional_moment(retired_at))
