"""`caldavd publish` on both databases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caldavd.cli.failure import FAILED, MISUSED
from tests.store.cli import Done, Shell, environment


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on a database with the account ada and her calendar work."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CALDAVD_SERVER__PUBLIC_URL", "https://cal.example.org")
    shell = Shell(capsys, monkeypatch)
    shell("user", "add", "ada", "--password-stdin", stdin="secret\n")
    shell("calendar", "add", "ada", "work")
    return shell


@pytest.mark.parametrize(
    ("arguments", "url", "label"),
    [
        (("work",), r"https://cal\.example\.org/feeds/[\w-]{32}\.ics\n", "work"),
        (("work", "--mode", "busy"), r"https://cal\.example\.org/feeds/[\w-]{32}\.ics\n", "work"),
        (
            ("--mode", "free-busy", "--label", "For  all"),
            r"https://cal\.example\.org/freebusy/[\w-]{32}\.ifb\n",
            "For all",
        ),
    ],
)
def test_a_new_link_is_printed_once(
    caldavd: Shell, arguments: tuple[str, ...], url: str, label: str
) -> None:
    done = caldavd("publish", "add", "ada", *arguments)

    assert (done.status, done.err) == (0, f"{label} of ada; it is not shown again\n")
    assert re.fullmatch(url, done.out)
    secret = done.out.rpartition("/")[2].partition(".")[0]
    assert secret not in caldavd("publish", "list", "--json").out


def test_links_are_listed_by_user_with_what_they_lead_to(caldavd: Shell) -> None:
    for arguments in (("work",), ("work", "--mode", "busy"), ("--mode", "free-busy")):
        caldavd("publish", "add", "ada", *arguments)

    rows = caldavd("publish", "list", "ada", "--json").json

    assert [(row["label"], row["calendar"], row["mode"], row["last_used"]) for row in rows] == [
        ("work", "work", "full", None),
        ("work 2", "work", "busy", None),
        ("free-busy", None, "free-busy", None),
    ]
    assert rows == caldavd("publish", "list", "--json").json


def test_a_script_gets_the_link_with_what_it_is(caldavd: Shell) -> None:
    made = caldavd("publish", "add", "ada", "work", "--json").json

    assert made["url"].startswith("https://cal.example.org/feeds/")
    assert (made["user"], made["calendar"], made["label"]) == ("ada", "work", "work")


def test_a_link_that_is_removed_is_gone(caldavd: Shell) -> None:
    caldavd("publish", "add", "ada", "work", "--label", "Family")

    done = caldavd("publish", "remove", "ada", "Family")

    assert done == Done(0, "removed Family of ada\n", "")
    assert caldavd("publish", "list", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("add", "ada"), MISUSED, "name a calendar"),
        (("add", "ada", "nowhere"), FAILED, "no calendar nowhere"),
        (("add", "bob", "work"), FAILED, "no account bob"),
        (("add", "ada", "work", "--label", "taken"), FAILED, "a link taken already"),
        (("add", "ada", "work", "--label", " "), FAILED, "a label has"),
        (("remove", "ada", "nothing"), FAILED, "no link nothing"),
    ],
)
def test_what_cannot_be_done_is_told(
    caldavd: Shell, arguments: tuple[str, ...], status: int, words: str
) -> None:
    caldavd("publish", "add", "ada", "work", "--label", "taken")

    done = caldavd("publish", *arguments)

    assert (done.status, done.out) == (status, "")
    assert words in done.err
