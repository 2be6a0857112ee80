"""Database, ReadTx, WriteTx: what both engines promise alike."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, text, update

from caldavd.store.connect import connect
from caldavd.store.engine import Conflict, Database, Full, ReadTx, Unavailable, WriteTx
from caldavd.store.postgresql import ATTEMPTS
from caldavd.store.sqlite import READERS
from caldavd.store.statement import In
from caldavd.store.tables import address, principal, setting

ADD = insert(setting).values(name=bindparam("name"), value=bindparam("value"))
CHANGE = (
    update(setting).where(setting.c.name == bindparam("key")).values(value=bindparam("new_value"))
)
REMOVE = delete(setting)
NAMES = select(setting.c.name).order_by(setting.c.name)
AMONG = select(setting.c.name).where(In(setting.c.name, "names")).order_by(setting.c.name)
VALUE = select(setting.c.value).where(setting.c.name == bindparam("key"))
LOCK = VALUE.with_for_update()
ORPHAN = insert(address).values(address="a@example.com", principal_id=1, position=0)
PRINCIPAL = insert(principal).values(
    id=bindparam("id"),
    kind="user",
    name=bindparam("name"),
    display_name="Ada",
    uuid="u",
    password_hash=None,
    auth_revision=0,
    created_at=0,
)
PASSWORDS = select(principal.c.id, principal.c.password_hash).where(In(principal.c.id, "ids"))
SERIALIZATION_FAILURE = text("DO $$ BEGIN RAISE serialization_failure; END $$")
ENDLESS = text("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT count(*) FROM c")
SOON_S = 10

only_postgresql = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
only_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Stop(Exception):
    """Raised by a test's own work."""


def add(*names: str) -> Callable[[WriteTx], Awaitable[None]]:
    async def work(tx: WriteTx) -> None:
        for name in names:
            await tx.run(ADD, name=name, value="")

    return work


async def names(tx: ReadTx) -> list[str]:
    return [row[0] for row in await tx.all(NAMES)]


async def test_a_write_that_returned_is_seen_by_the_next_read(db: Database) -> None:
    await db.write(add("a"))

    assert await db.read(names) == ["a"]


async def test_what_the_work_returns_is_the_answer(db: Database) -> None:
    async def work(tx: WriteTx) -> tuple[int, int]:
        await tx.run(ADD, name="a", value="old")
        changed = await tx.run(CHANGE, key="a", new_value="new")
        return changed, await tx.run(CHANGE, key="nobody", new_value="new")

    assert await db.write(work) == (1, 0)


async def test_one_is_the_first_row_or_none(db: Database) -> None:
    async def first(tx: ReadTx) -> Any:
        return await tx.one(NAMES)

    nothing = await db.read(first)
    await db.write(add("a", "b"))
    row = await db.read(first)

    assert (nothing, tuple(row)) == (None, ("a",))


async def test_a_read_sees_one_state_whatever_is_committed_meanwhile(db: Database) -> None:
    await db.write(add("a"))
    looked = asyncio.Event()
    written = threading.Event()
    loop = asyncio.get_running_loop()

    async def twice(tx: ReadTx) -> tuple[list[str], list[str]]:
        before = await names(tx)
        loop.call_soon_threadsafe(looked.set)
        await tx.offload(written.wait, 10)
        return before, await names(tx)

    reading = asyncio.create_task(db.read(twice))
    await looked.wait()
    await db.write(add("b"))
    written.set()

    assert await reading == (["a"], ["a"])
    assert await db.read(names) == ["a", "b"]


async def test_what_the_work_raises_rolls_it_back_and_comes_out(db: Database) -> None:
    async def work(tx: WriteTx) -> None:
        await tx.run(ADD, name="a", value="")
        raise Stop

    with pytest.raises(Stop):
        await db.write(work)

    assert await db.read(names) == []


