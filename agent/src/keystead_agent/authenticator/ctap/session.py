"""What one client connection is remembered by, between commands. Gone when it hangs up, as if a key were pulled out.

Session   key agreement, token, wrong PINs in a row, a list half read
Token     pinUvAuthToken: a gesture that was made and is not spent yet
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from keystead_core.ctap.commands import Permission
from keystead_core.ctap.entities import Authorisation
from keystead_core.ctap.pin_protocol import TOKEN_BYTES, protocol_number
from keystead_core.ctap.status import CtapError, Status

from keystead_agent.authenticator.allow_list import ENROLLED_ALONE, CtapSites
from keystead_agent.gesture.interface import Purpose
from keystead_agent.keystore.values import Entropy, Opening

# §6.5.2.1: for USB, 30 seconds until a token is first used, and as long counts its user as present.
FRESH_SECONDS: Final = 30.0
# The same section: "maximum usage time period … at most 10 minutes".
LONGEST_SECONDS: Final = 600.0
# §6.5.5.7: after three mismatches in a row the authenticator wants a power cycle.
MISMATCHES_IN_A_ROW: Final = 3


@dataclass(slots=True)
class Token:
    """A pinUvAuthToken (§6.5.2.1).

    Attributes:
        pin: what opens the gate once, or the pass that stands for another gesture; None for a token that signs nothing.
        present_for: what a person approved at our own prompt for it; None when the PIN was typed in the client.
        rp_id: the only relying party; None until the first use binds it.
        pin_changes: of the container, when it was issued; another PIN since then ends the token.
    """

    value: bytes
    permissions: Permission
    rp_id: str | None
    pin: Opening | None
    present_for: Purpose | None
    issued_at: float
    pin_changes: int
    was_used: bool = False

    def is_alive(self, now: float) -> bool:
        age = now - self.issued_at
        return age < (LONGEST_SECONDS if self.was_used else FRESH_SECONDS)

    def shows_presence(self, purpose: Purpose, now: float) -> bool:
        """Whether the prompt that it came from was for *purpose*, and not long ago.

        A prompt that said "create a passkey" is no consent to sign in, whatever permissions came with it.
        """
        return self.present_for is purpose and now - self.issued_at < FRESH_SECONDS


@dataclass(slots=True)
class Session:
    """Attributes:
    monotonic: seconds from an arbitrary start.
    """

    entropy: Entropy
    monotonic: Callable[[], float]
    sites: CtapSites = ENROLLED_ALONE
    agreement: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    mismatches: int = 0
    _token: Token | None = None
    _listing: tuple[int, Iterator[bytes]] | None = None

    def renew_agreement(self) -> None:
        self.agreement = ec.generate_private_key(ec.SECP256R1())

    def issue(
        self, permissions: Permission, rp_id: str | None, pin: Opening, present_for: Purpose | None, pin_changes: int
    ) -> bytes:
        """Make the one token that is valid from now on."""
        signs = permissions & (Permission.MAKE_CREDENTIAL | Permission.GET_ASSERTION)
        kept = pin if signs else None
        value = self.entropy(TOKEN_BYTES)
        self._token = Token(value, permissions, rp_id, kept, present_for, self.monotonic(), pin_changes)
        return value

    def authorised(self, permission: Permission, message: bytes, proof: Authorisation, *, pin_changes: int) -> Token:
        """Return the token that *proof* shows the client to hold, for *message*.

        Raises:
            CtapError: PIN_AUTH_INVALID; what is wrong stands in the log alone.
        """
        checker, token = protocol_number(proof.protocol), self._token
        if token is None or not token.is_alive(self.monotonic()) or token.pin_changes != pin_changes:
            self._token = None
            raise CtapError(Status.PIN_AUTH_INVALID, "no token is valid")
        checker.verify(token.value, message, proof.parameter)
        if permission not in token.permissions:
            raise CtapError(Status.PIN_AUTH_INVALID, f"the token is not for {permission.name}")
        token.was_used = True
        return token

    def spend(self) -> None:
        """One gesture, one signature (§6.1.2, §6.2.2: clearPinUvAuthTokenPermissionsExceptLbw)."""
        self._token = None

    def begin_listing(self, channel: int, items: Iterator[bytes]) -> None:
        self._listing = channel, items

    def next_listed(self, channel: int) -> bytes:
        """Raises NOT_ALLOWED if *channel* began no list, or has read it to its end."""
        if self._listing is None or self._listing[0] != channel:
            raise CtapError(Status.NOT_ALLOWED, "no list was begun")
        answer = next(self._listing[1], None)
        if answer is None:
            raise CtapError(Status.NOT_ALLOWED, "the list has ended")
        return answer

    def end_listing(self) -> None:
        self._listing = None
