"""What is removed for good after its time, and what is not."""

from __future__ import annotations

import asyncio

import pytest

from caldavd.model import Collection, Kind, Lock, Place, Stored
from caldavd.service import accounts, calendars
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.store import (
    changes,
    collections,
    ids,
    locks,
    mails,
    objects,
    properties,
    scheduling,
    tasks,
)
from caldavd.store.changes import Span
from caldavd.store.engine import Database, ReadTx, WriteTx
from caldavd.store.mails import Kept, Mailed
from caldavd.store.tasks import Message, State
from caldavd.workers import prune
from caldavd.workers.prune import DAY_S, Keep, Pruned

NOW = 1_800_000_000
KEEP = Keep(trash_days=30, removals_days=180)
DAYS_AGO_31 = NOW - 31 * DAY_S
DAYS_AGO_29 = NOW - 29 * DAY_S


@pytest.fixture
async def home(db: Database) -> Collection:
    """The calendar home of a new account that has no calendar."""

    async def work(tx: WriteTx) -> Collection:
        defaults = Defaults(calendar_name="", tasks_name="")
        ann = await accounts.create(tx, NewAccount("ann"), None, defaults, NOW)
        found = await collections.by_name(tx, ann.id, "")
        assert found is not None
        return found

    return await db.write(work)


async def trashed(db: Database, home: Collection, name: str, at: int, size: int) -> Collection:
    """A calendar with so many objects, that was deleted then."""

    async def work(tx: WriteTx) -> Collection:
        made = await calendars.create(tx, home, name, ("VEVENT",), at)
        for number in range(size):
            await add(tx, made, f"{number}.ics", at)
        await calendars.trash(tx, home, made, at)
        return made

    return await db.write(work)


async def add(tx: WriteTx, to: Collection, name: str, at: int) -> Stored:
    new = Stored(ids.new(), to.owner_id, to.id, name, f"{name}@x", "VEVENT", "e", 1, at, at)
    await objects.insert_(tx, new, "X", (None, None))
    await changes.record(tx, to, name, at, deleted=False, grown_bytes=1)
    await properties.set_(tx, to.owner_id, new.id, 0, "{x:}y", "<y xmlns='x:'/>")
    return new


async def remove(tx: WriteTx, of: Collection, stored: Stored, at: int) -> int:
    await objects.delete_(tx, stored.id)
    return await changes.record(tx, of, stored.name, at, deleted=True)


async def names_in_trash(db: Database, home: Collection) -> list[str]:
    return [one.name for one in await db.read(lambda tx: collections.trashed(tx, home.owner_id))]


async def test_a_calendar_lies_in_the_trash_for_its_time(db: Database, home: Collection) -> None:
    await trashed(db, home, "old", DAYS_AGO_31, 3)
    await trashed(db, home, "new", DAYS_AGO_29, 3)

    assert await prune.prune(db, KEEP, NOW) == Pruned(calendars=1, removals=0)
    assert await names_in_trash(db, home) == ["new"]


async def test_nothing_of_a_purged_calendar_is_left(
    db: Database, home: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prune, "OBJECTS_AT_ONCE", 4)
    old = await trashed(db, home, "old", DAYS_AGO_31, 10)
    members = await db.read(lambda tx: objects.members(tx, old.id))

    await prune.prune(db, KEEP, NOW)

    async def left(tx: ReadTx) -> tuple[object, ...]:
        held = [old.id, *(one.id for one in members)]
        return (
            await collections.by_ids(tx, [old.id]),
            await objects.members(tx, old.id),
            await properties.of(tx, held, old.owner_id, old.owner_id),
        )

    assert len(members) == 10
    assert await db.read(left) == ({}, [], {})


async def test_a_calendar_that_is_being_purged_cannot_be_restored(
    db: Database, home: Collection
) -> None:
    old = await trashed(db, home, "old", DAYS_AGO_31, 10)
    before = NOW - 30 * DAY_S

    assert await db.write(lambda tx: prune._purge_some(tx, old.id, before))

    assert await names_in_trash(db, home) == []


