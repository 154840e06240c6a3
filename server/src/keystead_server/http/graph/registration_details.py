"""`reports/authenticationMethods/userRegistrationDetails`: live, of everybody, switched off or not."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from starlette.responses import Response

from keystead_server.domain.ids import UserId
from keystead_server.domain.passkey import Passkey, PasskeyType
from keystead_server.flows.registration_report import RegistrationDetails
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import Source, list_page, query_of, single
from keystead_server.http.graph.odata.filter import Each, Fields
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.users import the_user
from keystead_server.policy.passkeys.sets import SETS

_FIELDS: Fields = {
    "id": Kind.TEXT,
    "userPrincipalName": Kind.TEXT,
    "userDisplayName": Kind.TEXT,
    "userType": Kind.TEXT,
    "isAdmin": Kind.FLAG,
    "isMfaRegistered": Kind.FLAG,
    "isMfaCapable": Kind.FLAG,
    "isPasswordlessCapable": Kind.FLAG,
    "methodsRegistered": Each(Kind.TEXT),
    "keystead/accountEnabled": Kind.FLAG,
    "keystead/passkeysInQuarantine": Kind.NUMBER,
    "keystead/passkeysRegisteredOnBehalf": Kind.NUMBER,
}
_PROPERTIES = frozenset(
    {
        "id", "userPrincipalName", "userDisplayName", "userType", "isAdmin", "isMfaRegistered", "isMfaCapable",
        "isPasswordlessCapable", "isSsprRegistered", "isSsprEnabled", "isSsprCapable", "methodsRegistered",
        "isSystemPreferredAuthenticationMethodEnabled", "systemPreferredAuthenticationMethods",
        "userPreferredMethodForSecondaryAuthentication", "lastUpdatedDateTime", "keystead",
    }
)  # fmt: skip
# Each row is four reads; a page of a thousand would keep everybody waiting.
COLLECTION = Collection(_PROPERTIES, _FIELDS, ("id",), most=200, countable=False)
_BATCH = 50
_WINDOWS_HELLO = SETS["windowsHello"].aaguids
_CONTEXT = "reports/authenticationMethods/userRegistrationDetails"


async def list_registration_details(call: Call) -> Response:
    users = call.services.store.users

    async def read(after: list[Any] | None, size: int) -> Sequence[RegistrationDetails]:
        place = None if after is None else UserId(after[0])
        found = []
        for user in await users.page(call.tenant.id, limit=size, after=place):
            await asyncio.sleep(0)
            found.append(await call.services.registration_details.of(user))
        return found

    source = Source(read, lambda each: [each.user.id], lambda each: _entity(call, each), batch=_BATCH)
    return await list_page(call, _CONTEXT, query_of(call, COLLECTION), source)


async def get_registration_details(call: Call) -> Response:
    details = await call.services.registration_details.of(await the_user(call))
    return single(call, _CONTEXT, _entity(call, details), _PROPERTIES)


def _entity(call: Call, details: RegistrationDetails) -> Entity:
    user = details.user
    return {
        "id": user.id,
        "userPrincipalName": user.username,
        "userDisplayName": user.display_name,
        "userType": "member",
        "isAdmin": bool(user.roles),
        "isMfaRegistered": bool(details.own) or _has_second_factor(details),
        "isMfaCapable": bool(details.usable) or details.secrets_usable,
        "isPasswordlessCapable": bool(details.usable),
        "isSsprRegistered": False,
        "isSsprEnabled": False,
        "isSsprCapable": False,
        "methodsRegistered": list(dict.fromkeys(_methods(details))),
        "isSystemPreferredAuthenticationMethodEnabled": False,
        "systemPreferredAuthenticationMethods": [],
        "userPreferredMethodForSecondaryAuthentication": "none",
        "lastUpdatedDateTime": call.services.clock.now(),
        "keystead": {
            "accountEnabled": user.enabled,
            "passkeysUsable": len(details.usable),
            "passkeysInQuarantine": len(details.own) - len(details.usable),
            "passkeysRegisteredOnBehalf": len(details.on_behalf),
            "passkeysUsableOnBehalf": len(details.usable_on_behalf),
        },
    }


def _has_second_factor(details: RegistrationDetails) -> bool:
    return bool(details.secrets.totp)


def _methods(details: RegistrationDetails) -> Iterator[str]:
    yield from map(_name, details.own)
    if details.access_pass is not None:
        yield "temporaryAccessPass"
    if details.secrets.password is not None:
        yield "password"
    if details.secrets.totp:
        yield "softwareOneTimePasscode"
    # On one computer only, so it counts among what is registered, and for nothing that is asked of browsers.
    if details.secrets.hello_keys:
        yield "windowsHelloForBusiness"


def _name(passkey: Passkey) -> str:
    if passkey.type is PasskeyType.SYNCED:
        return "passKeySynced"
    return "passKeyDeviceBoundWindowsHello" if passkey.aaguid in _WINDOWS_HELLO else "passKeyDeviceBound"