async def test_a_reader_that_raised_does_not_spoil_the_next(db: Database) -> None:
    async def work(tx: ReadTx) -> None:
        await tx.all(NAMES)
        raise Stop

    for _ in range(20):
        with pytest.raises(Stop):
            await db.read(work)

    assert await db.read(names) == []


async def test_a_taken_key_is_a_conflict_and_nothing_of_the_work_stays(db: Database) -> None:
    await db.write(add("a"))

    with pytest.raises(Conflict):
        await db.write(add("b", "a"))

    assert await db.read(names) == ["a"]


async def test_a_unique_column_that_is_no_key_is_a_conflict_too(db: Database) -> None:
    async def work(tx: WriteTx) -> None:
        await tx.run(PRINCIPAL, id=1, name="ada")
        await tx.run(PRINCIPAL, id=2, name="ada")

    with pytest.raises(Conflict):
        await db.write(work)


async def test_a_row_without_its_parent_is_a_bug_and_not_a_conflict(db: Database) -> None:
    async def work(tx: WriteTx) -> None:
        await tx.run(ORPHAN)

    with pytest.raises(Exception) as raised:
        await db.write(work)

    assert not isinstance(raised.value, Conflict | Unavailable)


async def test_many_writes_every_row(db: Database) -> None:
    async def work(tx: WriteTx) -> None:
        await tx.many(ADD, ({"name": f"{n:03}", "value": ""} for n in range(500)))

    await db.write(work)

    assert await db.read(names) == [f"{n:03}" for n in range(500)]


@pytest.mark.parametrize("others", [1, 500])
async def test_many_with_a_taken_key_is_a_conflict_and_writes_none(
    db: Database, others: int
) -> None:
    async def work(tx: WriteTx) -> None:
        taken = ("a", *(f"{number:03}" for number in range(others)), "a")
        await tx.many(ADD, [{"name": name, "value": ""} for name in taken])

    with pytest.raises(Conflict):
        await db.write(work)

    assert await db.read(names) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], []),
        (["b"], ["b"]),
        (["c", "a", "nobody"], ["a", "c"]),
        (['quo"te', "back\\slash", "brace{}", "é,\N{GRINNING FACE}"], None),
        ([f"{n}" for n in range(5000)] + ["a"], ["a"]),
    ],
)
async def test_in_takes_a_list_of_any_length_and_content(
    db: Database, wanted: list[str], found: list[str] | None
) -> None:
    odd = ["back\\slash", "brace{}", 'quo"te', "é,\N{GRINNING FACE}"]
    await db.write(add("a", "b", "c", *odd))

    async def among(tx: ReadTx) -> list[str]:
        return [row[0] for row in await tx.all(AMONG, names=wanted)]

    assert await db.read(among) == (odd if found is None else found)


async def test_in_takes_numbers_and_a_constant_may_be_null(db: Database) -> None:
    large = 2**62

    async def work(tx: WriteTx) -> list[tuple[int, str | None]]:
        await tx.run(PRINCIPAL, id=large, name="ada")
        return [tuple(row) for row in await tx.all(PASSWORDS, ids=[1, large])]

    assert await db.write(work) == [(large, None)]


async def test_a_read_cannot_write(db: Database) -> None:
    async def work(tx: ReadTx) -> None:
        await tx.all(ADD, name="a", value="")

    with pytest.raises(Exception, match=r"read.?only"):
        await db.read(work)

    assert await db.read(names) == []


async def test_racing_read_then_write_loses_no_update(db: Database) -> None:
    await db.write(add("n"))

    async def increment(tx: WriteTx) -> None:
        row = await tx.one(LOCK, key="n")
        assert row is not None
        await tx.run(CHANGE, key="n", new_value=str(int(row[0] or "0") + 1))

    async def counted(tx: ReadTx) -> Any:
        return await tx.one(VALUE, key="n")

    await asyncio.gather(*(db.write(increment) for _ in range(60)))

    assert tuple(await db.read(counted)) == ("60",)


