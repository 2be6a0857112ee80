"""Directories in which no database can be, and commands that must not make one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from caldavd.cli.failure import FAILED, MISUSED
from tests.store.cli import Shell


@pytest.fixture
def caldavd(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line without settings of this machine, and what its child processes say."""
    for name in [name for name in os.environ if name.startswith("CALDAVD_")]:
        monkeypatch.delenv(name)
    return Shell(capfd, monkeypatch)


@pytest.fixture(params=["a file above it", "nothing can be made there", "too long a name"])
def impossible(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory that nobody can make, root neither."""
    (tmp_path / "file").touch()
    return {
        "a file above it": tmp_path / "file" / "data",
        "nothing can be made there": Path("/proc/caldavd"),
        "too long a name": tmp_path / ("x" * 300),
    }[request.param]


@pytest.mark.parametrize(
    "words",
    ["serve --port 0", "config check", "db upgrade", "user add bob --password-stdin"],
)
def test_a_directory_that_cannot_be_made_is_told_in_one_line(
    caldavd: Shell, impossible: Path, words: str
) -> None:
    done = caldavd("--data", impossible, *words.split(), stdin="a long password\n")

    assert (done.status, done.out, done.err.count("\n")) == (FAILED, "", 1)
    assert f" {impossible}/caldavd.sqlite3: " in done.err
    assert done.err.endswith(
        ": name a directory that this user can write, by --data or `data` in the settings\n"
    )


def test_a_file_that_cannot_be_written_is_told_at_the_start(
    caldavd: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caldavd("--data", tmp_path, "db", "upgrade")
    file = tmp_path / "caldavd.sqlite3"
    opened = os.open

    def refused(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if Path(path) == file and flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, flags, mode)

    monkeypatch.setattr("os.open", refused)

    done = caldavd("--data", tmp_path, "serve", "--port", "0")

    assert (done.status, done.out) == (FAILED, "")
    assert f"cannot write {file}: Permission denied: name a directory" in done.err


def test_config_check_says_that_the_database_is_still_to_be_made_and_makes_nothing(
    caldavd: Shell, tmp_path: Path
) -> None:
    done = caldavd("--data", tmp_path / "new" / "data", "config", "check")

    file = tmp_path / "new" / "data" / "caldavd.sqlite3"
    assert (done.status, done.out) == (
        0,
        f"the settings are good; the database is {file}, which the first start makes\n",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "stdin", "status", "told"),
    [
        ("bob", "", MISUSED, "the password is empty"),
        ("b/b", "a long password\n", FAILED, "an account name cannot have '/' in it"),
        ("bob --email nobody", "a long password\n", FAILED, "'nobody' is not a mail address"),
    ],
)
def test_an_account_that_cannot_be_made_makes_no_database(
    caldavd: Shell, tmp_path: Path, words: str, stdin: str, status: int, told: str
) -> None:
    data = tmp_path / "typo"

    done = caldavd("--data", data, "user", "add", *words.split(), "--password-stdin", stdin=stdin)

    assert (done.status, told in done.err, data.exists()) == (status, True, False)
