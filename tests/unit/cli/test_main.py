"""The command as a whole: its help, its speed, its errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from caldavd import __version__
from caldavd.cli.failure import BUG, FAILED, MISUSED, explain
from caldavd.cli.main import COMMANDS, Entry, caldavd, run

HEAVY = ("aiohttp", "sqlalchemy", "alembic", "pydantic", "icalendar", "lxml")


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine, and a data directory of its own."""
    for name in [name for name in os.environ if name.startswith("CALDAVD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CALDAVD_DATA", str(tmp_path))


def commands() -> list[tuple[str, click.Command]]:
    """Every command there is, by its words."""
    found = []
    context = click.Context(caldavd)
    for entry in COMMANDS:
        command = caldavd.get_command(context, entry.name)
        assert command is not None
        found.append((entry.name, command))
        if isinstance(command, click.Group):
            found += [(f"{entry.name} {name}", one) for name, one in command.commands.items()]
    return found


def test_a_command_that_is_named_is_imported_and_has_that_name() -> None:
    names = [command.name for name, command in commands() if " " not in name]

    assert names == [entry.name for entry in COMMANDS]


def test_every_command_says_what_it_does_and_every_option_what_it_is() -> None:
    silent = [
        (name, parameter.name)
        for name, command in commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ] + [(name, None) for name, command in commands() if not command.help]

    assert silent == []


def test_every_option_and_command_of_the_table_is_in_the_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = run(["--help"])

    out = capsys.readouterr().out
    wanted = ["--config", "--data", "--version", *(entry.name for entry in COMMANDS)]
    assert (status, [word for word in wanted if word not in out]) == (0, [])


def test_the_help_of_every_command_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    statuses = {name: run([*name.split(), "--help"]) for name, _ in commands()}

    assert set(statuses.values()) == {0}
    assert capsys.readouterr().out.count("Usage: caldavd") == len(statuses)


def test_help_imports_nothing_that_takes_long() -> None:
    program = (
        "import sys; from caldavd.cli.main import run; run(['--help']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )

    assert done.stderr.strip() == "[]"


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    status = run(["--version"])

    assert (status, capsys.readouterr().out) == (0, f"caldavd {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nonsense"], MISUSED, "No such command 'nonsense' (see"),
        (["usr"], MISUSED, "No such command 'usr', did you mean user?"),
        (["--nonsense"], MISUSED, "No such option"),
        (["user"], MISUSED, "see caldavd user --help"),
        (["user", "add"], MISUSED, "see caldavd user add --help"),
        (["user", "add", "ada"], MISUSED, "--password-stdin"),
        (["user", "add", "a/b"], FAILED, "an account name cannot have '/' in it"),
        (["user", "list"], FAILED, "there is no caldavd database in "),
        (["import", "/nowhere.ics", "--user", "ada"], MISUSED, "--calendar"),
        (["export", "--user", "ada"], MISUSED, "a .zip file or a folder"),
        (["restore", "/nowhere.zip"], FAILED, "/nowhere.zip"),
        (["--config", "/nowhere.toml", "config", "check"], FAILED, "/nowhere.toml"),
        (["doctor", "--user", "ada", "--url", "ftp://x"], MISUSED, "ftp://x"),
    ],
)
def test_an_error_is_one_line_on_standard_error(
    arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    got = run(arguments)

    out, err = capsys.readouterr()
    assert (got, out, err.count("\n")) == (status, "", 1)
    assert err.startswith("caldavd: ")
    assert words in err


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    status = run([])

    out, err = capsys.readouterr()
    assert (status, out) == (MISUSED, "")
    assert [entry.name for entry in COMMANDS if f"  {entry.name} " not in err] == []


def test_every_bad_setting_is_told_on_a_line_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "caldavd.toml"
    file.write_text('[server]\nport = "many"\nprot = 1\n[sever]\n')

    status = run(["--config", str(file), "config", "check"])

    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert (status, out) == (FAILED, "")
    assert [line.startswith(f"caldavd: {file}: ") for line in lines] == [True] * 3
    assert [name for name in ("port", "prot", "sever") if name not in err] == []


def test_a_bad_setting_is_named_by_its_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALDAVD_SERVER__PORT", "many")

    status = run(["config", "show"])

    assert status == FAILED
    assert "CALDAVD_SERVER__PORT" in capsys.readouterr().err


def test_a_database_that_cannot_be_reached_is_no_bug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALDAVD_DATABASE__URL", "postgresql://nobody:secret@127.0.0.1:1/x")

    status = run(["user", "list"])

    err = capsys.readouterr().err
    assert (status, err.count("\n"), "secret" in err) == (FAILED, 1, False)
    assert err.startswith("caldavd: the database is not available: ")


def test_a_bug_is_one_line_that_says_so() -> None:
    line, status = explain(KeyError("x"))

    assert status == BUG
    assert line.startswith("caldavd: a bug, please report it: KeyError")


def test_with_debug_a_bug_shows_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALDAVD_DEBUG", "1")

    with pytest.raises(click.ClickException):
        run(["calendar", "list", "ada"])


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    program = "from caldavd.cli.main import main; main(['config', 'show'])"

    done = subprocess.run(
        f"{sys.executable} -c {program!r} | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env={**os.environ, "CALDAVD_DATA": str(tmp_path)},
    )

    assert done.stderr == ""


def test_the_settings_in_force_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["--data", str(tmp_path / "other"), "config", "show"])

    assert f'data = "{tmp_path / "other"}"' in capsys.readouterr().out


def test_config_check_names_the_database_without_its_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALDAVD_DATABASE__URL", "postgresql://me:secret@db.example.org/cal")

    run(["config", "check"])

    assert capsys.readouterr().out == (
        "the settings are good; the database is postgresql://db.example.org/cal\n"
    )


def test_entries_are_the_only_place_of_commands() -> None:
    assert all(isinstance(entry, Entry) and entry.help.endswith(".") for entry in COMMANDS)
