"""The one writer of calendar objects: object, index and change row, in one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from caldavd.ical.index import index
from caldavd.ical.masked import access_of
from caldavd.ical.parse import Document
from caldavd.model import Access, Collection, Stored
from caldavd.store import changes, ids, objects, occurrence_rows
from caldavd.store.engine import WriteTx


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a document: its row, and whether the object is new or at all different."""

    stored: Stored
    created: bool
    changed: bool
    text: str = ""
    """What is stored now."""


def etag(content: str) -> str:
    """The entity tag of a text, without quotes: equal bytes have equal tags."""
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


async def save(
    tx: WriteTx,
    calendar: Collection,
    existing: Stored | None,
    name: str,
    document: Document,
    now: int,
    schedule_tag: str | None = None,
) -> Saved:
    """Writes a document under a name of a locked calendar, over `existing` if there is one.

    The same bytes again change nothing, not even the sync token. Raises Conflict if the calendar
    holds the UID under another name. `schedule_tag`: None leaves it as it is, and an empty one
    says that it is no scheduling object resource.
    """
    tag = etag(document.text)
    schedule_tag = _schedule_tag(existing) if schedule_tag is None else schedule_tag or None
    if existing is not None and (existing.etag, existing.schedule_tag) == (tag, schedule_tag):
        return Saved(existing, created=False, changed=False, text=document.text)
    read = await tx.offload(index, document, now) if _long(document) else index(document, now)
    stored = _stored(calendar, existing, name, document, tag, now)
    stored = stored._replace(schedule_tag=schedule_tag)
    indexed = (read.indexed_from, read.indexed_until)
    if existing is None:
        await objects.insert_(tx, stored, document.text, indexed)
    else:
        await objects.update_(tx, stored, document.text, indexed)
    await occurrence_rows.replace(tx, stored, read.occurrences, fresh=existing is None)
    grown = stored.size_bytes - (0 if existing is None else existing.size_bytes)
    private = is_private(stored)
    await changes.record(tx, calendar, name, now, deleted=False, private=private, grown_bytes=grown)
    return Saved(stored, created=existing is None, changed=True, text=document.text)


def _schedule_tag(existing: Stored | None) -> str | None:
    return None if existing is None else existing.schedule_tag


def is_private(stored: Stored) -> bool:
    """Whether an object is its owner's alone."""
    return stored.access == Access.PRIVATE


def _long(document: Document) -> bool:
    """Whether to index a document may take longer than anybody should wait for: if it recurs."""
    return len(document.components) > 1 or any(
        line.name in _RECURS for line in document.components[0].lines
    )


_RECURS: Final = frozenset({"RRULE", "RDATE", "FREEBUSY"})


def _stored(
    calendar: Collection, existing: Stored | None, name: str, document: Document, tag: str, now: int
) -> Stored:
    if existing is not None:
        return existing._replace(
            uid=document.uid,
            component=document.component,
            etag=tag,
            size_bytes=document.size_bytes,
            modified_at=now,
            access=access_of(document).value,
        )
    return Stored(
        id=ids.new(),
        owner_id=calendar.owner_id,
        collection_id=calendar.id,
        name=name,
        uid=document.uid,
        component=document.component,
        etag=tag,
        size_bytes=document.size_bytes,
        created_at=now,
        modified_at=now,
        access=access_of(document).value,
    )
