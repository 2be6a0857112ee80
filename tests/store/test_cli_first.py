"""The first command on a machine finds no database."""

from __future__ import annotations

from pathlib import Path

import pytest

from caldavd.cli.failure import FAILED
from caldavd.store import schema
from tests.store.cli import Shell, environment


@pytest.fixture
def caldavd(
    blank_location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line where there is no schema yet."""
    for name, value in environment(blank_location, tmp_path).items():
        monkeypatch.setenv(name, value)
    return Shell(capsys, monkeypatch)


@pytest.mark.parametrize(
    "words",
    [
        "user list",
        "user passwd ada --password-stdin",
        "calendar list",
        "calendar add ada work",
        "app-password list ada",
        "export --user ada ada.zip",
        "import nothing.ics --user ada --calendar work --create",
        "db check",
        "db reindex",
        "backup new.zip",
        "doctor --user ada",
    ],
)
def test_a_command_for_what_is_there_makes_no_database(
    caldavd: Shell, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing.ics").touch()

    done = caldavd(*words.split(), stdin="secret\n")

    assert (done.status, done.out, done.err.count("\n")) == (FAILED, "", 1)
    assert done.err.startswith("caldavd: there is no caldavd database in ")
    assert caldavd("db", "current", "--json").json["current"] is None


def test_the_first_account_makes_the_database(caldavd: Shell) -> None:
    done = caldavd("user", "add", "ada", "--password-stdin", stdin="secret\n")

    assert done.status == 0
    assert caldavd("db", "current", "--json").json["current"] == schema.head()


def test_db_upgrade_makes_it_too(caldavd: Shell) -> None:
    before = caldavd("db", "current", "--json").json["current"]
    done = caldavd("db", "upgrade")

    assert (before, done.out) == (None, f"upgraded the schema from none to {schema.head()}\n")
