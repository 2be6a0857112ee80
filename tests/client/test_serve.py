"""`caldavd serve` as a process: how it starts, listens and stops."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.served import (
    PASSWORD,
    USER,
    Served,
    UnixConnection,
    basic,
    command,
    environment,
    request,
    self_signed,
    serving,
    tls,
    wait_until,
)
from tests.databases import Postgres

HOME = f"/dav/calendars/{USER}/"
EVENT = b"""\
BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//test//\r
BEGIN:VEVENT\r
UID:1\r
DTSTAMP:20261121T080000Z\r
DTSTART:20261121T080000Z\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for tests that leave it as it is, with a metrics listener."""
    directory = tmp_path_factory.mktemp("running")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = environment(directory / "data" / "caldavd.sqlite3", CALDAVD_METRICS__PORT=str(port))
    with serving(directory, environ) as served:
        yield served


@pytest.fixture
def sqlite(tmp_path: Path) -> Path:
    """Where no database is yet."""
    return tmp_path / "data" / "caldavd.sqlite3"


def refused(environ: dict[str, str], *arguments: str) -> str:
    """What `caldavd serve` says when it does not start: one line, whatever it logged before."""
    done = subprocess.run(
        command("serve", *arguments),
        check=False,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    (line,) = [one for one in done.stderr.splitlines() if " INFO " not in one]
    return line


def test_the_first_start_makes_an_account_and_shows_its_password_once(
    sqlite: Path, tmp_path: Path
) -> None:
    environ = environment(sqlite)
    del environ["CALDAVD_BOOTSTRAP_USER"], environ["CALDAVD_BOOTSTRAP_PASSWORD"]

    with serving(tmp_path / "1", environ) as served:
        account = re.search(r"so one was made: (\S+)", served.printed)
        password = re.search(r"shown this once: (\S+)", served.printed)
        assert account is not None
        assert password is not None
        name = account[1]
        login = basic(name, password[1])
        home = f"/dav/calendars/{name}/"
        assert f"http://127.0.0.1:{served.port}/dav/principals/{name}/" in served.printed
        assert served.request("PROPFIND", home, headers=login).status == 207
        assert password[1] not in served.log
        assert served.stop() == 0

    with serving(tmp_path / "2", environ) as served:
        assert "password" not in served.printed.lower()
        assert served.request("PROPFIND", home, headers=login).status == 207


def test_the_database_is_for_its_owner_alone(running: Served) -> None:
    assert running.request("PUT", HOME + "calendar/mode.ics", EVENT).status == 201

    files = (running.directory / "data").iterdir()
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}


def test_variables_choose_the_first_account(location: Path | str, tmp_path: Path) -> None:
    with serving(tmp_path, environment(location)) as served:
        answer = served.request("PROPFIND", HOME, headers={**basic(), "Depth": "1"})

        assert answer.status == 207
        assert re.findall(rb"<D:href>([^<]*)<", answer.body) == [
            HOME.encode(),
            *(f"{HOME}{name}/".encode() for name in ("calendar", "tasks", "inbox", "outbox")),
        ]
        assert PASSWORD not in served.printed + served.log


def test_a_file_holds_the_first_password(sqlite: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    environ = environment(sqlite, CALDAVD_BOOTSTRAP_PASSWORD_FILE=str(secret))
    del environ["CALDAVD_BOOTSTRAP_PASSWORD"]

    with serving(tmp_path, environ) as served:
        answer = served.request("PROPFIND", HOME, headers=basic(USER, "from a file"))

    assert answer.status == 207


def test_health_needs_no_login_and_everything_else_does(running: Served) -> None:
    paths = ["/healthz", "/readyz", "/", "/dav/", HOME, "/metrics"]

    found = [running.request("GET", path, headers={}).status for path in paths]

    assert found == [200, 200, 401, 401, 401, 401]


def test_a_stop_finishes_a_request_that_has_begun(location: Path | str, tmp_path: Path) -> None:
    with serving(tmp_path, environment(location)) as served:
        connection = served.connect()
        connection.putrequest("PUT", HOME + "calendar/1.ics")
        for name, value in {**basic(), "Content-Length": str(len(EVENT))}.items():
            connection.putheader(name, value)
        connection.endheaders(EVENT[:10])
        idle = served.connect()
        assert request(idle, "GET", "/healthz", headers={}).status == 200

        served.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not listens(served.port), "new connections are refused")
        connection.send(EVENT[10:])

        assert connection.getresponse().status == 201
        assert served.process.wait(10) == 0
        connection.close()
        idle.close()

    with serving(tmp_path / "again", environment(location)) as served:
        assert served.request("GET", HOME + "calendar/1.ics").body == EVENT


def test_a_stop_does_not_wait_for_ever(sqlite: Path, tmp_path: Path) -> None:
    environ = environment(sqlite, CALDAVD_SERVER__SHUTDOWN_TIMEOUT_S="0.5")
    with serving(tmp_path, environ) as served:
        connection = served.connect()
        connection.putrequest("PUT", HOME + "calendar/1.ics")
        for name, value in {**basic(), "Content-Length": "1000"}.items():
            connection.putheader(name, value)
        connection.endheaders(b"BEGIN")

        assert served.stop(signal.SIGINT) == 0
        connection.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_unix_socket_has_its_mode_and_goes_with_the_server(sqlite: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    environ = environment(
        sqlite, CALDAVD_SERVER__SOCKET=str(path), CALDAVD_SERVER__SOCKET_MODE="640"
    )

    with serving(tmp_path / "1", environ, connect=lambda: UnixConnection(path)) as served:
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert served.request("PROPFIND", HOME).status == 207
        assert str(path) in served.printed
        assert served.stop() == 0
        assert not path.exists()


def test_the_socket_of_a_server_that_was_killed_is_taken_over(sqlite: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    environ = environment(sqlite, CALDAVD_SERVER__SOCKET=str(path))
    with serving(tmp_path / "1", environ, connect=lambda: UnixConnection(path)) as served:
        served.stop(signal.SIGKILL)
    assert path.exists()

    with serving(tmp_path / "2", environ, connect=lambda: UnixConnection(path)) as served:
        assert served.request("PROPFIND", HOME).status == 207
        assert "another process does" in refused(environ)
        assert served.request("PROPFIND", HOME).status == 207


AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-m", "caldavd", "serve"])
"""
"""Starts the server as systemd does, with its socket as file 3."""


