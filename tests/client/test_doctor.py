"""`caldavd doctor` on a real server: well, spoilt by a proxy, and not there at all."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from caldavd.doctor.client import Credentials
from caldavd.doctor.examine import examine
from caldavd.doctor.report import Cure, Grade, Report
from tests.client import spoiling
from tests.client.served import (
    PASSWORD,
    USER,
    Served,
    command,
    environment,
    self_signed,
    serving,
    tls,
)
from tests.client.spoiling import Message, Spoil

CALENDAR = "caldavd-doctor-test"
CHECKS = [
    "connect",
    "well-known",
    "challenge",
    "login",
    "home",
    "options",
    "make",
    "write",
    "read",
    "conditions",
    "large",
    "sync",
    "move",
    "delete",
    "sync",
    "remove",
]


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests of this file."""
    directory = tmp_path_factory.mktemp("server")
    shutil.copy(sqlite_template, directory / "caldavd.sqlite3")
    with serving(directory, environment(directory / "caldavd.sqlite3")) as served:
        yield served


@pytest.fixture(scope="module")
def url(server: Served) -> str:
    """Where it is, past any proxy."""
    return f"http://127.0.0.1:{server.port}"


async def examined(base: str, password: str = PASSWORD) -> Report:
    return await examine(base, Credentials(USER, password), CALENDAR, lambda _: None)


def failed(report: Report) -> list[tuple[str, Cure | None]]:
    """What failed, and what would mend it."""
    return [(one.check, one.cure) for one in report.findings if one.grade is Grade.BAD]


def location(to: str) -> Spoil:
    """Sends the well-known URL elsewhere."""

    def change(answer: Message) -> Message:
        return answer.having("Location", to) if answer.get("Location") else answer

    return Spoil(response=change)


def too_large(asked: Message) -> Message | None:
    return replace(asked, status=413, headers={}) if len(asked.body) > 1_000_000 else None


def weak(answer: Message) -> Message:
    return answer.having("ETag", "W/" + answer.get("ETag")) if answer.get("ETag") else answer


def for_another_host(asked: Message) -> Message:
    """As proxies ask that do not keep the host."""
    return asked.having("Host", "internal:8008")


def encoded_twice(asked: Message) -> Message:
    return replace(asked, path=asked.path.replace("%", "%25"))


def not_well_known(asked: Message) -> Message | None:
    if asked.path.startswith("/.well-known/"):
        return replace(asked, status=404, headers={}, body=b"")
    return None


SPOILS: dict[str, tuple[Spoil, list[tuple[str, Cure | None]]]] = {
    "nothing": (Spoil(), []),
    "DAV header dropped": (
        Spoil(response=lambda answer: answer.lacking("DAV")),
        [("options", Cure.HEADERS)],
    ),
    "ETag dropped": (
        Spoil(response=lambda answer: answer.lacking("ETag")),
        [("write", Cure.HEADERS)],
    ),
    "compressed": (Spoil(response=spoiling.compressed), [("read", Cure.ETAG)]),
    "weak ETag": (
        Spoil(response=weak),
        [("write", Cure.ETAG)],
    ),
    "MKCALENDAR blocked": (spoiling.refuses(405, "MKCALENDAR"), [("make", Cure.METHODS)]),
    "PROPFIND blocked": (
        spoiling.refuses(405, "PROPFIND"),
        [("well-known", Cure.METHODS), ("challenge", Cure.METHODS)],
    ),
    "OPTIONS blocked": (spoiling.refuses(403, "OPTIONS"), [("options", Cure.METHODS)]),
    "REPORT blocked": (spoiling.refuses(501, "REPORT"), [("sync", Cure.METHODS)]),
    "MOVE blocked": (spoiling.refuses(405, "MOVE"), [("move", Cure.METHODS)]),
    "bodies limited": (Spoil(answers=too_large), [("large", Cure.BODY_SIZE)]),
    "redirected to http elsewhere": (
        location("http://internal:8008/dav/"),
        [("well-known", Cure.FORWARDED)],
    ),
    "no well-known URL": (Spoil(answers=not_well_known), [("well-known", Cure.WELL_KNOWN)]),
    "login dropped": (
        Spoil(request=lambda asked: asked.lacking("Authorization")),
        [("login", Cure.AUTHORIZATION)],
    ),
    "challenge dropped": (
        Spoil(response=lambda answer: answer.lacking("WWW-Authenticate")),
        [("challenge", Cure.AUTHORIZATION)],
    ),
    "Depth dropped": (
        Spoil(request=lambda asked: asked.lacking("Depth")),
        [("login", Cure.HEADERS)],
    ),
    "If-Match dropped": (
        Spoil(request=lambda asked: asked.lacking("If-Match")),
        [("conditions", Cure.HEADERS)],
    ),
    "host not kept": (
        Spoil(request=for_another_host),
        [("move", Cure.FORWARDED)],
    ),
    "paths encoded twice": (
        Spoil(request=encoded_twice),
        [("sync", Cure.PATHS)],
    ),
    "no server behind it": (
        spoiling.refuses(502, "GET", "PROPFIND"),
        [("connect", Cure.SERVER)],
    ),
}


