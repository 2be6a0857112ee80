"""What `config check` says of a certificate."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from caldavd.cli.certificates import Found, look
from caldavd.cli.main import run
from caldavd.config import ConfigError
from caldavd.settings import Server

DAY_S = 86_400
DAYS = 30


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """The settings of a server with a new certificate, good for thirty days."""
    return signed(tmp_path / "tls.pem")


def signed(path: Path) -> Server:
    key = path.with_suffix(".key")
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", str(DAYS)],
            *["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"],
            *["-keyout", str(key), "-out", str(path)],
        ],
        check=True,
        capture_output=True,
    )
    return Server(tls_certificate=str(path), tls_key=str(key))


def day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def test_of_a_good_certificate_there_is_nothing_to_say(server: Server) -> None:
    assert look(server, int(time.time()) + DAY_S) == Found()


def test_without_tls_there_is_none_to_look_at() -> None:
    assert look(Server(), 0) == Found()


def test_one_that_expires_soon_is_named(server: Server) -> None:
    made = Path(server.tls_certificate).stat().st_mtime

    found = look(server, int(made) + (DAYS - 3) * DAY_S)

    ends = day(made + DAYS * DAY_S)
    assert found == Found(True, f"{server.tls_certificate} expires on {ends}")


def test_one_that_has_expired_cannot_be_used(server: Server) -> None:
    made = Path(server.tls_certificate).stat().st_mtime

    found = look(server, int(made) + (DAYS + 1) * DAY_S)

    ends = day(made + DAYS * DAY_S)
    assert found == Found(False, f"{server.tls_certificate} expired on {ends}")


def test_one_of_the_future_cannot_be_used(server: Server) -> None:
    made = Path(server.tls_certificate).stat().st_mtime

    found = look(server, int(made) - DAY_S)

    assert found == Found(False, f"{server.tls_certificate} is not valid before {day(made)}")


def test_a_key_that_is_missing_is_named(server: Server) -> None:
    Path(server.tls_key).unlink()

    with pytest.raises(ConfigError) as raised:
        look(server, 0)

    reason = f"[server] tls_key: cannot read {server.tls_key}: No such file or directory"
    assert str(raised.value) == reason


def test_the_key_of_another_certificate_is_refused(server: Server, tmp_path: Path) -> None:
    other = signed(tmp_path / "other.pem")
    mixed = Server(tls_certificate=server.tls_certificate, tls_key=other.tls_key)

    with pytest.raises(ConfigError) as raised:
        look(mixed, 0)

    assert str(raised.value).startswith(f"cannot use {mixed.tls_certificate} with {mixed.tls_key}")


def test_the_first_certificate_of_a_chain_counts(server: Server, tmp_path: Path) -> None:
    file = Path(server.tls_certificate)
    more = Path(signed(tmp_path / "issuer.pem").tls_certificate)
    file.write_text(f"a comment\n{file.read_text()}{more.read_text()}")

    assert look(server, int(time.time()) + DAY_S) == Found()


def test_config_check_fails_for_a_certificate_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALDAVD_DATA", str(tmp_path))
    monkeypatch.setenv("CALDAVD_SERVER__TLS_CERTIFICATE", "/nowhere.pem")
    monkeypatch.setenv("CALDAVD_SERVER__TLS_KEY", "/nowhere.key")

    status = run(["config", "check"])

    reason = "[server] tls_certificate: cannot read /nowhere.pem: No such file or directory"
    assert (status, capsys.readouterr()) == (1, ("", f"caldavd: {reason}\n"))
