"""Named sets of authenticator models, so that nobody has to keep lists of AAGUIDs.

A policy keeps a set's id and not its members: a model that joins a set in a later version
is in it everywhere from then on. A set is never renamed and never removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from keystead_core.webauthn import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM

_HELLO_HARDWARE = UUID("08987058-cadc-4b81-b6e1-30de50dcbe96")
_HELLO_VBS_HARDWARE = UUID("9ddd1817-af5a-4672-a2b9-3e3dd95000a9")
_HELLO_SOFTWARE = UUID("6028b017-b1d4-4c02-b4b3-afcdafc96bb2")
_AUTHENTICATOR_ANDROID = UUID("de1e552d-db1d-4423-a619-566b625cdc84")
_AUTHENTICATOR_IOS = UUID("90a3ccdf-635c-4729-a248-9b709135078f")


@dataclass(frozen=True, slots=True)
class AuthenticatorSet:
    """Attributes:
    id: how a policy names it; stable.
    """

    id: str
    name: str
    aaguids: frozenset[UUID]


def _set(set_id: str, name: str, *aaguids: UUID) -> tuple[str, AuthenticatorSet]:
    return set_id, AuthenticatorSet(set_id, name, frozenset(aaguids))


SETS: Final[Mapping[str, AuthenticatorSet]] = dict((
    _set("keysteadContainer", "Keystead container", KEYSTEAD_TPM, KEYSTEAD_SOFTWARE),
    _set("keysteadContainerHardware", "Keystead container, hardware", KEYSTEAD_TPM),
    _set("windowsHello", "Windows Hello", _HELLO_HARDWARE, _HELLO_VBS_HARDWARE, _HELLO_SOFTWARE),
    _set("windowsHelloHardware", "Windows Hello, hardware", _HELLO_HARDWARE, _HELLO_VBS_HARDWARE),
    _set("microsoftAuthenticator", "Microsoft Authenticator", _AUTHENTICATOR_ANDROID, _AUTHENTICATOR_IOS),
    _set(
        "iCloudKeychain", "iCloud Keychain",
        UUID("fbfc3007-154e-4ecc-8c0b-6e020557d7bd"), UUID("dd4ec289-e01d-41c9-bb89-70fa845d4bf2"),
    ),
    _set("googlePasswordManager", "Google Password Manager", UUID("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")),
    _set(
        "yubiKey5", "YubiKey 5",
        UUID("cb69481e-8ff7-4039-93ec-0a2729a154a8"), UUID("ee882879-721c-4913-9775-3dfcce97072a"),
        UUID("fa2b99dc-9e39-4257-8f92-4a30d23c4118"), UUID("2fc0579f-8113-47ea-b116-bb5a8db9202a"),
        UUID("c5ef55ff-ad9a-4b9f-b580-adebafe026d0"),
    ),
))  # fmt: skip
"""Every set, in the order in which pages offer them."""
