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
        f"new: a running server compares it with zone database {zonedata.version()}",
        "2 of 2 objects wait to be computed anew",
        "every object is indexed for 400 days at least, or to its end",
    ]
    assert "index: 2 of 2 objects wait to be computed anew" in caldavd("db", "check").out


def test_what_waits_is_done_at_once(caldavd: Shell) -> None:
    done = caldavd("db", "reindex")

    told = caldavd("db", "index", "--json").json
    assert (done.status, done.out) == (0, "looked at 2 objects, made the index of 0 anew\n")
    version = {"rules": RULES, "zones": zonedata.version()}
    assert (told["noted"]["version"], told["present"]) == (version, version)
    assert (told["objects"], told["rebuild"], told["near"]) == (0, 0, 0)
    assert caldavd("db", "check").status == 0


def test_every_object_is_looked_at_if_asked_for(caldavd: Shell) -> None:
    caldavd("db", "reindex")

    nothing, everything = caldavd("db", "reindex"), caldavd("db", "reindex", "--all")

    assert nothing.out == "looked at 0 objects, made the index of 0 anew\n"
    assert everything.out == "looked at 2 objects, made the index of 0 anew\n"


def test_two_do_not_do_the_same_work(caldavd: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("caldavd.workers.reindex.Reindexer._rebuild", interrupted)
        caldavd("db", "reindex")

    again = caldavd("db", "reindex")

    assert (again.status, again.out) == (FAILED, "")
    assert "at it" in again.err


def test_a_dense_series_is_told_as_one_however_often_it_is_indexed(
    caldavd: Shell, tmp_path: Path
) -> None:
    (tmp_path / "d.ics").write_text(event(uid="d", rrule="FREQ=HOURLY"))
    caldavd("import", tmp_path / "d.ics", "--user", "ada", "--calendar", "calendar")
    caldavd("db", "reindex")

    again, told = caldavd("db", "reindex"), caldavd("db", "index").out.splitlines()

    assert again.out.startswith("looked at 1 object, made the index of ")
    assert told[1] == (
        "1 object is indexed for less than 400 days: dense series, "
        "whose text is searched beyond, or series that the server extends within a day"
    )


def test_a_database_without_objects_is_not_indexed_with_who_knows_what(
    caldavd: Shell, tmp_path: Path
) -> None:
    new = ("--data", tmp_path / "new")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CALDAVD_DATABASE__URL")
        caldavd(*new, "db", "upgrade")

        index, check = caldavd(*new, "db", "index"), caldavd(*new, "db", "check")

    assert index.out == "nothing is indexed yet\n"
    assert (check.out, check.err) == (
        "index: nothing is indexed yet\nthe database is well\n",
        "",
    )


async def interrupted(_: object) -> None:
    raise KeyboardInterrupt
