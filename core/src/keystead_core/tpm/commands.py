"""TPM 2.0 commands as values (TCG library, part 3): what is sent, and how its answer is read.

    Call      one command: code, handles, parameters; and the reader of its answer
    sessions  who authorises it, and what is encrypted on the bus, is in `sessions`

Nothing here is random and nothing is sent: nonces and ephemeral keys are arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from keystead_core.tpm.codes import (
    CAP_TPM_PROPERTIES,
    LOCKOUT,
    NULL_HANDLE,
    ST_HASHCHECK,
    Algorithm,
    CommandCode,
)
from keystead_core.tpm.faults import ResponseMalformed
from keystead_core.tpm.marshal import sized, u8, u16, u32
from keystead_core.wire.reader import Reader

T = TypeVar("T")

_ECDSA_SHA256: Final = u16(Algorithm.ECDSA) + u16(Algorithm.SHA256)
_AES_128_CFB: Final = u16(Algorithm.AES) + u16(128) + u16(Algorithm.CFB)
# A ticket is only for restricted keys; ours sign any digest.
_NO_TICKET: Final = u16(ST_HASHCHECK) + u32(NULL_HANDLE) + sized(b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of a response; handle is 0 for commands that return none."""

    handle: int
    parameters: Reader


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One command.

    Attributes:
        authorised: how many of the handles, from the first, need an authorisation.
        read: makes the result of the answer's handle and parameters.
    """

    code: CommandCode
    handles: tuple[int, ...]
    parameters: bytes
    read: Callable[[Answer], T]
    authorised: int = 0
    returns_handle: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """A new object, outside the TPM: *private* can be loaded by the same parent of the same TPM only."""

    private: bytes
    public: bytes


@dataclass(frozen=True, slots=True)
class Primary:
    handle: int
    public: bytes


@dataclass(frozen=True, slots=True)
class EcdsaSignature:
    r: int
    s: int


@dataclass(frozen=True, slots=True)
class Certified:
    """TPMS_ATTEST and its signature."""

    attested: bytes
    signature: EcdsaSignature


@dataclass(frozen=True, slots=True)
class SessionStarted:
    handle: int
    nonce_tpm: bytes


def create_primary(hierarchy: int, template: bytes) -> Call[Primary]:
    parameters = sized(sized(b"") + sized(b"")) + sized(template) + sized(b"") + u32(0)
    return Call(
        CommandCode.CREATE_PRIMARY,
        (hierarchy,),
        parameters,
        lambda answer: Primary(answer.handle, answer.parameters.sized()),
        authorised=1,
        returns_handle=True,
    )


def create(parent: int, template: bytes, *, auth: bytes = b"", data: bytes = b"") -> Call[Created]:
    """Create an object under *parent*.

    *auth* and *data* travel in the first parameter: use a session that encrypts it.
    """
    parameters = sized(sized(auth) + sized(data)) + sized(template) + sized(b"") + u32(0)
    return Call(
        CommandCode.CREATE,
        (parent,),
        parameters,
        lambda answer: Created(answer.parameters.sized(), answer.parameters.sized()),
        authorised=1,
    )


def load(parent: int, created: Created) -> Call[int]:
    parameters = sized(created.private) + sized(created.public)
    return Call(
        CommandCode.LOAD, (parent,), parameters, lambda answer: answer.handle, authorised=1, returns_handle=True
    )


def load_external(public: bytes) -> Call[int]:
    """Load a public key that somebody else holds the private half of."""
    parameters = sized(b"") + sized(public) + u32(NULL_HANDLE)
    return Call(CommandCode.LOAD_EXTERNAL, (), parameters, lambda answer: answer.handle, returns_handle=True)


def sign(key: int, digest: bytes) -> Call[EcdsaSignature]:
    parameters = sized(digest) + _ECDSA_SHA256 + _NO_TICKET
    return Call(CommandCode.SIGN, (key,), parameters, lambda answer: _ecdsa(answer.parameters), authorised=1)


def hmac(key: int, message: bytes) -> Call[bytes]:
    """The HMAC of *message*, of at most 1024 bytes: first parameter of command and answer, so encrypt both."""
    parameters = sized(message) + u16(Algorithm.NULL)
    return Call(CommandCode.HMAC, (key,), parameters, lambda answer: answer.parameters.sized(), authorised=1)


def certify(subject: int, signer: int, qualifying: bytes) -> Call[Certified]:
    """Have *signer* state that *subject* is in this TPM; *qualifying* is bound into the statement."""
    return Call(
        CommandCode.CERTIFY,
        (subject, signer),
        sized(qualifying) + _ECDSA_SHA256,
        lambda answer: Certified(answer.parameters.sized(), _ecdsa(answer.parameters)),
        authorised=2,
    )


def activate_credential(key: int, endorsement_key: int, credential: bytes, secret: bytes) -> Call[bytes]:
    """Open what MakeCredential made for *key*; only a TPM that holds both keys can.

    The result is the first parameter of the answer: use a session that encrypts it.
    """
    parameters = sized(credential) + sized(secret)
    return Call(
        CommandCode.ACTIVATE_CREDENTIAL,
        (key, endorsement_key),
        parameters,
        lambda answer: answer.parameters.sized(),
        authorised=2,
    )


def unseal(item: int) -> Call[bytes]:
    """Read sealed data; it is the first parameter of the answer: use a session that encrypts it."""
    return Call(CommandCode.UNSEAL, (item,), b"", lambda answer: answer.parameters.sized(), authorised=1)


def object_change_auth(item: int, parent: int, new_auth: bytes) -> Call[bytes]:
    """Return the private part of *item* with *new_auth* in it; the old one stays valid wherever it is kept."""
    return Call(
        CommandCode.OBJECT_CHANGE_AUTH,
        (item, parent),
        sized(new_auth),
        lambda answer: answer.parameters.sized(),
        authorised=1,
    )


def start_auth_session(
    *, policy: bool, nonce: bytes, salted_to: int = NULL_HANDLE, encrypted_salt: bytes = b""
) -> Call[SessionStarted]:
    symmetric = u16(Algorithm.NULL) if salted_to == NULL_HANDLE else _AES_128_CFB
    kind = u8(1 if policy else 0)
    parameters = sized(nonce) + sized(encrypted_salt) + kind + symmetric + u16(Algorithm.SHA256)
    return Call(
        CommandCode.START_AUTH_SESSION,
        (salted_to, NULL_HANDLE),
        parameters,
        lambda answer: SessionStarted(answer.handle, answer.parameters.sized()),
        returns_handle=True,
    )


def policy_secret(entity: int, session: int) -> Call[None]:
    """Note in the policy session that the caller knows the authValue of *entity*."""
    no_nonce, no_command, no_reference, no_expiry = sized(b""), sized(b""), sized(b""), u32(0)
    parameters = no_nonce + no_command + no_reference + no_expiry
    return Call(CommandCode.POLICY_SECRET, (entity, session), parameters, _ticket, authorised=1)


def policy_signed(
    key: int,
    session: int,
    signature: EcdsaSignature,
    *,
    nonce_tpm: bytes,
    cp_hash: bytes,
    reference: bytes,
    seconds: int,
) -> Call[None]:
    """Show *session* what the holder of the loaded public *key* signed for it and for one command."""
    r, s = signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")
    signed = sized(nonce_tpm) + sized(cp_hash) + sized(reference) + u32(seconds)
    parameters = signed + _ECDSA_SHA256 + sized(r) + sized(s)
    return Call(CommandCode.POLICY_SIGNED, (key, session), parameters, _ticket)


def policy_command_code(session: int, command: CommandCode) -> Call[None]:
    return Call(CommandCode.POLICY_COMMAND_CODE, (session,), u32(command), _nothing)


def policy_auth_value(session: int) -> Call[None]:
    return Call(CommandCode.POLICY_AUTH_VALUE, (session,), b"", _nothing)


def policy_or(session: int, branches: tuple[bytes, ...]) -> Call[None]:
    parameters = u32(len(branches)) + b"".join(map(sized, branches))
    return Call(CommandCode.POLICY_OR, (session,), parameters, _nothing)


def policy_get_digest(session: int) -> Call[bytes]:
    return Call(CommandCode.POLICY_GET_DIGEST, (session,), b"", lambda answer: answer.parameters.sized())


def flush_context(handle: int) -> Call[None]:
    # Part 3: the handle to flush is a parameter of this command, not one of its handles.
    return Call(CommandCode.FLUSH_CONTEXT, (), u32(handle), _nothing)


def read_public(item: int) -> Call[bytes]:
    def read(answer: Answer) -> bytes:
        public = answer.parameters.sized()
        answer.parameters.sized()  # the Name and
        answer.parameters.sized()  # the qualified Name: we compute the Name ourselves
        return public

    return Call(CommandCode.READ_PUBLIC, (item,), b"", read)


def get_properties(first: int, count: int) -> Call[dict[int, int]]:
    """TPM properties from *first* on; those that the TPM does not have are absent."""

    def read(answer: Answer) -> dict[int, int]:
        answer.parameters.u8()
        if answer.parameters.u32() != CAP_TPM_PROPERTIES:
            raise ResponseMalformed("asked for properties, got another capability")
        return {answer.parameters.u32(): answer.parameters.u32() for _ in range(answer.parameters.u32())}

    parameters = u32(CAP_TPM_PROPERTIES) + u32(first) + u32(count)
    return Call(CommandCode.GET_CAPABILITY, (), parameters, read)


def get_random(count: int) -> Call[bytes]:
    return Call(CommandCode.GET_RANDOM, (), u16(count), lambda answer: answer.parameters.sized())


def dictionary_attack_parameters(*, max_tries: int, recovery_seconds: int, lockout_recovery_seconds: int) -> Call[None]:
    """Set how many wrong authValues lock the TPM, and how long until one try is given back."""
    parameters = u32(max_tries) + u32(recovery_seconds) + u32(lockout_recovery_seconds)
    return Call(CommandCode.DICTIONARY_ATTACK_PARAMETERS, (LOCKOUT,), parameters, _nothing, authorised=1)


def dictionary_attack_lock_reset() -> Call[None]:
    return Call(CommandCode.DICTIONARY_ATTACK_LOCK_RESET, (LOCKOUT,), b"", _nothing, authorised=1)


def _nothing(answer: Answer) -> None:
    answer.parameters.finish()


def _ticket(answer: Answer) -> None:
    answer.parameters.sized()  # timeout
    answer.parameters.u16(), answer.parameters.u32(), answer.parameters.sized()  # ticket
    answer.parameters.finish()


def _ecdsa(parameters: Reader) -> EcdsaSignature:
    if parameters.u16() != Algorithm.ECDSA or parameters.u16() != Algorithm.SHA256:
        raise ResponseMalformed("not an ECDSA signature with SHA-256")
    return EcdsaSignature(int.from_bytes(parameters.sized(), "big"), int.from_bytes(parameters.sized(), "big"))
