"""The wheel: it carries all that the program needs, and works where no checkout is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import pytest

from caldavd.languages.codes import CODES
from caldavd.store import schema

ROOT: Final = Path(__file__).parents[1]
START_TIMEOUT_S: Final = 30


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        check=True,
        cwd=ROOT,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def command(installed: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """How to run the wheel's caldavd, wherever the checkout is."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("CALDAVD_")
    }
    program = [sys.executable, "-W", "error", "-m", "caldavd", *arguments]
    return program, {**environment, "PYTHONPATH": str(installed)}


def caldavd(installed: Path, cwd: Path, *arguments: str) -> str:
    """What a command prints."""
    program, environment = command(installed, *arguments)
    done = subprocess.run(
        program, check=False, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@contextmanager
def serving(installed: Path, cwd: Path, *arguments: str) -> Iterator[int]:
    """Runs the server; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program, environment = command(installed, *arguments, "serve", "--port", str(port))
    log = (cwd / "server.log").open("wb")
    process = subprocess.Popen(program, cwd=cwd, env=environment, stdout=log, stderr=log)
    try:
        _wait(process, port, cwd / "server.log")
        yield port
        process.terminate()
        assert process.wait(30) == 0, (cwd / "server.log").read_text()
    finally:
        process.kill()
        process.wait()
        log.close()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server does not answer:\n{log.read_text()}")


def test_the_wheel_carries_migrations_and_the_configuration_template(installed: Path) -> None:
    versions = {path.name for path in (ROOT / "schema" / "versions").glob("*.py")}

    assert {path.name for path in (installed / "caldavd/schema/versions").glob("*.py")} == versions
    assert (installed / "caldavd/schema/env.py").exists()
    assert (installed / "caldavd/conf/caldavd.toml").read_bytes() == (
        ROOT / "conf" / "caldavd.toml"
    ).read_bytes()
    assert (installed / "caldavd/py.typed").exists()


def test_the_wheel_carries_every_language(installed: Path) -> None:
    names = {path.stem for path in (installed / "caldavd/languages").glob("??.py")}

    assert names == set(CODES)


def test_the_wheel_carries_neither_tests_nor_the_checkout(installed: Path) -> None:
    top = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}

    assert top == {"caldavd"}


def test_commands_work_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    caldavd(installed, tmp_path, "--data", str(tmp_path / "data"), "db", "upgrade")

    said = caldavd(installed, tmp_path, "--data", str(tmp_path / "data"), "db", "current")
    assert said.startswith(f"{schema.head()} ")


def test_the_server_starts_and_stops_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    with (
        serving(installed, tmp_path, "--data", str(tmp_path / "data")) as port,
        closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection,
    ):
        connection.request("PROPFIND", "/.well-known/caldav")
        answer = connection.getresponse()

        assert answer.status in {301, 307, 308}
        assert answer.headers["Location"].endswith("/dav/")