@pytest.mark.parametrize("name", SPOILS)
async def test_what_a_proxy_spoils_is_found_and_nothing_else(url: str, name: str) -> None:
    spoil, wanted = SPOILS[name]
    async with spoiling.proxy(url, spoil) as base:
        report = await examined(base)

    assert failed(report) == wanted


async def test_every_check_of_a_server_that_is_well_is_good(url: str) -> None:
    report = await examined(url)

    assert [one.check for one in report.findings] == CHECKS
    assert {one.grade for one in report.findings} == {Grade.GOOD}


async def test_a_server_that_is_not_there_is_told_in_one_finding() -> None:
    report = await examined("http://127.0.0.1:1")

    assert [(one.check, one.cure) for one in report.findings] == [("connect", Cure.SERVER)]


async def test_a_server_that_speaks_no_tls_is_told_in_one_finding(url: str) -> None:
    report = await examined(url.replace("http", "https"))

    assert [(one.check, one.cure) for one in report.findings] == [("connect", Cure.CERTIFICATE)]


def test_a_certificate_that_clients_trust_is_told_by_its_end(
    sqlite_template: Path, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path / "tls.pem")
    shutil.copy(sqlite_template, tmp_path / "caldavd.sqlite3")
    environ = environment(
        tmp_path / "caldavd.sqlite3",
        CALDAVD_SERVER__TLS_CERTIFICATE=str(certificate),
        CALDAVD_SERVER__TLS_KEY=str(certificate.with_suffix(".key")),
        SSL_CERT_FILE=str(certificate),
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with serving(
        tmp_path, environ, "--port", str(port), connect=lambda: tls(port, certificate)
    ) as served:
        url = f"https://localhost:{port}"
        trusted = served.run("doctor", "--user", USER, "--url", url).stdout
        unchecked = served.run("doctor", "--user", USER, "--url", url, "--insecure").stdout

    assert trusted.startswith("warning connect     the certificate ends in 1 days\n")
    assert unchecked.startswith("warning connect     the certificate was not checked")


async def test_a_wrong_password_is_told(url: str) -> None:
    report = await examined(url, "wrong")

    assert failed(report) == [("login", Cure.AUTHORIZATION)]


def test_the_command_makes_a_login_for_itself_and_leaves_nothing(server: Served, url: str) -> None:
    asked = (("calendar", "list", USER), ("calendar", "list", "--trash"))
    before = [server.run(*words, "--json").stdout for words in asked]

    done = server.run("doctor", "--user", USER, "--url", f"{url}/dav/", "--json")

    found = json.loads(done.stdout)
    assert (done.returncode, found["healthy"], found["remedies"]) == (0, True, [])
    assert [server.run(*words, "--json").stdout for words in asked] == before
    assert server.run("app-password", "list", USER, "--json").stdout == "[]\n"


def test_the_command_takes_a_password_from_standard_input(server: Served, url: str) -> None:
    right = doctor(server, url, PASSWORD)
    wrong = doctor(server, url, "wrong", "--proxy", "caddy")

    assert (right.returncode, right.stdout.splitlines()[-1]) == (0, "the server is well")
    assert wrong.returncode == 1
    assert ("caddy:" in wrong.stdout, "nginx:" in wrong.stdout) == (True, False)


def test_an_unknown_account_is_one_line(server: Served, url: str) -> None:
    done = server.run("doctor", "--user", "nobody", "--url", url)

    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (1, 1, "")


def doctor(
    server: Served, url: str, password: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """The command with a password on its standard input."""
    return subprocess.run(
        command("doctor", "--user", USER, "--url", url, "--password-stdin", *options),
        input=f"{password}\n",
        check=False,
        env=server.environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
