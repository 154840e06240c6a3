"""What happens: sessions, grants, the sign-in log and the audit log."""

import json
from functools import lru_cache

from keystead_server.domain.access_ruling import AccessRuling
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.log_text import storable
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.storage import schema
from keystead_server.storage.rows.columns import (
    all_but,
    over_at,
    to_micros,
    to_moment,
    to_optional_micros,
    to_optional_moment,
    to_uuid,
)
from keystead_server.storage.statement import Arguments, Row

_METHODS = {method.value: method for method in Method}
_PURPOSES = {purpose.value: purpose for purpose in Purpose}
_RESULTS = {result.value: result for result in Result}


@lru_cache(maxsize=64)
def _methods(text: str) -> tuple[Method, ...]:
    return tuple(_METHODS[value] for value in text.split(","))


SESSION = all_but(schema.sessions, "over_at")


def session_row(s: Session) -> Arguments:
    expires_at, closed_at = to_micros(s.expires_at), to_optional_micros(s.closed_at)
    return (
        s.id,
        s.tenant_id,
        s.user_id,
        ",".join(method.value for method in s.methods),
        s.acr,
        to_micros(s.signed_in_at),
        expires_at,
        s.passkey_id,
        closed_at,
        over_at(expires_at, closed_at),
    )


def session(row: Row) -> Session:
    id_, tenant_id, user_id, methods, acr, signed_in_at, expires_at, passkey_id, closed_at = row
    return Session(
        id_,
        tenant_id,
        user_id,
        _methods(methods),
        acr,
        to_moment(signed_in_at),
        to_moment(expires_at),
        passkey_id,
        to_optional_moment(closed_at),
    )


GRANT = all_but(schema.grants, "over_at")


def grant_row(g: Grant) -> Arguments:
    expires_at, revoked_at = to_micros(g.expires_at), to_optional_micros(g.revoked_at)
    return (
        g.id,
        g.tenant_id,
        g.session_id,
        g.app_id,
        g.user_id,
        g.scope,
        to_micros(g.issued_at),
        expires_at,
        revoked_at,
        over_at(expires_at, revoked_at),
    )


def grant(row: Row) -> Grant:
    id_, tenant_id, session_id, app_id, user_id, scope, issued_at, expires_at, revoked_at = row
    return Grant(
        id_,
        tenant_id,
        session_id,
        app_id,
        user_id,
        scope,
        to_moment(issued_at),
        to_moment(expires_at),
        to_optional_moment(revoked_at),
    )


ATTEMPT = all_but(schema.attempts)


def attempt_row(a: Attempt) -> Arguments:
    return (
        a.id,
        a.tenant_id,
        to_micros(a.at),
        a.purpose.value,
        a.method.value,
        a.result.value,
        a.reason,
        storable(a.client_address),
        storable(a.user_agent),
        storable(a.detail),
        a.user_id,
        None if a.username is None else storable(a.username),
        a.app_id,
        a.credential_id,
        None if a.aaguid is None else str(a.aaguid),
        a.proof,
        a.profile,
        a.challenge_id,
        None if a.access is None else a.access.to_text(),
    )


def attempt(row: Row) -> Attempt:
    # fmt: off
    (
        id_, tenant_id, at, purpose, method, result, reason, client_address, user_agent, detail, user_id, username,
        app_id, credential_id, aaguid, proof, profile, challenge_id, access,
    ) = row
    # fmt: on
    return Attempt(
        id_,
        tenant_id,
        to_moment(at),
        _PURPOSES[purpose],
        _METHODS[method],
        _RESULTS[result],
        reason,
        client_address,
        user_agent,
        detail,
        user_id,
        username,
        app_id,
        credential_id,
        None if aaguid is None else to_uuid(aaguid),
        proof,
        profile,
        challenge_id,
        None if access is None else AccessRuling.from_text(access),
    )


AUDIT_EVENT = all_but(schema.audit_events)


def audit_event_row(e: AuditEvent) -> Arguments:
    detail = json.dumps(e.detail, ensure_ascii=True, separators=(",", ":"))
    return e.id, e.tenant_id, to_micros(e.at), e.name, e.actor_id, e.target_id, detail


def audit_event(row: Row) -> AuditEvent:
    id_, tenant_id, at, name, actor_id, target_id, detail = row
    return AuditEvent(id_, tenant_id, to_moment(at), name, actor_id, target_id, json.loads(detail))
