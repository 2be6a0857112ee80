"""Scheduling inboxes and outboxes, and the calendars that invitations are put into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, case, delete, literal, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from caldavd.model import Collection, Kind, Stored
from caldavd.store import collections, objects
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import calendar_object, collection, scheduling

_ALIVE: Final = collection.c.trashed_at.is_(None)
_OWNED: Final = (
    select(*collections.COLUMNS)
    .where(In(collection.c.owner_id, "owner_ids"), _ALIVE)
    .order_by(collection.c.id)
)
_BOXES: Final = _OWNED.where(
    collection.c.kind.in_([literal(Kind.INBOX.value), literal(Kind.OUTBOX.value)])
)
_INBOXES: Final = _OWNED.where(collection.c.kind == Kind.INBOX.value)
_IS_SET: Final = scheduling.c.default_calendar_id == collection.c.id
# What is set goes first; else it is the oldest calendar that takes the component.
_DEFAULTS: Final = (
    select(*collections.COLUMNS, case((_IS_SET, literal(1)), else_=literal(0)))
    .select_from(collection.outerjoin(scheduling, scheduling.c.owner_id == collection.c.owner_id))
    .where(
        In(collection.c.owner_id, "owner_ids"),
        collection.c.kind == Kind.CALENDAR.value,
        collection.c.subscribed == literal_column("0"),
        (literal(",") + collection.c.components + ",").like(
            literal("%,") + bindparam("component") + literal(",%")
        ),
        _ALIVE,
    )
    .order_by(collection.c.owner_id, case((_IS_SET, literal(0)), else_=literal(1)), collection.c.id)
)
_IS_SCHEDULED: Final = calendar_object.c.schedule_tag.is_not(None)
_STORED: Final = collection.join(
    calendar_object, calendar_object.c.collection_id == collection.c.id
)
_IN_A_CALENDAR: Final = (collection.c.kind == Kind.CALENDAR.value) & _ALIVE
_SCHEDULED_FIRST: Final = (
    case((_IS_SCHEDULED, literal(0)), else_=literal(1)),
    calendar_object.c.id,
)
_OF_UID: Final = (
    select(*objects.COLUMNS)
    .select_from(_STORED)
    .where(
        collection.c.owner_id == bindparam("owner_id"),
        _IN_A_CALENDAR,
        calendar_object.c.uid == bindparam("uid"),
    )
    .order_by(*_SCHEDULED_FIRST)
)
_HOLDERS: Final = (
    select(collection.c.owner_id, calendar_object.c.uid, collection.c.id)
    .select_from(_STORED)
    .where(
        In(collection.c.owner_id, "owner_ids"),
        _IN_A_CALENDAR,
        In(calendar_object.c.uid, "uids"),
    )
    .order_by(*_SCHEDULED_FIRST)
)
_IN_CALENDAR: Final = (
    select(*objects.COLUMNS)
    .where(
        calendar_object.c.collection_id == bindparam("collection_id"),
        _IS_SCHEDULED,
        calendar_object.c.id > bindparam("after"),
    )
    .order_by(calendar_object.c.id)
    .limit(bindparam("limit"))
)
_MESSAGES_BEFORE: Final = (
    select(*objects.COLUMNS)
    .select_from(_STORED)
    .where(
        collection.c.kind == Kind.INBOX.value,
        _ALIVE,
        calendar_object.c.created_at < bindparam("before"),
    )
    .order_by(collection.c.id, calendar_object.c.id)
    .limit(bindparam("limit"))
)
_REMOVE: Final = delete(scheduling).where(scheduling.c.owner_id == bindparam("owner_id"))
_SET: Final = insert(scheduling).values(
    owner_id=bindparam("owner_id"), default_calendar_id=bindparam("default_calendar_id")
)
_UPSERT: Final = _SET.on_conflict_do_update(
    index_elements=["owner_id"],
    set_={"default_calendar_id": _SET.excluded.default_calendar_id},
)


async def of_uid(tx: ReadTx, owner_id: int, uid: str) -> list[Stored]:
    """Somebody's objects of a UID, in whichever calendar; scheduling object resources first."""
    rows = await tx.all(_OF_UID, owner_id=owner_id, uid=uid)
    return [Stored._make(row) for row in rows]


async def holders(
    tx: ReadTx, owner_ids: Sequence[int], uids: Sequence[str]
) -> dict[tuple[int, str], int]:
    """The ids of the calendars that hold objects, by owner and UID; as `of_uid` finds them."""
    found: dict[tuple[int, str], int] = {}
    for owner_id, uid, id_ in await tx.all(_HOLDERS, owner_ids=owner_ids, uids=uids):
        found.setdefault((owner_id, uid), id_)
    return found


async def in_calendar(tx: ReadTx, calendar_id: int, after: int, limit: int) -> list[Stored]:
    """The scheduling object resources of a calendar in the order of their ids, after one."""
    rows = await tx.all(_IN_CALENDAR, collection_id=calendar_id, after=after, limit=limit)
    return [Stored._make(row) for row in rows]


async def messages_before(tx: ReadTx, before: int, limit: int) -> list[Stored]:
    """Messages that came into inboxes before a time, those of one inbox together."""
    rows = await tx.all(_MESSAGES_BEFORE, before=before, limit=limit)
    return [Stored._make(row) for row in rows]


async def boxes(tx: ReadTx, owner_ids: Sequence[int]) -> dict[tuple[int, Kind], Collection]:
    """The inboxes and outboxes of principals, by owner and kind."""
    found = [collections.from_row(row) for row in await tx.all(_BOXES, owner_ids=owner_ids)]
    return {(one.owner_id, Kind(one.kind)): one for one in found}


async def inboxes(tx: ReadTx, owner_ids: Sequence[int]) -> dict[int, Collection]:
    """The inboxes of principals by their owners' ids; groups have none."""
    found = [collections.from_row(row) for row in await tx.all(_INBOXES, owner_ids=owner_ids)]
    return {one.owner_id: one for one in found}


async def targets(
    tx: ReadTx, owner_ids: Sequence[int], component: str = "VEVENT"
) -> dict[int, list[tuple[Collection, bool]]]:
    """The calendars that invitations of principals could be put into, the one that they are put
    into first; and whether that was said.
    """
    found: dict[int, list[tuple[Collection, bool]]] = {}
    for row in await tx.all(_DEFAULTS, owner_ids=owner_ids, component=component):
        of = collections.from_row(row)
        found.setdefault(of.owner_id, []).append((of, bool(row[collections.WIDTH])))
    return found


async def set_default(tx: WriteTx, owner_id: int, calendar_id: int | None) -> None:
    """Says which calendar the invitations of a principal are put into; None: the oldest one."""
    if calendar_id is None:
        await tx.run(_REMOVE, owner_id=owner_id)
        return
    await tx.run(_UPSERT, owner_id=owner_id, default_calendar_id=calendar_id)
