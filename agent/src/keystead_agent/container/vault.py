"""The container's file and the keystore that it belongs to: what is remembered, and nothing about what it means.

Every change is on the disk before `save` returns.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

from keystead_agent.container.errors import PinNotSet
from keystead_agent.container.machine import UNKNOWN, Machine
from keystead_agent.container.records import Contents
from keystead_agent.container.sealing import SealedContents, seal_contents
from keystead_agent.container.stored import MAX_CONTAINER_BYTES, unverified_mark
from keystead_agent.keystore.errors import OtherMachine
from keystead_agent.keystore.interface import Gate, Keystore
from keystead_agent.keystore.private_file import ensure_private_directory, read_private, write_private

FILE_NAME: Final = "container.cbor"


class Vault:
    """Open it once; then it is the only writer of its file.

    Raises, on opening:
        FileNotPrivate: others may read or write the file or its directory.
        OtherMachine: it was made with another keystore; which of its kinds says what *machine* has to do with it.
        ContainerTampered: something else has written into it.
    """

    def __init__(self, directory: Path, keystore: Keystore, machine: Machine = UNKNOWN) -> None:
        self._path = directory / FILE_NAME
        self.keystore = keystore
        self._machine = machine
        ensure_private_directory(directory)
        self._contents, self._integrity_key = self._read()

    @property
    def contents(self) -> Contents | None:
        """None before the first change."""
        return self._contents

    def _read(self) -> tuple[Contents | None, bytes]:
        data = read_private(self._path, max_bytes=MAX_CONTAINER_BYTES)
        if data is None:
            return None, b""
        sealed = SealedContents.parse(data)
        try:
            integrity_key = self.keystore.integrity_key(sealed.foundation)
        except OtherMachine:
            raise self._machine.why_other(unverified_mark(sealed.body)) from None
        return sealed.open(integrity_key), integrity_key

    def begun(self) -> Contents:
        """The contents; those of a new container if this is the first change."""
        if self._contents is None:
            foundation = self.keystore.found()
            self._integrity_key = self.keystore.integrity_key(foundation)
            return Contents(foundation)
        return self._contents

    def gated(self) -> tuple[Contents, Gate]:
        if self._contents is None or self._contents.gate is None:
            raise PinNotSet
        return self._contents, self._contents.gate

    def save(self, contents: Contents) -> None:
        contents = replace(contents, mark=self._machine.mark)
        write_private(self._path, seal_contents(contents, self._integrity_key))
        self._contents = contents
