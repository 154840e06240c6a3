"""docs/guides/api.md, followed against a server as people run it: its shell lines and its program, word for word."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from keystead_testkit.running_server import RunningServer, keystead, running_server

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "guides" / "api.md").read_text(encoding="utf-8")
APP = "0198c2a4-5f0e-7d3a-9b1c-2f6e8a4d7c10"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("api") / "data") as running:
        yield running


def commanded(server: RunningServer, *arguments: str) -> Any:
    done = subprocess.run(
        keystead(*arguments, "--json", data=server.data),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shell(server: RunningServer, script: str, tenant: str, **environment: str) -> Any:
    here = script.replace("id.example.org/contoso", f"id.example.org/{tenant}")
    here = here.replace("https://id.example.org", server.url)
    done = subprocess.run(
        ["bash", "-euc", here], capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_guide_to_the_api_can_be_followed(server: RunningServer) -> None:
    register, permit, *_ = re.findall(r"^\$ keystead (.+)$", GUIDE, re.MULTILINE)
    made = commanded(server, *_words(register))
    commanded(server, *_words(permit.replace(APP, made["client_id"])))
    tenant = made["issuer"].split("/")[-2]
    for_token, for_log = blocks("sh")

    got = shell(server, for_token, tenant, CLIENT_ID=made["client_id"], CLIENT_SECRET=made["client_secret"])
    log = shell(server, for_log, tenant, TOKEN=got["access_token"])
    (program,) = blocks("python")
    environment = {**os.environ, "TOKEN": got["access_token"], "API": f"{server.url}/graph/v1.0"}
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=110, env=environment)

    assert log["value"] == []
    assert log["@odata.context"] == f"{server.url}/graph/v1.0/$metadata#auditLogs/signIns"
    assert ran.returncode == 0, ran.stderr
    # The one attempt so far is the app's own.
    assert re.search(r" 0 granted$", ran.stdout.strip())


def _words(line: str) -> list[str]:

    return shlex.split(line)
