"""CPU of the server for one full passkey sign-in: options → assertion → session → authorize → code → tokens.

`lean` makes the four requests that nobody can do without. `browser` starts where a person starts, at the
app's redirect, and fetches the sign-in page too: six requests.
"""

import asyncio
import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from keystead_server.main.config import Config

from bench import processes
from bench.http import Connection
from bench.population import CALLBACK, Person, Population, populate_now
from bench.unit import measure_v

_START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Load:
    people: int = 1000
    rounds: int = 5
    sign_ins_a_round: int = 1500
    clients: int = 32
    flow: str = "lean"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(config: Config) -> Iterator[int]:
    """The server as a person starts it, but with rate limits that it never reaches; yields its process id."""
    database = ["--database", config.database] if config.database else []
    command = [
        Path(sys.executable).with_name("keystead"), "--data", config.data, *database,
        "--public-url", config.public_url, "serve", "--port", str(config.listen_port),
    ]  # fmt: skip
    cores = sorted(os.sched_getaffinity(0))
    environment = {**os.environ, "KEYSTEAD_RATE_LIMIT_SCALE": "100000"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            if len(cores) > 1:
                # A core each, so that neither is measured while it waits for the other's.
                os.sched_setaffinity(server.pid, {cores[0]})
                os.sched_setaffinity(0, {cores[1]})
            _wait(config.listen_port, server)
            yield server.pid
        finally:
            os.sched_setaffinity(0, cores)
            server.terminate()
            server.wait(timeout=20)


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


class Client:
    """One browser and one app, signing person after person in."""

    def __init__(self, connection: Connection, population: Population, origin: str, flow: str) -> None:
        self._http = connection
        self._population = population
        self._origin = origin
        self._flow = flow
        self._json = {"Content-Type": "application/json", "Origin": origin, "Sec-Fetch-Site": "same-origin"}
        basic = f"{population.client_id}:{population.client_secret}".encode()
        self._basic = "Basic " + base64.b64encode(basic).decode()
        self.milliseconds: list[float] = []

    async def sign_in(self, person: Person) -> None:
        started = time.perf_counter()
        name = self._population.tenant.name
        verifier = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
        nonce = os.urandom(8).hex()
        query = self._authorization(verifier, nonce)
        cookies: dict[str, str] = {}
        continuing = ""
        if self._flow == "browser":
            first = await self._http.request("GET", f"/{name}/oauth2/v2.0/authorize?{query}")
            cookies |= first.cookies()
            page = urlsplit(first.header("location"))
            continuing = f"?{page.query}"
            shown = await self._http.request("GET", f"{page.path}?{page.query}", headers=_cookie(cookies))
            cookies |= shown.cookies()
            _expect(shown.status, 200, shown.body)
        options = await self._http.request(
            "POST", f"/{name}/sign-in/options{continuing}", body=b"{}", headers=self._json | _cookie(cookies)
        )
        _expect(options.status, 200, options.body)
        cookies |= options.cookies()
        answer = json.dumps(person.passkey.answer_to(json.loads(options.body))).encode()
        signed = await self._http.request(
            "POST", f"/{name}/sign-in/assertion{continuing}", body=answer, headers=self._json | _cookie(cookies)
        )
        _expect(signed.status, 200, signed.body)
        cookies |= signed.cookies()
        onward = json.loads(signed.body)["redirect"] if continuing else f"/{name}/oauth2/v2.0/authorize?{query}"
        back = await self._http.request("GET", onward, headers=_cookie(cookies))
        _expect(back.status, 303, back.body)
        code = parse_qs(urlsplit(back.header("location")).query)["code"][0]
        tokens = await self._redeem(name, code, verifier)
        self.milliseconds.append((time.perf_counter() - started) * 1000)
        claims = _claims(tokens["id_token"])
        if claims["nonce"] != nonce or claims["aud"] != self._population.client_id:
            raise RuntimeError("a token of somebody else")

    def _authorization(self, verifier: str, nonce: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return urlencode({
            "client_id": self._population.client_id, "redirect_uri": CALLBACK, "response_type": "code",
            "scope": "openid profile", "state": "s", "nonce": nonce,
            "code_challenge": challenge, "code_challenge_method": "S256",
        })  # fmt: skip

    async def _redeem(self, name: str, code: str, verifier: str) -> dict[str, Any]:
        form = urlencode({
            "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier,
        }).encode()  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": self._basic}
        answer = await self._http.request("POST", f"/{name}/oauth2/v2.0/token", body=form, headers=headers)
        _expect(answer.status, 200, answer.body)
        tokens: dict[str, Any] = json.loads(answer.body)
        return tokens


def _cookie(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _expect(status: int, wanted: int, body: bytes) -> None:
    if status != wanted:
        raise RuntimeError(f"{status} instead of {wanted}: {body[:300]!r}")


async def drive(population: Population, port: int, origin: str, load: Load, count: int) -> list[float]:
    """*count* sign-ins by *load.clients* at a time; the milliseconds each took."""
    left = iter(range(count))
    spread = max(1, len(population.people) // load.clients)

    async def one(number: int) -> list[float]:
        client = Client(await Connection.open(port), population, origin, load.flow)
        turn = number * spread
        for _ in left:
            await client.sign_in(population.people[turn % len(population.people)])
            turn += 1
        return client.milliseconds

    took = await asyncio.gather(*(one(number) for number in range(load.clients)))
    return sorted(ms for each in took for ms in each)


def measure(load: Load, database: str = "", *, database_processes: str = "") -> dict[str, Any]:
    """CPU per sign-in: the median of rounds, each divided by the V measured around it."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        origin = f"http://localhost:{port}"
        config = Config(public_url=origin, listen_port=port, data=Path(folder), database=database)
        population = populate_now(config, load.people)
        with running(config) as server:
            asyncio.run(drive(population, port, origin, load, 300))
            rounds = [_round(load, population, port, origin, server, database_processes) for _ in range(load.rounds)]
            memory = processes.memory_mib(server)
    best = min(rounds, key=lambda r: r["in_v"])
    return {
        "database": "PostgreSQL" if database else "SQLite",
        "flow": load.flow,
        "people": load.people,
        "clients": load.clients,
        "sign_ins": load.rounds * load.sign_ins_a_round,
        "cpu_ms": round(median(r["cpu_ms"] for r in rounds), 3),
        "in_v": round(median(r["in_v"] for r in rounds), 1),
        "best_in_v": round(best["in_v"], 1),
        "v_us": round(median(r["v_us"] for r in rounds), 1),
        "per_second": round(median(r["per_second"] for r in rounds)),
        "p50_ms": round(median(r["p50_ms"] for r in rounds), 1),
        "p95_ms": round(median(r["p95_ms"] for r in rounds), 1),
        "database_cpu_ms": round(median(r["database_cpu_ms"] for r in rounds), 3),
        "memory_mib": round(memory),
    }


def _round(
    load: Load, population: Population, port: int, origin: str, server: int, database_processes: str
) -> dict[str, float]:
    before_v = measure_v()
    tree = processes.tree(server)
    others = processes.named(database_processes) if database_processes else []
    cpu, other_cpu, started = processes.cpu_seconds(tree), processes.cpu_seconds(others), time.perf_counter()
    took = asyncio.run(drive(population, port, origin, load, load.sign_ins_a_round))
    seconds = time.perf_counter() - started
    cpu = processes.cpu_seconds(processes.tree(server)) - cpu
    other_cpu = processes.cpu_seconds(others) - other_cpu
    v_us = (before_v + measure_v()) / 2
    each_us = cpu / len(took) * 1e6
    return {
        "cpu_ms": each_us / 1000,
        "in_v": each_us / v_us,
        "v_us": v_us,
        "per_second": len(took) / seconds,
        "p50_ms": took[len(took) // 2],
        "p95_ms": took[len(took) * 95 // 100],
        "database_cpu_ms": other_cpu / len(took) * 1000,
    }
