"""A real `caldavd serve` process, and a plain HTTP client for it."""

from __future__ import annotations

import base64
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

USER: Final = "ada"
PASSWORD: Final = "an easy one"
START_S: Final = 30
STOP_S: Final = 30
QUICK: Final = {
    "CALDAVD_BOOTSTRAP_USER": USER,
    "CALDAVD_BOOTSTRAP_PASSWORD": PASSWORD,
    "CALDAVD_AUTH__ARGON2_MEMORY_KIB": "8192",
    "CALDAVD_AUTH__ARGON2_TIME_COST": "1",
}
"""A first account that is known, and hashes that are cheap."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Served:
    """A running server."""

    process: subprocess.Popen[bytes]
    directory: Path
    connect: Callable[[], http.client.HTTPConnection] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)

    @property
    def printed(self) -> str:
        """Its standard output so far."""
        return (self.directory / "out").read_text()

    @property
    def log(self) -> str:
        """Its standard error so far."""
        return (self.directory / "err").read_text()

    @property
    def port(self) -> int:
        """The port that it says it listens on."""
        found = re.search(r", on https?://[^/]+:(\d+)/", self.printed)
        assert found is not None, self.printed
        return int(found[1])

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer on a connection of its own, as the first account unless told otherwise."""
        connection = self.connect()
        try:
            return request(connection, method, path, body, headers)
        finally:
            connection.close()

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Another command with the same settings, and what is typed into it."""
        return subprocess.run(
            command(*arguments),
            check=False,
            env=self.environ,
            capture_output=True,
            input=typed,
            text=True,
            timeout=120,
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends it by a signal; the status it ends with."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_S)


def basic(user: str = USER, password: str = PASSWORD) -> dict[str, str]:
    """The header of a login."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def request(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One exchange on an open connection; Depth: 0 unless told otherwise."""
    sent = {"Depth": "0", **(basic() if headers is None else headers)}
    connection.request(method, path, body or None, sent)
    response = connection.getresponse()
    return Answer(
        response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    )


def command(*arguments: str) -> list[str]:
    """The command line of caldavd."""
    return [sys.executable, "-m", "caldavd", *arguments]


def environment(location: Path | str, **settings: str) -> dict[str, str]:
    """The variables that point a command at a database, and nothing of the tester's own."""
    inherited = {name: value for name, value in os.environ.items() if name[:8] != "CALDAVD_"}
    url = f"sqlite:///{location}" if isinstance(location, Path) else location
    return {**inherited, **QUICK, "CALDAVD_DATABASE__URL": url, **settings}


@contextmanager
def serving(
    directory: Path,
    environ: Mapping[str, str],
    *arguments: str,
    connect: Callable[[], http.client.HTTPConnection] | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[Served]:
    """A server that answers; it is killed at the end unless it was stopped.

    `connect` is for what does not listen on a TCP port of its choice.
    """
    directory.mkdir(parents=True, exist_ok=True)
    line = command("serve", *(arguments or (() if connect else ("--port", "0"))))
    with (directory / "out").open("wb") as out, (directory / "err").open("wb") as err:
        process = subprocess.Popen(line, stdout=out, stderr=err, env=environ, pass_fds=pass_fds)
    served = Served(process, directory, connect or (lambda: _tcp(served)), environ)
    try:
        wait_until(lambda: _is_ready(served), "the server is ready", START_S)
        yield served
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until(happened: Callable[[], bool], what: str, timeout_s: float = 10) -> None:
    """Returns as soon as something is true; fails if it does not become so."""
    end = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > end:
            raise AssertionError(f"not in {timeout_s} s: {what}")
        time.sleep(0.05)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=STOP_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))


def self_signed(path: Path) -> Path:
    """A new certificate for localhost at `path`, good for two days; its key is beside it."""
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"],
            *["-pkeyopt", "ec_paramgen_curve:prime256v1"],
            *["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            *["-keyout", str(path.with_suffix(".key")), "-out", str(path)],
        ],
        check=True,
        capture_output=True,
    )
    return path


def tls(port: int, certificate: Path) -> http.client.HTTPSConnection:
    """HTTPS to a server that must show that certificate."""
    context = ssl.create_default_context(cafile=str(certificate))
    return http.client.HTTPSConnection("localhost", port, context=context, timeout=STOP_S)


def _tcp(served: Served) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", served.port, timeout=STOP_S)


def _is_ready(served: Served) -> bool:
    if served.process.poll() is not None:
        raise AssertionError(f"ended with {served.process.returncode}: {served.log}")
    try:
        return served.request("GET", "/readyz", headers={}).status == 200
    except (OSError, AssertionError, http.client.HTTPException):
        return False
