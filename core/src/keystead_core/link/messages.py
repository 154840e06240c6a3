"""What the browser host, the command line and the daemon say to each other.

    Request   {"id": …, "verb": …, members of the verb}
    Reply     {"id": …, "ok": {…}}                                       Done
              {"id": …, "error": {"code": …, "message": …, "name": …}}   Failed
    Progress  {"id": …, "asking": true or false}    before the reply to `ctap`: a person is (no longer) asked

    verb         members; ok
    ----         -----------
    hello        ; agent (version), protocol
    status       ; keystore, pin, providers, passkeys, socket, …
    providers    ; providers: [{rp_id, origins, name, issuer}]
    list         ; passkeys: [{credential, rp_id, name, display_name, created_at, sign_count}]
    accounts     rp_id, origin; accounts: [{credential, name, display_name}]
    enrol        url, code?; provider: {rp_id, origins, name, issuer}, proof?: {device, name, expires_at}
    unenrol      provider (its rp id); removed (how many passkeys went with it)
    set_pin      ;
    change_pin   ;
    unlock       ; provider, device, code, page, expires_at: what the person types, where, and until when
    unlock_wait  ; unlocked: true or false, after a minute at most
    remove       credential;
    rename       credential, name;
    explain      site; site, rp_id, sentences: what would happen there now, and why
    create       origin, top_origin?, options; credential: RegistrationResponseJSON
    get          origin, top_origin?, options, mediation?, credential?;
                 credential: AuthenticationResponseJSON
    ctap         channel, command; response (both CTAP messages in base64url)
    log          last, skip; lines: [{at, event, …}], the newest last
    cancel       target (the id of a request on the same connection);
    prompter     ; service (version). From here on questions come on this connection: see `prompting`
    answer       question, answer;

Where keys are in a file, `list`, `accounts` and `enrol` answer with `beware`, a sentence that says so.
A credential is named by its id in base64url. The PIN is in no message but `answer`,
which only a session's own prompter sends, to the service of the whole computer; a
person's own daemon asks for it itself. So nothing that faces a browser or a shell
ever holds it.

A verb or member that is not in the table is refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from keystead_core.link.errors import MemberInvalid, MemberMissing, MemberUnknown, VerbUnknown

PROTOCOL: Final = 1
# Of a reply to what had no id that could be read, or to a connection that is not served.
NO_ID: Final = "-"

# The DOMExceptions that WebAuthn lets `create()` and `get()` reject with.
ErrorName: TypeAlias = Literal[
    "NotAllowedError",
    "InvalidStateError",
    "AbortError",
    "SecurityError",
    "NotSupportedError",
    "ConstraintError",
    "UnknownError",
]
ERROR_NAMES: Final[frozenset[str]] = frozenset(get_args(ErrorName))

Mediation: TypeAlias = Literal["optional", "required", "conditional"]

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MAX_TEXT_CHARACTERS = 2048
_MAX_NAME_CHARACTERS = 64
_MAX_CHANNEL = 0xFFFFFFFF
# 7,609 bytes, as long as CTAPHID can carry.
_MAX_CTAP_CHARACTERS = 10_146
# So many lines of any length that the log writes are one message.
MOST_LOG_LINES: Final = 20


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT_CHARACTERS:
        raise ValueError(f"must be a text of 1 to {_MAX_TEXT_CHARACTERS} characters")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= len(value) <= _MAX_NAME_CHARACTERS:
        raise ValueError(f"must be a text of 1 to {_MAX_NAME_CHARACTERS} characters")
    return value


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("must be 1 to 64 letters, digits or any of _ . : -")
    return value


def _ctap(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_CTAP_CHARACTERS:
        raise ValueError(f"must be base64url of 1 to {_MAX_CTAP_CHARACTERS} characters")
    return value


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    return value


def _count(least: int, most: int) -> Callable[[object], object]:
    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be a number from {least} to {most}")
        return value

    return check


def _mediation(value: object) -> str:
    if value not in get_args(Mediation):
        raise ValueError(f"must be one of {', '.join(get_args(Mediation))}")
    return str(value)


def _required(check: Callable[[object], object]) -> Any:
    return field(metadata={"check": check})


def _secret(check: Callable[[object], object]) -> Any:
    return field(repr=False, metadata={"check": check})


def _optional(check: Callable[[object], object]) -> Any:
    return field(default=None, metadata={"check": check})


@dataclass(frozen=True, slots=True)
class _Request:
    verb: ClassVar[str]
    id: str = _required(_id)

    def to_json(self) -> dict[str, object]:
        members = ((member.name, getattr(self, member.name)) for member in fields(self))
        return {"verb": self.verb} | {name: value for name, value in members if value is not None}


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
    rp_id: str = _required(_text)
    origin: str = _required(_text)


@dataclass(frozen=True, slots=True)
class Enrol(_Request):
    """Attributes:
    code: from the person's account page: prove to the provider that this is a TPM.
    """

    verb = "enrol"
    url: str = _required(_text)
    code: str | None = _optional(_text)


@dataclass(frozen=True, slots=True)
class Unenrol(_Request):
    verb = "unenrol"
    provider: str = _required(_text)


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
    credential: str = _required(_text)


@dataclass(frozen=True, slots=True)
class Rename(_Request):
    """Another name for a passkey, in this container alone: the site's half keeps its own."""

    verb = "rename"
    credential: str = _required(_text)
    name: str = _required(_name)


