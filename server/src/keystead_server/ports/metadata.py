"""What is publicly known about authenticator models, and keeping that up to date."""

from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from keystead_core.webauthn import authenticator_name

from keystead_server.domain.authenticator import AuthenticatorModel


class MetadataRefused(Exception):
    """A blob of metadata was not believed, or could not be kept. What was in force stays in force."""

    code = "metadata_refused"


class Metadata(Protocol):
    def about(self, aaguid: UUID) -> AuthenticatorModel | None:
        """What is known about a model; None when nothing is, which speaks against nobody."""
        ...


class Blob(Protocol):
    """A blob of metadata that was believed."""

    @property
    def number(self) -> int: ...

    @property
    def next_update(self) -> date | None: ...


class MetadataKeeper(Protocol):
    def is_due(self, now: datetime) -> bool:
        """Whether there is no metadata yet, or the day has come for which the next was announced."""
        ...

    def accept(self, blob: bytes, now: datetime) -> Blob:
        """Judge *blob*, keep it on disk, and let it be in force from now on. Takes a while: call it in a thread.

        Raises:
            MetadataRefused: why not.
        """
        ...

    def pick_up(self) -> None:
        """Take what another process has kept meanwhile."""
        ...


def model_name(metadata: Metadata, aaguid: UUID) -> str | None:
    """A model's name for people: ours where we have one, because makers' own are long and not in one style."""
    name = authenticator_name(aaguid)
    if name is not None:
        return name
    model = metadata.about(aaguid)
    return None if model is None else model.name
