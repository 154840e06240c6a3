"""What is asked: a request for each verb. What its members and its answer are stands in `messages`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, TypeAlias, get_args

from keystead_core.link import members
from keystead_core.link.errors import VerbUnknown
from keystead_core.link.members import Mediation, optional, required, secret

_MAX_CHANNEL = 0xFFFFFFFF
# So many lines of any length that the log writes are one message.
MOST_LOG_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class _Request:
    verb: ClassVar[str]
    id: str = required(members.identifier)

    def to_json(self) -> dict[str, object]:
        given = ((member.name, getattr(self, member.name)) for member in fields(self))
        return {"verb": self.verb} | {name: value for name, value in given if value is not None}


@dataclass(frozen=True, slots=True)
class Hello(_Request):
    verb = "hello"


@dataclass(frozen=True, slots=True)
class Status(_Request):
    verb = "status"


@dataclass(frozen=True, slots=True)
class Providers(_Request):
    verb = "providers"


@dataclass(frozen=True, slots=True)
class ListPasskeys(_Request):
    verb = "list"


@dataclass(frozen=True, slots=True)
class Accounts(_Request):
    """The names to offer in autofill. Answered without a gesture, for an enrolled origin only."""

    verb = "accounts"
    rp_id: str = required(members.text)
    origin: str = required(members.text)


@dataclass(frozen=True, slots=True)
class Enrol(_Request):
    """Attributes:
    code: from the person's account page: prove to the provider that this is a TPM.
    """

    verb = "enrol"
    url: str = required(members.text)
    code: str | None = optional(members.text)


@dataclass(frozen=True, slots=True)
class Unenrol(_Request):
    verb = "unenrol"
    provider: str = required(members.text)


@dataclass(frozen=True, slots=True)
class SetPin(_Request):
    verb = "set_pin"


@dataclass(frozen=True, slots=True)
class ChangePin(_Request):
    verb = "change_pin"


@dataclass(frozen=True, slots=True)
class Unlock(_Request):
    """Ask the identity provider to have wrong PINs forgotten; its person allows it there."""

    verb = "unlock"


@dataclass(frozen=True, slots=True)
class UnlockWait(_Request):
    """Wait until what `unlock` asked for is allowed, for a minute at most; then ask again."""

    verb = "unlock_wait"


@dataclass(frozen=True, slots=True)
class Remove(_Request):
    verb = "remove"
    credential: str = required(members.text)


@dataclass(frozen=True, slots=True)
class Rename(_Request):
    """Another name for a passkey, in this container alone: the site's half keeps its own."""

    verb = "rename"
    credential: str = required(members.text)
    name: str = required(members.name)


@dataclass(frozen=True, slots=True)
class Explain(_Request):
    """What would happen at a site now, and why; nobody is asked.

    Attributes:
        site: a relying-party id or the address of a page.
    """

    verb = "explain"
    site: str = required(members.text)


@dataclass(frozen=True, slots=True)
class Create(_Request):
    """`navigator.credentials.create()`.

    Attributes:
        origin: from the browser's own record of the sender, never from the page.
        top_origin: the top-level origin when the caller is a cross-origin frame.
        options: PublicKeyCredentialCreationOptionsJSON, as the page gave them.
    """

    verb = "create"
    origin: str = required(members.text)
    options: Mapping[str, object] = required(members.json_object)
    top_origin: str | None = optional(members.text)


@dataclass(frozen=True, slots=True)
class Get(_Request):
    """`navigator.credentials.get()`.

    Attributes:
        origin: as for Create.
        options: PublicKeyCredentialRequestOptionsJSON, as the page gave them.
        credential: what the person chose in autofill, so that no chooser is needed.
    """

    verb = "get"
    origin: str = required(members.text)
    options: Mapping[str, object] = required(members.json_object)
    mediation: Mediation | None = optional(members.mediation)  # noqa: RUF009 (a dataclass field)
    top_origin: str | None = optional(members.text)
    credential: str | None = optional(members.text)


@dataclass(frozen=True, slots=True)
class Ctap(_Request):
    """A command of a CTAP client.

    What one command leaves for the next, a token above all, lasts as long as
    the connection; *channel* tells the clients on it apart.
    """

    verb = "ctap"
    channel: int = required(members.count(0, _MAX_CHANNEL))
    command: str = required(members.ctap)


@dataclass(frozen=True, slots=True)
class ReadLog(_Request):
    """What the agent did and refused, for the person it serves.

    Attributes:
        last: how many lines.
        skip: of the newest.
    """

    verb = "log"
    last: int = required(members.count(1, MOST_LOG_LINES))
    skip: int = required(members.count(0, 1_000_000))


@dataclass(frozen=True, slots=True)
class Cancel(_Request):
    verb = "cancel"
    target: str = required(members.identifier)


@dataclass(frozen=True, slots=True)
class Prompter(_Request):
    """Ask the person through the sender of this, for as long as its connection lasts."""

    verb = "prompter"


@dataclass(frozen=True, slots=True)
class Answer(_Request):
    """What the person said to a question. It may hold a PIN, so it is never shown.

    Attributes:
        question: its number.
    """

    verb = "answer"
    question: int = required(members.count(1, 2**53))
    answer: Mapping[str, object] = secret(members.json_object)


Request: TypeAlias = (
    Hello
    | Status
    | Providers
    | ListPasskeys
    | Accounts
    | Enrol
    | Unenrol
    | SetPin
    | ChangePin
    | Unlock
    | UnlockWait
    | Remove
    | Rename
    | Explain
    | Create
    | Get
    | Ctap
    | ReadLog
    | Cancel
    | Prompter
    | Answer
)
_REQUESTS: Final[Mapping[str, type[Request]]] = {request.verb: request for request in get_args(Request)}
VERBS: Final = tuple(_REQUESTS)


def request_from_json(message: Mapping[str, object]) -> Request:
    """Parse a request.

    Raises:
        VerbUnknown, MemberUnknown, MemberMissing, MemberInvalid: with the name of what was wrong.
    """
    verb = message.get("verb")
    request = _REQUESTS.get(verb) if isinstance(verb, str) else None
    if request is None:
        raise VerbUnknown(f"no such verb: {verb!r}")
    return request(**_members(request, message, where=request.verb, besides={"verb"}))


def _members(request: type[Request], message: Mapping[str, object], *, where: str, besides: set[str]) -> dict[str, Any]:
    checks = {member.name: member.metadata["check"] for member in fields(request)}
    optional = {member.name for member in fields(request) if member.default is None}
    own = {name: value for name, value in message.items() if name not in besides}
    return members.checked(own, checks, where=where, may_lack=optional)
