"""`caldavd db index` and `caldavd db reindex`."""

from __future__ import annotations

from pathlib import Path

import pytest

from caldavd import zonedata
from caldavd.cli.failure import FAILED
from caldavd.service.reindex import RULES
from tests.store.cli import Shell, environment
from tests.unit.builders import event


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """Commands on a database in which ada has two events, indexed by who knows what."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(capsys, monkeypatch)
    shell("user", "add", "ada", "--password-stdin", stdin="secret\n")
    for name, rrule in (("w", "FREQ=WEEKLY"), ("o", None)):
        file = tmp_path / f"{name}.ics"
        file.write_text(event(uid=name, rrule=rrule))
        assert shell("import", file, "--user", "ada", "--calendar", "calendar").status == 0
    return shell


def test_what_waits_is_told(caldavd: Shell) -> None:
    told = caldavd("db", "index").out.splitlines()

    assert told == [
        f"computed with an unknown zone database, {zonedata.version()} is present",
        "2 of 2 objects wait to be computed anew",
        "0 objects are indexed for less than 400 days",
    ]
    assert "index: 2 of 2 objects wait to be computed anew" in caldavd("db", "check").err


def test_what_waits_is_done_at_once(caldavd: Shell) -> None:
    done = caldavd("db", "reindex")

    told = caldavd("db", "index", "--json").json
    assert (done.status, done.out) == (0, "looked at 2 objects, 0 of them changed\n")
    version = {"rules": RULES, "zones": zonedata.version()}
    assert (told["noted"]["version"], told["present"]) == (version, version)
    assert (told["objects"], told["rebuild"], told["near"]) == (0, 0, 0)
    assert caldavd("db", "check").status == 0


def test_every_object_is_looked_at_if_asked_for(caldavd: Shell) -> None:
    caldavd("db", "reindex")

    nothing, everything = caldavd("db", "reindex"), caldavd("db", "reindex", "--all")

    assert nothing.out == "looked at 0 objects, 0 of them changed\n"
    assert everything.out == "looked at 2 objects, 0 of them changed\n"


def test_two_do_not_do_the_same_work(caldavd: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("caldavd.workers.reindex.Reindexer._rebuild", interrupted)
        caldavd("db", "reindex")

    again = caldavd("db", "reindex")

    assert (again.status, again.out) == (FAILED, "")
    assert "at it" in again.err


async def interrupted(_: object) -> None:
    raise KeyboardInterrupt
