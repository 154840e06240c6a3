"""The TPM with its root key loaded and a session that nobody can listen to: what every operation begins with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from keystead_core.tpm import build, commands
from keystead_core.tpm.codes import SessionUse
from keystead_core.tpm.commands import Created

from keystead_agent.keystore.bus import Bus, LiveSession, Root, using
from keystead_agent.keystore.packing import Parts


@dataclass(frozen=True, slots=True)
class Chip:
    bus: Bus
    root: Root
    session: LiveSession

    def create(self, template: bytes, *, auth: bytes = b"", data: bytes = b"") -> Created:
        call = commands.create(self.root.handle, template, auth=auth, data=data)
        return self.bus.run(call, using(self.session, attributes=SessionUse.DECRYPT))

    @contextmanager
    def loaded(self, item: Created) -> Iterator[int]:
        with self.bus.loaded(self.root.handle, item, self.session) as handle:
            yield handle

    @contextmanager
    def policy_session(self) -> Iterator[LiveSession]:
        with self.bus.salted_session(self.root, policy=True) as live:
            yield live

    def prove(self, item: Created, auth: bytes, live: LiveSession) -> None:
        """Note in the policy session *live* that we know the authValue of *item*."""
        with self.loaded(item) as handle:
            self.bus.run(commands.policy_secret(handle, live.session.handle), using(self.session, auth))


def packed_item(item: Created, prefix: str = "") -> dict[str, bytes]:
    return {f"{prefix}private": item.private, f"{prefix}public": item.public}


def item_of(parts: Parts, prefix: str = "") -> Created:
    return Created(parts.data(f"{prefix}private"), parts.data(f"{prefix}public"))


def name_of(item: Created) -> bytes:
    return build.name(item.public)
