"""clientPIN (§6.5): a PIN that is typed into a client, and the tokens that PIN and prompt buy."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from keystead_core.ctap.commands import ClientPin, Permission, PinCommand
from keystead_core.ctap.pin_protocol import (
    BLOCK_BYTES,
    PADDED_PIN_BYTES,
    PinProtocol,
    protocol_number,
    public_key,
)
from keystead_core.ctap.replies import done
from keystead_core.ctap.status import CtapError, Status

from keystead_agent.authenticator.approval import Approval
from keystead_agent.authenticator.ctap.consent import verified_gesture
from keystead_agent.authenticator.ctap.session import MISMATCHES_IN_A_ROW, Session
from keystead_agent.authenticator.errors import NotApproved
from keystead_agent.container.errors import PinAlreadySet, PinNotSet, PinUnfit
from keystead_agent.gesture.interface import Prompt, Purpose
from keystead_agent.keystore.errors import GestureRefused
from keystead_agent.keystore.values import Opening, PinHash

# §6.5.5.2: "the maximum number of … attempts" that a client is told is 8.
_MOST_TRIES_TOLD: Final = 8
_PIN_HASH_BYTES: Final = 16
_BOTH: Final = Permission.MAKE_CREDENTIAL | Permission.GET_ASSERTION
_SET_PIN: Final = "A program sets the first PIN of the passkeys on this computer. Is it you who types it there?"


class TooManyWrongPins(CtapError):
    """Three in a row from one program: it has to begin anew, which a person notices."""

    code = "pin_blocked_for_client"

    def __init__(self) -> None:
        super().__init__(Status.PIN_AUTH_BLOCKED, "three wrong PINs in a row")


@dataclass(frozen=True, slots=True)
class ClientPins:
    approval: Approval
    session: Session
    requester: str

    async def answer(self, wanted: ClientPin) -> bytes:
        """Raises CtapError, AuthenticatorError, ContainerError, KeystoreError."""
        match wanted.command:
            case PinCommand.GET_PIN_RETRIES:
                return done({3: await self._tries(), 4: self._is_blocked})
            case PinCommand.GET_UV_RETRIES:
                return done({5: await self._tries()})
            case PinCommand.GET_KEY_AGREEMENT:
                protocol_number(wanted.protocol)
                return done({1: public_key(self.session.agreement)})
            case PinCommand.SET_PIN:
                return await self._set_pin(wanted)
            case PinCommand.CHANGE_PIN:
                return await self._change_pin(wanted)
            case PinCommand.GET_PIN_TOKEN | PinCommand.GET_PIN_TOKEN_WITH_PERMISSIONS:
                return await self._token_for_pin(wanted)
            case PinCommand.GET_UV_TOKEN_WITH_PERMISSIONS:
                return await self._token_for_prompt(wanted)

    @property
    def _is_blocked(self) -> bool:
        return self.session.mismatches >= MISMATCHES_IN_A_ROW

    async def _tries(self) -> int:
        tries = await self.approval.offload(self.approval.container.counted_tries)
        return min(tries.left, _MOST_TRIES_TOLD)

    async def _set_pin(self, wanted: ClientPin) -> bytes:
        channel = self._channel(wanted)
        encrypted, code = _given(wanted.new_pin_encrypted), _given(wanted.authentication)
        if self.approval.container.has_pin:
            raise PinAlreadySet
        channel.verify(encrypted, code)
        pin = channel.new_pin(encrypted)
        self.approval.container.admit_pin(pin)
        # Any program of this person could choose a PIN that it knows, and wait for passkeys behind it.
        if not await self.approval.gesture.confirm(Prompt(Purpose.SET_PIN, requester=self.requester), _SET_PIN):
            raise NotApproved
        await self.approval.offload(partial(self.approval.container.set_pin, pin))
        return done()

    async def _change_pin(self, wanted: ClientPin) -> bytes:
        channel = self._channel(wanted)
        encrypted, hashed = _given(wanted.new_pin_encrypted), _given(wanted.pin_hash_encrypted)
        channel.verify(encrypted + hashed, _given(wanted.authentication))
        old, new = channel.pin_hash(hashed), channel.new_pin(encrypted)
        await self._try_pin(partial(self.approval.container.change_pin, old=old, new=new))
        self.session.spend()
        return done()

    async def _token_for_pin(self, wanted: ClientPin) -> bytes:
        channel, permissions = self._channel(wanted), self._permissions(wanted)
        pin = channel.pin_hash(_given(wanted.pin_hash_encrypted))
        await self._try_pin(partial(self.approval.container.check_pin, pin))
        return self._issued(channel, permissions, wanted.rp_id, pin, None)

    async def _token_for_prompt(self, wanted: ClientPin) -> bytes:
        channel, permissions = self._channel(wanted), self._permissions(wanted)
        purpose = _purpose_of(permissions)
        pin = await verified_gesture(self.approval, Prompt(purpose, wanted.rp_id or "", requester=self.requester))
        self.session.mismatches = 0
        return self._issued(channel, permissions, wanted.rp_id, pin, purpose)

    def _issued(
        self, channel: "_Channel", permissions: Permission, rp_id: str | None, pin: Opening, shown: Purpose | None
    ) -> bytes:
        token = self.session.issue(permissions, rp_id, pin, shown, self.approval.container.pin_changes)
        return done({2: channel.protocol.encrypt(channel.secret, token, self.session.entropy(BLOCK_BYTES))})

    async def _try_pin(self, act: partial[None]) -> None:
        """Raises PinNotSet, GestureRefused, PinLocked, TooManyWrongPins."""
        if not self.approval.container.has_pin:
            raise PinNotSet
        if self._is_blocked:
            raise TooManyWrongPins
        try:
            await self.approval.offload(act)
        except GestureRefused as refused:
            # §6.5.5.7: "calls regenerate()", so that what was sent cannot be sent again.
            self.session.renew_agreement()
            self.session.spend()
            self.session.mismatches += 1
            if self._is_blocked:
                raise TooManyWrongPins from refused
            raise
        self.session.mismatches = 0

    def _channel(self, wanted: ClientPin) -> "_Channel":
        protocol = protocol_number(wanted.protocol)
        if wanted.key_agreement is None:
            raise CtapError(Status.MISSING_PARAMETER, "keyAgreement")
        return _Channel(protocol, protocol.shared_secret(self.session.agreement, wanted.key_agreement))

    def _permissions(self, wanted: ClientPin) -> Permission:
        if wanted.command is PinCommand.GET_PIN_TOKEN:
            if wanted.permissions is not None or wanted.rp_id is not None:
                raise CtapError(Status.INVALID_PARAMETER, "permissions where none are asked for")
            return _BOTH
        if wanted.permissions is None:
            raise CtapError(Status.MISSING_PARAMETER, "permissions")
        if wanted.permissions <= 0:
            raise CtapError(Status.INVALID_PARAMETER, "no permissions")
        if wanted.permissions & ~int(_BOTH | Permission.CREDENTIAL_MANAGEMENT):
            raise CtapError(Status.UNAUTHORIZED_PERMISSION, f"permissions 0x{wanted.permissions:x}")
        permissions = Permission(wanted.permissions)
        if permissions & _BOTH and wanted.rp_id is None:
            raise CtapError(Status.MISSING_PARAMETER, "the relying party that the token is for")
        if wanted.rp_id is not None:
            self.session.sites.admit(self.approval.container.providers, wanted.rp_id)
        return permissions


@dataclass(frozen=True, slots=True)
class _Channel:
    """What client and authenticator have agreed on for one command."""

    protocol: PinProtocol
    secret: bytes

    def verify(self, message: bytes, code: bytes) -> None:
        self.protocol.verify(self.secret, message, code)

    def pin_hash(self, encrypted: bytes) -> PinHash:
        hashed = self.protocol.decrypt(self.secret, encrypted)
        if len(hashed) != _PIN_HASH_BYTES:
            raise CtapError(Status.INVALID_PARAMETER, f"a PIN hash of {len(hashed)} bytes")
        return PinHash(hashed)

    def new_pin(self, encrypted: bytes) -> str:
        """Raises INVALID_PARAMETER, PinUnfit."""
        padded = self.protocol.decrypt(self.secret, encrypted)
        # §6.5.5.5: "If paddedNewPin is NOT 64 bytes long, it returns CTAP1_ERR_INVALID_PARAMETER."
        if len(padded) != PADDED_PIN_BYTES:
            raise CtapError(Status.INVALID_PARAMETER, f"a padded PIN of {len(padded)} bytes")
        try:
            return padded.rstrip(b"\0").decode()
        except UnicodeDecodeError as error:
            raise PinUnfit("That PIN is no text.") from error


def _given(value: bytes | None) -> bytes:
    if value is None:
        raise CtapError(Status.MISSING_PARAMETER, "clientPIN")
    return value


def _purpose_of(permissions: Permission) -> Purpose:
    """What the prompt says. A browser that creates asks for both: it looks for excluded passkeys first."""
    for permission, purpose in _PURPOSES.items():
        if permission in permissions:
            return purpose
    return Purpose.MANAGE


_PURPOSES: Final[Mapping[Permission, Purpose]] = {
    Permission.CREDENTIAL_MANAGEMENT: Purpose.MANAGE,
    Permission.MAKE_CREDENTIAL: Purpose.CREATE,
    Permission.GET_ASSERTION: Purpose.SIGN_IN,
}
