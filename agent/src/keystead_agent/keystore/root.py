"""The storage root key: the chip's own one if it has it, else made anew each time from the owner seed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from keystead_core.tpm import build, commands
from keystead_core.tpm.codes import OWNER, STORAGE_ROOT_KEY, Attribute
from keystead_core.tpm.faults import ResponseMalformed, TpmError
from keystead_core.tpm.sessions import EMPTY_PASSWORD

from keystead_agent.keystore.bus import Bus, Root
from keystead_agent.keystore.errors import OtherMachine

_PARENT: Final = (
    build.BOUND_HERE
    | Attribute.SENSITIVE_DATA_ORIGIN
    | Attribute.USER_WITH_AUTH
    | Attribute.RESTRICTED
    | Attribute.DECRYPT
)


@contextmanager
def find_root(bus: Bus, *, pinned: bytes | None) -> Iterator[Root]:
    """Hold the storage root key.

    Sessions are salted to it. Whoever sits on the bus could present a key of
    their own here and read along, so its Name is pinned when a container is made.

    Raises:
        OtherMachine: no root key of this chip has the *pinned* Name.
    """
    persistent = _persistent(bus)
    if persistent is not None and pinned in (None, persistent.name):
        yield persistent
        return
    made = bus.run(commands.create_primary(OWNER, build.storage_root_key()), EMPTY_PASSWORD)
    with bus.flushing(made.handle):
        root = _known(bus, made.handle, made.public)
        if pinned not in (None, root.name):
            raise OtherMachine
        yield root


def _persistent(bus: Bus) -> Root | None:
    try:
        root = _known(bus, STORAGE_ROOT_KEY, bus.run(commands.read_public(STORAGE_ROOT_KEY)))
    except (TpmError, ResponseMalformed):
        return None  # nothing there, or an RSA key
    return root if _PARENT in root.public.attributes else None


def _known(bus: Bus, handle: int, public: bytes) -> Root:
    bus.learn_name(handle, public)
    return Root(handle, build.read_p256(public), bus.name(handle))
