"""Processes of a run: `caldavd serve`, the bare application, a PostgreSQL cluster."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests import postgres_server
from tests.benchmarks import processes

USER: Final = "bench"
PASSWORD: Final = "a password of this run"
CALENDAR: Final = f"/dav/calendars/{USER}/calendar/"
HOST: Final = "127.0.0.1"
STOP_TIMEOUT_S: Final = 30
SETTINGS: Final = {
    "CALDAVD_BOOTSTRAP_USER": USER,
    "CALDAVD_BOOTSTRAP_PASSWORD": PASSWORD,
    # A login that is verified anew within a slice would be measured with it.
    "CALDAVD_AUTH__CACHE_S": "86400",
}
POSTGRESQL: Final = (
    "listen_addresses=",
    "max_connections=100",
    "shared_buffers=256MB",
    "logging_collector=off",
)
"""Apart from these as the cluster comes: what is committed is durable."""
_ADDRESS: Final = re.compile(rf"http://{re.escape(HOST)}:(\d+)/")


@dataclass(frozen=True, slots=True)
class Caldavd:
    """A running server with its database."""

    process: subprocess.Popen[str]
    port: int
    location: Path | str
    data: Path
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bare:
    """The running yardstick, and the port that takes what it is to answer."""

    process: subprocess.Popen[str]
    port: int
    control_port: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL; `pid` is its postmaster's."""

    url: str
    pid: int
    version: str

    def create(self, name: str) -> str:
        """The URL of a new database."""
        asyncio.run(_execute(self.url, f'CREATE DATABASE "{name}"'))
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))


@contextmanager
def caldavd(
    data: Path, url: str, core: int | None, settings: Mapping[str, str], profile: Path | None
) -> Iterator[Caldavd]:
    """Runs the server on a fresh data directory; an empty `url` means SQLite."""
    environ = {name: value for name, value in os.environ.items() if name[:8] != "CALDAVD_"}
    environ |= {**SETTINGS, **settings, "CALDAVD_DATABASE__URL": url}
    data.mkdir()
    module = ["caldavd"] if profile is None else ["tests.benchmarks.profiled", str(profile)]
    command = [sys.executable, "-m", *module, "--data", str(data)]
    command += ["serve", "--host", HOST, "--port", "0"]
    log = data / "server.log"
    with log.open("w") as errors, _run(command, environ, errors, core) as process:
        port = _announced(process, log)
        yield Caldavd(process, port, url or data / "caldavd.sqlite3", data, environ)


@contextmanager
def bare(core: int | None) -> Iterator[Bare]:
    """Runs the application that caldavd is compared with."""
    command = [sys.executable, "-m", "tests.benchmarks.bare"]
    with _run(command, os.environ, None, core) as process:
        assert process.stdout is not None
        ports = process.stdout.readline().split()
        yield Bare(process, int(ports[0]), int(ports[1]))


@contextmanager
def postgresql(core: int | None) -> Iterator[Cluster]:
    """Runs a new PostgreSQL cluster."""
    with tempfile.TemporaryDirectory(prefix="caldavd-pg-", dir="/tmp") as name:
        directory = Path(name)
        url = postgres_server.start(directory, os.getpid(), POSTGRESQL)
        pid_file = directory / "cluster" / "postmaster.pid"
        pid = int(pid_file.read_text().splitlines()[0])
        processes.pin(pid, core)
        try:
            yield Cluster(url, pid, asyncio.run(_execute(url, "SHOW server_version")))
        finally:
            postgres_server.stop(directory)


@contextmanager
def _run(
    command: Sequence[str], environ: Mapping[str, str], errors: IO[str] | None, core: int | None
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, env=dict(environ), stdout=subprocess.PIPE, stderr=errors, text=True
    )
    processes.pin(process.pid, core)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _announced(process: subprocess.Popen[str], log: Path) -> int:
    """The port that the server says it listens on."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := _ADDRESS.search(line):
            return int(found[1])
    raise SystemExit(f"the server did not start:\n{log.read_text()}")


async def _execute(url: str, statement: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(statement))
    finally:
        await connection.close()