async def test_two_servers_on_one_database_lose_no_update(
    db: Database, location: Path | str
) -> None:
    await db.write(add("n"))
    other = await connect(location, synchronous="normal")

    async def increment(tx: WriteTx) -> None:
        row = await tx.one(LOCK, key="n")
        assert row is not None
        await tx.run(CHANGE, key="n", new_value=str(int(row[0] or "0") + 1))

    async def counted(tx: ReadTx) -> Any:
        return await tx.one(VALUE, key="n")

    await asyncio.gather(*(one.write(increment) for _ in range(30) for one in (db, other)))

    assert [tuple(await one.read(counted)) for one in (db, other)] == [("60",), ("60",)]
    await other.close()


async def test_close_waits_for_work_that_runs_and_refuses_more(
    db: Database, location: Path | str
) -> None:
    started = asyncio.Event()
    release = threading.Event()
    loop = asyncio.get_running_loop()

    async def slow(tx: WriteTx) -> str:
        await tx.run(ADD, name="slow", value="")
        loop.call_soon_threadsafe(started.set)
        await tx.offload(release.wait, 10)
        return "done"

    running = asyncio.create_task(db.write(slow))
    await started.wait()
    closing = asyncio.create_task(db.close())
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable):
        await db.write(add("late"))
    release.set()
    await closing

    other = await connect(location)
    assert (await running, await other.read(names)) == ("done", ["slow"])
    await other.close()


