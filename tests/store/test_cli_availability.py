"""The commands that say when somebody can be had, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.cli import Shell, environment

BERLIN = ("--zone", "Europe/Berlin")


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on a database with ada and a room."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(capsys, monkeypatch)
    assert shell("user", "add", "ada", "--password-stdin", stdin="secret\n").status == 0
    assert shell("user", "add", "lab", "--kind", "room").status == 0
    return shell


@pytest.mark.rfc("7953 7.2.4")
@pytest.mark.parametrize("user", ["ada", "lab"])
def test_hours_are_set_shown_and_removed(caldavd: Shell, user: str) -> None:
    set_ = caldavd("availability", "set", user, "--from", "09:00", "--to", "17:00", *BERLIN)
    shown = caldavd("availability", "show", user, "--json").json
    text = caldavd("availability", "show", user, "--ics").out
    removed = caldavd("availability", "remove", user)

    assert set_.out == f"{user} can be had: mon-fri 09:00-17:00 Europe/Berlin\n"
    assert shown == [{"days": "mon-fri", "from": "09:00", "to": "17:00", "zone": "Europe/Berlin"}]
    assert text.startswith("BEGIN:VCALENDAR") and "RRULE:FREQ=WEEKLY;BYDAY=MO,TU" in text
    assert removed.out == f"nothing is said of when {user} can be had\n"
    assert caldavd("availability", "show", user, "--json").json == []


def test_several_spans_and_nights_take_the_place_of_what_was_said(caldavd: Shell) -> None:
    caldavd("availability", "set", "ada", "--from", "09:00", "--to", "17:00", *BERLIN)
    spans = ("--from", "09:00", "--to", "12:00", "--from", "22:00", "--to", "24:00")
    caldavd("availability", "set", "ada", "--days", "sat-mon,wed", *spans, "--zone", "utc")

    rows = caldavd("availability", "show", "ada", "--json").json

    assert [tuple(row.values()) for row in rows] == [
        ("mon,wed,sat,sun", "09:00", "12:00", "Etc/UTC"),
        ("mon,wed,sat,sun", "22:00", "00:00", "Etc/UTC"),
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "9 am", "--to", "17:00", *BERLIN), "no time of day"),
        (("--from", "09:00", *BERLIN), "as many --from as --to"),
        (("--from", "09:00", "--to", "17:00", "--zone", "Mars/Base"), "no time zone Mars/Base"),
        (("--days", "mo", "--from", "09:00", "--to", "17:00", *BERLIN), "no day of the week"),
    ],
)
def test_what_is_no_time_is_told(caldavd: Shell, options: tuple[str, ...], said: str) -> None:
    done = caldavd("availability", "set", "ada", *options)

    assert (done.status, said in done.err) == (2, True)
    assert caldavd("availability", "show", "ada", "--json").json == []


def test_who_is_not_there_is_told(caldavd: Shell) -> None:
    done = caldavd("availability", "show", "eve")

    assert done.status == 1
    assert "there is no account eve" in done.err
