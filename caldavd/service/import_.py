"""Bring documents into a calendar from elsewhere: again and again, without doubling any."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from caldavd.errors import Failed, Refused
from caldavd.ical.contentline import Component, read
from caldavd.ical.parse import Document
from caldavd.ical.split import object_name
from caldavd.model import Collection, Stored
from caldavd.service.put import Place, put, require_component
from caldavd.service.save import etag
from caldavd.store import collections, objects
from caldavd.store.engine import ReadTx, WriteTx


class Verb(Enum):
    """What became of a document."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document; `refused` says why it was not taken."""

    verb: Verb
    refused: Refused | None = None

    @property
    def reason(self) -> str | None:
        """Why it was refused."""
        return None if self.refused is None else self.refused.reason


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a document belongs: over the object of its UID, or under a new name."""

    existing: Stored | None
    name: str


async def take(
    tx: WriteTx,
    calendar: Collection,
    documents: Sequence[Document],
    now: int,
    quota_bytes: int,
) -> list[Outcome]:
    """Saves documents; what the calendar holds of the same UID is replaced where it differs.

    One that is refused leaves the others alone. `quota_bytes` as for `quota.require_room`. Raises
    Failed(404) if the calendar was deleted.
    """
    locked = await collections.lock(tx, calendar.id)
    if not locked or locked[0].trashed_at is not None:
        raise Failed(404, f"the calendar {calendar.name} was deleted meanwhile")
    return [await _take(tx, locked[0], document, now, quota_bytes) for document in documents]


async def foresee(
    tx: ReadTx, calendar: Collection | None, documents: Sequence[Document]
) -> list[Outcome]:
    """What `take` would do; None is a calendar that is still to be made."""
    if calendar is None:
        return [Outcome(Verb.ADDED) for _ in documents]
    return [await _foresee(tx, calendar, document) for document in documents]


async def _take(
    tx: WriteTx, calendar: Collection, document: Document, now: int, quota_bytes: int
) -> Outcome:
    place = await _place(tx, calendar, document)
    if await _holds(tx, place.existing, document):
        return Outcome(Verb.UNCHANGED)
    at = Place(calendar, place.name, place.existing)
    try:
        saved = await put(tx, at, document, now, quota_bytes)
    except Refused as refused:  # before anything was written
        return Outcome(Verb.REFUSED, refused)
    return Outcome(Verb.ADDED if saved.created else Verb.UPDATED)


async def _foresee(tx: ReadTx, calendar: Collection, document: Document) -> Outcome:
    try:
        require_component(calendar, document.component)
    except Refused as refused:
        return Outcome(Verb.REFUSED, refused)
    place = await _place(tx, calendar, document)
    if await _holds(tx, place.existing, document):
        return Outcome(Verb.UNCHANGED)
    return Outcome(Verb.ADDED if place.existing is None else Verb.UPDATED)


async def _place(tx: ReadTx, calendar: Collection, document: Document) -> _Place:
    held = await objects.name_of_uid(tx, calendar.id, document.uid)
    if held is not None:
        return _Place(await objects.get(tx, calendar.id, held), held)
    name = object_name(document.uid)
    if await objects.get(tx, calendar.id, name) is not None:  # a client gave it to another UID
        name = hashlib.sha256(document.uid.encode()).hexdigest() + ".ics"
    return _Place(None, name)


async def _holds(tx: ReadTx, existing: Stored | None, document: Document) -> bool:
    """Whether an object says what the document says, time stamps and time zones aside."""
    if existing is None:
        return False
    if existing.etag == etag(document.text):
        return True
    held = (await objects.contents(tx, [existing.id]))[existing.id]
    components = [part for calendar in read(held) for part in calendar.components]
    return _essence(components) == _essence(document.components)


def _essence(components: Sequence[Component]) -> list[object]:
    """What components say. Whoever exports writes a new DTSTAMP, and zones in words of its own."""
    return [
        (
            part.name,
            [line for line in part.lines if line.name != "DTSTAMP"],
            _essence(part.components),
        )
        for part in components
        if part.name != "VTIMEZONE"
    ]
