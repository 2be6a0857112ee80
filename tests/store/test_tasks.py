"""Tasks: claimed by one at a time, done at least once, whoever ends in between."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.store import ids, principals, queue, tasks
from caldavd.store.connect import connect
from caldavd.store.engine import Database, WriteTx
from caldavd.store.tasks import ITIP, MAIL, Message, State, Task

NOW = 1_800_000_000
LEASE_S = 60


@pytest.fixture
async def owner_id(db: Database) -> int:
    async def make(tx: WriteTx) -> int:
        return (await accounts.create(tx, NewAccount("ann"), None, Defaults(), NOW)).id

    return await db.write(make)


async def add(db: Database, owner_id: int, count: int, kind: str = ITIP) -> list[Task]:
    """Tasks that are due one second after the other, from NOW on."""
    new = [tasks.new(kind, owner_id, NOW + number) for number in range(count)]
    await db.write(lambda tx: tasks.add(tx, new))
    return new


async def claim(db: Database, now: int, limit: int = 10, kind: str = ITIP) -> list[Task]:
    return await db.write(lambda tx: tasks.claim(tx, kind, now, LEASE_S, limit))


async def test_what_is_due_is_claimed_oldest_first(db: Database, owner_id: int) -> None:
    new = await add(db, owner_id, 4)
    await add(db, owner_id, 1, MAIL)

    found = await claim(db, NOW + 2, limit=2)

    assert {one.id for one in found} == {new[0].id, new[1].id}
    assert {(one.due_at, one.attempts) for one in found} == {(NOW + 2 + LEASE_S, 1)}
    assert [one.id for one in await claim(db, NOW + 2)] == [new[2].id]
    assert await claim(db, NOW + 2) == []


async def test_what_nobody_finished_is_claimed_again(db: Database, owner_id: int) -> None:
    (new,) = await add(db, owner_id, 1)
    (first,) = await claim(db, NOW)

    assert await claim(db, NOW + LEASE_S - 1) == []
    (second,) = await claim(db, NOW + LEASE_S)
    assert (first.id, second.id, second.attempts) == (new.id, new.id, 2)


async def test_what_is_done_is_gone(db: Database, owner_id: int) -> None:
    await add(db, owner_id, 2)
    found = await claim(db, NOW + 1)

    await db.write(lambda tx: tasks.done(tx, [one.id for one in found]))

    assert await db.read(tasks.counts) == {}


async def test_what_failed_waits_for_its_time(db: Database, owner_id: int) -> None:
    await add(db, owner_id, 1)
    (of,) = await claim(db, NOW)

    kept = await db.write(lambda tx: tasks.failed(tx, of, NOW, "no route", NOW + 600))

    assert kept
    assert await claim(db, NOW + 599) == []
    (again,) = await claim(db, NOW + 600)
    assert (again.attempts, again.error) == (2, "no route")


async def test_what_failed_for_good_is_kept_and_never_claimed(db: Database, owner_id: int) -> None:
    await add(db, owner_id, 2)
    of, _ = await claim(db, NOW + 1)

    await db.write(lambda tx: tasks.failed(tx, of, NOW, "550", None))

    assert [one.id for one in await claim(db, NOW + 10_000)] != [of.id]
    assert await db.read(tasks.counts) == {(ITIP, State.WAITING): 1, (ITIP, State.DEAD): 1}


async def test_who_was_too_slow_does_not_fail_what_another_has(db: Database, owner_id: int) -> None:
    await add(db, owner_id, 1)
    (slow,) = await claim(db, NOW)
    (quick,) = await claim(db, NOW + LEASE_S)

    kept = await db.write(lambda tx: tasks.failed(tx, slow, NOW + LEASE_S, "late", None))

    assert not kept
    assert await db.write(lambda tx: tasks.failed(tx, quick, NOW, "", NOW + LEASE_S)) is True
    assert await db.read(tasks.counts) == {(ITIP, State.WAITING): 1}


async def test_what_its_sender_left_before_is_taken_with_a_task(
    db: Database, owner_id: int
) -> None:
    spelled = (("u", "a"), ("other", "a"), ("u", "b"), ("u", "a"), ("u", "a"))
    about = [
        Message(ids.new(), uid, "REQUEST", f"mailto:{sender}@example.org", "text", NOW)
        for uid, sender in spelled
    ]
    numbers = ids.many(len(about))
    new = [
        tasks.new(ITIP, owner_id, NOW, one.id)._replace(id=id_)
        for one, id_ in zip(about, numbers, strict=True)
    ]

    async def fill(tx: WriteTx) -> None:
        for one in about:
            await tasks.add_message(tx, one)
        await tasks.add(tx, new)

    await db.write(fill)
    taken = await db.write(lambda tx: tasks.take(tx, new[3], about[3]))
    again = await db.write(lambda tx: tasks.take(tx, new[3], about[3]))

    assert taken == [(new[0], about[0]), (new[3], about[3])]
    assert again == []
    assert await db.read(tasks.counts) == {(ITIP, State.WAITING): 3}


async def test_messages_go_once_nothing_is_about_them(db: Database, owner_id: int) -> None:
    held, free, fresh = (
        Message(ids.new(), "u", "REQUEST", "mailto:a@example.org", "text", at)
        for at in (NOW, NOW, NOW + 9)
    )

    async def fill(tx: WriteTx) -> None:
        for one in (held, free, fresh):
            await tasks.add_message(tx, one)
        await tasks.add(tx, [tasks.new(ITIP, owner_id, NOW, held.id)])

    await db.write(fill)
    forgotten = await db.write(lambda tx: tasks.forget_messages(tx, NOW + 5, 10))

    left = await db.read(lambda tx: tasks.messages(tx, [held.id, free.id, fresh.id]))
    assert (forgotten, left) == (1, {held.id: held, fresh.id: fresh})


async def test_tasks_go_with_their_owner(db: Database, owner_id: int) -> None:
    await add(db, owner_id, 3)

    await db.write(lambda tx: principals.remove(tx, owner_id))

    assert await db.read(tasks.counts) == {}


async def test_of_many_who_claim_at_once_each_task_has_one(
    db: Database, location: Path | str, owner_id: int
) -> None:
    new = await add(db, owner_id, 200)
    others = [await connect(location, pool_size=2, synchronous="off") for _ in range(3)]

    async def drain(of: Database) -> list[int]:
        mine: list[int] = []
        while found := await claim(of, NOW + 200, limit=7):
            mine += [one.id for one in found]
            await of.write(lambda tx, found=found: tasks.done(tx, [one.id for one in found]))
        return mine

    claimed = await asyncio.gather(*(drain(of) for of in (*others, *others, db)))
    for of in others:
        await of.close()

    assert sorted(id_ for mine in claimed for id_ in mine) == sorted(one.id for one in new)
    assert await db.read(tasks.counts) == {}


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_who_claims_does_not_wait_for_another_who_does(db: Database, owner_id: int) -> None:
    await add(db, owner_id, 4)
    holds, goes_on = asyncio.Event(), asyncio.Event()

    async def hold(tx: WriteTx) -> list[Task]:
        found = await tasks.claim(tx, ITIP, NOW + 9, LEASE_S, 3)
        holds.set()
        await goes_on.wait()
        return found

    holding = asyncio.create_task(db.write(hold))
    await holds.wait()
    async with asyncio.timeout(5):
        mine = await claim(db, NOW + 9)
    goes_on.set()

    held = await holding
    assert (len(held), len(mine)) == (3, 1)
    assert {one.id for one in held}.isdisjoint(one.id for one in mine)


async def test_all_that_failed_are_tried_again_and_what_is_done_now_is_left(
    db: Database, owner_id: int
) -> None:
    dead, put_off, _ = await add(db, owner_id, 3)
    for one in await claim(db, NOW + 1):
        retry_at = NOW + 900 if one.id == put_off.id else None
        await db.write(lambda tx, one=one, at=retry_at: tasks.failed(tx, one, NOW, "no", at))
    await claim(db, NOW + 2)

    changed = await db.write(lambda tx: queue.retry_all(tx, NOW + 3))

    assert changed == 2
    assert {one.id for one in await claim(db, NOW + 3)} == {dead.id, put_off.id}
