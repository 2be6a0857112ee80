"""Commands for accounts, app passwords, calendars and the database, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caldavd.cli.failure import FAILED, MISUSED
from caldavd.store import schema
from tests.store.cli import Done, Shell, environment


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on an empty database."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def ada(caldavd: Shell) -> Iterator[Done]:
    """What `user add` said when it made ada."""
    yield caldavd("user", "add", "ada", "--password-stdin", stdin="correct horse\n")


def test_a_new_account_is_told_the_urls_for_its_clients(ada: Done) -> None:
    assert ada == Done(
        0,
        "made the account ada (ada@localhost)\n"
        "What to give to the clients, with this name and password:\n"
        "  Thunderbird, DAVx5, GNOME   http://127.0.0.1:8008/\n"
        "  Apple Calendar, Reminders   http://127.0.0.1:8008/dav/principals/ada/\n"
        "  python-caldav and others    http://127.0.0.1:8008/dav/\n",
        "",
    )


def test_accounts_are_listed_with_their_addresses(caldavd: Shell) -> None:
    mail = ("--email", "Ann@Example.org", "--email", "a@example.org")
    caldavd("user", "add", "Ann", *mail, "--display-name", "Ann B", "--password-stdin", stdin="x\n")

    [row] = caldavd("user", "list", "--json").json

    assert {name: row[name] for name in ("name", "display_name", "addresses", "disabled")} == {
        "name": "ann",
        "display_name": "Ann B",
        "addresses": ["ann@example.org", "a@example.org"],
        "disabled": None,
    }


def test_a_name_that_is_taken_is_refused_before_the_password_is_asked_for(
    caldavd: Shell, ada: Done
) -> None:
    again = caldavd("user", "add", "Ada")

    assert (again.status, again.err) == (
        1,
        "caldavd: the account ada exists already: it is ada's\n",
    )


def test_an_empty_password_is_refused(caldavd: Shell) -> None:
    done = caldavd("user", "add", "ada", "--password-stdin", stdin="\n")

    assert (done.status, done.err) == (
        2,
        "caldavd: the password is empty (see caldavd user add --help)\n",
    )
    assert caldavd("user", "list", "--json").json == []


def test_a_short_password_is_taken_with_a_warning(caldavd: Shell, ada: Done) -> None:
    seven = caldavd("user", "passwd", "ada", "--password-stdin", stdin="1234567\n")
    eight = caldavd("user", "passwd", "ada", "--password-stdin", stdin="12345678\n")

    warning = "caldavd: the password has fewer than 8 characters: it is weak\n"
    assert seven == Done(0, "the password of ada is set\n", warning)
    assert eight == Done(0, "the password of ada is set\n", "")


def test_a_disabled_account_is_shown_and_can_be_enabled(caldavd: Shell, ada: Done) -> None:
    caldavd("user", "disable", "ada")
    [disabled] = caldavd("user", "list", "--json").json
    caldavd("user", "enable", "ada")
    [enabled] = caldavd("user", "list", "--json").json

    assert disabled["disabled"] is not None
    assert enabled["disabled"] is None


def test_passwd_takes_an_address_for_a_name(caldavd: Shell, ada: Done) -> None:
    done = caldavd("user", "passwd", "ada@localhost", "--password-stdin", stdin="battery staple\n")

    assert done == Done(0, "the password of ada is set\n", "")


def test_a_removed_account_takes_its_calendars_with_it(caldavd: Shell, ada: Done) -> None:
    caldavd("user", "remove", "ada", "--yes")

    assert caldavd("user", "list", "--json").json == []
    assert caldavd("calendar", "list", "--json").json == []
    assert caldavd("db", "check", "--json") == Done(0, "[]\n", "")


def test_who_cannot_be_asked_is_told_of_yes(caldavd: Shell, ada: Done) -> None:
    commands = (("user", "remove", "ada"), ("calendar", "remove", "ada", "calendar"))

    done = [caldavd(*words) for words in commands]

    assert [(one.status, one.err.count("\n"), "--yes" in one.err) for one in done] == [
        (MISUSED, 1, True),
        (MISUSED, 1, True),
    ]
    assert len(caldavd("calendar", "list", "ada", "--json").json) == 2


def test_nothing_is_removed_without_a_yes(caldavd: Shell, ada: Done) -> None:
    done = caldavd("user", "remove", "ada", stdin="n\n")

    assert done.status == 130
    assert len(caldavd("user", "list", "--json").json) == 1


def test_an_app_password_is_shown_once_alone_on_standard_output(caldavd: Shell, ada: Done) -> None:
    made = caldavd("app-password", "add", "ada", "phone")
    [listed] = caldavd("app-password", "list", "ada", "--json").json

    assert (made.status, len(made.out.split("-")), made.out.count("\n")) == (0, 4, 1)
    assert (listed["label"], listed["last_used"]) == ("phone", None)
    assert made.out.strip() not in str(listed)


def test_a_label_is_given_once(caldavd: Shell, ada: Done) -> None:
    caldavd("app-password", "add", "ada", "phone")

    again = caldavd("app-password", "add", "ada", "phone")

    assert (again.status, again.err) == (
        1,
        "caldavd: ada has an app password phone already: revoke it first\n",
    )


def test_a_revoked_app_password_is_gone(caldavd: Shell, ada: Done) -> None:
    caldavd("app-password", "add", "ada", "phone")

    first = caldavd("app-password", "revoke", "ada", "phone")
    second = caldavd("app-password", "revoke", "ada", "phone")

    assert (first.status, second.status) == (0, 1)
    assert caldavd("app-password", "list", "ada", "--json").json == []


def test_a_calendar_is_made_under_a_name_that_fits_a_url(caldavd: Shell, ada: Done) -> None:
    colour = ("--color", "#3b82f6", "--component", "VEVENT")

    done = caldavd("calendar", "add", "ada", "Family & friends", *colour)

    assert done.out == "made http://127.0.0.1:8008/dav/calendars/ada/Family-friends/\n"
    [row] = [
        row for row in caldavd("calendar", "list", "--json").json if row["name"] == "Family-friends"
    ]
    assert (row["display_name"], row["color"], row["components"]) == (
        "Family & friends",
        "#3B82F6",
        ["VEVENT"],
    )


def test_a_name_without_any_letter_that_fits_becomes_some_name(caldavd: Shell, ada: Done) -> None:
    caldavd("calendar", "add", "ada", "家族")

    [row] = [r for r in caldavd("calendar", "list", "--json").json if r["display_name"] == "家族"]

    assert len(row["name"]) == 36


def test_a_deleted_calendar_lies_in_the_trash_and_comes_back(caldavd: Shell, ada: Done) -> None:
    caldavd("calendar", "add", "ada", "Work")

    caldavd("calendar", "remove", "ada", "Work", "--yes")
    trash = caldavd("calendar", "list", "ada", "--trash", "--json").json
    caldavd("calendar", "add", "ada", "Work")
    restored = caldavd("calendar", "restore", "ada", "Work")

    assert [row["name"] for row in trash] == ["Work"]
    assert restored.out == "restored Work-2\n"
    names = [row["name"] for row in caldavd("calendar", "list", "ada", "--json").json]
    assert sorted(names) == ["Work", "Work-2", "calendar", "tasks"]


def test_a_calendar_of_that_name_is_not_made_twice(caldavd: Shell, ada: Done) -> None:
    done = caldavd("calendar", "add", "ada", "calendar")

    assert (done.status, done.err) == (1, "caldavd: ada has a calendar calendar already\n")


def test_the_schema_is_current(caldavd: Shell) -> None:
    assert caldavd("db", "current", "--json").json == {
        "current": schema.head(),
        "needed": schema.head(),
    }
    assert caldavd("db", "upgrade").out == f"the schema is {schema.head()} already\n"


def test_what_is_backed_up_can_be_restored(caldavd: Shell, ada: Done, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    caldavd("backup", file)
    caldavd("user", "remove", "ada", "--yes")
    caldavd("user", "add", "eve", "--password-stdin", stdin="x\n")

    refused = caldavd("restore", file)
    verified = caldavd("restore", file, "--verify", "--json")
    restored = caldavd("restore", file, "--force")

    assert (refused.status, refused.err.count("\n"), "--force" in refused.err) == (1, 1, True)
    assert (verified.status, verified.json["rows"]["principal"]) == (0, 1)
    assert restored.status == 0
    assert [row["name"] for row in caldavd("user", "list", "--json").json] == ["ada"]


def test_a_damaged_backup_is_one_line(caldavd: Shell, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    file.write_bytes(b"PK no zip")

    done = caldavd("restore", file, "--verify")

    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)


def test_a_backup_that_cannot_be_written_names_the_file_that_was_asked_for(
    caldavd: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "nowhere" / "all.zip"

    done = caldavd("backup", file)

    assert done == Done(FAILED, "", f"caldavd: cannot write {file}: No such file or directory\n")
