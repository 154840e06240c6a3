"""A server that trusts one TPM maker, and a computer whose TPM that maker made; nothing in between is made up.

certified_maker      the state of a certified chip, and the folder with its maker
open_town            both running, the administrator signed in, a PIN set

Only the browser is left out: what its extension asks the daemon is asked here, and what its page sends, too.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx2
from keystead_core.link.messages import Create, Get

from keystead_testkit import software_tpm
from keystead_testkit.command_line import invoke
from keystead_testkit.http_browser import form_token
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.running_server import RunningServer, running_server
from keystead_testkit.software_tpm import SoftwareTpm

PIN: Final = "739146"
_IBM: Final = "id:49424D00"


@dataclass(frozen=True, slots=True)
class Town:
    server: RunningServer
    agent: RunningAgent
    admin: httpx2.Client
    name: str = "home"

    @property
    def tenant(self) -> str:
        return f"{self.server.url}/{self.name}"

    def ask_of(self, page: str, fields: dict[str, str]) -> httpx2.Response:
        return self.admin.post(page, data=fields | {"form_token": form_token(self.admin.get(page))})

    def sign_in_with_pass(self, code: str) -> None:
        page = f"/{self.name}/sign-in/pass"
        assert self.ask_of(page, {"user": "admin", "pass": code}).status_code == 303

    def enrol(self) -> str:
        """The device that it is there."""
        enrolled = self.agent.cli("enrol", self.tenant, "--code", self.code(), "--json")
        assert enrolled.returncode == 0, enrolled.stdout
        return str(json.loads(enrolled.stdout)["proof"]["device"])

    def code(self) -> str:
        found = re.search(r"--code ([\w-]+)", self.ask_of(f"/{self.name}/account/devices/new", {}).text)
        assert found
        return found[1]

    def registration(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Options of the server, and what the container made of them."""
        options = self.admin.post(f"/{self.name}/account/passkeys/options", json={}).json()
        made = self.agent.client.ask(Create("1", origin=self.server.url, options=options))
        credential: Any = made["credential"]
        return options, credential

    def register(self) -> httpx2.Response:
        return self.admin.post(f"/{self.name}/account/passkeys", json=self.registration()[1])

    def sign_in(self) -> httpx2.Response:
        with browser(self.server.url) as somebody:
            somebody.get(f"/{self.name}/sign-in")
            options = somebody.post(f"/{self.name}/sign-in/options", json={}).json()
            answer = self.agent.client.ask(Get("2", origin=self.server.url, options=options))["credential"]
            return somebody.post(f"/{self.name}/sign-in/assertion", json=answer)

    def keystead(self, *arguments: str) -> Any:
        result = invoke(self.server.data, "--tenant", self.name, *arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def passkeys(self) -> Any:
        return self.keystead("passkey", "list", "admin")


def browser(url: str) -> httpx2.Client:
    return httpx2.Client(base_url=url, headers={"origin": url, "sec-fetch-site": "same-origin"}, timeout=30)


def certified_maker(folder: Path) -> tuple[Path, Path]:
    state, maker = software_tpm.certified_state(folder, manufacturer=_IBM)
    (folder / "trusted").mkdir()
    (folder / "trusted" / "maker.pem").write_bytes(maker)
    return state, folder / "trusted"


@contextmanager
def open_town(chip: Path, folder: Path) -> Iterator[Town]:
    """Its chip is a copy of *chip*; the server takes KEYSTEAD_TPM_MAKERS from the environment."""
    state = Path(shutil.copytree(chip, folder / "chip"))
    (folder / "home").mkdir()
    with (
        running_server(folder / "data") as server,
        SoftwareTpm(state) as tpm,
        RunningAgent(folder / "home", tpm.address, machine_id=str(machine_id(folder, "the first"))) as agent,
        browser(server.url) as admin,
    ):
        agent.pinentry.answer({"pin": PIN, "forever": True})
        assert agent.cli("pin", "set").returncode == 0
        town = Town(server, agent, admin)
        town.sign_in_with_pass(server.one_time_pass())
        yield town


def machine_id(folder: Path, of: str) -> Path:
    """What names the system *of*, for the agent's setting of this name."""
    where = folder / f"machine-id of {of}"
    where.write_text(sha256(of.encode()).hexdigest()[:32] + "\n")
    return where
