"""What passes between a browser and the daemon, as bytes in and bytes out.

Every message is parsed and written anew on its way, so the daemon sees only
what `keystead_core.link` knows, and the browser only well-formed replies.
Of the verbs only those of a page's ceremony pass: an extension that was taken
over can still not remove a passkey or enrol a provider.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from keystead_core.link.errors import LinkError
from keystead_core.link.framing import NATIVE, SOCKET, Framer, frame
from keystead_core.link.messages import (
    Accounts,
    Cancel,
    Create,
    Failed,
    Get,
    Providers,
    id_of,
    reply_from_json,
    request_from_json,
)

PASSED: Final = (Providers, Accounts, Create, Get, Cancel)


class VerbNotForBrowsers(LinkError):
    """A verb of the command line, asked by an extension."""

    code = "verb_not_for_browsers"


@dataclass(slots=True)
class Bridge:
    """One browser's conversation with the daemon.

    After a LinkError from either side the position in that stream is lost, and
    the stream is to be closed.
    """

    _from_browser: Framer = field(default_factory=lambda: Framer(NATIVE))
    _from_daemon: Framer = field(default_factory=lambda: Framer(SOCKET))
    _open: set[str] = field(default_factory=set)

    def browser_said(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what goes on to the daemon, and what goes straight back to the browser."""
        onward, back = bytearray(), bytearray()
        for message in self._from_browser.feed(data):
            try:
                onward += self._request(message)
            except LinkError as refused:
                back += _refusal(id_of(message), refused)
        return bytes(onward), bytes(back)

    def _request(self, message: Mapping[str, object]) -> bytes:
        request = request_from_json(message)
        if not isinstance(request, PASSED):
            raise VerbNotForBrowsers(f"{request.verb} is not for browsers")
        framed = frame(request.to_json())
        self._open.add(request.id)
        return framed

    def daemon_said(self, data: bytes) -> bytes:
        """Return what goes on to the browser."""
        onward = bytearray()
        for message in self._from_daemon.feed(data):
            reply = reply_from_json(message)
            self._open.discard(reply.id)
            onward += frame(reply.to_json(), NATIVE)
        return bytes(onward)

    def daemon_is_gone(self) -> bytes:
        """Return an answer for everything still open: nobody else will give one."""
        gone = b"".join(frame(_unreachable(request).to_json(), NATIVE) for request in sorted(self._open))
        self._open.clear()
        self._from_daemon = Framer(SOCKET)
        return gone


def _unreachable(request: str) -> Failed:
    return Failed(id=request, code="agent_unreachable", message="The agent is not running.")


def _refusal(request: str | None, refused: LinkError) -> bytes:
    # Without an id there is nobody to tell.
    if request is None:
        return b""
    # The sentence may quote what came from a page: kept within what a reply may hold.
    return frame(Failed(id=request, code=refused.code, message=str(refused)[:500]).to_json(), NATIVE)
