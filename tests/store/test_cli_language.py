"""`caldavd user language`, and the language of a new account."""

from __future__ import annotations

from pathlib import Path

import pytest

from caldavd.cli.failure import MISUSED
from tests.store.cli import Shell, environment


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on a database with the account ada."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(capsys, monkeypatch)
    shell("user", "add", "ada", "--password-stdin", stdin="secret\n")
    return shell


def test_a_language_is_set_shown_and_taken_back(
    caldavd: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALDAVD_SERVER__LANGUAGE", "nl")

    said = [
        caldavd("user", "language", "ada", *new).out for new in ([], ["DE"], ["pt"], ["default"])
    ]

    assert said == [
        "nl (Nederlands), as the settings say\n",
        "de (Deutsch)\n",
        "pt (português)\n",
        "nl (Nederlands), as the settings say\n",
    ]


def test_a_new_account_may_have_one(caldavd: Shell) -> None:
    caldavd("user", "add", "lab", "--kind", "room", "--language", "fr")

    languages = {row["name"]: row["language"] for row in caldavd("user", "list", "--json").json}

    assert languages == {"ada": None, "lab": "fr"}


@pytest.mark.parametrize(
    "command",
    [("language", "ada", "xx"), ("language", "ada", "de-AT"), ("add", "bob", "--language", "xx")],
)
def test_what_is_no_language_is_refused_with_those_that_there_are(
    caldavd: Shell, command: tuple[str, ...]
) -> None:
    done = caldavd("user", *command)

    assert done.status == MISUSED
    assert "'de', 'en', 'es', 'fr', 'it', 'nl', 'pt'" in done.err


def test_a_language_is_of_an_account_that_exists(caldavd: Shell) -> None:
    assert caldavd("user", "language", "eve", "de").status == 1


def test_a_server_has_one_of_ours(caldavd: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALDAVD_SERVER__LANGUAGE", "xx")

    done = caldavd("user", "language", "ada")

    assert done.status != 0
    assert "'de', 'en', 'es', 'fr', 'it', 'nl' or 'pt'" in done.err
