"""The index rows of an object, whatever they were before."""

from __future__ import annotations

import pytest

from caldavd.model import Collection, Stored
from caldavd.service import accounts, calendars
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.store import check, collections, ids, objects, occurrence_rows
from caldavd.store.check import Indexed
from caldavd.store.engine import Database, ReadTx, Row, WriteTx
from caldavd.store.tables import occurrence

Rows = list[tuple[int, int, bool, int]]

NOW = 1_800_000_000
WEEK = 7 * 86_400
SERIES: Rows = [(NOW + n * WEEK, NOW + n * WEEK + 3_600, False, 3) for n in range(60)]
LONG: Rows = [(NOW, NOW + 9 * 86_400, False, 3), (NOW, NOW + 9 * 86_400, True, 3)]
CASES: dict[str, tuple[Rows, Rows]] = {
    "nothing": ([], []),
    "the first": ([], SERIES[:1]),
    "the last": (SERIES[:1], []),
    "one, the same": (SERIES[:1], SERIES[:1]),
    "one, moved": (SERIES[:1], SERIES[1:2]),
    "one, of another kind": (SERIES[:1], [(NOW, NOW + 3_600, True, 0)]),
    "many, the same": (SERIES, SERIES),
    "many, one less": (SERIES, SERIES[:20] + SERIES[21:]),
    "many, one more": (SERIES[:40], SERIES[:41]),
    "many, one moved": (SERIES, [*SERIES[:20], (NOW, NOW + 60, False, 3), *SERIES[21:]]),
    "many, all moved": (SERIES, [(starts + 60, ends, f, b) for starts, ends, f, b in SERIES]),
    "many, most moved": (SERIES, SERIES[:9] + [(a + 60, b, f, c) for a, b, f, c in SERIES[9:]]),
    "many to one": (SERIES, SERIES[3:4]),
    "long ones": (SERIES[:2], LONG),
    "one twice": (SERIES[:1], [*SERIES[:2], *SERIES[:2]]),
}


@pytest.fixture
async def calendar(db: Database) -> Collection:
    """A calendar of a new account."""

    async def work(tx: WriteTx) -> Collection:
        ann = await accounts.create(tx, NewAccount("ann"), None, Defaults(), NOW)
        home = await collections.by_name(tx, ann.id, "")
        assert home is not None
        return await calendars.create(tx, home, "work", ("VEVENT", "VTODO"), NOW)

    return await db.write(work)


async def add(tx: WriteTx, to: Collection, name: str, rows: Rows) -> Stored:
    new = Stored(ids.new(), to.owner_id, to.id, name, f"{name}@x", "VEVENT", "e", 1, NOW, NOW)
    await objects.insert_(tx, new, "X", (None, None))
    await occurrence_rows.replace(tx, new, rows, fresh=True)
    return new


async def held(db: Database, *of: Stored) -> list[Rows]:
    async def work(tx: ReadTx) -> dict[int, Indexed]:
        return await check.indexed(tx, [one.id for one in of])

    found = await db.read(work)
    return [sorted(found[one.id].rows) for one in of]


@pytest.mark.parametrize("case", CASES)
async def test_rows_become_those_that_are_wanted_and_no_others(
    db: Database, calendar: Collection, case: str
) -> None:
    before, after = CASES[case]

    async def work(tx: WriteTx) -> tuple[Stored, Stored]:
        changed = await add(tx, calendar, "changed", before)
        beside = await add(tx, calendar, "beside", before)
        await occurrence_rows.replace(tx, changed, after, fresh=False)
        return changed, beside

    changed, beside = await db.write(work)

    assert await held(db, changed, beside) == [sorted(set(after)), sorted(before)]


async def test_an_object_of_another_component_type_has_rows_of_that_type(
    db: Database, calendar: Collection
) -> None:
    async def work(tx: WriteTx) -> Row | None:
        new = await add(tx, calendar, "a", SERIES[:3])
        task = new._replace(component="VTODO")
        await occurrence_rows.replace(tx, task, SERIES[:3], fresh=False)
        return await tx.one(occurrence.select().with_only_columns(occurrence.c.kind).distinct())

    row = await db.write(work)

    assert row is not None
    assert tuple(row) == (1,)
