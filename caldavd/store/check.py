"""Looks for rows that break a rule, and reads back what the index holds of an object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from caldavd.model import Kind
from caldavd.store.engine import ReadTx
from caldavd.store.occurrences import Band
from caldavd.store.rules import RULES
from caldavd.store.statement import In
from caldavd.store.tables import calendar_object, collection, occurrence


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be: the rule, and what breaks it."""

    rule: str
    what: str


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index holds of an object: its bounds and its (starts, ends, floating, busy) rows."""

    indexed_from: int | None
    indexed_until: int | None
    rows: frozenset[tuple[int, int, bool, int]]


_BOUNDS: Final = select(
    calendar_object.c.id, calendar_object.c.indexed_from, calendar_object.c.indexed_until
).where(In(calendar_object.c.id, "ids"))
_ROWS: Final = select(
    occurrence.c.object_id,
    occurrence.c.starts,
    occurrence.c.ends,
    occurrence.c.band,
    occurrence.c.busy,
).where(In(occurrence.c.object_id, "ids"))
_CALENDAR_IDS: Final = (
    select(collection.c.id)
    .where(collection.c.kind == Kind.CALENDAR.value, collection.c.id > bindparam("after"))
    .order_by(collection.c.id)
    .limit(1)
)


async def findings(tx: ReadTx) -> list[Finding]:
    """What breaks a rule, at most `rules.MAX_FOUND` a rule."""
    return [
        Finding(rule.name, rule.says.format(*row))
        for rule in RULES
        for row in await tx.all(rule.offenders)
    ]


async def next_calendar(tx: ReadTx, after: int) -> int | None:
    """The id of the calendar after that id, trashed ones too."""
    row = await tx.one(_CALENDAR_IDS, after=after)
    return None if row is None else int(row[0])


async def indexed(tx: ReadTx, ids: Sequence[int]) -> dict[int, Indexed]:
    """What the index holds of objects, by id."""
    rows: dict[int, set[tuple[int, int, bool, int]]] = defaultdict(set)
    for object_id, starts, ends, band, busy in await tx.all(_ROWS, ids=ids):
        rows[object_id].add((starts, ends, band >= Band.FLOATING_SHORT, busy))
    return {
        object_id: Indexed(indexed_from, indexed_until, frozenset(rows[object_id]))
        for object_id, indexed_from, indexed_until in await tx.all(_BOUNDS, ids=ids)
    }
