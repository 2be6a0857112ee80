"""Commands for groups, delegates and access control lists, on both databases."""

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
    """The command line on a database with ada and bob."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(capsys, monkeypatch)
    for name in ("ada", "bob"):
        assert shell("user", "add", name, "--password-stdin", stdin="secret\n").status == 0
    return shell


def test_a_group_has_members_and_loses_them(caldavd: Shell) -> None:
    made = caldavd("group", "add", "staff", "--display-name", "All staff")
    added = [caldavd("group", "member", "add", "staff", name) for name in ("ada", "bob")]
    removed = caldavd("group", "member", "remove", "staff", "ada")

    [row] = caldavd("group", "list", "--json").json
    assert [done.status for done in (made, *added, removed)] == [0, 0, 0, 0]
    assert (row["name"], row["display_name"], row["members"]) == ("staff", "All staff", ["bob"])


def test_a_group_is_no_account(caldavd: Shell) -> None:
    caldavd("group", "add", "staff")

    said = [
        caldavd("user", "disable", "staff"),
        caldavd("app-password", "add", "staff", "phone"),
        caldavd("calendar", "list", "staff"),
    ]

    told = "caldavd: staff is a group: name a user, as `caldavd user list` shows them\n"
    assert [done.err for done in said] == [told] * 3
    assert [row["name"] for row in caldavd("user", "list", "--json").json] == ["ada", "bob"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("group add ada", "the account ada exists already: it is ada's"),
        ("group remove ada --yes", "there is no group ada: `caldavd group list` shows them"),
        (
            "group member add staff zoe",
            "there is no account and no group zoe: "
            "`caldavd user list` and `caldavd group list` show them",
        ),
        *(
            (
                f"{kind} add {name}",
                f"{name.lower()} means everybody where something is granted: choose another name",
            )
            for kind, name in (("group", "all"), ("user", "Everyone"), ("group", "authenticated"))
        ),
        ("acl set ada ada read", "ada needs nobody's leave for what is ada's own"),
        ("group member add staff staff", "staff cannot be a member of itself"),
        ("group member remove staff bob", "bob is not in staff"),
        ("delegate add ada ada", "ada needs nobody's leave to act as ada"),
        ("delegate remove ada bob", "bob is no delegate of ada"),
        ("acl remove ada bob", "nothing was granted there: `caldavd acl show` tells what is"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(caldavd: Shell, command: str, told: str) -> None:
    caldavd("group", "add", "staff")

    done = caldavd(*command.split())

    assert (done.status, done.err) == (1, f"caldavd: {told}\n")


def test_two_groups_cannot_hold_each_other(caldavd: Shell) -> None:
    for name in ("staff", "team", "interns"):
        caldavd("group", "add", name)
    caldavd("group", "member", "add", "staff", "team")
    caldavd("group", "member", "add", "team", "interns")

    done = caldavd("group", "member", "add", "interns", "staff")

    told = "caldavd: interns is in staff: two groups cannot hold each other\n"
    assert (done.status, done.err) == (1, told)


def test_a_group_is_removed_with_what_it_was_granted(caldavd: Shell) -> None:
    caldavd("group", "add", "staff")
    caldavd("acl", "set", "ada", "staff", "read")

    done = caldavd("group", "remove", "staff", "--yes")

    assert (done.status, caldavd("group", "list", "--json").json) == (0, [])
    assert caldavd("acl", "show", "ada", "--json").json == []


def test_a_delegate_has_the_level_that_was_named_last(caldavd: Shell) -> None:
    first = caldavd("delegate", "add", "ada", "bob")
    second = caldavd("delegate", "add", "ada", "bob", "--write")

    listed = caldavd("delegate", "list", "ada", "--json").json
    removed = caldavd("delegate", "remove", "ada", "bob")
    assert (first.out, second.out) == (
        "bob may read the calendars of ada\n",
        "bob may read and write the calendars of ada\n",
    )
    assert listed == [{"owner": "ada", "delegate": "bob", "may": "read and write"}]
    assert (removed.status, caldavd("delegate", "list", "ada", "--json").json) == (0, [])


def test_what_is_granted_is_shown_set_anew_and_taken_away(caldavd: Shell) -> None:
    caldavd("acl", "set", "ada", "bob", "read", "bind", "--calendar", "calendar")
    caldavd("acl", "set", "ada", "bob", "read", "--calendar", "calendar")
    caldavd("acl", "set", "ada", "authenticated", "read-free-busy")

    shown = caldavd("acl", "show", "ada", "--json").json
    caldavd("acl", "remove", "ada", "authenticated")

    everybody = {"who": "authenticated", "privileges": ["read-free-busy"], "on": "all calendars"}
    bob = {"who": "bob", "privileges": ["read"], "on": "calendar"}
    assert shown == [everybody, bob]
    assert caldavd("acl", "show", "ada", "--calendar", "Calendar", "--json").json == [bob]
    assert caldavd("acl", "show", "ada", "--json").json == [bob]


def test_a_room_has_calendars_and_no_password(caldavd: Shell) -> None:
    made = caldavd("user", "add", "hall", "--kind", "room", "--display-name", "The hall")

    [row] = [row for row in caldavd("user", "list", "--json").json if row["name"] == "hall"]
    assert (made.status, made.out) == (0, "made the account hall (hall@localhost)\n")
    assert (row["kind"], row["display_name"]) == ("room", "The hall")
    assert caldavd("calendar", "list", "hall", "--json").json != []