def test_a_socket_from_systemd_goes_before_the_settings(sqlite: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        environ = environment(sqlite, LISTEN_FDS="1")
        fd = listening.fileno()
        with (tmp_path / "out").open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", AS_SYSTEMD, str(fd)],
                pass_fds=(fd,),
                env=environ,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            assert request(connection, "PROPFIND", HOME).status == 207
            connection.close()
        finally:
            process.terminate()
            assert process.wait(30) == 0


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost; its key is beside it."""
    return self_signed(tmp_path / "tls.pem")


def test_tls_by_certificate_files_and_a_new_one_at_sighup(
    sqlite: Path, tmp_path: Path, certificate: Path
) -> None:
    environ = environment(
        sqlite,
        CALDAVD_SERVER__TLS_CERTIFICATE=str(certificate),
        CALDAVD_SERVER__TLS_KEY=str(certificate.with_suffix(".key")),
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ("--port", str(port))

    with serving(tmp_path, environ, *arguments, connect=lambda: tls(port, certificate)) as served:
        assert served.request("PROPFIND", HOME).status == 207
        assert f"https://127.0.0.1:{port}/" in served.printed

        self_signed(certificate)
        with pytest.raises(OSError, match="certificate verify failed"):
            served.request("PROPFIND", HOME)
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "certificate read anew" in served.log, "the certificate is read")
        assert served.request("PROPFIND", HOME).status == 207

        certificate.write_text("nonsense")
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "certificate not read anew" in served.log, "the error is logged")


def test_metrics_have_a_listener_of_their_own(running: Served) -> None:
    running.request("PROPFIND", f"{HOME}tasks/")
    running.request("PROPFIND", HOME, headers=basic(USER, "wrong"))

    port = int(running.environ["CALDAVD_METRICS__PORT"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    answer = request(connection, "GET", "/metrics", headers={})
    elsewhere = request(connection, "PROPFIND", HOME)
    connection.close()

    text = answer.body.decode()
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'caldavd_requests_total{method="PROPFIND",kind="calendar",status="207"} 1' in text
    assert 'caldavd_logins_total{result="failed"} 1' in text
    assert USER not in text
    assert elsewhere.status == 405


def test_a_port_that_is_taken_is_one_clear_line(sqlite: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(environment(sqlite), "--port", str(port))

    assert line == f"caldavd: cannot listen on 127.0.0.1, port {port}: Address already in use"


def test_several_workers_need_postgresql(sqlite: Path) -> None:
    line = refused(environment(sqlite), "--workers", "2")

    assert line == "caldavd: more than one worker needs PostgreSQL: set [database] url"


def test_a_certificate_that_cannot_be_read_is_one_clear_line(sqlite: Path) -> None:
    environ = environment(
        sqlite, CALDAVD_SERVER__TLS_CERTIFICATE="/nowhere", CALDAVD_SERVER__TLS_KEY="/nowhere"
    )

    assert refused(environ).startswith("caldavd: cannot use /nowhere with /nowhere: No such file")


def children(process: int) -> list[int]:
    return [
        int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


@pytest.fixture
def postgresql(postgres: Postgres, tmp_path: Path) -> str:
    """The URL of a database without anything in it."""
    return postgres.create(migrated=False)


def test_workers_share_a_port_and_one_that_dies_is_replaced(
    postgresql: str, tmp_path: Path
) -> None:
    with serving(tmp_path, environment(postgresql), "--port", "0", "--workers", "2") as served:
        first = children(served.process.pid)
        assert len(first) == 2
        for number in range(40):
            path = f"{HOME}calendar/{number}.ics"
            body = EVENT.replace(b"UID:1", f"UID:{number}".encode())
            assert served.request("PUT", path, body).status == 201

        os.kill(first[0], signal.SIGKILL)
        wait_until(lambda: len(set(children(served.process.pid)) - {first[0]}) == 2, "a new one")

        for number in range(40):
            assert served.request("GET", f"{HOME}calendar/{number}.ics").status == 200
        last = children(served.process.pid)
        assert served.stop() == 0
        assert [one for one in last if alive(one)] == []


def test_workers_do_not_outlive_their_parent(postgresql: str, tmp_path: Path) -> None:
    with serving(tmp_path, environment(postgresql), "--port", "0", "--workers", "2") as served:
        working = children(served.process.pid)

        served.stop(signal.SIGKILL)

        wait_until(lambda: not any(alive(one) for one in working), "the workers have gone")


@pytest.mark.parametrize(
    ("sent", "lines"),
    [
        (b"propfind / HTTP/1.1\r\nHost: x\r\n\r\n", 0),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 1),
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n", 1),
    ],
)
def test_what_is_not_http_is_400_and_leaves_no_traceback(
    sent: bytes, lines: int, running: Served
) -> None:
    before = running.log.count("malformed request")

    answer = talk(running.port, sent)

    assert b" 400 " in answer.splitlines()[0]
    assert "Traceback" not in running.log
    assert running.log.count("malformed request") - before == lines
    assert running.log.count("peer=127.0.0.1 reason=") == running.log.count("malformed request")


def test_no_body_is_asked_for_before_the_login(running: Served) -> None:
    head = f"PUT {HOME}calendar/1.ics HTTP/1.1\r\nHost: x\r\nContent-Length: {len(EVENT)}\r\n"
    head += "Expect: 100-continue\r\n"
    login = f"Authorization: {basic()['Authorization']}\r\n"

    answers = [talk(running.port, f"{one}\r\n".encode()) for one in (head, head + login)]

    assert [one.splitlines()[0] for one in answers] == [
        b"HTTP/1.1 401 Unauthorized",
        b"HTTP/1.1 100 Continue",
    ]


def test_a_broken_gzip_body_is_400(running: Served) -> None:
    headers = {**basic(), "Content-Encoding": "gzip"}

    answer = running.request("PUT", HOME + "calendar/gzip.ics", b"\x1f\x8b\x08nonsense", headers)

    assert answer.status == 400
    assert "Traceback" not in running.log


def test_who_leaves_in_the_middle_of_a_body_is_no_fault_of_ours(running: Served) -> None:
    head = f"PUT {HOME}calendar/1.ics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
    head += f"Authorization: {basic()['Authorization']}\r\nExpect: 100-continue\r\n\r\n"

    assert b" 100 " in talk(running.port, head.encode())

    assert running.request("GET", "/healthz").status == 200
    assert "ERROR" not in running.log


def test_a_gzip_bomb_is_413(running: Served) -> None:
    headers = {**basic(), "Content-Encoding": "gzip"}
    bomb = gzip.compress(bytes(100_000_000))

    answer = running.request("PUT", HOME + "calendar/gzip.ics", bomb, headers)

    assert (len(bomb) < 100_000, answer.status) == (True, 413)
    assert "Traceback" not in running.log


def talk(port: int, sent: bytes) -> bytes:
    """The first bytes of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        return connection.recv(1000)


def test_a_request_that_takes_too_long_is_503(sqlite: Path, tmp_path: Path) -> None:
    environ = environment(sqlite, CALDAVD_SERVER__REQUEST_TIMEOUT_S="0.5")
    with serving(tmp_path, environ) as served:
        served.request("PROPFIND", HOME)
        connection = served.connect()
        connection.putrequest("PUT", HOME + "calendar/1.ics")
        for name, value in {**basic(), "Content-Length": "1000"}.items():
            connection.putheader(name, value)
        connection.endheaders(b"BEGIN")
        response = connection.getresponse()
        connection.close()

    assert (response.status, response.headers["Retry-After"]) == (503, "5")