async def test_a_database_that_cannot_be_opened_is_unavailable(
    backend: str, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("this is not a database, and it is long enough to be sure\n" * 9)
    nowhere: dict[str, Path | str] = {
        "sqlite": tmp_path / "text",
        "postgresql": f"postgresql:///x?host={tmp_path}",
    }

    with pytest.raises(Unavailable):
        await connect(nowhere[backend])


@only_postgresql
async def test_a_deadlock_is_resolved_by_running_one_of_the_works_again(db: Database) -> None:
    await db.write(add("a", "b"))
    both_locked = asyncio.Barrier(2)
    runs = {"ab": 0, "ba": 0}

    async def lock_in_order(tx: WriteTx, order: str) -> None:
        runs[order] += 1
        await tx.one(LOCK, key=order[0])
        if runs[order] == 1:
            await both_locked.wait()
        await tx.run(CHANGE, key=order[1], new_value=order)

    await asyncio.gather(*(db.write(partial(lock_in_order, order=order)) for order in runs))

    assert sorted(runs.values()) == [1, 2]


@only_postgresql
@pytest.mark.parametrize("failures", [1, ATTEMPTS - 1])
async def test_a_serialization_failure_runs_the_work_again(db: Database, failures: int) -> None:
    runs = 0

    async def work(tx: WriteTx) -> None:
        nonlocal runs
        runs += 1
        await tx.run(ADD, name=f"run {runs}", value="")
        if runs <= failures:
            await tx.run(SERIALIZATION_FAILURE)

    await db.write(work)

    assert await db.read(names) == [f"run {failures + 1}"]


@only_postgresql
async def test_work_that_never_serializes_ends_as_unavailable(db: Database) -> None:
    async def work(tx: WriteTx) -> None:
        await tx.run(SERIALIZATION_FAILURE)

    with pytest.raises(Unavailable, match=f"after {ATTEMPTS} attempts"):
        await db.write(work)


async def group(db: Database, *works: Callable[[WriteTx], Awaitable[Any]]) -> list[Any]:
    """Has the writer find all `works` waiting at once; what each returned or raised."""
    release = threading.Event()
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hold(tx: WriteTx) -> None:
        loop.call_soon_threadsafe(started.set)
        await tx.offload(release.wait, 10)

    holding = asyncio.create_task(db.write(hold))
    await started.wait()
    waiting = [asyncio.create_task(db.write(work)) for work in works]
    await asyncio.sleep(0)
    release.set()
    await holding
    return await asyncio.gather(*waiting, return_exceptions=True)


@only_sqlite
async def test_a_work_that_fails_undoes_none_of_its_group(db: Database) -> None:
    async def fails(tx: WriteTx) -> None:
        await tx.run(ADD, name="no", value="")
        raise Stop

    first, second, third = await group(db, add("a"), fails, add("c"))

    assert (first, type(second), third) == (None, Stop, None)
    assert await db.read(names) == ["a", "c"]


@only_sqlite
async def test_nobody_hears_of_success_when_the_commit_of_its_group_fails(db: Database) -> None:
    async def breaks_the_commit(tx: WriteTx) -> None:
        await tx.run(text("PRAGMA defer_foreign_keys=ON"))
        await tx.run(ORPHAN)

    first, second = await group(db, add("a"), breaks_the_commit)

    assert isinstance(first, Exception)
    assert isinstance(second, Exception)
    assert await db.read(names) == []


@only_sqlite
async def test_a_group_is_committed_at_once(db: Database, location: Path) -> None:
    async def look(tx: WriteTx) -> list[str]:
        return committed(location)

    results = await group(db, add("a"), add("b"), look, add("c"))

    assert (results, committed(location)) == ([None, None, [], None], ["a", "b", "c"])


def committed(location: Path) -> list[str]:
    """The names that another process sees."""
    with closing(sqlite3.connect(location)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM setting ORDER BY name")]


async def test_reads_that_nobody_waits_for_make_room_for_others(db: Database) -> None:
    async def endless(tx: ReadTx) -> None:
        await tx.one(ENDLESS)

    for _ in range(2 * READERS):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await db.read(endless)

    async with asyncio.timeout(SOON_S):
        assert await db.read(names) == []


@only_sqlite
async def test_a_read_that_nobody_waits_for_is_not_rendered(db: Database) -> None:
    begun, left, rendered = threading.Event(), threading.Event(), threading.Event()

    async def work(tx: ReadTx) -> None:
        begun.set()
        left.wait(SOON_S)
        await tx.offload(rendered.set)

    reading = asyncio.create_task(db.read(work))
    await asyncio.to_thread(begun.wait, SOON_S)
    reading.cancel()
    await asyncio.wait([reading])
    left.set()
    await db.close()

    assert not rendered.is_set()


@only_sqlite
async def test_a_full_disk_fails_all_of_its_group_and_is_called_so(db: Database) -> None:
    async def fills(tx: WriteTx) -> None:
        await tx.all(text("PRAGMA max_page_count=1"))
        await tx.run(ADD, name="big", value="x" * 10_000_000)

    first, second = await group(db, add("a"), fills)

    assert (type(first), type(second)) == (Full, Full)
    assert await db.read(names) == []


@only_postgresql
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("53100", Full),
        ("53200", Unavailable),
        ("55P03", Unavailable),
        ("57014", Unavailable),
        ("57P02", Unavailable),
        ("25006", Unavailable),
    ],
)
@pytest.mark.parametrize("writes", [True, False])
async def test_what_is_no_fault_of_ours_is_unavailable(
    db: Database, code: str, expected: type[Exception], writes: bool
) -> None:
    raising = text(f"DO $$ BEGIN RAISE SQLSTATE '{code}'; END $$")

    async def work(tx: ReadTx) -> None:
        await tx.one(raising)

    with pytest.raises(Unavailable) as raised:
        await (db.write(work) if writes else db.read(work, snapshot=False))

    assert type(raised.value) is expected


@only_sqlite
async def test_work_that_waits_for_anything_else_is_refused(db: Database) -> None:
    async def waits(tx: WriteTx) -> None:
        await tx.run(ADD, name="a", value="")
        await Suspension()

    with pytest.raises(RuntimeError, match="awaited something other"):
        await db.write(waits)

    assert await db.read(names) == []


class Suspension:
    """Something that an event loop would have to come back to."""

    def __await__(self) -> Generator[None, None, None]:
        yield
