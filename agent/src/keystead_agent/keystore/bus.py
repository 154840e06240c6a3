"""A conversation with a TPM: commands in, results out, and nothing left behind in the chip.

    Bus          runs one command after another on one transport
    LiveSession  a session whose nonces roll on with every command
    using        a session for one command: for which authValue, encrypting what

A TPM without a resource manager has room for three objects and three sessions,
so every object and session is held by a `with` that flushes it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec
from keystead_core.tpm import build, commands
from keystead_core.tpm.codes import RESEND, SessionUse
from keystead_core.tpm.commands import Call, Created
from keystead_core.tpm.faults import TpmFault
from keystead_core.tpm.sessions import (
    NONCE_BYTES,
    EmptyPassword,
    Session,
    Use,
    response_code,
    salt_for,
    seal,
    session_key,
)

from keystead_agent.keystore.errors import KeystoreUnavailable
from keystead_agent.keystore.transport import Transport
from keystead_agent.keystore.values import Entropy

T = TypeVar("T")

# Between two sendings of the same command, in seconds: eleven sendings in some 20 seconds.
_PAUSES: Final = (0.0, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 2.0, 4.0, 6.0, 6.0)

Sleep: TypeAlias = Callable[[float], None]


@dataclass(slots=True)
class LiveSession:
    session: Session


@dataclass(frozen=True, slots=True)
class using:
    """One session in the next command."""

    live: LiveSession
    auth_value: bytes = b""
    attributes: SessionUse = SessionUse.NONE
    answered_with: bytes | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """The storage root key, loaded."""

    handle: int
    public: build.P256Public
    name: bytes


@dataclass(slots=True)
class Bus:
    transport: Transport
    entropy: Entropy
    sleep: Sleep
    _names: dict[int, bytes] = field(default_factory=dict)

    def run(self, call: Call[T], *uses: using | EmptyPassword) -> T:
        """Send *call* and return its result.

        Raises:
            TpmError: the TPM refused, with the exact response code.
            KeystoreUnavailable: it does not answer.
        """
        sealed = seal(call, tuple(map(self._use, uses)), self._names)
        opened = sealed.open(self._send(sealed.frame))
        for use, nonce_tpm in zip(uses, opened.nonces_tpm, strict=True):
            if isinstance(use, using):
                use.live.session = use.live.session.after(nonce_tpm)
        return opened.result

    def _use(self, use: using | EmptyPassword) -> Use | EmptyPassword:
        if isinstance(use, EmptyPassword):
            return use
        nonce = self.entropy(NONCE_BYTES)
        attributes = use.attributes | SessionUse.CONTINUE
        return Use(use.live.session, nonce, use.auth_value, attributes, use.answered_with)

    def _send(self, frame: bytes) -> bytes:
        waited = 0.0
        for pause in _PAUSES:
            response = self.transport.exchange(frame)
            # The same bytes, nonces included: the TPM has not acted on them. The first use of a
            # dictionary-attack protected object after start-up is answered like this; a self-test
            # or a chip that saves its NV memory takes longer.
            if response_code(response) not in RESEND:
                return response
            self.sleep(pause)
            waited += pause
        raise KeystoreUnavailable(f"The TPM was busy for {waited:.0f} seconds and asks to be asked again.")

    def learn_name(self, handle: int, public: bytes) -> None:
        self.learn(handle, build.name(public))

    def learn(self, handle: int, name: bytes) -> None:
        self._names[handle] = name

    def name(self, handle: int) -> bytes:
        return self._names[handle]

    @contextmanager
    def loaded(self, parent: int, item: Created, session: LiveSession) -> Iterator[int]:
        handle = self.run(commands.load(parent, item), using(session))
        self.learn_name(handle, item.public)
        with self.flushing(handle):
            yield handle

    @contextmanager
    def salted_session(self, root: Root, *, policy: bool = False) -> Iterator[LiveSession]:
        """A session with a secret that nobody on the bus knows: an HMAC session, or a policy session."""
        live = self.start_session(root, policy=policy)
        with self.flushing(live.session.handle):
            yield live

    def start_session(self, root: Root, *, policy: bool) -> LiveSession:
        """The same, for who flushes it."""
        salt = salt_for(root.public, ec.generate_private_key(ec.SECP256R1()))
        nonce = self.entropy(NONCE_BYTES)
        started = self.run(
            commands.start_auth_session(
                policy=policy, nonce=nonce, salted_to=root.handle, encrypted_salt=salt.encrypted
            )
        )
        key = session_key(salt, started.nonce_tpm, nonce)
        return LiveSession(Session(started.handle, started.nonce_tpm, key, policy=policy))

    @contextmanager
    def policy_session(self) -> Iterator[LiveSession]:
        """A policy session without a salt, for what is no secret and proves nothing."""
        started = self.run(commands.start_auth_session(policy=True, nonce=self.entropy(NONCE_BYTES)))
        with self.flushing(started.handle):
            yield LiveSession(Session(started.handle, started.nonce_tpm, policy=True))

    @contextmanager
    def flushing(self, handle: int) -> Iterator[None]:
        try:
            yield
        finally:
            # A flush that fails must not hide why we came here; closing the device flushes as well.
            with suppress(TpmFault, KeystoreUnavailable):
                self.run(commands.flush_context(handle))
            self._names.pop(handle, None)
