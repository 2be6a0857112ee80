"""The index is kept ahead of time, and made anew when what it was computed with has changed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import bindparam, update

from caldavd import zonedata
from caldavd.dav.server import Server
from caldavd.service import reindex
from caldavd.service.reindex import Noted, State, Version, Waiting
from caldavd.store import check, indexing
from caldavd.store.check import Indexed
from caldavd.store.engine import Database, ReadTx, WriteTx
from caldavd.store.tables import calendar_object
from caldavd.workers.reindex import Reindexer
from tests.protocol.client import Client, query
from tests.unit.builders import event

_SPOIL: Final = (
    update(calendar_object)
    .where(calendar_object.c.name == bindparam("of_name"))
    .values(content="BEGIN:VCALENDAR")
)
WEEKLY: Final = event(uid="w", start="Europe/Berlin:20260105T090000", rrule="FREQ=WEEKLY")
ROOT: Final = Path(__file__).parents[2]


def at(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


@dataclass
class Time:
    """A clock that tests set."""

    now: int

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time(at(2026, 11, 21))


@pytest.fixture
def server(server: Server, time: Time) -> Server:
    """A server that lives by the clock of the test."""
    return replace(server, clock=time)


@pytest.fixture
def reindexer(db: Database, time: Time) -> Reindexer:
    return Reindexer(db, time, zonedata.version, rest=0)


async def spoil(db: Database, name: str) -> None:
    """Makes the text of an object unreadable: whoever finds the object has not read it."""
    await db.write(lambda tx: tx.run(_SPOIL, of_name=name))


async def found(client: Client, path: str, start: str, end: str) -> list[str]:
    window = f'<C:time-range start="{start}T000000Z" end="{end}T000000Z"/>'
    filter_ = f'<C:comp-filter name="VEVENT">{window}</C:comp-filter>'
    answer = await client("REPORT", path, query(filter_), Depth="1")
    assert answer.status == 207
    return [href.rpartition("/")[2] for href in answer.hrefs]


async def indexed(db: Database) -> dict[str, Indexed]:
    """What the index holds, by the names of objects."""

    async def work(tx: ReadTx) -> dict[str, Indexed]:
        ids = [id_ for id_, _ in await indexing.page(tx, 0, 1_000)]
        rows = await check.indexed(tx, ids)
        return {one.stored.name: rows[one.stored.id] for one in await indexing.held(tx, ids)}

    return await db.read(work)


async def states(db: Database) -> State:
    return (await db.read(reindex.noted)).state


async def set_state(db: Database, state: State) -> None:
    async def work(tx: WriteTx) -> Noted | None:
        return await reindex.note(tx, await reindex.noted(tx), state)

    assert await db.write(work) is not None


@pytest.mark.rfc("4791 7.8")
async def test_an_endless_series_is_found_by_its_index_years_after_it_was_put(
    db: Database, ann: Client, calendar: str, time: Time, reindexer: Reindexer
) -> None:
    await ann.put(calendar + "w.ics", WEEKLY)
    time.now = at(2027, 12, 1)

    await reindexer.work()

    await spoil(db, "w.ics")
    assert await found(ann, calendar, "20291101", "20291108") == ["w.ics"]


async def test_nothing_that_a_client_sees_changes(
    ann: Client, calendar: str, time: Time, reindexer: Reindexer
) -> None:
    await ann.put(calendar + "w.ics", WEEKLY)
    names = ("D:getetag", "D:getlastmodified", "CS:getctag", "D:sync-token")
    before = (await ann.propfind(calendar, *names, depth="1")).body
    time.now = at(2027, 12, 1)

    await reindexer.work()

    assert reindexer.progress.outcomes == {"changed": 1}
    assert (await ann.propfind(calendar, *names, depth="1")).body == before


async def test_an_index_that_reaches_far_enough_is_left_alone(
    db: Database, ann: Client, calendar: str, time: Time, reindexer: Reindexer
) -> None:
    await ann.put(calendar + "w.ics", WEEKLY)
    await ann.put(calendar + "once.ics", event(uid="once"))
    await reindexer.work()
    before, reindexer.progress.outcomes = await indexed(db), type(reindexer.progress.outcomes)()
    time.now = at(2027, 6, 1)

    await reindexer.work()

    assert (await indexed(db), reindexer.progress.outcomes) == (before, {})


async def test_what_cannot_reach_farther_is_asked_once_a_day(
    ann: Client, calendar: str, time: Time, reindexer: Reindexer
) -> None:
    hourly = event(uid="h", start="20261122T090000Z", rrule="FREQ=HOURLY")
    await ann.put(calendar + "h.ics", hourly)

    for _ in range(3):
        await reindexer.work()
    looked_once = reindexer.progress.outcomes.total()
    time.now += reindex.EVERY_S
    await reindexer.work()

    assert (looked_once, reindexer.progress.outcomes.total()) == (1, 2)


async def test_a_text_that_cannot_be_read_is_told_once_and_stops_nothing(
    db: Database,
    ann: Client,
    calendar: str,
    time: Time,
    reindexer: Reindexer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await ann.put(calendar + "bad.ics", event(uid="bad", rrule="FREQ=WEEKLY"))
    await ann.put(calendar + "w.ics", WEEKLY)
    await spoil(db, "bad.ics")
    before = (await indexed(db))["bad.ics"]

    for year in (2027, 2028):
        time.now = at(year, 12, 1)
        await reindexer.work()

    assert reindexer.progress.outcomes == {"changed": 2, "failed": 2}
    assert (await indexed(db))["bad.ics"] == before
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == [
        "object cannot be indexed anew"
    ]


async def test_an_object_that_was_changed_meanwhile_is_left_alone(
    db: Database, ann: Client, calendar: str, time: Time
) -> None:
    await ann.put(calendar + "w.ics", WEEKLY)
    time.now = at(2027, 12, 1)
    ((id_, _),) = await db.read(lambda tx: indexing.page(tx, 0, 10))
    (due,) = await db.read(lambda tx: reindex.due(tx, [id_]))
    made = reindex.make(due, time.now, zones_alone=False)
    await ann.put(calendar + "w.ics", event(uid="w", start="20260106T070000Z", rrule="FREQ=WEEKLY"))
    after = await indexed(db)

    outcome = await db.write(lambda tx: reindex.write(tx, made))

    assert outcome is reindex.Outcome.OVERTAKEN
    assert await indexed(db) == after


async def test_an_object_that_was_moved_meanwhile_is_left_alone(
    db: Database, ann: Client, calendar: str, time: Time
) -> None:
    await ann.put(calendar + "w.ics", WEEKLY)
    time.now = at(2027, 12, 1)
    ((id_, _),) = await db.read(lambda tx: indexing.page(tx, 0, 10))
    (due,) = await db.read(lambda tx: reindex.due(tx, [id_]))
    made = reindex.make(due, time.now, zones_alone=False)
    destination = f"https://cal.example.org{ann.home}calendar/w.ics"
    moved = await ann("MOVE", calendar + "w.ics", Destination=destination)
    assert moved.status == 201

    outcome = await db.write(lambda tx: reindex.write(tx, made))

    assert outcome is reindex.Outcome.OVERTAKEN


async def test_puts_and_several_workers_at_once_leave_the_index_of_the_last_text(
    db: Database, ann: Client, calendar: str, time: Time
) -> None:
    for number in range(12):
        await ann.put(f"{calendar}{number}.ics", WEEKLY.replace("UID:w", f"UID:{number}"))
    time.now = at(2027, 12, 1)
    later = WEEKLY.replace("T090000", "T110000")
    puts = [
        ann.put(f"{calendar}{number}.ics", later.replace("UID:w", f"UID:{number}"))
        for number in range(0, 12, 2)
    ]
    workers = [Reindexer(db, time, zonedata.version, rest=0) for _ in range(3)]

    await asyncio.gather(*puts, *(worker.work() for worker in workers))

    held = await indexed(db)
    hours = {name: {row[0] // 3_600 % 24 for row in one.rows} for name, one in held.items()}
    assert hours == {f"{n}.ics": {9, 10} if n % 2 == 0 else {7, 8} for n in range(12)}
    assert sum(worker.progress.outcomes.total() > 0 for worker in workers) == 1


# --- Another zone database, other rules ---


@pytest.fixture
def other_zones(tmp_path: Path) -> Iterator[Path]:
    """A zone database in which Berlin has the time of Tokyo, for when it is made the first."""
    place = tmp_path / "zones"
    (place / "Europe").mkdir(parents=True)
    tokyo = next(Path(one, "Asia/Tokyo") for one in zoneinfo.TZPATH if Path(one, "Asia").is_dir())
    shutil.copy(tokyo, place / "Europe" / "Berlin")
    before = zoneinfo.TZPATH
    yield place
    zoneinfo.reset_tzpath(before)
    reindex.forget_zones()


@pytest.mark.rfc("5545 3.3.5")
async def test_a_new_zone_database_moves_the_instances_that_name_its_zones(
    db: Database, ann: Client, calendar: str, reindexer: Reindexer, other_zones: Path
) -> None:
    once = event(
        uid="o", start="Europe/Berlin:20270105T090000", end="Europe/Berlin:20270105T100000"
    )
    await ann.put(calendar + "w.ics", WEEKLY)
    await ann.put(calendar + "once.ics", once)
    await ann.put(calendar + "utc.ics", event(uid="utc"))
    await reindexer.work()
    zoneinfo.reset_tzpath([str(other_zones), *zoneinfo.TZPATH])

    await reindexer.work()  # finds that it is there
    await reindexer.work()  # acts upon it

    midnight = datetime(2027, 1, 5, tzinfo=UTC).timestamp()
    assert reindexer.progress.outcomes == {"same": 4, "changed": 2}
    assert [row[0] for row in (await indexed(db))["once.ics"].rows] == [midnight]
    assert (await states(db)).version == Version(reindex.RULES, zonedata.version())


async def test_the_index_of_a_database_that_says_nothing_of_it_is_made_anew(
    db: Database, ann: Client, calendar: str, reindexer: Reindexer
) -> None:
    await ann.put(calendar + "utc.ics", event(uid="utc"))
    right = await indexed(db)
    await db.write(lambda tx: tx.run(check.occurrence.delete()))

    await reindexer.work()

    assert await indexed(db) == right


async def test_other_rules_of_ours_make_every_index_anew(
    db: Database, ann: Client, calendar: str, reindexer: Reindexer
) -> None:
    await ann.put(calendar + "utc.ics", event(uid="utc"))
    right = await indexed(db)
    await db.write(lambda tx: tx.run(check.occurrence.delete()))
    await set_state(db, State(version=Version(0, zonedata.version())))

    await reindexer.work()

    assert await indexed(db) == right


async def test_two_zone_databases_do_not_rebuild_each_others_index_for_ever(
    db: Database, ann: Client, calendar: str, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    await ann.put(calendar + "w.ics", WEEKLY)
    ours = Reindexer(db, time, lambda: "ours", rest=0)
    theirs = Reindexer(db, time, lambda: "theirs", rest=0)

    for _ in range(3):
        await ours.work()
        await theirs.work()

    assert (await states(db)).version == Version(reindex.RULES, "theirs")
    assert ours.progress.outcomes.total() == 1
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == [
        "another process has another zone database"
    ]


KILLED: Final = """
import asyncio, os, signal, sys
from pathlib import Path
from caldavd.service import reindex
from caldavd.store.connect import connect
from caldavd.workers.reindex import Reindexer