async def test_a_restored_calendar_is_left_alone(db: Database, home: Collection) -> None:
    old = await trashed(db, home, "old", DAYS_AGO_31, 2)
    await db.write(lambda tx: calendars.restore(tx, home, old, NOW))

    assert not await db.write(lambda tx: prune._purge_some(tx, old.id, NOW))

    assert await db.read(lambda tx: objects.count(tx, old.id)) == 2


async def test_an_interrupted_purge_is_finished_next_time(db: Database, home: Collection) -> None:
    old = await trashed(db, home, "old", DAYS_AGO_31, 2)
    await db.write(lambda tx: prune._purge_some(tx, old.id, NOW))

    await prune.prune(db, KEEP, NOW)

    assert await db.read(lambda tx: collections.by_ids(tx, [old.id])) == {}


@pytest.mark.rfc("6578 3.2")
async def test_old_removals_are_forgotten_and_raise_the_floor(
    db: Database, home: Collection
) -> None:
    async def work(tx: WriteTx) -> tuple[Collection, int]:
        made = await calendars.create(tx, home, "work", ("VEVENT",), NOW)
        stored = [await add(tx, made, f"{number}.ics", NOW) for number in range(4)]
        await remove(tx, made, stored[0], NOW - 190 * DAY_S)
        last = await remove(tx, made, stored[1], NOW - 181 * DAY_S)
        await remove(tx, made, stored[2], NOW - 179 * DAY_S)
        return made, last

    made, last = await db.write(work)

    assert (await prune.prune(db, KEEP, NOW)).removals == 2

    async def after(tx: ReadTx) -> tuple[int, list[str]]:
        found = (await collections.by_ids(tx, [made.id]))[made.id]
        log = await changes.since(tx, made.id, Span(0, found.revision, 0), 100)
        return found.floor, [change.name for change in log if change.stored is None]

    assert await db.read(after) == (last, ["2.ics"])


async def test_a_member_that_came_back_is_no_removal(db: Database, home: Collection) -> None:
    async def work(tx: WriteTx) -> Collection:
        made = await calendars.create(tx, home, "work", ("VEVENT",), NOW)
        stored = await add(tx, made, "a.ics", NOW)
        await remove(tx, made, stored, NOW - 181 * DAY_S)
        await add(tx, made, "a.ics", NOW - 181 * DAY_S)
        return made

    made = await db.write(work)

    assert await prune.prune(db, KEEP, NOW) == Pruned(0, 0)
    assert (await db.read(lambda tx: collections.by_ids(tx, [made.id])))[made.id].floor == 0


async def test_several_processes_prune_at_once(
    db: Database, home: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prune, "OBJECTS_AT_ONCE", 2)
    for number in range(3):
        await trashed(db, home, f"old{number}", DAYS_AGO_31, 5)

    await asyncio.gather(*(prune.prune(db, KEEP, NOW) for _ in range(4)))

    assert await names_in_trash(db, home) == []
    assert await db.read(lambda tx: collections.expired(tx, NOW)) == []


async def test_locks_whose_time_is_over_are_removed(db: Database, home: Collection) -> None:
    def lock(token: str, expires_at: int) -> Lock:
        place = Place(home.id)
        return Lock(
            token, home.owner_id, place, True, True, False, home.owner_id, "/", "", expires_at
        )

    async def work(tx: WriteTx) -> None:
        await locks.insert_(tx, lock("urn:old", NOW))
        await locks.insert_(tx, lock("urn:new", NOW + 1))

    await db.write(work)

    assert (await prune.prune(db, KEEP, NOW)).locks == 1
    assert await db.read(lambda tx: locks.of_owners(tx, [home.owner_id], 0)) == [
        lock("urn:new", NOW + 1)
    ]


