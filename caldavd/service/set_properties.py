"""Store properties of a resource (RFC 4918 §9.2) and let syncing clients know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caldavd.model import Calendar, CalendarObject, Home, Inbox, Outbox, Principal, Resource
from caldavd.service.calendars import lock_with_home
from caldavd.service.save import is_private
from caldavd.store import changes, collections, properties
from caldavd.store.engine import WriteTx


@dataclass(frozen=True, slots=True)
class Setting:
    """One stored property: its new element, or None to remove it; `own`: the reader's alone."""

    name: str
    value: str | None
    own: bool


async def set_properties(
    tx: WriteTx, reader_id: int, resource: Resource, settings: Sequence[Setting], now: int
) -> None:
    """Stores all of them for a resource whose collection row is locked.

    Syncing clients learn of it. Somebody's own view of what is another's concerns nobody else: if
    it is mounted, it is their home that changes.
    """
    owner_id, resource_id = _ids(resource)
    for setting in settings:
        reader = reader_id if setting.own else properties.EVERYONE
        if setting.value is None:
            await properties.remove(tx, resource_id, reader, setting.name)
        else:
            await properties.set_(tx, owner_id, resource_id, reader, setting.name, setting.value)
    if reader_id != owner_id and all(setting.own for setting in settings):
        if isinstance(resource, Calendar) and resource.mount is not None:
            home, _ = await lock_with_home(tx, reader_id)
            await changes.record(tx, home, resource.collection.name, now, deleted=False)
        return
    match resource:
        case Calendar(collection) | Home(collection) | Inbox(collection) | Outbox(collection):
            await collections.modified(tx, collection.id, now)
        case CalendarObject(collection, stored):
            private = is_private(stored)
            await changes.record(tx, collection, stored.name, now, deleted=False, private=private)


def _ids(resource: Resource) -> tuple[int, int]:
    """The owner's id and the resource's."""
    match resource:
        case Principal(id=id_):
            return id_, id_
        case Calendar(collection) | Home(collection) | Inbox(collection) | Outbox(collection):
            return collection.owner_id, collection.id
        case CalendarObject(collection, stored):
            return collection.owner_id, stored.id
    raise TypeError(f"{type(resource).__name__} has no stored properties")
