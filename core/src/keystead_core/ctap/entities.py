"""What commands are about: relying party, user, credentials, key agreement, extension inputs."""

from dataclasses import dataclass
from typing import Final

from keystead_core.ctap.parameters import Key, Parameters
from keystead_core.ctap.status import CtapError, Status

MOST_DESCRIPTORS: Final = 64
LONGEST_CREDENTIAL_ID: Final = 1023
LONGEST_NAME: Final = 256
_LONGEST_RP_ID: Final = 253
_PUBLIC_KEY: Final = "public-key"


@dataclass(frozen=True, slots=True)
class User:
    """For whom a passkey is, in the site's words; a name that is left out is empty."""

    id: bytes
    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Authorisation:
    """pinUvAuthParam: proof that the client holds the token, over this very request."""

    parameter: bytes
    protocol: int

    @property
    def is_touch(self) -> bool:
        """A zero-length one asks nothing but that a person touches this authenticator (§6.1.2, step 1)."""
        return not self.parameter


@dataclass(frozen=True, slots=True)
class PeerKey:
    """The client's half of a key agreement; 32 bytes each, not yet known to be a point."""

    x: bytes
    y: bytes


@dataclass(frozen=True, slots=True)
class HmacSecretInput:
    """§12.5: salts, encrypted for the authenticator."""

    key_agreement: PeerKey
    salts_encrypted: bytes
    salts_authenticated: bytes
    protocol: int


def read_rp_id(holder: Parameters, key: Key) -> str:
    return holder.text(key, most=_LONGEST_RP_ID)


def read_user(user: Parameters) -> User:
    handle = user.data("id", length=range(1, 65))
    name, display_name = user.optional_text("name") or "", user.optional_text("displayName") or ""
    return User(handle, name[:LONGEST_NAME], display_name[:LONGEST_NAME])


def read_credential_ids(holder: Parameters, key: Key) -> tuple[bytes, ...] | None:
    """Ids of the public-key credentials in a list, None if there is no list."""
    descriptors = holder.maps(key, most=MOST_DESCRIPTORS)
    if descriptors is None:
        return None
    known = (one for one in descriptors if one.optional_text("type") == _PUBLIC_KEY)
    return tuple(read_credential_id(one) for one in known)


def read_credential_id(descriptor: Parameters) -> bytes:
    return descriptor.data("id", length=range(1, LONGEST_CREDENTIAL_ID + 1))


def read_algorithms(holder: Parameters, key: Key) -> tuple[int, ...]:
    wanted = holder.maps(key, most=MOST_DESCRIPTORS)
    if wanted is None:
        raise CtapError(Status.MISSING_PARAMETER, "pubKeyCredParams")
    return tuple(one.number("alg") for one in wanted if one.text("type", most=32) == _PUBLIC_KEY)


def read_authorisation(holder: Parameters, *, parameter: int, protocol: int) -> Authorisation | None:
    """Raises MISSING_PARAMETER if one is there without the other."""
    given = holder.optional_data(parameter)
    if given is None:
        return None
    # A client that only asks for a touch may name no protocol.
    number = holder.optional_number(protocol) if not given else holder.number(protocol)
    return Authorisation(given, number or 0)


def read_peer_key(key: Parameters) -> PeerKey:
    if (key.number(1), key.number(-1)) != (2, 1):
        raise CtapError(Status.INVALID_PARAMETER, "not a P-256 key")
    size = range(32, 33)
    return PeerKey(key.data(-2, length=size), key.data(-3, length=size))


def read_hmac_secret(extensions: Parameters) -> HmacSecretInput | None:
    if "hmac-secret" not in extensions:
        return None
    secret = extensions.map("hmac-secret")
    # §12.5: without pinUvAuthProtocol, "the authenticator MUST … use PIN/UV auth protocol one".
    protocol = secret.optional_number(4)
    return HmacSecretInput(
        read_peer_key(secret.map(1)), secret.data(2), secret.data(3), 1 if protocol is None else protocol
    )
