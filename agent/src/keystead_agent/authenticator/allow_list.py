"""Which pages may use the container: those of enrolled identity providers, and no others.

This is asked before anything else happens: no key is touched, nobody is
prompted, and what is in the container makes no difference to the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from keystead_agent.authenticator.errors import OriginNotEnrolled, RpNotEnrolled
from keystead_agent.container.records import Provider


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a ceremony runs, as the browser says it.

    Attributes:
        top_origin: the outermost page, when another origin's page is anywhere around it.
            It may be of the same origin as the caller, with a stranger's between the two.
        requester: the program that passed it on.
        other_ways: whoever passed it on asks elsewhere when the person declines here.
    """

    origin: str
    top_origin: str | None = None
    requester: str = ""
    other_ways: bool = False

    @property
    def is_cross_origin(self) -> bool:
        return self.top_origin is not None


@dataclass(frozen=True, slots=True)
class CtapSites:
    """For whom CTAP clients may ask: the enrolled providers, and relying parties that the person has named.

    Over CTAP no origin is told: the client has judged the page, as it does for every security key.
    """

    named: frozenset[str] = frozenset()

    def admit(self, providers: Sequence[Provider], rp_id: str) -> str:
        """Return *rp_id*, or raise RpNotEnrolled."""
        if rp_id not in self.named and not any(provider.rp_id == rp_id for provider in providers):
            raise RpNotEnrolled(rp_id)
        return rp_id


ENROLLED_ALONE: Final = CtapSites()


def admit(providers: Sequence[Provider], caller: Caller, rp_id: str | None) -> str:
    """Return the relying-party id that *caller* may use.

    Exact matches only: enrolment has checked that the id belongs to the origins,
    so there are no suffixes to reason about here.

    Raises:
        RpNotEnrolled, OriginNotEnrolled
    """
    wanted = rp_id if rp_id is not None else (urlsplit(caller.origin).hostname or "")
    matching = [provider for provider in providers if provider.rp_id == wanted]
    if not matching:
        raise RpNotEnrolled(wanted)
    if not any(caller.origin in provider.origins for provider in matching):
        raise OriginNotEnrolled(caller.origin)
    return wanted