@pytest.mark.rfc("6638 2.2")
async def test_old_messages_leave_the_inbox_and_synchronisation_tells(
    db: Database, home: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fill(tx: WriteTx) -> tuple[Collection, Collection]:
        boxes = await scheduling.boxes(tx, [home.owner_id])
        work = await calendars.create(tx, home, "work", ("VEVENT",), NOW)
        inbox = boxes[home.owner_id, Kind.INBOX]
        for place in (work, inbox):
            for number in range(3):
                await add(tx, place, f"old{number}.ics", DAYS_AGO_31)
            await add(tx, place, "new.ics", DAYS_AGO_29)
        return work, inbox

    async def left(tx: ReadTx) -> tuple[list[str], list[str], list[str]]:
        found = [await objects.members(tx, one.id) for one in (work, inbox)]
        upto = (await collections.by_ids(tx, [inbox.id]))[inbox.id].revision
        log = await changes.since(tx, inbox.id, Span(0, upto, 0), 100)
        gone = sorted(one.name for one in log if one.stored is None)
        return *(sorted(one.name for one in of) for of in found), gone

    monkeypatch.setattr(prune, "OBJECTS_AT_ONCE", 2)
    work, inbox = await db.write(fill)
    old = ["old0.ics", "old1.ics", "old2.ics"]

    kept = await prune.prune(db, Keep(inbox_days=0), NOW)
    pruned = await prune.prune(db, Keep(), NOW)

    assert (kept.messages, pruned.messages) == (0, 3)
    assert await db.read(left) == (["new.ics", *old], ["new.ics"], old)


async def test_a_run_removes_so_many_messages_and_the_next_one_goes_on(
    db: Database, home: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fill(tx: WriteTx) -> None:
        inbox = (await scheduling.boxes(tx, [home.owner_id]))[home.owner_id, Kind.INBOX]
        for number in range(5):
            await add(tx, inbox, f"{number}.ics", DAYS_AGO_31)

    monkeypatch.setattr(prune, "OBJECTS_AT_ONCE", 2)
    monkeypatch.setattr(prune, "MESSAGES_A_RUN", 4)
    await db.write(fill)

    assert [(await prune.prune(db, Keep(), NOW)).messages for _ in range(3)] == [4, 1, 0]


async def test_what_was_mailed_and_what_came_is_forgotten(db: Database, home: Collection) -> None:
    async def fill(tx: WriteTx) -> None:
        for age in (399, 401):
            await mails.note_sent(tx, [Mailed(home.owner_id, "t", str(age), NOW - age * DAY_S)])
        for age in (29, 31):
            await mails.keep(tx, Kept(ids.new(), NOW - age * DAY_S, "", f"{age} days", ""))

    await db.write(fill)
    pruned = await prune.prune(db, Keep(), NOW)

    sent = await db.read(lambda tx: mails.sent(tx, [home.owner_id], ["t"]))
    kept = await db.read(mails.kept)
    assert pruned.mails == 2
    assert ([one.digest for one in sent], [one.reason for one in kept]) == (["399"], ["29 days"])


async def test_messages_that_were_delivered_go_and_tasks_that_were_given_up(
    db: Database, home: Collection
) -> None:
    days_ago_91 = NOW - 91 * DAY_S
    old, given_up, fresh, waiting = (
        Message(ids.new(), "u", "REQUEST", "mailto:a@example.org", "text", at)
        for at in (NOW - 61 * DAY_S, days_ago_91, NOW - 59 * DAY_S, days_ago_91)
    )
    dead = tasks.new(tasks.ITIP, home.owner_id, days_ago_91, given_up.id)
    dead = dead._replace(state=State.DEAD)
    late = tasks.new(tasks.ITIP, home.owner_id, days_ago_91, waiting.id)

    async def fill(tx: WriteTx) -> None:
        for one in (old, given_up, fresh, waiting):
            await tasks.add_message(tx, one)
        await tasks.add(tx, [dead, late])

    await db.write(fill)
    pruned = await prune.prune(db, KEEP, NOW)

    left = await db.read(lambda tx: tasks.messages(tx, [old.id, given_up.id, fresh.id, waiting.id]))
    assert (pruned, left) == (Pruned(0, 0, deliveries=3), {fresh.id: fresh, waiting.id: waiting})
    assert await db.read(tasks.counts) == {(tasks.ITIP, State.WAITING): 1}
