"""`users/{id}/authentication`: what somebody signs in with."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from keystead_core.wire import b64url_encode
from starlette.responses import Response

from keystead_server.domain.access_pass import PassState, TemporaryAccessPass
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.ids import PassId, PasskeyId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import User
from keystead_server.flows.manage_passkey import NotDone as PasskeyNotDone
from keystead_server.flows.method_gate import NotDone
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import body_of, list_of, list_page, named, no_content, query_of, single, wanted
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE, refused
from keystead_server.http.graph.users import the_user
from keystead_server.http.problems import Problem, Refuse
from keystead_server.http.route import Handler
from keystead_server.policy.passkeys.decide import NotAdmitted
from keystead_server.ports.metadata import model_name

PROPERTIES = frozenset(
    {
        "id", "createdDateTime", "displayName", "aaGuid", "model", "attestationCertificates", "attestationLevel",
        "passkeyType", "lastUsedDateTime", "keystead", "startDateTime", "lifetimeInMinutes", "isUsableOnce",
        "isUsable", "methodUsabilityReason", "temporaryAccessPass", "password", "secretKey", "keyStrength",
    }
)  # fmt: skip
COLLECTION = Collection(PROPERTIES, {"id": Kind.TEXT, "createdDateTime": Kind.MOMENT}, ("id",))
_MINUTE = timedelta(minutes=1)
_MOST_MINUTES = 10**6
_FARTHEST_START = timedelta(days=366)


# -- each kind as its entity -------------------------------------------------------------------------


def fido2(call: Call, passkey: Passkey, against: NotAdmitted | None) -> Entity:
    attested = passkey.proof.rank >= Proof.ATTESTED.rank
    return {
        "@odata.type": "#microsoft.graph.fido2AuthenticationMethod",
        "id": passkey.id,
        "displayName": passkey.name,
        "createdDateTime": passkey.created_at,
        "aaGuid": str(passkey.aaguid),
        "model": model_name(call.services.metadata, passkey.aaguid) or "",
        "attestationCertificates": [],
        "attestationLevel": "attested" if attested else "notAttested",
        "passkeyType": passkey.type.value,
        "lastUsedDateTime": passkey.last_used_at,
        "keystead": {
            "credentialId": b64url_encode(passkey.credential_id),
            "proof": passkey.proof.value,
            "algorithm": passkey.algorithm,
            "transports": list(passkey.transports),
            "attestationFormat": passkey.attestation_format,
            "isLegacyAttestation": passkey.legacy_attestation,
            "registeredOnBehalf": passkey.registered_by != passkey.user_id,
            "registeredBy": passkey.registered_by,
            "isUsable": against is None,
            "notUsableBecause": None if against is None else against.code,
        },
    }


def _pass(access_pass: TemporaryAccessPass, now: datetime, code: str | None = None) -> Entity:
    state = access_pass.state(now)
    return {
        "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethod",
        "id": access_pass.id,
        "createdDateTime": access_pass.created_at,
        "startDateTime": access_pass.starts_at,
        "lifetimeInMinutes": (access_pass.expires_at - access_pass.starts_at) // _MINUTE,
        "isUsableOnce": access_pass.usable_once,
        "isUsable": state is PassState.USABLE,
        "methodUsabilityReason": state.value,
        # In the answer to its making, and never again.
        "temporaryAccessPass": code,
    }


def _password(password: Password) -> Entity:
    return {
        "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
        "id": password.id,
        "createdDateTime": password.set_at,
        "password": None,
    }


def _totp(totp: TotpAuthenticator) -> Entity:
    return {
        "@odata.type": "#microsoft.graph.softwareOathAuthenticationMethod",
        "id": totp.id,
        "createdDateTime": totp.created_at,
        "secretKey": None,
        "keystead": {"displayName": totp.name, "lastUsedDateTime": totp.last_used_at},
    }


def _codes(codes: RecoveryCodes) -> Entity:
    return {
        "@odata.type": "#keystead.recoveryCodesAuthenticationMethod",
        "id": codes.id,
        "createdDateTime": codes.made_at,
        "keystead": {"left": codes.left, "lastUsedDateTime": codes.last_used_at},
    }


def _hello(key: HelloKey) -> Entity:
    return {
        "@odata.type": "#microsoft.graph.windowsHelloForBusinessAuthenticationMethod",
        "id": key.id,
        "createdDateTime": key.created_at,
        "displayName": key.name,
        "keyStrength": "normal",
        "keystead": {"deviceId": key.device_id, "lastUsedDateTime": key.last_used_at},
    }


# -- what somebody has -------------------------------------------------------------------------------


async def _passkeys(call: Call, user: User) -> list[Entity]:
    held = await call.services.list_quarantined.of_user(call.tenant.id, user)
    return [fido2(call, passkey, against) for passkey, against in held]


async def _passes(call: Call, user: User) -> list[Entity]:
    access_pass = await call.services.store.passes.of_user(call.tenant.id, user.id)
    return [] if access_pass is None else [_pass(access_pass, call.services.clock.now())]


async def _passwords(call: Call, user: User) -> list[Entity]:
    secrets = await call.services.store.secrets.of_user(call.tenant.id, user.id)
    return [] if secrets.password is None else [_password(secrets.password)]


async def _apps(call: Call, user: User) -> list[Entity]:
    secrets = await call.services.store.secrets.of_user(call.tenant.id, user.id)
    return list(map(_totp, secrets.totp))


async def _recovery(call: Call, user: User) -> list[Entity]:
    secrets = await call.services.store.secrets.of_user(call.tenant.id, user.id)
    return [] if secrets.recovery_codes is None else [_codes(secrets.recovery_codes)]


async def _hello_keys(call: Call, user: User) -> list[Entity]:
    secrets = await call.services.store.secrets.of_user(call.tenant.id, user.id)
    return list(map(_hello, secrets.hello_keys))


async def _everything(call: Call, user: User) -> list[Entity]:
    found: list[Entity] = []
    for each in (_passkeys, _passes, _passwords, _apps, _recovery, _hello_keys):
        found += await each(call, user)
    return found


# What stands at an address's last segment.
_AT: dict[str, Callable[[Call, User], Awaitable[list[Entity]]]] = {
    "methods": _everything,
    "fido2Methods": _passkeys,
    "temporaryAccessPassMethods": _passes,
    "passwordMethods": _passwords,
    "softwareOathMethods": _apps,
    "windowsHelloForBusinessMethods": _hello_keys,
}


def lists(segment: str) -> Handler:
    """The handler that lists what stands at *segment*."""

    async def handler(call: Call) -> Response:
        rows = sorted(await _AT[segment](call, await the_user(call)), key=_id)
        return await list_page(call, context(call, segment), query_of(call, COLLECTION), list_of(rows, _id, _itself))

    return handler


def gets(segment: str) -> Handler:
    """The handler that answers one of what stands at *segment*."""

    async def handler(call: Call) -> Response:
        method = named(call, "method")
        found = await _AT[segment](call, await the_user(call))
        entity = next((each for each in found if each["id"] == method), None)
        if entity is None:
            raise Refuse(NOT_THERE)
        return single(call, context(call, segment), entity, PROPERTIES)

    return handler


def _id(entity: Entity) -> str:
    return str(entity["id"])


def _itself(entity: Entity) -> Entity:
    return entity


def context(call: Call, segment: str) -> str:
    return f"users('{quote(call.path['user'], safe='@')}')/authentication/{segment}"


# -- changes -----------------------------------------------------------------------------------------


async def remove_passkey(call: Call) -> Response:
    user, passkey = await the_user(call), PasskeyId(named(call, "method"))
    held = await call.services.store.passkeys.of_user(call.tenant.id, user.id)
    # The address names a person, so it is their passkey that is meant, and no other's.
    if passkey not in {each.id for each in held}:
        raise Refuse(NOT_THERE)
    try:
        outcome = await call.services.manage_passkey.remove_for(call.tenant.id, passkey, by=call.actor)
    except Invalid as invalid:
        raise refused(invalid) from None
    if isinstance(outcome, PasskeyNotDone):
        raise Refuse(NOT_THERE)
    return no_content(call)


def removes(segment: str) -> Handler:
    """The handler that removes a password, an authenticator app or a Hello key: only what stands at *segment*."""

    async def handler(call: Call) -> Response:
        user, method = await the_user(call), named(call, "method")
        if method not in map(_id, await _AT[segment](call, user)):
            raise Refuse(NOT_THERE)
        try:
            outcome = await call.services.manage_methods.remove_for(call.tenant.id, user.id, method, by=call.actor)
        except Invalid as invalid:
            raise refused(invalid) from None
        if isinstance(outcome, NotDone):
            raise Refuse(NOT_THERE)
        return no_content(call)

    return handler


async def issue_pass(call: Call) -> Response:
    body = body_of(call, "startDateTime", "lifetimeInMinutes", "isUsableOnce")
    minutes = wanted(body, "lifetimeInMinutes", int)
    start = wanted(body, "startDateTime", str)
    try:
        issued = await call.services.issue_pass(
            await the_user(call),
            by=call.actor,
            lifetime=None if minutes is None else _lifetime(minutes),
            usable_once=wanted(body, "isUsableOnce", bool) or False,
            starts_at=None if start is None else _start(start, call.services.clock.now()),
        )
    except Invalid as invalid:
        raise refused(invalid, names={"lifetime": "lifetimeInMinutes"}) from None
    entity = _pass(issued.access_pass, call.services.clock.now(), issued.code)
    if issued.unusable is not None:
        entity = {**entity, "isUsable": False, "keystead": {"notUsableBecause": issued.unusable.code}}
    return single(call, context(call, "temporaryAccessPassMethods"), entity, PROPERTIES, status=201)


async def revoke_pass(call: Call) -> Response:
    user = await the_user(call)
    try:
        done = await call.services.revoke_pass(user, PassId(named(call, "method")), by=call.actor)
    except Invalid as invalid:
        raise refused(invalid) from None
    if not done:
        raise Refuse(NOT_THERE)
    return no_content(call)


def _lifetime(minutes: int) -> timedelta:
    # What no policy allows is told by the flow; what no timedelta can hold never gets there.
    return timedelta(minutes=max(min(minutes, _MOST_MINUTES), 0))


def _start(written: str, now: datetime) -> datetime:
    try:
        start = datetime.fromisoformat(written)
        if start.tzinfo is not None and start <= now + _FARTHEST_START:
            return start.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Refuse(
        Problem(
            400,
            "property_malformed",
            "startDateTime is a moment such as 2026-03-02T12:00:00Z, at most a year away.",
            target="startDateTime",
        )
    )
