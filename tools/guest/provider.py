"""Outside the guest: an identity provider that runs while a browser in there uses it."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keystead_testkit.running_server import keystead, running_server

_PERSON = "ada@contoso.example"


@contextmanager
def somebody_is_invited() -> Iterator[str]:
    """The one-time link of somebody without a passkey, at a server of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="keystead-guest-") as name,
        running_server(Path(name) / "data") as server,
    ):
        subprocess.run(keystead("user", "create", _PERSON, data=server.data), check=True, stdout=subprocess.DEVNULL)
        issued = subprocess.check_output(keystead("pass", "issue", _PERSON, "--json", data=server.data))
        yield str(json.loads(issued)["link"])
