"""An agent for tests of what talks to one: a real socket, real passkeys, no PIN and no TPM.

It answers the verbs of a page's ceremony as the daemon does and lets a test
hold a ceremony open, as a person does who is looking for their PIN. What it
received, and what was given up before it was answered, can be read afterwards.
"""

import hashlib
import json
import secrets
import socket
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from keystead_core.link.framing import SOCKET, Framer, frame
from keystead_core.link.messages import (
    Accounts,
    Cancel,
    Create,
    Done,
    Failed,
    Get,
    Providers,
    Reply,
    Request,
    request_from_json,
)

_UP_UV, _UP_UV_AT = b"\x05", b"\x45"
_NO_SIGN_COUNT = bytes(4)


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class _Passkey:
    rp_id: str
    user_handle: str
    name: str
    display_name: str
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def account(self) -> dict[str, object]:
        return {"credential": _base64url(self.id), "name": self.name, "display_name": self.display_name}


def _client_data(kind: str, request: Create | Get) -> bytes:
    members = {"type": kind, "challenge": request.options["challenge"], "origin": request.origin}
    around = (
        {"crossOrigin": False} if request.top_origin is None else {"crossOrigin": True, "topOrigin": request.top_origin}
    )
    return json.dumps({**members, **around}).encode()


def _registration(passkey: _Passkey, request: Create) -> dict[str, object]:
    client_data = _client_data("webauthn.create", request)
    public = passkey.key.public_key()
    point = public.public_numbers()
    cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
    attested = bytes(16) + len(passkey.id).to_bytes(2, "big") + passkey.id + cbor2.dumps(cose)
    data = hashlib.sha256(passkey.rp_id.encode()).digest() + _UP_UV_AT + _NO_SIGN_COUNT + attested
    response = {
        "clientDataJSON": _base64url(client_data),
        "attestationObject": _base64url(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
        "authenticatorData": _base64url(data),
        "publicKey": _base64url(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        "publicKeyAlgorithm": -7,
        "transports": ["internal"],
    }
    return _credential(passkey, response, {"credProps": {"rk": True}})


def _assertion(passkey: _Passkey, request: Get) -> dict[str, object]:
    client_data = _client_data("webauthn.get", request)
    data = hashlib.sha256(passkey.rp_id.encode()).digest() + _UP_UV + _NO_SIGN_COUNT
    signature = passkey.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
    response = {
        "clientDataJSON": _base64url(client_data),
        "authenticatorData": _base64url(data),
        "signature": _base64url(signature),
        "userHandle": passkey.user_handle,
    }
    return _credential(passkey, response, {})


def _credential(
    passkey: _Passkey, response: Mapping[str, object], extensions: Mapping[str, object]
) -> dict[str, object]:
    named = _base64url(passkey.id)
    return {
        "id": named,
        "rawId": named,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "response": response,
        "clientExtensionResults": extensions,
    }


class SocketAgent:
    """Listens from `with` to the end of the block.

    Attributes:
        received: every request, in order.
        given_up: ceremonies that were cancelled, or whose connection closed, while held.
        refusal: when set, what `create` and `get` are answered with: code, message, name.
        beware: said with the accounts: that their keys are in a file, say.
    """

    def __init__(self, path: Path, *, rp_id: str, origins: list[str]) -> None:
        self.received: list[Request] = []
        self.given_up: list[str] = []
        self.refusal: tuple[str, str, Any] | None = None
        self.beware = ""
        self._provider = {"rp_id": rp_id, "origins": origins, "name": "Test", "issuer": origins[0]}
        self._path = path
        self._passkeys: list[_Passkey] = []
        self._holding: tuple[type[Request], ...] = ()
        self._held: dict[str, tuple[Request, Callable[[Reply], None]]] = {}
        self._changed = threading.Condition()
        self._connections: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        self._listener.bind(str(self._path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._path.unlink(missing_ok=True)
        for open_socket in (self._listener, *self._connections):
            # Closing alone would leave the thread that waits on it waiting.
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()

    # -- for the test ---------------------------------------------------------

    def add_passkey(self, name: str, display_name: str = "") -> str:
        """Return the new passkey's id in base64url."""
        handle = _base64url(secrets.token_bytes(16))
        passkey = _Passkey(str(self._provider["rp_id"]), handle, name, display_name or name)
        self._passkeys.append(passkey)
        return _base64url(passkey.id)

    def hold(self, *kinds: type[Request]) -> None:
        """Answer requests of *kinds*, ceremonies when none is named, only when they are released."""
        self._holding = kinds or (Create, Get)

    def release(self, request: str) -> None:
        """Answer the held *request*, as a person does who has found their PIN."""
        with self._changed:
            asked, reply = self._held.pop(request)
        self._answer(asked, reply)

    def wait_for(self, condition: Callable[["SocketAgent"], object], *, seconds: float = 10) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self), timeout=seconds):
                raise TimeoutError(f"not within {seconds} s; received: {self.received}")

    def ceremonies(self) -> list[Create | Get]:
        return [request for request in self.received if isinstance(request, Create | Get)]

    # -- the socket -----------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        framer, mine = Framer(SOCKET), set[str]()
        while data := _receive(connection):
            for message in framer.feed(data):
                request = request_from_json(message)
                mine.add(request.id)
                self._note(request)
                reply = _sender(connection)
                if isinstance(request, self._holding):
                    self._hold(request, reply)
                else:
                    self._answer(request, reply)
        for request_id in mine:
            self._give_up(request_id)

    def _note(self, request: Request) -> None:
        with self._changed:
            self.received.append(request)
            self._changed.notify_all()

    def _hold(self, request: Request, reply: Callable[[Reply], None]) -> None:
        with self._changed:
            self._held[request.id] = (request, reply)
            self._changed.notify_all()

    def _give_up(self, request: str) -> bool:
        with self._changed:
            if self._held.pop(request, None) is None:
                return False
            self.given_up.append(request)
            self._changed.notify_all()
            return True

    def _answer(self, request: Request, reply: Callable[[Reply], None]) -> None:
        match request:
            case Providers():
                reply(Done(request.id, {"providers": [self._provider]}))
            case Accounts(rp_id=rp_id):
                mine = [passkey.account() for passkey in self._passkeys if passkey.rp_id == rp_id]
                reply(Done(request.id, {"accounts": mine} | ({"beware": self.beware} if self.beware else {})))
            case Cancel(target=target):
                if self._give_up(target):
                    reply(Failed(target, "cancelled", "Cancelled.", "AbortError"))
                reply(Done(request.id, {}))
            case Create() | Get():
                reply(self._perform(request))
            case _:
                reply(Failed(request.id, "not_here", "This agent is for pages only.", "NotSupportedError"))

    def _perform(self, request: Create | Get) -> Reply:
        if self.refusal is not None:
            return Failed(request.id, *self.refusal)
        if isinstance(request, Create):
            made = self._make(request.options)
            return Done(request.id, {"credential": _registration(made, request)})
        chosen = [p for p in self._passkeys if request.credential in (None, _base64url(p.id))]
        if not chosen:
            return Failed(request.id, "no_passkey", "No such passkey.", "NotAllowedError")
        return Done(request.id, {"credential": _assertion(chosen[-1], request)})

    def _make(self, options: Mapping[str, Any]) -> _Passkey:
        user = options["user"]
        made = _Passkey(options["rp"]["id"], user["id"], user["name"], user["displayName"])
        self._passkeys.append(made)
        return made


def _sender(connection: socket.socket) -> Callable[[Reply], None]:
    def send(reply: Reply) -> None:
        # The browser may have gone, or the test may be over, while this was being answered.
        with suppress(OSError):
            connection.sendall(frame(reply.to_json()))

    return send


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(64 * 1024)
    except OSError:
        return b""
