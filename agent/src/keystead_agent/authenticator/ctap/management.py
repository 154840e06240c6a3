"""authenticatorCredentialManagement (§6.8): list, rename and delete, for who holds a token for that."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from keystead_core.ctap.commands import CredentialManagement, ManagementCommand, Permission
from keystead_core.ctap.replies import Members, descriptor, done
from keystead_core.ctap.status import CtapError, Status
from keystead_core.webauthn.rp_id import rp_id_hash
from keystead_core.wire import CborValue, decode_cbor

from keystead_agent.authenticator.approval import Approval
from keystead_agent.authenticator.ctap.credentials import MOST_PASSKEYS
from keystead_agent.authenticator.ctap.session import Session, Token
from keystead_agent.authenticator.encoding import cose_key
from keystead_agent.container.container import Container
from keystead_agent.container.errors import PasskeyUnknown
from keystead_agent.container.records import Passkey

_NEXT = (ManagementCommand.ENUMERATE_RPS_NEXT, ManagementCommand.ENUMERATE_CREDENTIALS_NEXT)


@dataclass(frozen=True, slots=True)
class Management:
    approval: Approval
    session: Session
    channel: int

    @property
    def _container(self) -> Container:
        return self.approval.container

    async def answer(self, wanted: CredentialManagement) -> bytes:
        """Raises CtapError, ContainerError."""
        if wanted.command in _NEXT:
            return self.session.next_listed(self.channel)
        token = self._token(wanted)
        match wanted.command:
            case ManagementCommand.GET_METADATA:
                _for_all(token)
                count = len(self._container.passkeys)
                return done({1: count, 2: max(MOST_PASSKEYS - count, 0)})
            case ManagementCommand.ENUMERATE_RPS_BEGIN:
                _for_all(token)
                return self._list(_rps(self._container))
            case ManagementCommand.ENUMERATE_CREDENTIALS_BEGIN:
                return self._list(_credentials(self._container, self._rp_id(wanted, token)))
            case ManagementCommand.DELETE_CREDENTIAL:
                passkey = self._passkey(wanted, token)
                await self.approval.offload(partial(self._container.remove, passkey.credential_id))
                return done()
            case _:
                return await self._update(wanted, token)

    async def _update(self, wanted: CredentialManagement, token: Token) -> bytes:
        passkey, user = self._passkey(wanted, token), wanted.user
        if user is None:
            raise CtapError(Status.MISSING_PARAMETER, "user")
        # §6.8.6: "If the id field … does not match … return CTAP1_ERR_INVALID_PARAMETER."
        if user.id != passkey.user_handle:
            raise CtapError(Status.INVALID_PARAMETER, "another user's id")
        rename = partial(self._container.rename, passkey.credential_id, user.name, user.display_name)
        await self.approval.offload(rename)
        return done()

    def _token(self, wanted: CredentialManagement) -> Token:
        proof = wanted.authorisation
        if proof is None:
            raise CtapError(Status.PUAT_REQUIRED, "credential management without a token")
        permission = Permission.CREDENTIAL_MANAGEMENT
        pin_changes = self._container.pin_changes
        return self.session.authorised(permission, wanted.authenticated, proof, pin_changes=pin_changes)

    def _list(self, items: list[dict[int | str | bytes, CborValue]]) -> bytes:
        if not items:
            raise CtapError(Status.NO_CREDENTIALS, "nothing to list")
        self.session.begin_listing(self.channel, map(done, items[1:]))
        return done(items[0])

    def _rp_id(self, wanted: CredentialManagement, token: Token) -> str:
        if wanted.rp_id_hash is None:
            raise CtapError(Status.MISSING_PARAMETER, "rpIDHash")
        for rp_id in _rp_ids(self._container):
            if rp_id_hash(rp_id) == wanted.rp_id_hash:
                _for_rp(token, rp_id)
                return rp_id
        raise CtapError(Status.NO_CREDENTIALS, "no passkey of that site")

    def _passkey(self, wanted: CredentialManagement, token: Token) -> Passkey:
        if wanted.credential_id is None:
            raise CtapError(Status.MISSING_PARAMETER, "credentialID")
        try:
            passkey = self._container.passkey(wanted.credential_id)
        except PasskeyUnknown as error:
            raise CtapError(Status.NO_CREDENTIALS, "no such passkey") from error
        _for_rp(token, passkey.rp_id)
        return passkey


def _for_all(token: Token) -> None:
    if token.rp_id is not None:
        raise CtapError(Status.PIN_AUTH_INVALID, "the token is for one site")


def _for_rp(token: Token, rp_id: str) -> None:
    if token.rp_id not in (None, rp_id):
        raise CtapError(Status.PIN_AUTH_INVALID, "the token is for another site")


def _rp_ids(container: Container) -> Iterator[str]:
    return iter(dict.fromkeys(passkey.rp_id for passkey in container.passkeys))


def _rps(container: Container) -> list[dict[int | str | bytes, CborValue]]:
    listed: list[dict[int | str | bytes, CborValue]]
    listed = [{3: {"id": rp_id}, 4: rp_id_hash(rp_id)} for rp_id in _rp_ids(container)]
    return _counted(listed, 5)


def _credentials(container: Container, rp_id: str) -> list[dict[int | str | bytes, CborValue]]:
    listed = [_described(passkey) for passkey in reversed(container.passkeys_for(rp_id))]
    return _counted(listed, 9)


def _described(passkey: Passkey) -> dict[int | str | bytes, CborValue]:
    user: Members = {"id": passkey.user_handle, "name": passkey.name, "displayName": passkey.display_name}
    key = decode_cbor(cose_key(passkey.public))
    return {6: user, 7: descriptor(passkey.credential_id), 8: key, 10: passkey.protection}


def _counted(listed: list[dict[int | str | bytes, CborValue]], member: int) -> list[dict[int | str | bytes, CborValue]]:
    """The first of a list says how many there are."""
    if listed:
        listed[0][member] = len(listed)
    return listed
