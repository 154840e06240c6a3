"""The way to a TPM: the kernel's resource manager, or an emulator's socket.

The setting says which, in the words of TCTI:

    device:/dev/tpmrm0
    swtpm:path=/run/swtpm/sock
    swtpm:host=127.0.0.1,port=2321
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from keystead_core.tpm.sessions import MAX_RESPONSE_BYTES

from keystead_agent.keystore.errors import KeystoreUnavailable

_ANSWER_SECONDS: Final = 60.0  # key generation on a slow chip takes some
_HEADER_BYTES: Final = 10


class Transport(Protocol):
    def exchange(self, command: bytes) -> bytes:
        """Send one command and return its answer, whatever it says.

        Raises:
            KeystoreUnavailable: the way is broken; the transport is of no more use.
        """
        ...

    def close(self) -> None: ...


Connect: TypeAlias = Callable[[], Transport]


class AddressError(ValueError):
    """The setting does not name a TPM."""


@dataclass(frozen=True, slots=True)
class _Device:
    descriptor: int

    def exchange(self, command: bytes) -> bytes:
        try:
            os.write(self.descriptor, command)
            return os.read(self.descriptor, MAX_RESPONSE_BYTES)
        except OSError as error:
            raise KeystoreUnavailable(f"The TPM stopped answering: {error.strerror}.") from error

    def close(self) -> None:
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class _Socket:
    stream: socket.socket

    def exchange(self, command: bytes) -> bytes:
        try:
            self.stream.sendall(command)
            header = self._read(_HEADER_BYTES)
            length = int.from_bytes(header[2:6], "big")
            if not _HEADER_BYTES <= length <= MAX_RESPONSE_BYTES:
                raise KeystoreUnavailable(f"The TPM emulator announced an answer of {length} bytes.")
            return header + self._read(length - _HEADER_BYTES)
        except OSError as error:
            raise KeystoreUnavailable(f"The TPM emulator stopped answering: {error}.") from error

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            piece = self.stream.recv(length - len(data))
            if not piece:
                raise KeystoreUnavailable("The TPM emulator hung up.")
            data += piece
        return data

    def close(self) -> None:
        self.stream.close()


def connector(address: str) -> Connect:
    """Return what connects to the TPM at *address*; nothing is opened yet.

    Raises:
        AddressError: it is no address, with what to write instead.
    """
    kind, _, rest = address.partition(":")
    if kind == "device" and rest.startswith("/"):
        return lambda: _open_device(rest)
    members = dict(part.partition("=")[::2] for part in rest.split(","))
    if kind == "swtpm" and set(members) == {"path"}:
        return lambda: _open_socket(socket.AF_UNIX, members["path"])
    if kind == "swtpm" and set(members) == {"host", "port"} and members["port"].isdecimal():
        return lambda: _open_socket(socket.AF_INET, (members["host"], int(members["port"])))
    raise AddressError(
        f'write "device:/dev/tpmrm0", "swtpm:path=/run/swtpm/sock" or "swtpm:host=127.0.0.1,port=2321", not {address!r}'
    )


def _open_device(path: str) -> Transport:
    try:
        return _Device(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError as error:
        raise KeystoreUnavailable(f"There is no TPM at {path}.") from error
    except PermissionError as error:
        raise KeystoreUnavailable(f"You may not use the TPM at {path}: join the group that owns it (tss).") from error
    except OSError as error:
        raise KeystoreUnavailable(f"The TPM at {path} cannot be opened: {error.strerror}.") from error


def _open_socket(family: socket.AddressFamily, address: str | tuple[str, int]) -> Transport:
    stream = socket.socket(family)
    stream.settimeout(_ANSWER_SECONDS)
    try:
        stream.connect(address)
    except OSError as error:
        stream.close()
        raise KeystoreUnavailable(f"No TPM emulator answers at {address}: {error}.") from error
    return _Socket(stream)
