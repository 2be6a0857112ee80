"""Copy and move objects and whole calendars between the calendars (RFC 4918 §9.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from caldavd.ical import parse
from caldavd.model import Collection, Stored
from caldavd.service import calendars
from caldavd.service.delete import delete
from caldavd.service.put import require_component, uid_changed, uid_taken
from caldavd.service.quota import require_room, require_room_for
from caldavd.service.save import save
from caldavd.store import changes, ids, objects, occurrences, properties
from caldavd.store.engine import WriteTx

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Destination:
    """A name of a locked calendar, and the object that has it now."""

    calendar: Collection
    name: str
    over: Stored | None


async def copy_object(
    tx: WriteTx, source: Stored, to: Destination, now: int, quota_bytes: int
) -> None:
    """Copies an object, with its properties.

    `quota_bytes` as for `quota.require_room`. Raises Refused(SUPPORTED_COMPONENT,
    QUOTA_NOT_EXCEEDED) or UidConflict.
    """
    await require_room(tx, to.calendar, _growth(source, to), quota_bytes)
    await _make_room(tx, source, to, now, moves=False)
    content = (await objects.contents(tx, [source.id]))[source.id]
    saved = await save(tx, to.calendar, None, to.name, parse.stored(content), now)
    await properties.copy(tx, source.id, saved.stored.id, to.calendar.owner_id)


async def move_object(
    tx: WriteTx, source: Stored, from_: Collection, to: Destination, now: int, quota_bytes: int
) -> None:
    """Moves an object, its entity tag unchanged, within a locked calendar or to another.

    `quota_bytes` as for `quota.require_room`. Raises Refused(SUPPORTED_COMPONENT,
    QUOTA_NOT_EXCEEDED) or UidConflict.
    """
    into = to.calendar
    if into.owner_id != from_.owner_id:
        await require_room(tx, into, _growth(source, to), quota_bytes)
    await _make_room(tx, source, to, now, moves=True)
    await objects.move(tx, source.id, into, to.name)
    if into.id != from_.id:
        await occurrences.move(tx, source.id, into.id, into.owner_id)
    if into.owner_id != from_.owner_id:
        await properties.give(tx, source.id, into.owner_id)
    size = source.size_bytes
    await changes.record(tx, from_, source.name, now, deleted=True, grown_bytes=-size)
    await changes.record(tx, into, to.name, now, deleted=False, grown_bytes=size)


async def copy_calendar(
    tx: WriteTx,
    home: Collection,
    source: Collection,
    name: str,
    now: int,
    *,
    members: bool,
    quota_bytes: int,
) -> Collection:
    """Copies a locked calendar, with its properties and perhaps its objects, to a free name.

    `quota_bytes` as for `quota.require_room`. Raises Refused(QUOTA_NOT_EXCEEDED).
    """
    if members:
        await require_room_for(tx, home, source, quota_bytes)
    made = await calendars.create(tx, home, name, source.components, now)
    await properties.copy(tx, source.id, made.id, made.owner_id)
    after = ""
    while members and (page := await objects.page(tx, source.id, after, PAGE)):
        for stored, content in page:
            copy = stored._replace(id=ids.new(), collection_id=made.id, owner_id=made.owner_id)
            await objects.copy(tx, stored.id, copy, content)
            await occurrences.copy(tx, stored.id, copy)
            await properties.copy(tx, stored.id, copy.id, made.owner_id)
            size = copy.size_bytes
            await changes.record(tx, made, copy.name, now, deleted=False, grown_bytes=size)
        after = page[-1][0].name
    return made


async def _make_room(
    tx: WriteTx, source: Stored, to: Destination, now: int, *, moves: bool
) -> None:
    require_component(to.calendar, source.component)
    if to.over is not None:
        if to.over.uid != source.uid:
            raise uid_changed(to.over)
        await delete(tx, to.calendar, to.over, now)
    holder = await objects.name_of_uid(tx, to.calendar.id, source.uid)
    leaves = moves and source.collection_id == to.calendar.id and holder == source.name
    if holder is not None and not leaves:
        raise uid_taken(source.uid, holder)


def _growth(source: Stored, to: Destination) -> int:
    """By how much the destination's owner will store more."""
    return source.size_bytes - (0 if to.over is None else to.over.size_bytes)
