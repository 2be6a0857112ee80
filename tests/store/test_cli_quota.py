"""`caldavd user quota`, and what `user list` says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from caldavd.cli.failure import MISUSED
from caldavd.cli.storage import size, told
from tests.store.cli import Shell, environment
from tests.unit.builders import event


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


def test_a_quota_is_set_shown_and_taken_back(
    caldavd: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALDAVD_LIMITS__QUOTA_BYTES", str(1 << 20))

    said = [
        caldavd("user", "quota", "ada", *new).out for new in ([], ["500M"], ["none"], ["default"])
    ]

    assert said == [
        "0 B of 1 MiB, as the settings say\n",
        "0 B of 500 MiB\n",
        "0 B of any amount\n",
        "0 B of 1 MiB, as the settings say\n",
    ]


def test_the_list_tells_what_is_used_and_what_may_be(caldavd: Shell) -> None:
    text = event(uid="a")
    caldavd("import", "-", "--user", "ada", "--calendar", "calendar", stdin=text)
    caldavd("user", "quota", "ada", "2K")

    [row] = caldavd("user", "list", "--json").json
    table = caldavd("user", "list").out

    assert (row["used_bytes"], row["quota_bytes"]) == (len(text.encode()), 2048)
    assert "2 KiB" in table


def test_an_import_above_the_quota_says_what_was_left_out(caldavd: Shell) -> None:
    caldavd("user", "quota", "ada", "10")

    done = caldavd("import", "-", "--user", "ada", "--calendar", "calendar", stdin=event(uid="a"))

    assert (done.status, done.out) == (1, "0 added, 0 updated, 0 unchanged, 1 refused\n")
    assert "delete something first" in done.err


@pytest.mark.parametrize("new", ["much", "-5", "0", "5X", "9" * 30])
def test_what_is_no_size_is_refused(caldavd: Shell, new: str) -> None:
    done = caldavd("user", "quota", "--", "ada", new)

    assert done.status == MISUSED
    assert caldavd("user", "quota", "ada").out == "0 B of any amount, as the settings say\n"


def test_a_quota_is_of_an_account_that_exists(caldavd: Shell) -> None:
    assert caldavd("user", "quota", "eve", "1G").status == 1


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("1", 1), ("2k", 2048), ("3 MB", 3 << 20), ("4GiB", 4 << 30), ("none", 0), ("Default", None)],
)
def test_sizes_are_read_as_people_write_them(text: str, bytes_: int | None) -> None:
    assert size(text) == bytes_


@pytest.mark.parametrize(
    ("bytes_", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (5 << 40, "5 TiB")],
)
def test_sizes_are_told_in_the_largest_unit(bytes_: int, text: str) -> None:
    assert told(bytes_) == text
