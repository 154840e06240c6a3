"""Origins of other domains that a relying party calls its own (WebAuthn §5.11, `/.well-known/webauthn`).

    {"origins": ["https://login.example.co.uk", …]}

Said at the relying-party id's own address, so that a provider cannot make a page of
its own a page of somebody else's relying party. What the document says beside that is
skipped, as the specification has it.
"""

from typing import Final
from urllib.parse import urlsplit

from keystead_core.wire.errors import BadJson
from keystead_core.wire.strict_json import json_decode_object

from keystead_agent.enrolment.public_suffixes import PublicSuffixes

WELL_KNOWN_WEBAUTHN: Final = "/.well-known/webauthn"
MAX_BYTES: Final = 16 * 1024
# §5.11: "WebAuthn Clients supporting this feature MUST support at least five registrable origin labels.
# Client policy SHOULD define an upper limit to prevent abuse."
MAX_LABELS: Final = 5


def is_related(document: bytes, origin: str, suffixes: PublicSuffixes) -> bool:
    """Whether *document* names *origin* among the first five registrable labels that it has."""
    try:
        origins = json_decode_object(document, max_bytes=MAX_BYTES).get("origins")
    except BadJson:
        return False
    labels: set[str] = set()
    for item in origins if isinstance(origins, list) else []:
        label = suffixes.registrable_label(_host_of(item)) if isinstance(item, str) else None
        if label is None or (label not in labels and len(labels) == MAX_LABELS):
            continue
        labels.add(label)
        if item == origin:
            return True
    return False


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""
