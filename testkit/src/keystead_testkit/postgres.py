"""A private PostgreSQL for a test run: started in a folder of its own, gone afterwards.

    with running_postgres() as cluster:
        url = cluster.fresh_database()

Nothing of the machine's own PostgreSQL is used but its programs. Each process that asks gets
its own cluster on its own port, so tests may run in parallel processes.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

_STARTS_WITHIN_SECONDS = 30
# What a crash of the test machine would lose is worth nothing.
_UNSAFE_BUT_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class PostgresMissing(Exception):
    """PostgreSQL's programs are not installed."""

    code = "postgres_missing"


def programs() -> Path:
    """The folder of the newest PostgreSQL installed by Debian's packages, or on the PATH.

    Raises:
        PostgresMissing: there is none.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise PostgresMissing("no PostgreSQL here: install the package postgresql to run these tests")
    return Path(on_path).resolve().parent


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server.

    Attributes:
        admin_url: its maintenance database.
    """

    bin: Path
    port: int
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def admin_url(self) -> str:
        return self.url("postgres")

    def url(self, database: str) -> str:
        return f"postgresql://keystead@127.0.0.1:{self.port}/{database}"

    def fresh_database(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of *template*."""
        name = f"test_{next(self._numbers)}"
        self.psql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def psql(self, statement: str, database: str = "postgres") -> str:
        command = [str(self.bin / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@contextmanager
def running_postgres() -> Iterator[Cluster]:
    """Start a server and stop it afterwards.

    Raises:
        PostgresMissing: PostgreSQL is not installed.
    """
    cluster = Cluster(programs(), _free_port())
    folder = Path(tempfile.mkdtemp(prefix="keystead-postgres-"))
    try:
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root; Debian's package made this user.
            shutil.chown(folder, "postgres", "postgres")
        with _server(cluster, folder):
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(cluster: Cluster, folder: Path) -> Iterator[None]:
    data, log = folder / "data", folder / "log"
    initdb = [str(cluster.bin / "initdb"), "-D", str(data), "-U", "keystead", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(
        [*_as_postgres(), *initdb, "--locale=C.UTF-8"], check=True, capture_output=True, cwd=folder, timeout=60
    )
    settings = [f"port={cluster.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    options = [part for setting in (*settings, *_UNSAFE_BUT_QUICK) for part in ("-c", setting)]
    command = [*_as_postgres(), str(cluster.bin / "postgres"), "-D", str(data), *options]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, cwd=folder) as process:
        try:
            _wait_until_ready(cluster, process, log)
            yield
        finally:
            # "Immediate shutdown": it waits for nobody, and nothing here is worth saving.
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=30)


def _as_postgres() -> list[str]:
    if os.geteuid() != 0:
        return []
    # Not runuser: it stays between us and the server, and keeps our signals to itself.
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=QUIT"]


def _wait_until_ready(cluster: Cluster, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ready = [str(cluster.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(cluster.port)]
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while subprocess.run(ready, check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