@dataclass(frozen=True, slots=True)
class Explain(_Request):
    """What would happen at a site now, and why; nobody is asked.

    Attributes:
        site: a relying-party id or the address of a page.
    """

    verb = "explain"
    site: str = _required(_text)


@dataclass(frozen=True, slots=True)
class Create(_Request):
    """`navigator.credentials.create()`.

    Attributes:
        origin: from the browser's own record of the sender, never from the page.
        top_origin: the top-level origin when the caller is a cross-origin frame.
        options: PublicKeyCredentialCreationOptionsJSON, as the page gave them.
    """

    verb = "create"
    origin: str = _required(_text)
    options: Mapping[str, object] = _required(_object)
    top_origin: str | None = _optional(_text)


@dataclass(frozen=True, slots=True)
class Get(_Request):
    """`navigator.credentials.get()`.

    Attributes:
        origin: as for Create.
        options: PublicKeyCredentialRequestOptionsJSON, as the page gave them.
        credential: what the person chose in autofill, so that no chooser is needed.
    """

    verb = "get"
    origin: str = _required(_text)
    options: Mapping[str, object] = _required(_object)
    mediation: Mediation | None = _optional(_mediation)  # noqa: RUF009 (a dataclass field)
    top_origin: str | None = _optional(_text)
    credential: str | None = _optional(_text)


@dataclass(frozen=True, slots=True)
class Ctap(_Request):
    """A command of a CTAP client.

    What one command leaves for the next, a token above all, lasts as long as
    the connection; *channel* tells the clients on it apart.
    """

    verb = "ctap"
    channel: int = _required(_count(0, _MAX_CHANNEL))
    command: str = _required(_ctap)


@dataclass(frozen=True, slots=True)
class ReadLog(_Request):
    """What the agent did and refused, for the person it serves.

    Attributes:
        last: how many lines.
        skip: of the newest.
    """

    verb = "log"
    last: int = _required(_count(1, MOST_LOG_LINES))
    skip: int = _required(_count(0, 1_000_000))


@dataclass(frozen=True, slots=True)
class Cancel(_Request):
    verb = "cancel"
    target: str = _required(_id)


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
    question: int = _required(_count(1, 2**53))
    answer: Mapping[str, object] = _secret(_object)


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


@dataclass(frozen=True, slots=True)
class Done:
    id: str
    ok: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        return {"id": self.id, "ok": dict(self.ok)}


@dataclass(frozen=True, slots=True)
class Failed:
    """A refusal.

    Attributes:
        code: stable, for logs and programs.
        message: one sentence for the person.
        name: the DOMException that the page's promise rejects with.
    """

    id: str = _required(_id)
    code: str = _required(_id)
    message: str = _required(_text)
    name: ErrorName = "NotAllowedError"

    def to_json(self) -> dict[str, object]:
        return {"id": self.id, "error": {"code": self.code, "message": self.message, "name": self.name}}


Reply: TypeAlias = Done | Failed


@dataclass(frozen=True, slots=True)
class Progress:
    """Not yet a reply: a person is asked from now on, or not any more."""

    id: str
    asking: bool

    def to_json(self) -> dict[str, object]:
        return {"id": self.id, "asking": self.asking}


def progress_from_json(message: Mapping[str, object]) -> Progress | None:
    """Return *message* if it is Progress, None if it is to be read as a reply."""
    match message:
        case {"id": str() as request, "asking": bool() as asking, **others} if not others:
            return Progress(request, asking)
    return None


def reply_from_json(message: Mapping[str, object]) -> Reply:
    """Parse a reply.

    Raises:
        LinkError: it is neither Done nor Failed.
    """
    if "error" not in message:
        members = _checked(message, {"id": _id, "ok": _object}, where="reply")
        return Done(**members)
    outer = _checked(message, {"id": _id, "error": _object}, where="reply")
    error = _checked(outer["error"], {"code": _id, "message": _text, "name": _error_name}, where="reply.error")
    return Failed(id=outer["id"], **error)


def id_of(message: Mapping[str, object]) -> str | None:
    """The id of a message that could not be parsed further, so that its sender can be told."""
    try:
        return _id(message.get("id"))
    except ValueError:
        return None


def _error_name(value: object) -> str:
    if not isinstance(value, str) or value not in ERROR_NAMES:
        raise ValueError(f"must be one of {', '.join(sorted(ERROR_NAMES))}")
    return value


def _members(request: type[Request], message: Mapping[str, object], *, where: str, besides: set[str]) -> dict[str, Any]:
    checks = {member.name: member.metadata["check"] for member in fields(request)}
    optional = {member.name for member in fields(request) if member.default is None}
    own = {name: value for name, value in message.items() if name not in besides}
    return _checked(own, checks, where=where, optional=optional)


def _checked(
    message: Any,
    checks: Mapping[str, Callable[[object], object]],
    *,
    where: str,
    optional: set[str] | frozenset[str] = frozenset(),
) -> dict[str, Any]:
    for name in message:
        if name not in checks:
            raise MemberUnknown(f"{where} has no member {name!r}")
    for name in checks:
        if name not in message and name not in optional:
            raise MemberMissing(f"{where} needs {name!r}")
    checked = {}
    for name, value in message.items():
        try:
            checked[name] = checks[name](value)
        except ValueError as error:
            raise MemberInvalid(f"{where}: {name!r} {error}") from error
    return checked