left = 12

def clock():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return int(sys.argv[2])

async def main():
    place = sys.argv[1]
    db = await connect(place if "://" in place else Path(place), synchronous="off")
    await Reindexer(db, clock, lambda: "other zones", rest=0).work()

reindex.GROUP_OBJECTS = 1
asyncio.run(main())
"""


async def test_whoever_comes_after_one_that_was_killed_goes_on_where_it_ended(
    db: Database, ann: Client, calendar: str, time: Time, location: Path | str
) -> None:
    for number in range(8):
        await ann.put(f"{calendar}{number}.ics", WEEKLY.replace("UID:w", f"UID:{number}"))
    arguments = [sys.executable, "-c", KILLED, str(location), str(time.now)]
    killed = await asyncio.to_thread(
        subprocess.run, arguments, cwd=ROOT, env=dict(os.environ), check=False
    )
    with_ = Version(reindex.RULES, "other zones")
    left = await db.read(lambda tx: reindex.waiting(tx, with_, time.now))
    second = Reindexer(db, time, lambda: "other zones", rest=0)

    await second.work()  # it may be alive
    time.now += reindex.HELD_S
    await second.work()

    assert killed.returncode == -signal.SIGKILL
    assert (left.objects, 0 < left.rebuild < 8) == (8, True)
    assert second.progress.outcomes.total() == left.rebuild
    assert (await states(db)).version == with_


# --- What is to be seen ---


async def test_how_many_objects_wait_is_told(
    db: Database, ann: Client, calendar: str, time: Time
) -> None:
    await ann.put(calendar + "w.ics", WEEKLY)
    await ann.put(calendar + "utc.ics", event(uid="utc"))
    state = State(version=Version(reindex.RULES, "old"))
    await set_state(db, state)
    time.now = at(2027, 12, 1)
    with_ = Version(reindex.RULES, "new")

    waiting = await db.read(lambda tx: reindex.waiting(tx, with_, time.now))

    assert waiting == Waiting(state, objects=2, rebuild=2, near=1)


async def test_a_note_that_cannot_be_read_says_nothing(db: Database) -> None:
    for text in ("", "[]", '{"version": 7}', "{"):
        before = await db.read(indexing.state)
        assert await db.write(lambda tx, old=before, new=text: indexing.swap_state(tx, old, new))

        assert await db.read(reindex.noted) == Noted(State(), text)


async def test_of_two_notes_at_once_the_first_counts(db: Database) -> None:
    none = await db.read(reindex.noted)

    first = await db.write(lambda tx: reindex.note(tx, none, State(holder="a")))
    second = await db.write(lambda tx: reindex.note(tx, none, State(holder="b")))

    assert (first is not None, second) == (True, None)
    assert (await states(db)).holder == "a"
