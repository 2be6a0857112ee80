"""`import` and `export`, on both databases."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from caldavd.cli.failure import FAILED
from caldavd.ical.parse import parse
from caldavd.service import named
from caldavd.service.put import Place, put
from caldavd.store import collections
from caldavd.store.connect import connect
from caldavd.store.engine import Database, WriteTx
from tests.store.cli import Done, Shell, environment
from tests.unit.builders import BERLIN, calendar, event, vevent, vtodo

MANY = 10_000
WAIT_S = 5
"""Longest time that another writer may have to wait while an import runs, on a busy machine."""
GROWTH_KIB = 40_000
"""How much more memory 10,000 events may take than a hundred."""

INTO_WORK = ("--user", "ada", "--calendar", "work")


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on a database with the account ada and its calendar work."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(capsys, monkeypatch)
    shell("user", "add", "ada", "--password-stdin", stdin="secret\n")
    shell("calendar", "add", "ada", "work")
    return shell


def counts(done: Done) -> tuple[int, int, int, int]:
    """Added, updated, unchanged, refused."""
    found = done.json
    return found["added"], found["updated"], found["unchanged"], found["refused"]


def write(path: Path, *components: str, lines: tuple[str, ...] = ()) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(calendar(*components, lines=lines).encode())
    return path


def events(count: int) -> str:
    return calendar(
        BERLIN,
        *(
            vevent(
                uid=f"e{n}@example.com",
                summary=f"Event {n}",
                start=f"Europe/Berlin:2026{1 + n % 12:02}{1 + n % 28:02}T{n % 24:02}0000",
                rrule="FREQ=WEEKLY;COUNT=10" if n % 10 == 0 else None,
            )
            for n in range(count)
        ),
    )


def summaries(text: str) -> list[str]:
    return [line.partition(":")[2] for line in text.splitlines() if line.startswith("SUMMARY")]


def test_each_uid_of_a_file_becomes_one_object(caldavd: Shell, tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.ics",
        BERLIN,
        vevent(uid="1", start="Europe/Berlin:20260105T090000", rrule="FREQ=DAILY;COUNT=5"),
        vevent(uid="2"),
        vevent(
            uid="1",
            summary="Moved",
            start="Europe/Berlin:20260106T100000",
            lines=["RECURRENCE-ID;TZID=Europe/Berlin:20260106T090000"],
        ),
        vtodo(uid="3"),
    )

    done = caldavd("import", file, *INTO_WORK, "--json")

    assert (done.status, counts(done)) == (0, (3, 0, 0, 0))
    [row] = [r for r in caldavd("calendar", "list", "--json").json if r["name"] == "work"]
    assert row["objects"] == 3
    assert caldavd("db", "check").status == 0


def test_a_second_time_changes_nothing(caldavd: Shell, tmp_path: Path) -> None:
    file = tmp_path / "a.ics"
    file.write_bytes(events(250).encode())

    first = caldavd("import", file, *INTO_WORK, "--json")
    second = caldavd("import", file, *INTO_WORK, "--json")

    assert (counts(first), counts(second)) == ((250, 0, 0, 0), (0, 0, 250, 0))


def test_what_differs_is_updated_and_the_rest_left_alone(caldavd: Shell, tmp_path: Path) -> None:
    file = write(tmp_path / "a.ics", vevent(uid="1"), vevent(uid="2"))
    caldavd("import", file, *INTO_WORK)
    write(file, vevent(uid="1"), vevent(uid="2", summary="Later"), vevent(uid="3"))

    done = caldavd("import", file, *INTO_WORK, "--json")

    assert counts(done) == (1, 1, 1, 0)
    exported = caldavd("export", *INTO_WORK).out
    assert sorted(summaries(exported)) == ["Later", "Meeting", "Meeting"]


def test_a_new_time_stamp_is_no_change(caldavd: Shell, tmp_path: Path) -> None:
    file = write(tmp_path / "a.ics", vevent(uid="1"))
    caldavd("import", file, *INTO_WORK)
    text = file.read_bytes()
    file.write_bytes(text.replace(b"DTSTAMP:2026", b"DTSTAMP:2027"))

    done = caldavd("import", file, *INTO_WORK, "--json")

    assert file.read_bytes() != text
    assert counts(done) == (0, 0, 1, 0)


def test_an_object_that_a_client_put_under_another_name_is_found_by_its_uid(
    caldavd: Shell, location: Path | str, tmp_path: Path
) -> None:
    async def client_puts(tx: WriteTx) -> None:
        work = await named.calendar(tx, await named.account(tx, "ada"), "work")
        [locked] = await collections.lock(tx, work.id)
        mine = parse(event(uid="1").encode())
        other = parse(event(uid="other").encode())
        await put(tx, Place(locked, "mine.ics", None), mine, 1, 0)
        await put(tx, Place(locked, "2.ics", None), other, 1, 0)

    asyncio.run(_write(location, client_puts))
    file = write(tmp_path / "a.ics", vevent(uid="1", summary="New"), vevent(uid="2"))

    done = caldavd("import", file, *INTO_WORK, "--json")

    assert counts(done) == (1, 1, 0, 0)
    assert sorted(summaries(caldavd("export", *INTO_WORK).out)) == ["Meeting", "Meeting", "New"]


def test_what_cannot_be_taken_is_named_and_the_rest_goes_in(caldavd: Shell, tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.ics",
        vevent(uid="good"),
        vevent(uid="no-start", start=None),
        vevent(uid="bad-rule", rrule="FREQ=SOMETIMES"),
        vevent(uid=None, summary="Without a UID"),
        lines=("METHOD:PUBLISH",),
    )

    done = caldavd("import", file, *INTO_WORK)

    refused = [line.split(":")[:2] for line in done.err.splitlines()]
    starts = [
        n for n, line in enumerate(file.read_text().splitlines(), 1) if line == "BEGIN:VEVENT"
    ]
    assert (done.status, done.out) == (1, "2 added, 0 updated, 0 unchanged, 2 refused\n")
    assert refused == [["a.ics", str(starts[1])], ["a.ics", str(starts[2])]]


def test_a_component_without_a_uid_is_not_doubled(caldavd: Shell, tmp_path: Path) -> None:
    file = write(tmp_path / "a.ics", vevent(uid=None))
    caldavd("import", file, *INTO_WORK)

    assert counts(caldavd("import", file, *INTO_WORK, "--json")) == (0, 0, 1, 0)


def test_a_calendar_that_takes_no_tasks_refuses_them_alone(caldavd: Shell, tmp_path: Path) -> None:
    file = write(tmp_path / "a.ics", vtodo(uid="1"), vevent(uid="2"))

    foreseen = caldavd(
        "import", file, "--user", "ada", "--calendar", "Calendar", "--json", "--dry-run"
    )
    done = caldavd("import", file, "--user", "ada", "--calendar", "Calendar", "--json")

    assert (counts(foreseen), counts(done)) == ((1, 0, 0, 1), (1, 0, 0, 1))
    assert "no VTODO" in done.json["refusals"][0]["reason"]


def test_a_folder_is_taken_with_what_is_below_it(caldavd: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write(folder / "a.ics", vevent(uid="1"))
    write(folder / "b" / "c.ICS", vevent(uid="2"), vevent(uid="3"))
    write(folder / ".cache" / "d.ics", vevent(uid="hidden"))
    (folder / "readme.txt").write_text("no calendar")

    done = caldavd("import", folder, *INTO_WORK, "--json")

    assert (done.status, counts(done)) == (0, (3, 0, 0, 0))


def test_a_uid_in_two_files_is_taken_once_and_told(caldavd: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write(folder / "a.ics", vevent(uid="1"))
    write(folder / "b.ics", vevent(uid="1", summary="Other"))

    done = caldavd("import", folder, *INTO_WORK, "--json")

    assert (done.status, counts(done)) == (1, (1, 0, 0, 1))
    assert [one["file"] for one in done.json["refusals"]] == ["b.ics"]


def test_a_broken_file_in_a_folder_does_not_stop_the_others(caldavd: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "a").mkdir(parents=True)
    (folder / "a.ics").write_bytes(b"\xff\xfe no calendar \x00")
    (folder / "b.ics").write_bytes(b"")
    write(folder / "c.ics", vevent(uid="1"))

    done = caldavd("import", folder, *INTO_WORK, "--json")

    assert (done.status, done.json["added"]) == (1, 1)
    assert {one["file"] for one in done.json["refusals"]} == {"a.ics", "b.ics"}


def test_a_file_that_ends_in_the_middle_gives_what_is_whole(caldavd: Shell, tmp_path: Path) -> None:
    file = write(tmp_path / "a.ics", vevent(uid="1"), vevent(uid="2"))
    file.write_bytes(file.read_bytes()[:-60])

    done = caldavd("import", file, *INTO_WORK, "--json")

    assert (done.status, counts(done)) == (1, (1, 0, 0, 1))


def test_standard_input_can_be_imported(caldavd: Shell) -> None:
    done = caldavd("import", "-", *INTO_WORK, "--json", stdin=event(uid="1"))

    assert (done.status, counts(done)) == (0, (1, 0, 0, 0))


def test_a_dry_run_writes_nothing(caldavd: Shell, tmp_path: Path) -> None:
    file = write(tmp_path / "a.ics", vevent(uid="1"))

    done = caldavd("import", file, "--user", "ada", "--calendar", "new", "--create", "--dry-run")

    assert done.out == "1 added, 0 updated, 0 unchanged, 0 refused (nothing was written)\n"
    names = [row["name"] for row in caldavd("calendar", "list", "--json").json]
    assert "new" not in names


def test_a_calendar_is_made_where_that_is_wanted(caldavd: Shell, tmp_path: Path) -> None:
    file = write(tmp_path / "a.ics", vevent(uid="1"), lines=("X-APPLE-CALENDAR-COLOR:#FF2968",))
    place = ("--user", "ada", "--calendar", "Old events")

    missing = caldavd("import", file, *place)
    made = caldavd("import", file, *place, "--create")
    again = caldavd("import", file, *place, "--create", "--json")

    assert missing.err == (
        "caldavd: ada has no calendar Old events: `caldavd calendar list ada` shows them\n"
    )
    assert (missing.status, made.status, counts(again)) == (1, 0, (0, 0, 1, 0))
    [row] = [r for r in caldavd("calendar", "list", "--json").json if r["name"] == "Old-events"]
    assert (row["display_name"], row["color"], row["objects"]) == ("Old events", "#FF2968", 1)


def test_what_is_exported_comes_back_the_same(caldavd: Shell, tmp_path: Path) -> None:
    file = tmp_path / "a.ics"
    file.write_bytes(events(250).encode())
    caldavd("import", file, *INTO_WORK)

    caldavd("export", *INTO_WORK, tmp_path / "out.ics")
    unchanged = caldavd("import", tmp_path / "out.ics", *INTO_WORK, "--json")
    elsewhere = caldavd(
        "import", tmp_path / "out.ics", "--user", "ada", "--calendar", "copy", "--create", "--json"
    )

    text = (tmp_path / "out.ics").read_bytes().decode()
    assert (counts(unchanged), counts(elsewhere)) == ((0, 0, 250, 0), (250, 0, 0, 0))
    assert (text.count("BEGIN:VTIMEZONE"), text.count("X-WR-CALNAME:work")) == (1, 1)


def test_all_calendars_of_a_user_make_a_zip_or_a_folder(caldavd: Shell, tmp_path: Path) -> None:
    caldavd("import", "-", *INTO_WORK, stdin=event(uid="1"))

    zipped = caldavd("export", "--user", "ada", tmp_path / "all.zip")
    folder = caldavd("export", "--user", "ada", tmp_path / "all")

    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    assert (zipped.status, folder.status) == (0, 0)
    assert sorted(texts) == ["calendar.ics", "tasks.ics", "work.ics"]
    assert texts == {path.name: path.read_bytes() for path in (tmp_path / "all").iterdir()}


def test_an_export_is_its_owners_alone(caldavd: Shell, tmp_path: Path) -> None:
    targets = [tmp_path / "ada.zip", tmp_path / "ada", tmp_path / "one.ics"]

    for target, one in zip(targets, ((), (), ("--calendar", "calendar")), strict=True):
        caldavd("export", "--user", "ada", *one, target)

    files = [targets[0], *targets[1].iterdir(), targets[2]]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_an_export_replaces_files_if_it_is_told_to(caldavd: Shell, tmp_path: Path) -> None:
    one, folder = tmp_path / "out.ics", tmp_path / "all"
    folder.mkdir()
    for file in (one, folder / "tasks.ics"):
        file.write_text("precious")
    asked = (("--calendar", "calendar", one), (folder,))

    refused = [caldavd("export", "--user", "ada", *which) for which in asked]
    kept = [one.read_text(), *(file.read_text() for file in folder.iterdir())]
    replaced = [caldavd("export", "--user", "ada", "--force", *which).status for which in asked]

    assert [(done.status, done.err) for done in refused] == [
        (FAILED, f"caldavd: {file} exists already: --force replaces it\n")
        for file in (one, folder / "tasks.ics")
    ]
    assert (kept, replaced) == (["precious", "precious"], [0, 0])
    assert {file.read_text()[:15] for file in (one, *folder.iterdir())} == {"BEGIN:VCALENDAR"}


def test_an_export_that_cannot_be_written_names_the_file_that_was_asked_for(
    caldavd: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "nowhere" / "ada.zip"

    done = caldavd("export", "--user", "ada", file)

    assert (done.status, done.err) == (
        FAILED,
        f"caldavd: cannot write {file}: No such file or directory\n",
    )


def test_an_export_that_fails_leaves_the_file_as_it_was(caldavd: Shell, tmp_path: Path) -> None:
    target = tmp_path / "out.ics"
    target.write_text("precious")

    done = caldavd("export", "--user", "ada", "--force", "--calendar", "nothing", target)

    assert (done.status, target.read_text()) == (1, "precious")
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_ten_thousand_events_take_little_memory_and_let_others_write(
    caldavd: Shell, location: Path | str, tmp_path: Path
) -> None:
    few, many = tmp_path / "few.ics", tmp_path / "many.ics"
    few.write_bytes(events(100).encode())
    many.write_bytes(events(MANY).encode())
    baseline_kib = _peak_kib(_start(few))
    importing = _start(many)

    waits_s = asyncio.run(_write_beside(location, importing))

    grown_kib = _peak_kib(importing) - baseline_kib
    assert importing.returncode == 0
    [row] = [r for r in caldavd("calendar", "list", "--json").json if r["name"] == "work"]
    assert row["objects"] == MANY + len(waits_s)
    assert len(waits_s) >= 5
    assert max(waits_s) < WAIT_S
    assert grown_kib < GROWTH_KIB


def _start(file: Path) -> subprocess.Popen[str]:
    """An import in a process of its own, which prints the most memory that it ever had, in KiB."""
    program = (
        "import sys, re\n"
        "from caldavd.cli.main import run\n"
        "status = run(sys.argv[1:])\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
        "sys.exit(status)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, "import", str(file), *INTO_WORK],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def _peak_kib(process: subprocess.Popen[str]) -> int:
    out, _ = process.communicate(timeout=120)
    return int(out.splitlines()[-1])


async def _write_beside(location: Path | str, other: subprocess.Popen[str]) -> list[float]:
    """Writes events to the calendar until the other process ends; how long each one took."""
    db = await connect(location, pool_size=2, synchronous="normal")
    waits_s: list[float] = []
    try:
        while other.poll() is None:
            started = time.monotonic()
            await _put_mine(db, len(waits_s))
            waits_s.append(time.monotonic() - started)
            await asyncio.sleep(0.1)
    finally:
        await db.close()
    return waits_s


async def _put_mine(db: Database, number: int) -> None:
    document = parse(event(uid=f"mine-{number}").encode())

    async def work(tx: WriteTx) -> None:
        calendar_ = await named.calendar(tx, await named.account(tx, "ada"), "work")
        [locked] = await collections.lock(tx, calendar_.id)
        await put(tx, Place(locked, f"mine-{number}.ics", None), document, 1, 0)

    await db.write(work)


async def _write(location: Path | str, work: object) -> None:
    db = await connect(location, pool_size=1)
    try:
        await db.write(work)  # type: ignore[arg-type]
    finally:
        await db.close()
