"""Copy and move objects and whole calendars between the calendars (RFC 4918 §9.8)."""

from __future__ import annotations

from typing import Final

from caldavd.acl.effective import is_masked
from caldavd.ical import parse
from caldavd.model import Collection, Sight, Stored
from caldavd.service import calendars, views
from caldavd.service.delete import delete
from caldavd.service.put import require_component, uid_changed, uid_taken
from caldavd.service.save import is_private, save
from caldavd.service.views import Reader
from caldavd.store import changes, ids, objects, occurrences, properties
from caldavd.store.engine import WriteTx

PAGE: Final = 200


async def copy_object(
    tx: WriteTx,
    reader: Reader,
    source: Stored,
    to: Collection,
    name: str,
    over: Stored | None,
    now: int,
) -> None:
    """Copies what a reader sees of an object, with its properties, to a name of a locked calendar.

    Raises Refused(SUPPORTED_COMPONENT) or UidConflict.
    """
    await _make_room(tx, source, to, over, now, moves=False)
    await _copy_seen(tx, reader, source, to, name, now)


async def _copy_seen(
    tx: WriteTx, reader: Reader, source: Stored, to: Collection, name: str, now: int
) -> None:
    content = (await views.texts(tx, reader, [source]))[source.id]
    saved = await save(tx, to, None, name, parse.stored(content), now)
    if not is_masked(source, reader.sight):
        await properties.copy(tx, source.id, saved.stored.id, to.owner_id)


async def move_object(
    tx: WriteTx,
    source: Stored,
    from_: Collection,
    to: Collection,
    name: str,
    over: Stored | None,
    now: int,
) -> None:
    """Moves an object, its entity tag unchanged, to a name of another or the same locked calendar.

    Raises Refused(SUPPORTED_COMPONENT) or UidConflict.
    """
    await _make_room(tx, source, to, over, now, moves=True)
    await objects.move(tx, source.id, to, name)
    if to.id != from_.id:
        await occurrences.move(tx, source.id, to.id, to.owner_id)
    if to.owner_id != from_.owner_id:
        await properties.give(tx, source.id, to.owner_id)
    await changes.record(tx, from_, source.name, now, deleted=True)
    await changes.record(tx, to, name, now, deleted=False, private=is_private(source))


async def copy_calendar(
    tx: WriteTx,
    reader: Reader,
    home: Collection,
    source: Collection,
    name: str,
    now: int,
    *,
    members: bool,
) -> None:
    """Copies a locked calendar, with its properties and perhaps its objects, to a free name.

    Of its objects, what the reader sees.
    """
    made = await calendars.create(tx, home, name, source.components, now)
    await properties.copy(tx, source.id, made.id, made.owner_id)
    after = ""
    while members and (page := await objects.page(tx, source.id, after, PAGE)):
        for stored, content in page:
            if reader.sight is not Sight.FULL:
                for one in await views.seen(tx, reader, [stored]):
                    await _copy_seen(tx, reader, one, made, one.name, now)
                continue
            copy = stored._replace(id=ids.new(), collection_id=made.id, owner_id=made.owner_id)
            await objects.copy(tx, stored.id, copy, content)
            await occurrences.copy(tx, stored.id, copy)
            await properties.copy(tx, stored.id, copy.id, made.owner_id)
            private = is_private(copy)
            await changes.record(tx, made, copy.name, now, deleted=False, private=private)
        after = page[-1][0].name


async def _make_room(
    tx: WriteTx, source: Stored, to: Collection, over: Stored | None, now: int, *, moves: bool
) -> None:
    require_component(to, source.component)
    if over is not None:
        if over.uid != source.uid:
            raise uid_changed(over)
        await delete(tx, to, over, now)
    holder = await objects.name_of_uid(tx, to.id, source.uid)
    leaves = moves and source.collection_id == to.id and holder == source.name
    if holder is not None and not leaves:
        raise uid_taken(source.uid, holder)
