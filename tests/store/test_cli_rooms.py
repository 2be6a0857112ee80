"""The commands that make and describe rooms, on both databases."""

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
    """The command line on a database with a group."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(capsys, monkeypatch)
    assert shell("room", "add", "lab", "--email", "lab@example.org").status == 0
    assert shell("group", "add", "staff").status == 0
    return shell


PLAIN = {
    "name": "lab",
    "kind": "room",
    "capacity": None,
    "location": None,
    "features": [],
    "policy": "automatic",
    "bookers": "everyone",
    "display_name": "lab",
    "addresses": ["lab@example.org"],
    "ahead_days": None,
    "longest_s": None,
    "conflicts_percent": 0,
}
SAID = {
    "capacity": 12,
    "location": "Building 2",
    "features": ["projector", "whiteboard"],
    "policy": "manual",
    "bookers": "staff",
    "ahead_days": 90,
    "longest_s": 28_800,
    "conflicts_percent": 20,
}


def test_a_new_room_answers_everybody_by_itself(caldavd: Shell) -> None:
    assert caldavd("room", "list", "--json").json == [PLAIN]


def test_what_is_said_of_a_room_is_shown_and_the_rest_stays(caldavd: Shell) -> None:
    caldavd("room", "set", "lab", "--capacity", "12", "--location", "Building 2")
    caldavd("room", "set", "lab", "--feature", "projector", "--feature", "whiteboard")
    caldavd("room", "set", "lab", "--policy", "manual", "--bookers", "staff", "--ahead", "90")
    done = caldavd("room", "set", "lab@example.org", "--longest", "8h", "--conflicts", "20")

    assert done.out == "changed lab\n"
    assert caldavd("room", "list", "--json").json == [PLAIN | SAID]
    row = caldavd("room", "list").out.splitlines()[1]
    shown = "lab room 12 Building 2 projector, whiteboard manual staff 90d 8h 20%"
    assert " ".join(row.split()) == shown


def test_what_was_said_of_a_room_can_be_taken_back(caldavd: Shell) -> None:
    caldavd(
        *("room", "set", "lab", "--capacity", "12", "--location", "x", "--feature", "y"),
        *("--bookers", "staff", "--ahead", "90d", "--longest", "2d", "--conflicts", "9"),
    )

    caldavd(
        *("room", "set", "lab", "--capacity", "0", "--location", "", "--feature", ""),
        *("--bookers", "everyone", "--ahead", "any", "--longest", "any", "--conflicts", "0"),
    )

    assert caldavd("room", "list", "--json").json == [PLAIN]


def test_a_resource_is_made_with_what_it_is(caldavd: Shell) -> None:
    made = caldavd("room", "add", "van", "--kind", "resource", "--longest", "90m")

    row = caldavd("room", "list", "--json").json[1]
    assert made.out.startswith("made the resource van (van@")
    assert (row["name"], row["kind"], row["longest_s"]) == ("van", "resource", 5_400)


def test_a_room_that_an_account_was_made_for_answers_too(caldavd: Shell) -> None:
    caldavd("user", "add", "hall", "--kind", "room")

    assert [one["policy"] for one in caldavd("room", "list", "--json").json] == ["automatic"] * 2


def test_when_those_who_may_book_go_nobody_may(caldavd: Shell) -> None:
    caldavd("room", "set", "lab", "--bookers", "staff")

    caldavd("group", "remove", "staff", "--yes")

    assert caldavd("room", "list", "--json").json == [PLAIN | {"bookers": "nobody"}]
    assert caldavd("db", "check").status == 0


def test_a_room_is_removed_with_what_was_said(caldavd: Shell) -> None:
    removed = caldavd("room", "remove", "lab", "--yes")

    assert removed.out == "removed lab\n"
    assert caldavd("room", "list", "--json").json == []
    assert caldavd("db", "check").status == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("lab",), "say what is to be changed"),
        (("lab", "--ahead", "0"), "write a number of days"),
        (("lab", "--longest", "8"), "a time is like 90m"),
        (("lab", "--longest", "400d"), "a time is like 90m"),
        (("lab", "--conflicts", "100"), "not in the range"),
        (("lab", "--capacity", "-1"), "not in the range"),
        (("lab", "--bookers", "nobody"), "there is no account and no group nobody"),
        (("lab", "--location", "x" * 201), "a location has at most 200 characters"),
        (("lab", *("--feature", "x") * 51), "a room has at most 50 features"),
        (("ada", "--capacity", "1"), "ada is no room"),
    ],
)
def test_what_makes_no_sense_is_refused(
    caldavd: Shell, arguments: tuple[str, ...], reason: str
) -> None:
    caldavd("user", "add", "ada", "--password-stdin", stdin="a long secret\n")

    refused = caldavd("room", "set", *arguments)

    assert refused.status != 0
    assert reason in refused.err
    assert caldavd("room", "list", "--json").json == [PLAIN]
