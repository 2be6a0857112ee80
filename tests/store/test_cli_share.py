"""The commands by which calendars are shared, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.cli import Shell, environment


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on a database with ada, bob and cat."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(capsys, monkeypatch)
    for name in ("ada", "bob", "cat"):
        assert shell("user", "add", name, "--password-stdin", stdin="secret\n").status == 0
    return shell


def shared(caldavd: Shell, user: str) -> list[tuple[str, ...]]:
    """What a user shares and is shared."""
    rows = caldavd("share", "list", user, "--json").json
    names = ("owner", "calendar", "sharee", "level", "answer", "mounted_as")
    return [tuple(row[name] for name in names) for row in rows]


def test_a_calendar_is_shared_accepted_and_taken_back(caldavd: Shell) -> None:
    added = caldavd("share", "add", "ada", "calendar", "bob", "--level", "read-write")
    waiting = shared(caldavd, "bob")
    accepted = caldavd("share", "accept", "bob", "ada", "calendar")
    mine, theirs = shared(caldavd, "bob"), shared(caldavd, "ada")
    removed = caldavd("share", "remove", "ada", "calendar", "bob")

    row = ("ada", "calendar", "bob", "read-write")
    assert added.out == "calendar of ada is shared with bob: read-write\n"
    assert accepted.out == "calendar of ada is ada-calendar in the home of bob\n"
    assert removed.out == "calendar of ada is not shared with bob any more\n"
    assert waiting == [(*row, "not answered", None)]
    assert mine == [(*row, "accepted", "ada-calendar")]
    assert theirs == [(*row, "accepted", None)]
    assert shared(caldavd, "bob") == shared(caldavd, "ada") == []


def test_a_share_can_be_accepted_for_whom_it_is_and_declined_again(caldavd: Shell) -> None:
    caldavd("share", "add", "ada", "calendar", "bob", "--accept")

    declined = caldavd("share", "decline", "bob", "ada", "calendar")

    assert declined.status == 0
    assert shared(caldavd, "ada") == [("ada", "calendar", "bob", "read", "declined", None)]


def test_everyone_and_groups_are_sharees(caldavd: Shell) -> None:
    caldavd("group", "add", "team")
    caldavd("group", "member", "add", "team", "bob")

    caldavd("share", "add", "ada", "calendar", "everyone", "--accept")
    caldavd("share", "add", "ada", "tasks", "team", "--level", "manage")
    caldavd("group", "member", "add", "team", "cat")

    assert shared(caldavd, "cat") == [
        ("ada", "calendar", "cat", "read", "accepted", "ada-calendar"),
        ("ada", "tasks", "cat", "manage", "not answered", None),
    ]
    assert [row[2:5] for row in shared(caldavd, "ada")] == [
        ("everyone", "read", "2 of 2 accepted"),
        ("team", "manage", "0 of 2 accepted"),
    ]


def test_accept_reaches_those_of_a_group_who_were_asked_before(caldavd: Shell) -> None:
    caldavd("group", "add", "team")
    caldavd("group", "member", "add", "team", "bob")
    caldavd("share", "add", "ada", "calendar", "team")
    caldavd("share", "add", "ada", "calendar", "cat")

    caldavd("share", "add", "ada", "calendar", "team", "--accept")

    mounted = ("ada", "calendar", "bob", "read", "accepted", "ada-calendar")
    assert shared(caldavd, "bob") == [mounted]
    # Whom it was shared with in person still decides.
    assert shared(caldavd, "cat") == [("ada", "calendar", "cat", "read", "not answered", None)]


def test_who_declined_is_not_overruled_by_what_a_group_accepts(caldavd: Shell) -> None:
    caldavd("group", "add", "team")
    caldavd("group", "member", "add", "team", "bob")
    caldavd("share", "add", "ada", "calendar", "team")
    caldavd("share", "decline", "bob", "ada", "calendar")

    caldavd("share", "add", "ada", "calendar", "team", "--accept")

    assert shared(caldavd, "bob") == [("ada", "calendar", "bob", "read", "declined", None)]


def test_free_busy_asks_nobody(caldavd: Shell) -> None:
    caldavd("share", "add", "ada", "calendar", "bob", "--level", "free-busy")

    assert shared(caldavd, "ada") == [("ada", "calendar", "bob", "free-busy", None, None)]


def test_members_of_groups_have_it_at_once_where_the_settings_say_so(
    caldavd: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALDAVD_SHARING__AUTO_ACCEPT_GROUPS", "true")
    caldavd("group", "add", "team")
    caldavd("share", "add", "ada", "calendar", "team")

    caldavd("group", "member", "add", "team", "bob")
    here = shared(caldavd, "bob")
    caldavd("group", "remove", "team", "--yes")

    assert here == [("ada", "calendar", "bob", "read", "accepted", "ada-calendar")]
    assert shared(caldavd, "bob") == []


def test_the_database_is_well_when_an_owner_is_gone(caldavd: Shell) -> None:
    caldavd("share", "add", "ada", "calendar", "bob", "--accept")
    caldavd("share", "add", "bob", "calendar", "ada", "--accept")

    caldavd("user", "remove", "ada", "--yes")

    assert caldavd("db", "check").out.endswith("the database is well\n")
    assert shared(caldavd, "bob") == []


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("share add ada calendar ada", "nobody shares a calendar with its owner"),
        (
            "share add ada calendar zoe",
            "there is no account and no group zoe: "
            "`caldavd user list` and `caldavd group list` show them",
        ),
        (
            "share add ada nothing bob",
            "ada has no calendar nothing: `caldavd calendar list ada` shows them",
        ),
        ("share remove ada calendar bob", "calendar of ada is not shared with bob"),
        (
            "share accept bob ada calendar",
            "bob is not invited to calendar of ada: "
            "`caldavd share list bob` shows what there is to answer",
        ),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(caldavd: Shell, command: str, told: str) -> None:
    done = caldavd(*command.split())

    assert done.status == 1
    assert done.err.removeprefix("caldavd: ").removeprefix("Error: ") == f"{told}\n"
