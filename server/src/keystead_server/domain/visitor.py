"""Who is asking, as far as the connection tells."""

from dataclasses import dataclass

from keystead_core.fast_init import fast_init

from keystead_server.domain.ids import AppId


@fast_init
@dataclass(frozen=True, slots=True)
class Visitor:
    """The other end of a request.

    Attributes:
        browser: 16 random bytes from this browser's cookie; what we hand out is bound to them,
            so that a challenge or a form cannot be answered from another browser.
        address: the peer's address, or the one a listed proxy reports.
        app_id: the app that sent the person here, when one did.
    """

    browser: bytes
    address: str
    user_agent: str = ""
    app_id: AppId | None = None
