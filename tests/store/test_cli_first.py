"""The first command on a machine finds no database."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_a_command_makes_the_database_that_it_needs(caldavd: Shell) -> None:
    done = caldavd("user", "add", "ada", "--password-stdin", stdin="secret\n")

    assert done.status == 0
    assert caldavd("db", "current", "--json").json["current"] == schema.head()


def test_db_upgrade_makes_it_too(caldavd: Shell) -> None:
    before = caldavd("db", "current", "--json").json["current"]
    done = caldavd("db", "upgrade")

    assert (before, done.out) == (None, f"upgraded the schema from none to {schema.head()}\n")
