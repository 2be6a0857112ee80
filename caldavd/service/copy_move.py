"""Copy and move objects and whole calendars between the calendars (RFC 4918 §9.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from caldavd.acl.effective import is_masked
from caldavd.ical import parse
from caldavd.ical.parse import Document
from caldavd.model import Collection, Sight, Stored
from caldavd.service import calendars, schedule, views
from caldavd.service.delete import delete
from caldavd.service.put import require_component, uid_changed, uid_taken
from caldavd.service.quota import require_room, require_room_for
from caldavd.service.save import Saved, is_private, save
from caldavd.service.schedule import Sender
from caldavd.service.views import Reader
from caldavd.store import changes, ids, objects, occurrences, personal, properties
from caldavd.store.engine import WriteTx

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Destination:
    """A name of a locked calendar, and the object that has it now."""

    calendar: Collection
    name: str
    over: Stored | None
    sender: Sender | None = None
    """Who copies or moves, where others are told of meetings that come to somebody else."""


async def copy_object(
    tx: WriteTx,
    reader: Reader,
    source: Stored,
    to: Destination,
    now: int,
    quota_bytes: int,
) -> Stored:
    """A copy of what a reader sees of an object, with its properties; whom it concerns is told.

    `quota_bytes` as for `quota.require_room`. Raises Refused(SUPPORTED_COMPONENT,
    QUOTA_NOT_EXCEEDED) or UidConflict.
    """
    await require_room(tx, to.calendar, _growth(source, to), quota_bytes)
    await _make_room(tx, source, to, now, moves=False)
    return await _copy_seen(tx, reader, source, to, now)


async def _copy_seen(
    tx: WriteTx, reader: Reader, source: Stored, to: Destination, now: int
) -> Stored:
    content = (await views.texts(tx, reader, [source]))[source.id]
    saved = await _save(tx, to, None, parse.stored(content), now)
    if not is_masked(source, reader.sight):
        await properties.copy(tx, source.id, saved.stored.id, to.calendar.owner_id)
    return saved.stored


async def _save(
    tx: WriteTx, to: Destination, existing: Stored | None, document: Document, now: int
) -> Saved:
    """Saves what comes to a name that was free as a PUT does."""
    if to.sender is None:
        return await save(tx, to.calendar, existing, to.name, document, now)
    prepared = await schedule.prepare(tx, to.sender, to.calendar, None, document, now)
    tag = prepared.tag or ""
    saved = await save(tx, to.calendar, existing, to.name, prepared.document, now, tag)
    await schedule.send(tx, to.sender, to.calendar, prepared, now)
    return saved


async def move_object(
    tx: WriteTx,
    reader: Reader,
    source: Stored,
    from_: Collection,
    to: Destination,
    now: int,
    quota_bytes: int,
) -> Stored:
    """The object, moved within a locked calendar or to another, its entity tag unchanged.

    To another owner comes what the reader who moves it sees, and nothing of other readers' own.

    `quota_bytes` as for `quota.require_room`. Raises Refused(SUPPORTED_COMPONENT,
    QUOTA_NOT_EXCEEDED) or UidConflict.
    """
    into = to.calendar
    if into.owner_id != from_.owner_id:
        await require_room(tx, into, _growth(source, to), quota_bytes)
        if to.sender is not None:
            await schedule.removed(tx, to.sender, from_, source, now)
    await _make_room(tx, source, to, now, moves=True)
    texts: Mapping[int, str] = {}
    if into.owner_id != from_.owner_id:
        texts = await views.texts(tx, reader, [source])
    await objects.move(tx, source.id, into, to.name)
    if into.id != from_.id:
        await occurrences.move(tx, source.id, into.id, into.owner_id)
        await personal.move(tx, source.id, into)
    size = source.size_bytes
    await changes.record(tx, from_, source.name, now, deleted=True, grown_bytes=-size)
    private = is_private(source)
    await changes.record(tx, into, to.name, now, deleted=False, private=private, grown_bytes=size)
    moved = source._replace(collection_id=into.id, owner_id=into.owner_id, name=to.name)
    for text in texts.values():
        await properties.give(tx, source.id, into.owner_id)
        await personal.remove(tx, source.id)
        moved = (await _save(tx, to, moved, parse.stored(text), now)).stored
    return moved


async def copy_calendar(
    tx: WriteTx,
    reader: Reader | None,
    home: Collection,
    source: Collection,
    name: str,
    now: int,
    quota_bytes: int,
) -> Collection:
    """Copies a locked calendar, with its properties and perhaps its objects, to a free name.

    Of its objects, what the reader sees; None: none of them.
    `quota_bytes` as for `quota.require_room`. Raises Refused(QUOTA_NOT_EXCEEDED).
    """
    if reader is not None:
        await require_room_for(tx, home, source, quota_bytes)
    made = await calendars.create(tx, home, name, source.components, now)
    await properties.copy(tx, source.id, made.id, made.owner_id)
    after = ""
    while reader is not None and (page := await objects.page(tx, source.id, after, PAGE)):
        for stored, content in page:
            if reader.sight is not Sight.FULL:
                for one in await views.seen(tx, reader, [stored]):
                    await _copy_seen(tx, reader, one, Destination(made, one.name, None), now)
                continue
            # The meeting stays where it is, and the copy is nothing but a text.
            copy = stored._replace(
                id=ids.new(), collection_id=made.id, owner_id=made.owner_id, schedule_tag=None
            )
            await objects.copy(tx, stored.id, copy, content)
            await occurrences.copy(tx, stored.id, copy)
            await properties.copy(tx, stored.id, copy.id, made.owner_id)
            size = copy.size_bytes
            private = is_private(copy)
            await changes.record(
                tx, made, copy.name, now, deleted=False, private=private, grown_bytes=size
            )
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
